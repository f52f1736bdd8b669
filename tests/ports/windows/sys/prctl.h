/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows: a test that asks for it is skipped. */
#ifndef LIBCGO_TESTS_WINDOWS_PRCTL_H
#define LIBCGO_TESTS_WINDOWS_PRCTL_H
#ifdef __cplusplus
extern "C" {
#endif
#define PR_SET_NAME 15
#define PR_GET_NAME 16
#define PR_SET_DUMPABLE 4
#define PR_SET_SECCOMP 22
int prctl(int what, ...);
#ifdef __cplusplus
}
#endif
#endif

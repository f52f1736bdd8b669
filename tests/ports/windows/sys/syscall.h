/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows: a test that makes system calls is skipped. */
#ifndef LIBCGO_TESTS_WINDOWS_SYSCALL_H
#define LIBCGO_TESTS_WINDOWS_SYSCALL_H
enum { SYS_exit, SYS_getpid, SYS_gettid, SYS_tgkill };
long syscall(long number, ...);
#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows: a test that sets a limit is skipped. */
#ifndef LIBCGO_TESTS_WINDOWS_RESOURCE_H
#define LIBCGO_TESTS_WINDOWS_RESOURCE_H

#ifdef __cplusplus
extern "C" {
#endif

typedef unsigned long long rlim_t;
struct rlimit {
  rlim_t rlim_cur;
  rlim_t rlim_max;
};
#define RLIM_INFINITY (~0ull)
enum {
  RLIMIT_DATA = 2,
  RLIMIT_STACK = 3,
  RLIMIT_CORE = 4,
  RLIMIT_NPROC = 6,
  RLIMIT_NOFILE = 7,
  RLIMIT_AS = 9
};
int setrlimit(int what, const struct rlimit *limit);
int getrlimit(int what, struct rlimit *limit);

#ifdef __cplusplus
}
#endif

#endif

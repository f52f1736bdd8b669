/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows: what the tests use of it beside what there is. See signal.h. */
#include_next <unistd.h>
#ifndef LIBCGO_TESTS_WINDOWS_UNISTD_H
#define LIBCGO_TESTS_WINDOWS_UNISTD_H

#ifdef __cplusplus
extern "C" {
#endif

#define _SC_PAGESIZE 30
long sysconf(int name);
/* Does nothing: the parent looks at the time. */
unsigned alarm(unsigned seconds);
/* These skip the test that calls them. */
int fork(void);
int pause(void);
int pipe(int ends[2]);

#ifdef __cplusplus
}
#endif

#endif

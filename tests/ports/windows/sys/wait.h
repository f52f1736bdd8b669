/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows: there are no children of fork. */
#ifndef LIBCGO_TESTS_WINDOWS_WAIT_H
#define LIBCGO_TESTS_WINDOWS_WAIT_H

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WIFEXITED(status) ((status) >= 0)
#define WEXITSTATUS(status) (status)
#define WIFSIGNALED(status) ((status) < 0)
#define WTERMSIG(status) (-(status))
#define WIFSTOPPED(status) ((void)(status), 0)
#define WSTOPSIG(status) (status)
#define WNOHANG 1
int waitpid(int child, int *status, int options);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows: a test that traces a child is skipped. */
#ifndef LIBCGO_TESTS_WINDOWS_PTRACE_H
#define LIBCGO_TESTS_WINDOWS_PTRACE_H
enum {
  PTRACE_TRACEME,
  PTRACE_PEEKDATA = 2,
  PTRACE_CONT = 7,
  PTRACE_SINGLESTEP = 9
};
long ptrace(int request, ...);
#endif

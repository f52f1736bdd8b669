/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows: a test that switches stacks by these is skipped. */
#ifndef LIBCGO_TESTS_WINDOWS_UCONTEXT_H
#define LIBCGO_TESTS_WINDOWS_UCONTEXT_H

#include <signal.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ucontext {
  struct ucontext *uc_link;
  stack_t uc_stack;
} ucontext_t;
int getcontext(ucontext_t *context);
void makecontext(ucontext_t *context, void (*fn)(void), int count, ...);
int swapcontext(ucontext_t *from, const ucontext_t *to);

#ifdef __cplusplus
}
#endif

#endif

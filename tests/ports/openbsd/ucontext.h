/* SPDX-License-Identifier: BSD-3-Clause */
/* OpenBSD has no such header. Its ucontext_t is what a signal handler gets; tests/support/contexts.c
   needs one with a stack, and room for a jmp_buf. */
#ifndef LIBCGO_TESTS_OPENBSD_UCONTEXT_H
#define LIBCGO_TESTS_OPENBSD_UCONTEXT_H

#include <setjmp.h>
#include <signal.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tests_context {
  struct tests_context *uc_link;
  stack_t uc_stack;
  jmp_buf registers[2]; /* the place of one is aligned */
} tests_context;
#define ucontext_t tests_context
/* Compilers know what those of other systems take. */
#define getcontext tests_getcontext
#define makecontext tests_makecontext
#define swapcontext tests_swapcontext
int getcontext(ucontext_t *context);
void makecontext(ucontext_t *context, void (*fn)(void), int count, ...);
int swapcontext(ucontext_t *from, const ucontext_t *to);

#ifdef __cplusplus
}
#endif

#endif

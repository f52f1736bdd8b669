/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * makecontext and swapcontext for C libraries without, such as musl, as far as the
 * tests need them. A context begins in a signal handler whose alternate stack is
 * that of the context: there it is saved by setjmp, and longjmp goes on from there
 * after the handler has returned, for nothing else writes on that stack.
 */
#include "config.h"

#if defined HAVE_MAKECONTEXT || defined _WIN32
typedef int nothing_to_do;
#else
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

/* In the place of the registers and the signal mask, which follow the stack. */
struct saved {
  jmp_buf registers;
};
enum { place = (offsetof(ucontext_t, uc_stack) + sizeof(stack_t) + 15) & ~15u };
_Static_assert(offsetof(ucontext_t, uc_link) < place, "it stays");
_Static_assert(sizeof(struct saved) <= sizeof(ucontext_t) - place, "they fit");

static struct saved *saved_in(ucontext_t *c) {
  return (struct saved *)(void *)((char *)c + place);
}

/* Not thread-local: tests of the classic face want no such variable. */
static struct beginning {
  ucontext_t *context;
  void (*fn)(uintptr_t, uintptr_t, uintptr_t);
  uintptr_t args[3];
} begun;

static void begin(int signal) {
  (void)signal;
  const struct beginning b = begun;
  if (_setjmp(saved_in(b.context)->registers) == 0)
    return;
  b.fn(b.args[0], b.args[1], b.args[2]);
  if (b.context->uc_link == NULL)
    abort();
  _longjmp(saved_in(b.context->uc_link)->registers, 1);
}

int getcontext(ucontext_t *c) {
  (void)c; /* the tests do it for makecontext only */
  return 0;
}

void makecontext(ucontext_t *c, void (*fn)(void), int n, ...) {
  stack_t before;
  struct sigaction action = {.sa_handler = begin, .sa_flags = SA_ONSTACK}, old;
  va_list args;
  begun.context = c;
  begun.fn = (void (*)(uintptr_t, uintptr_t, uintptr_t))(uintptr_t)fn;
  va_start(args, n);
  for (int i = 0; i < n; i++)
    begun.args[i] = va_arg(args, uintptr_t);
  va_end(args);
  c->uc_stack.ss_flags = 0;
  if (sigaltstack(&c->uc_stack, &before) != 0 ||
      sigaction(SIGURG, &action, &old) != 0 || raise(SIGURG) != 0)
    abort();
  sigaction(SIGURG, &old, NULL);
  sigaltstack(&before, NULL);
}

int swapcontext(ucontext_t *from, const ucontext_t *to) {
  if (_setjmp(saved_in(from)->registers) == 0)
    _longjmp(saved_in((ucontext_t *)to)->registers, 1);
  return 0;
}
#endif

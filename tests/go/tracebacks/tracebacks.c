/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A traceback function that counts frames as those do that use the compiler's
 * unwinder: it leaves out its own frame, that of runtime/cgo, and that of the signal.
 */
#define _GNU_SOURCE
#include "tracebacks.h"

#include <ucontext.h>
#include <unwind.h>

struct traceback_arg {
  uintptr_t context, signal_context;
  uintptr_t *buffer;
  uintptr_t max;
};

struct frames {
  uintptr_t *pc, *function;
  int next, max;
};

enum { most = 8 };

static int seen, first, callers;

static _Unwind_Reason_Code add_frame(struct _Unwind_Context *context, void *arg) {
  struct frames *frames = arg;
  if (frames->next >= frames->max)
    return _URC_END_OF_STACK;
  if (frames->next >= 0) {
    frames->pc[frames->next] = _Unwind_GetIP(context);
    frames->function[frames->next] = _Unwind_GetRegionStart(context);
  }
  frames->next++;
  return _URC_NO_REASON;
}

static uintptr_t place_of_signal(const void *context) {
  const ucontext_t *u = context;
#if defined __x86_64__
  return (uintptr_t)u->uc_mcontext.gregs[REG_RIP];
#elif defined __aarch64__
  return u->uc_mcontext.pc;
#else
#error "which register has the place?"
#endif
}

static volatile unsigned sink;

__attribute__((__noinline__)) static void inner(int least) {
  while (__atomic_load_n(&seen, __ATOMIC_RELAXED) < least)
    sink++;
}
__attribute__((__noinline__)) static void middle(int least) {
  inner(least);
  sink++;
}
__attribute__((__noinline__)) void outer(int least) {
  middle(least);
  sink++;
}

void traceback(void *arg) {
  struct traceback_arg *a = arg;
  uintptr_t pc[most] = {0}, function[most] = {0};
  struct frames frames = {pc, function, -3, most};
  uintptr_t i;
  _Unwind_Backtrace(add_frame, &frames);
  for (i = 0; i < most && i < a->max; i++)
    a->buffer[i] = pc[i];
  if (i < a->max)
    a->buffer[i] = 0;
  if (a->signal_context == 0)
    return;
  /* By the unwinder's word where a signal may have been elsewhere in C. */
  if (_Unwind_FindEnclosingFunction(
          (void *)place_of_signal((void *)a->signal_context)) != (void *)inner)
    return;
  first += pc[0] == place_of_signal((void *)a->signal_context);
  callers += function[1] == (uintptr_t)middle && function[2] == (uintptr_t)outer;
  __atomic_add_fetch(&seen, 1, __ATOMIC_RELAXED);
}

int signals_in_inner(void) { return seen; }
int right_first(void) { return first; }
int right_callers(void) { return callers; }

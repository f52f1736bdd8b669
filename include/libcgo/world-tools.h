/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What sanitizers must know about the world. (<libcgo/context-tools.h> does the same for
 * contexts.) <libcgo/world.h> includes this header. If the client is compiled with
 * -fsanitize=address, libcgo_call_parked is a macro for a function of this header. With
 * -fsanitize=thread, so are most functions of the world, libcgo_callback and
 * libcgo_thread_create.
 *
 * AddressSanitizer is told that a parked call changes the stack. ThreadSanitizer is told
 * what comes before what: what a thread did before it parked comes before what the stopper
 * does, and that comes before what the thread does when it goes on. Two threads that only
 * park are not ordered by that. So ThreadSanitizer still finds a race of two managed threads.
 * The library need not be built with the sanitizer.
 *
 * The sanitizers are not told of a longjmp that leaves a parked call. After it, call
 * libcgo_unpark, as always.
 */
#ifndef LIBCGO_WORLD_TOOLS_H
#define LIBCGO_WORLD_TOOLS_H

#include <libcgo/platform.h>
#include <libcgo/runtime.h>
#include <libcgo/thread.h>
#include <libcgo/world.h>

#ifdef LIBCGO_TOOLS_

#ifdef LIBCGO_TSAN_
#include <sanitizer/tsan_interface.h>
#include <stdlib.h>
#endif

LIBCGO_BEGIN_DECLS

#ifdef LIBCGO_ASAN_

static inline uintptr_t libcgo_told_call_parked_(struct libcgo_thread *thread,
                                                 uintptr_t (*fn)(void *arg),
                                                 void *arg) {
  struct libcgo_bounds here;
  if (fn == LIBCGO_NULL_ || thread == LIBCGO_NULL_ ||
      libcgo_stack_bounds(thread, &here) != 0 || here.kind != LIBCGO_STACK_SMALL)
    return libcgo_call_parked(thread, fn, arg);
  LIBCGO_TOLD_CALL_ struct libcgo_told_call_ call;
  libcgo_told_prepare_(&call, thread, fn, arg, 0, 1); /* the callee looks */
  return libcgo_told_returned_(
      &call, libcgo_call_parked(thread, libcgo_told_on_system_, &call));
}

#endif

#ifdef LIBCGO_TSAN_

/* Two addresses in the runtime's record stand for the order. A thread that parks releases
   `world`, and the stopper acquires it. The stopper releases `flags`, and a thread that goes
   on acquires it. */
static inline int libcgo_told_world_(const struct libcgo_runtime *runtime) {
  return runtime != LIBCGO_NULL_ && (runtime->flags & LIBCGO_WORLD) != 0;
}
static inline void libcgo_told_parks_(struct libcgo_runtime *runtime) {
  if (libcgo_told_world_(runtime))
    __tsan_release(&runtime->world);
}
static inline void libcgo_told_goes_on_(struct libcgo_runtime *runtime) {
  if (libcgo_told_world_(runtime))
    __tsan_acquire(&runtime->flags);
}
static inline void libcgo_told_stops_(struct libcgo_runtime *runtime) {
  if (libcgo_told_world_(runtime))
    __tsan_acquire(&runtime->world);
}
static inline void libcgo_told_starts_(struct libcgo_runtime *runtime) {
  if (libcgo_told_world_(runtime))
    __tsan_release(&runtime->flags);
}

/* A cleanup of the frame: so it runs also when an exception passes. */
static inline void libcgo_told_unpark_(struct libcgo_thread **of_frame) {
  libcgo_told_goes_on_((*of_frame)->runtime);
}
static inline uintptr_t libcgo_told_call_parked_(struct libcgo_thread *thread,
                                                 uintptr_t (*fn)(void *arg),
                                                 void *arg) {
  if (thread == LIBCGO_NULL_)
    return libcgo_call_parked(thread, fn, arg); /* the message */
  __attribute__((__cleanup__(libcgo_told_unpark_))) struct libcgo_thread *of_frame =
      thread;
  libcgo_told_parks_(of_frame->runtime);
  return libcgo_call_parked(of_frame, fn, arg);
}

static inline void libcgo_told_park_by_hand_(struct libcgo_thread *thread) {
  libcgo_told_parks_(thread->runtime);
  libcgo_park(thread);
}
static inline void libcgo_told_unpark_by_hand_(struct libcgo_thread *thread) {
  libcgo_told_parks_(thread->runtime); /* if it was managed, this is a safepoint */
  libcgo_unpark(thread);
  libcgo_told_goes_on_(thread->runtime);
}
static inline void libcgo_told_safepoint_(struct libcgo_thread *thread) {
  if (__builtin_expect(__atomic_load_n(&thread->poll, __ATOMIC_RELAXED) != 0, 0)) {
    libcgo_told_parks_(thread->runtime);
    libcgo_safepoint_slow(thread);
    libcgo_told_goes_on_(thread->runtime);
  }
}

LIBCGO_CHECKED_ static inline int
libcgo_told_world_stop_(struct libcgo_runtime *runtime, uint64_t timeout_ns,
                        struct libcgo_thread **late) {
  int err;
  libcgo_told_parks_(runtime); /* others may stop the world while this one waits */
  err = libcgo_world_stop(runtime, timeout_ns, late);
  if (err == 0)
    libcgo_told_stops_(runtime);
  else
    libcgo_told_goes_on_(runtime);
  return err;
}
static inline int libcgo_told_world_start_(struct libcgo_runtime *runtime) {
  int err;
  libcgo_told_starts_(runtime);
  libcgo_told_parks_(runtime);
  err = libcgo_world_start(runtime);
  libcgo_told_goes_on_(runtime);
  return err;
}

/* The function of a handshake, a callback or a thread, and what it needs. */
struct libcgo_told_fn_ {
  libcgo_thread_fn fn;
  void *arg;
  struct libcgo_runtime *runtime;
};

static inline void libcgo_told_shake_(struct libcgo_thread *thread, void *arg) {
  struct libcgo_told_fn_ *const call =
      LIBCGO_CAST_(struct libcgo_told_fn_ *, arg);
  libcgo_told_stops_(call->runtime);
  call->fn(thread, call->arg);
  libcgo_told_starts_(call->runtime);
}
static inline int libcgo_told_handshake_(struct libcgo_runtime *runtime,
                                         struct libcgo_thread *thread,
                                         libcgo_thread_fn fn, void *arg) {
  struct libcgo_told_fn_ call;
  int err;
  call.fn = fn;
  call.arg = arg;
  call.runtime = runtime;
  libcgo_told_parks_(runtime);
  err = libcgo_handshake(runtime, thread,
                         fn == LIBCGO_NULL_ ? LIBCGO_NULL_ : libcgo_told_shake_,
                         &call);
  libcgo_told_goes_on_(runtime);
  return err;
}

static inline void libcgo_told_park_(struct libcgo_runtime **of_frame) {
  libcgo_told_parks_(*of_frame);
}
static inline void libcgo_told_managed_(struct libcgo_thread *thread, void *arg) {
  struct libcgo_told_fn_ *const call =
      LIBCGO_CAST_(struct libcgo_told_fn_ *, arg);
  __attribute__((__cleanup__(libcgo_told_park_))) struct libcgo_runtime *of_frame =
      call->runtime;
  libcgo_told_goes_on_(of_frame);
  call->fn(thread, call->arg);
}
LIBCGO_CHECKED_ static inline int
libcgo_told_callback_(struct libcgo_runtime *runtime, libcgo_thread_fn fn,
                      void *arg) {
  struct libcgo_told_fn_ call;
  if (fn == LIBCGO_NULL_ || !libcgo_told_world_(runtime))
    return libcgo_callback(runtime, fn, arg);
  call.fn = fn;
  call.arg = arg;
  call.runtime = runtime;
  return libcgo_callback(runtime, libcgo_told_managed_, &call);
}

static inline void libcgo_told_thread_(struct libcgo_thread *thread, void *arg) {
  struct libcgo_told_fn_ call = *LIBCGO_CAST_(struct libcgo_told_fn_ *, arg);
  free(arg);
  libcgo_told_managed_(thread, &call);
}
LIBCGO_CHECKED_ static inline int libcgo_told_thread_create_(
    struct libcgo_runtime *runtime, struct libcgo_thread *thread,
    const struct libcgo_thread_attr *attr, libcgo_thread_fn fn, void *arg,
    struct libcgo_limit *limit) {
  struct libcgo_told_fn_ *call;
  int err;
  if (fn == LIBCGO_NULL_ || !libcgo_told_world_(runtime))
    return libcgo_thread_create(runtime, thread, attr, fn, arg, limit);
  call = LIBCGO_CAST_(struct libcgo_told_fn_ *, malloc(sizeof *call));
  if (call == LIBCGO_NULL_)
    return ENOMEM;
  call->fn = fn;
  call->arg = arg;
  call->runtime = runtime;
  err = libcgo_thread_create(runtime, thread, attr, libcgo_told_thread_, call,
                             limit);
  if (err != 0)
    free(call);
  return err;
}

#endif

LIBCGO_END_DECLS

#ifndef LIBCGO_VALGRIND_
#define libcgo_call_parked libcgo_told_call_parked_
#endif
#ifdef LIBCGO_TSAN_
#define libcgo_park libcgo_told_park_by_hand_
#define libcgo_unpark libcgo_told_unpark_by_hand_
#define libcgo_safepoint libcgo_told_safepoint_
#define libcgo_world_stop libcgo_told_world_stop_
#define libcgo_world_start libcgo_told_world_start_
#define libcgo_handshake libcgo_told_handshake_
#define libcgo_callback libcgo_told_callback_
#define libcgo_thread_create libcgo_told_thread_create_
#endif

#endif
#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small runtime for the tests of the kit: hooks that keep the calling
 * thread's record in a thread-local variable, records that are used again, and
 * a count of what the library has asked for.
 *
 *     kit_begin();
 *     ck_assert_int_eq(libcgo_callback(&kit, fn, NULL), 0);
 *     ck_assert_int_eq(kit_count(KIT_ENTER), 1);
 *
 * A test that needs a runtime of its own, one that has not started say, makes
 * it with the same hooks: LIBCGO_RUNTIME_INIT(&kit_ops). Runtimes with these
 * hooks share the variable, so a thread belongs to one of them at a time.
 */
#ifndef LIBCGO_TESTS_KIT_H
#define LIBCGO_TESTS_KIT_H

#include "support/harness.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct libcgo_ops kit_ops;
extern struct libcgo_runtime kit;

/* What the library may ask the runtime for. */
enum kit_event {
  KIT_ENTER,
  KIT_LEAVE,
  KIT_ACQUIRE,
  KIT_RELEASE,
  /* A hook that was called with other signals open than those that code raises,
     `enter` on a thread that has a
     record, `leave` or `release` on one that does not have this one. */
  KIT_WRONG,
  KIT_EVENTS
};

/* How the hooks behave; all zeros after kit_begin. */
extern struct kit_behaviour {
  int no_record; /* `acquire` returns NULL */
  int lie;       /* `enter` stores nothing, so current() returns NULL */
  int heap;      /* records come from malloc and are freed: by `release`, and
                    those of kit_record by `leave` */
  int own_mask;  /* the hooks do not look at their mask: the test has its own */
  /* Called there, if they are not NULL. */
  void (*in_acquire)(void);
  void (*in_enter)(struct libcgo_thread *thread);
  void (*first_in_leave)(struct libcgo_thread *thread); /* with current() still */
  void (*in_leave)(struct libcgo_thread *thread);
  void (*in_release)(void);
} kit_behaviour;

/* What `acquire` got last. */
extern struct libcgo_runtime *kit_acquired_for;

/* Each test begins with this: the runtime is ready, counts and behaviour are
   zero. (Under valgrind all tests of a program share a process.) */
void kit_begin(void);

/* Whether the calling thread has the mask that hooks have: every signal blocked, but
   those that code raises open. */
int kit_signals_are_held(void);

/* The calling thread's record, or NULL. */
struct libcgo_thread *kit_current(void);

/* A record for libcgo_thread_create, used again after `leave`. */
struct libcgo_thread *kit_record(void);

/* How often an event has happened, and returns when it has so often. */
int kit_count(enum kit_event event);
void kit_wait(enum kit_event event, int count);

/* Runs fn in a thread of the runtime's, and returns when it has left. */
void kit_run(const struct libcgo_thread_attr *attr,
             void (*fn)(struct libcgo_thread *thread, void *arg), void *arg);

/* Runs fn in a thread that the runtime did not start, and returns fn's result
   (or PTHREAD_CANCELED) when it has ended. */
void *kit_run_foreign(void *(*fn)(void *arg), void *arg);

int under_valgrind(void);

/* A callback that does nothing. */
void kit_nothing(struct libcgo_thread *thread, void *arg);

#ifdef __cplusplus
}
#endif

#endif

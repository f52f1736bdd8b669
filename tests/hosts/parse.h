/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads of C, for programs whose language reads these declarations itself: no
 * preprocessor here but for the guard.
 */
#ifndef PARSE_H
#define PARSE_H

/* On a thread of its own, calls fn by libcgo_callback, and waits for the thread's end.
   Returns what libcgo_callback has returned. */
int parse_call(struct libcgo_runtime *runtime, libcgo_thread_fn fn, void *arg);

/* A callback: adds 1 to the int to which arg points, if the thread's record is of a runtime
   and says that it belongs to this thread. */
void parse_count(struct libcgo_thread *thread, void *arg);

/* On a thread of its own: libcgo_attach, then libcgo_mailbox_call for fn, then
   libcgo_detach. Returns 0 once the thread has started. */
int parse_post(struct libcgo_runtime *runtime, struct libcgo_mailbox *box,
               libcgo_mailbox_fn fn, void *arg);
/* Waits for that thread's end. Returns 0 if all three have returned 0. */
int parse_post_end(void);

#endif

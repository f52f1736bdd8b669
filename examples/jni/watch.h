/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A C library with threads of its own: it watches files, and tells when one changes. It
 * knows nothing of the languages that call it.
 */
#ifndef WATCH_H
#define WATCH_H

struct watch;

/* Starts a thread that looks at the file again and again, and calls changed(arg, size) when
   its size is another one. Returns NULL if there is no thread to be had. */
struct watch *watch_start(const char *path,
                          void (*changed)(void *arg, long long size), void *arg);

/* Ends the thread, and waits for it. */
void watch_stop(struct watch *watch);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Failures on demand: what stands between the library and the C library, what drives it, and
 * the scenario.
 */
#ifndef LIBCGO_TESTS_FAILURES_H
#define LIBCGO_TESTS_FAILURES_H

#include <stddef.h>
#include <stdint.h>

enum { most_calls = 160, most_threads = 64 };

/* In memory that the driver shares with the process in which the scenario runs. */
struct failures {
  int armed; /* count, and fail */
  int call;  /* which call is to fail: an index of call_names; -1: none */
  long at;   /* the how many-th, from 1 on; */
  int stops; /* what runs is scenario_that_stops */
  int from_then_on; /* and all after it */
  int failed;       /* how many have */
  uintptr_t result; /* what it returns */
  int error;        /* and leaves in errno, or 0 */
  long calls[most_calls];
  const char *refused;   /* a call that always fails, or NULL, */
  uintptr_t refusal;     /* and what it returns */
  long ahead;            /* seconds by which the library's clock is ahead */
  int own[most_threads]; /* by thread: it is the scenario that asks the system */
  int listener;          /* seccomp's, and one */
  long unknown;          /* a system call without a row, and one */
  /* The library's books: what it has taken, less what it has given back. */
  long blocks;
  long mapped; /* bytes */
  long keys;
  long files;
  /* The scenario's. */
  char step[64];
  char complaint[512];
};
extern struct failures *failures;

extern const char *const call_names[];
extern const int call_count;

/* The scenario: each public function once at least. Ends the process if something is wrong. */
void scenario(void);
/* What ends the process with a message. */
_Noreturn void scenario_that_stops(void);
_Noreturn void complain(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Whether the function's man page has the error. */
int documented(const char *function, int error);
/* Whether its page says that it stops the process. */
int may_stop(const char *function);

#endif

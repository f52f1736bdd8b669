/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a test of the classic face includes: its slots, and a thread start that is
 * waited for. In one file of a program.
 */
#ifndef LIBCGO_TESTS_CLIENT_H
#define LIBCGO_TESTS_CLIENT_H

#include "support/harness.h"

LIBCGO_RESERVE_SLOTS;

/* Starts a thread through the library and returns when it has run fn. The
   thread may still be about to end. */
void run_in_thread(struct libcgo_g *g, uintptr_t m, void (*fn)(void));

#endif

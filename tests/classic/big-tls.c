/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A shared library with a mebibyte of thread-local variables, loaded at
 * start-up: it takes that much from the stack of every thread.
 */
extern char *big_tls(void);

static _Thread_local char mebibyte[1 << 20];

char *big_tls(void) { return mebibyte; }

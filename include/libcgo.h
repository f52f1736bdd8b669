/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libcgo - the border between a language runtime and C.
 *
 * This header includes every other header except <libcgo/go.h>, which is for programs that
 * libcgo-go(1) builds, and those of <libcgo/host/>, which are for libraries that call Java,
 * OCaml or Python. You can also include each header by itself, in any order, from C11 and
 * from C++17.
 */
#ifndef LIBCGO_H
#define LIBCGO_H

#include <libcgo/classic.h>
#include <libcgo/context.h>
#include <libcgo/crossing.h>
#include <libcgo/handle.h>
#include <libcgo/hooks.h>
#include <libcgo/init.h>
#include <libcgo/mailbox.h>
#include <libcgo/platform.h>
#include <libcgo/runtime.h>
#include <libcgo/slots.h>
#include <libcgo/stack.h>
#include <libcgo/thread.h>
#include <libcgo/traceback.h>
#include <libcgo/version.h>
#include <libcgo/world.h>

#endif

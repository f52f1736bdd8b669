/* SPDX-License-Identifier: BSD-3-Clause */
/* A shared object that defines slots, where they are of no use. */
#include <libcgo/slots.h>

LIBCGO_DEFINE_SLOTS;

extern int object_with_slots;
int object_with_slots = 1;

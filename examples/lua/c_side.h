/* SPDX-License-Identifier: BSD-3-Clause */
/* C functions for Lua. */
#ifndef C_SIDE_H
#define C_SIDE_H

#include <lua.h>

/* sort(numbers, before): the C library's qsort with a comparison in Lua. */
int sort(lua_State *L);

#endif

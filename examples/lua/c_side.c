/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A C function that Lua calls, and that calls Lua from inside the C library's
 * qsort. qsort knows nothing of Lua or libcgo.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* qsort_r */
#endif
#include "c_side.h"

#include <stdbool.h>
#include <stdlib.h>

#include "luaborder.h"

struct comparison {
  lua_State *L;
  bool failed;
};

/* qsort may free memory at its end, so an error must not jump over it. The
   error waits, and the remaining elements compare as equal. */
static int compare(const void *a, const void *b, void *p) {
  struct comparison *c = p;
  if (c->failed)
    return 0;
  lua_pushvalue(c->L, 2);
  lua_pushnumber(c->L, *(const lua_Number *)a);
  lua_pushnumber(c->L, *(const lua_Number *)b);
  if (border_pcall(c->L, 2, 1) != LUA_OK) {
    c->failed = true; /* the error is on top of the Lua stack */
    return 0;
  }
  const int before = lua_toboolean(c->L, -1);
  lua_pop(c->L, 1);
  return before ? -1 : 1;
}

int sort(lua_State *L) {
  struct comparison c = {L, false};
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  /* Memory of Lua's, so that it is freed if an error is raised. */
  const lua_Integer n = luaL_len(L, 1);
  lua_Number *numbers = lua_newuserdatauv(L, (size_t)n * sizeof *numbers, 0);
  for (lua_Integer i = 0; i < n; i++) {
    lua_geti(L, 1, i + 1);
    if (!lua_isnumber(L, -1))
      return border_error(L, "element %I is no number", i + 1);
    numbers[i] = lua_tonumber(L, -1);
    lua_pop(L, 1);
  }
  qsort_r(numbers, (size_t)n, sizeof *numbers, compare, &c);
  if (c.failed)
    return lua_error(L);
  for (lua_Integer i = 0; i < n; i++) {
    lua_pushnumber(L, numbers[i]);
    lua_seti(L, 1, i + 1);
  }
  lua_settop(L, 1);
  return 1;
}

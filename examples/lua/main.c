/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * luaborder SCRIPT [THREADS]
 *
 * Runs a Lua script in THREADS threads, each with its own state. The script
 * finds the C functions in the table `c`.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "c_side.h"
#include "luaborder.h"

static atomic_int scripts_done;

static int setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"sort", sort}, {NULL, NULL}};
  lua_newtable(L);
  border_register(L, functions);
  lua_setglobal(L, "c");
  return 0;
}

static int run_script(lua_State *L) {
  if (luaL_loadfile(L, lua_touserdata(L, 1)) != LUA_OK ||
      border_pcall(L, 0, 0) != LUA_OK)
    return lua_error(L);
  scripts_done++;
  return 0;
}

int main(int argc, char **argv) {
  const int threads = argc > 2 ? atoi(argv[2]) : 1;
  if (argc < 2 || argc > 3 || threads < 1) {
    fprintf(stderr, "usage: %s SCRIPT [THREADS]\n", argv[0]);
    return 2;
  }
  int err = border_start(setup);
  for (int i = 0; err == 0 && i < threads; i++)
    err = border_spawn(run_script, argv[1]);
  if (err != 0)
    fprintf(stderr, "%s: %s\n", argv[0], strerror(err));
  border_stop();
  return scripts_done == threads ? 0 : 1;
}

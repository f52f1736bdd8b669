/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lua runs on small stacks, C on the system stack. These are the functions for
 * the C side. See README.md.
 *
 * A state belongs to one thread at a time. border_enter gives the calling
 * thread a state; only that thread may use its `lua_State *`.
 */
#ifndef LUABORDER_H
#define LUABORDER_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stddef.h>
#include <stdint.h>

/* The small stack of each state. README.md says how the size was found. */
enum { border_stack_bytes = 512 * 1024 };

/* From here on C may call Lua. `setup` is a function of Lua's C API, or NULL.
   It runs once in each new state, after the libraries are open.
   Returns 0 or an errno value. */
int border_start(lua_CFunction setup);

/* Waits for all threads of border_spawn, then closes all states, which runs
   their finalizers. All other threads must have ended or called border_leave.
   Returns 0, or EBUSY on a thread that is inside Lua. */
int border_stop(void);

/* Starts a thread that calls border_enter(fn, arg). Returns 0 or an errno
   value. */
int border_spawn(lua_CFunction fn, void *arg);

/* From any C code, on any thread: calls fn with a state, and with `arg` as a
   light userdata at index 1. fn runs on the stack of the caller, and calls Lua
   by border_pcall. Inside Lua, fn gets the state that runs.
   Returns 0; LUA_ERR... for an error that fn did not catch; or -1 if there is
   no state. In both cases `message` gets a text of at most `size` bytes. */
int border_enter(lua_CFunction fn, void *arg, char *message, size_t size);

/* Gives the state of the calling thread back. The end of the thread does the
   same. Returns 0 or an error of libcgo_detach. */
int border_leave(void);

/* lua_pcall without a message handler, for C on the system stack: the function
   runs on the small stack. lua_call and lua_pcall work, too, but then it runs
   on the stack of the caller. */
int border_pcall(lua_State *L, int arguments, int results);

/* Puts C functions into the table on top of the Lua stack. Lua code that calls
   one goes over to the system stack. Such a function may raise errors; it
   cannot yield. */
void border_register(lua_State *L, const luaL_Reg *functions);

/* luaL_error for such a function. luaL_error takes the line number from the
   caller, which is a function of the border here; this one takes it from the
   caller's caller. */
int border_error(lua_State *L, const char *format, ...);

/* A handle for a Lua value that C keeps. It may outlive the state.
   keep pops the value from the Lua stack. push pushes it again. drop frees the
   handle. A handle that names no value of this state raises an error. */
uintptr_t border_keep(lua_State *L);
void border_push(lua_State *L, uintptr_t handle);
void border_drop(lua_State *L, uintptr_t handle);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lua on small stacks, C on the system stack: what the border between the two
 * offers to C. See README.md.
 *
 * A state belongs to one thread at a time. A thread that calls border_enter gets
 * one by itself; a `lua_State *` is good on the thread on which it was given.
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

/* Begins: from now on C may call into Lua. `setup`, a function of Lua's C API
   or NULL, runs once in each new state, after the libraries were opened.
   Returns 0 or an errno value. */
int border_start(lua_CFunction setup);

/* Waits for all threads of border_spawn, then closes all states, finalizers
   included. Every other thread has ended or was detached by border_leave.
   Returns 0, or EBUSY on a thread that is inside of Lua. */
int border_stop(void);

/* Starts a thread that calls border_enter(fn, arg). Returns 0 or an errno
   value. */
int border_spawn(lua_CFunction fn, void *arg);

/* From any C code, on any thread: calls fn with a state and `arg`, a light
   userdata at index 1. fn runs where the caller is; border_pcall goes on from
   there to Lua. Inside of Lua it is the state that runs.
   Returns 0; or, with a message of `size` bytes at most, LUA_ERR... for an
   error that fn did not catch, or -1 where there is no state to be had. */
int border_enter(lua_CFunction fn, void *arg, char *message, size_t size);

/* Gives the state of the calling thread back; it would do so at its end.
   Returns 0 or an error of libcgo_detach. */
int border_leave(void);

/* lua_pcall without a handler, for C on the system stack: the function runs on
   the small stack. lua_call and lua_pcall work as well, and run it right where
   the caller is. */
int border_pcall(lua_State *L, int arguments, int results);

/* Puts C functions into the table on the top. Lua code that calls one leaves its
   small stack for it. Such a function may raise errors, and cannot yield. */
void border_register(lua_State *L, const luaL_Reg *functions);

/* luaL_error for such a function. The border is a function between it and Lua,
   where luaL_error looks for the line; this one looks behind it. */
int border_error(lua_State *L, const char *format, ...);

/* A Lua value in the hands of C: a word that may outlive its state.
   keep takes the value from the top. push puts it there again, and drop forgets
   it; a word that names no value of this state raises an error. */
uintptr_t border_keep(lua_State *L);
void border_push(lua_State *L, uintptr_t handle);
void border_drop(lua_State *L, uintptr_t handle);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lua 5.4 as a client of libcgo.
 *
 *     system stack of the thread          small stack of the state
 *     --------------------------          ------------------------
 *     border_enter
 *       fn
 *         border_pcall             -->      lua_pcall, Lua code
 *                                             from_lua
 *           lua_pcall, a C function  <--        libcgo_call_on_system
 *             qsort
 *               border_pcall         -->        lua_pcall, more Lua code
 *
 * Lua raises errors by longjmp(3). The rule of this file: each crossing first
 * calls lua_pcall on the other side. An error is caught there, returns as an
 * ordinary result, and is raised again. So no jump goes from one stack to
 * another. glibc may check jumps, and would take such a jump for one into a
 * frame that is gone. Also, the C code in between always returns.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* MAP_ANONYMOUS, MAP_STACK */
#endif
#include "luaborder.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libcgo.h>

/* One for each lua_State. While a thread has the state, this is its record. */
struct worker {
  struct libcgo_thread thread;
  struct libcgo_stack stack;
  struct libcgo_handle_table handles;
  lua_State *main;
  lua_State *running; /* main, or the Lua coroutine that last called C */
  bool ready;         /* the libraries are open */
  bool spawned;       /* by border_spawn, with fn and arg */
  unsigned entered;   /* calls of border_enter that have not returned */
  lua_CFunction fn;
  void *arg;
  struct worker *next; /* in the pool */
};

static void enter(struct libcgo_thread *thread);
static void leave(struct libcgo_thread *thread);
static struct libcgo_thread *acquire(struct libcgo_runtime *runtime);
static void release(struct libcgo_thread *thread);
static struct libcgo_thread *current(const struct libcgo_runtime *runtime);

static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, NULL);
static struct libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);
static _Thread_local struct libcgo_thread *self;

static lua_CFunction setup_state;

/* The lock guards the variables below. Hooks take it while signals are held, so
   all others hold it for a few instructions only. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t thread_left = PTHREAD_COND_INITIALIZER;
static struct worker *pool; /* states that no thread uses */
static unsigned spawned;    /* created threads */
static bool stopping;       /* acquire gives states that are to be closed */

/* ---- states ---- */

/* Coroutines inherit the pointer from their main state. */
static struct worker **owner_of(lua_State *L) { return lua_getextraspace(L); }

static bool map_stack(struct libcgo_stack *stack) {
  const size_t guard = (size_t)sysconf(_SC_PAGESIZE);
  char *p = mmap(NULL, guard + border_stack_bytes, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (p == MAP_FAILED)
    return false;
  *stack = (struct libcgo_stack)LIBCGO_STACK_INIT(
      p + guard, p + guard + border_stack_bytes);
  if (mprotect(p + guard, border_stack_bytes, PROT_READ | PROT_WRITE) == 0)
    return true;
  munmap(p, guard + border_stack_bytes);
  return false;
}

static void free_worker(struct worker *w) {
  const size_t guard = (size_t)sysconf(_SC_PAGESIZE);
  munmap((void *)(w->stack.lo - guard), guard + border_stack_bytes);
  libcgo_handle_table_destroy(&w->handles);
  free(w);
}

/* Makes a state. It runs no Lua code, because a hook calls it. */
static struct worker *new_worker(void) {
  struct worker *w = malloc(sizeof *w);
  if (w == NULL)
    return NULL;
  *w = (struct worker){.thread = LIBCGO_THREAD_INIT,
                       .handles = LIBCGO_HANDLE_TABLE_INIT};
  w->thread.data = w;
  if (!map_stack(&w->stack)) {
    free(w);
    return NULL;
  }
  w->main = w->running = luaL_newstate();
  if (w->main == NULL) {
    free_worker(w);
    return NULL;
  }
  *owner_of(w->main) = w;
  return w;
}

/* A thread may have ended in the middle of a call (pthread_exit). Then its
   state can only be closed. */
static struct worker *take_worker(void) {
  pthread_mutex_lock(&lock);
  struct worker **link = &pool;
  while (*link != NULL && (*link)->entered != 0 && !stopping)
    link = &(*link)->next;
  struct worker *w = *link;
  if (w != NULL)
    *link = w->next;
  const bool make = w == NULL && !stopping;
  pthread_mutex_unlock(&lock);
  return make ? new_worker() : w;
}

static void give_back(struct worker *w) {
  if (w->main == NULL) { /* closed */
    free_worker(w);
    return;
  }
  pthread_mutex_lock(&lock);
  w->next = pool;
  pool = w;
  if (w->spawned) {
    w->spawned = false;
    spawned--;
    pthread_cond_signal(&thread_left);
  }
  pthread_mutex_unlock(&lock);
}

/* ---- the hooks ---- */

static struct libcgo_thread *current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return self;
}

static void enter(struct libcgo_thread *thread) { self = thread; }

static void leave(struct libcgo_thread *thread) {
  struct worker *w = thread->data;
  self = NULL;
  if (w->spawned)
    give_back(w);
}

static struct libcgo_thread *acquire(struct libcgo_runtime *unused) {
  (void)unused;
  struct worker *w = take_worker();
  return w == NULL ? NULL : &w->thread;
}

static void release(struct libcgo_thread *thread) { give_back(thread->data); }

/* ---- from Lua to C ---- */

static uintptr_t call_c(void *L) {
  return (uintptr_t)lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
}

/* Lua calls this. The upvalue is the C function to call. */
static int from_lua(lua_State *L) {
  struct worker *w = *owner_of(L);
  lua_State *caller = w->running;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  w->running = L;
  const uintptr_t status = libcgo_call_on_system(&w->thread, call_c, L);
  w->running = caller;
  return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

void border_register(lua_State *L, const luaL_Reg *functions) {
  for (; functions->name != NULL; functions++) {
    lua_pushcfunction(L, functions->func);
    lua_pushcclosure(L, from_lua, 1);
    lua_setfield(L, -2, functions->name);
  }
}

int border_error(lua_State *L, const char *format, ...) {
  va_list arguments;
  luaL_where(L, 2);
  va_start(arguments, format);
  lua_pushvfstring(L, format, arguments);
  va_end(arguments);
  lua_concat(L, 2);
  return lua_error(L);
}

/* ---- from C to Lua ---- */

struct call {
  lua_State *L;
  int arguments, results;
};

static uintptr_t call_lua(void *p) {
  struct call *call = p;
  return (uintptr_t)lua_pcall(call->L, call->arguments, call->results, 0);
}

int border_pcall(lua_State *L, int arguments, int results) {
  struct worker *w = *owner_of(L);
  struct call call = {L, arguments, results};
  return (int)libcgo_call_on_stack(&w->thread, &w->stack, call_lua, &call);
}

/* These libraries run on the small stack, as parts of the interpreter. io, os
   and package call the C library and the loader: the client registers them, if
   it wants them. */
static int open_state(lua_State *L) {
  static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},
                                       {LUA_COLIBNAME, luaopen_coroutine},
                                       {LUA_TABLIBNAME, luaopen_table},
                                       {LUA_STRLIBNAME, luaopen_string},
                                       {LUA_MATHLIBNAME, luaopen_math},
                                       {LUA_UTF8LIBNAME, luaopen_utf8},
                                       {NULL, NULL}};
  for (const luaL_Reg *l = libraries; l->name != NULL; l++) {
    luaL_requiref(L, l->name, l->func, 1);
    lua_pop(L, 1);
  }
  if (setup_state != NULL) {
    lua_pushcfunction(L, setup_state);
    lua_call(L, 0, 0);
  }
  return 0;
}

struct entry {
  lua_CFunction fn;
  void *arg;
  char *message;
  size_t size;
  int status;
};

static int call_entry(struct worker *w, const struct entry *e) {
  lua_State *L = w->running;
  if (!lua_checkstack(L, LUA_MINSTACK))
    return LUA_ERRMEM;
  if (!w->ready) {
    lua_pushcfunction(L, open_state);
    const int status = border_pcall(L, 0, 0);
    if (status != LUA_OK)
      return status;
    w->ready = true;
  }
  lua_pushcfunction(L, e->fn);
  lua_pushlightuserdata(L, e->arg);
  return lua_pcall(L, 1, 0, 0);
}

static void entered(struct libcgo_thread *thread, void *p) {
  struct worker *w = thread->data;
  struct entry *e = p;
  lua_State *L = w->running;
  const int top = lua_gettop(L);
  w->entered++;
  e->status = call_entry(w, e);
  w->entered--;
  if (e->status != LUA_OK && e->size != 0)
    /* Only a string: to convert a number, Lua would allocate. */
    snprintf(e->message, e->size, "%s",
             lua_gettop(L) > top && lua_type(L, -1) == LUA_TSTRING
                 ? lua_tostring(L, -1)
                 : "an error that is no string");
  lua_settop(L, top);
}

int border_enter(lua_CFunction fn, void *arg, char *message, size_t size) {
  struct entry e = {fn, arg, message, size, LUA_OK};
  const int err = libcgo_callback(&runtime, entered, &e);
  if (err == 0)
    return e.status;
  if (size != 0)
    snprintf(message, size, "no state to be had: error %d", err);
  return -1;
}

int border_leave(void) { return libcgo_detach(&runtime); }

/* ---- values that C keeps ---- */

/* The handle stands for the value's index in the registry. */
uintptr_t border_keep(lua_State *L) {
  const int place = luaL_ref(L, LUA_REGISTRYINDEX);
  uintptr_t handle = 0;
  const int err = libcgo_handle_new(&(*owner_of(L))->handles,
                                    (void *)(intptr_t)place, &handle);
  if (err != 0) {
    luaL_unref(L, LUA_REGISTRYINDEX, place);
    luaL_error(L, "no handle to be had: error %d", err);
  }
  return handle;
}

static int place_of(lua_State *L, uintptr_t handle) {
  void *place = libcgo_handle_get(&(*owner_of(L))->handles, handle);
  if (place == NULL)
    luaL_error(L, "the handle names no value of this state");
  return (int)(intptr_t)place;
}

void border_push(lua_State *L, uintptr_t handle) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, place_of(L, handle));
}

void border_drop(lua_State *L, uintptr_t handle) {
  const int place = place_of(L, handle);
  libcgo_handle_free(&(*owner_of(L))->handles, handle);
  luaL_unref(L, LUA_REGISTRYINDEX, place);
}

/* ---- threads, start and end ---- */

static void thread_main(struct libcgo_thread *thread, void *unused) {
  struct worker *w = thread->data;
  char message[256];
  (void)unused;
  if (border_enter(w->fn, w->arg, message, sizeof message) != LUA_OK)
    fprintf(stderr, "lua: %s\n", message);
}

int border_spawn(lua_CFunction fn, void *arg) {
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.name = "lua";
  struct worker *w = take_worker();
  if (w == NULL)
    return ENOMEM;
  w->fn = fn;
  w->arg = arg;
  pthread_mutex_lock(&lock);
  w->spawned = true;
  spawned++;
  pthread_mutex_unlock(&lock);
  const int err =
      libcgo_thread_create(&runtime, &w->thread, &attr, thread_main, NULL, NULL);
  if (err != 0)
    give_back(w);
  return err;
}

int border_start(lua_CFunction setup) {
  setup_state = setup;
  int err = libcgo_init_begin(&runtime.init);
  if (err == 0)
    err = libcgo_init_done(&runtime.init);
  return err == EALREADY ? 0 : err; /* after border_stop */
}

/* Closing a state runs finalizers. They are Lua code, so they run on the small
   stack, on a thread that has the state. */
static uintptr_t close_on_stack(void *p) {
  struct worker *w = p;
  lua_close(w->main);
  w->main = NULL;
  return 0;
}

static void close_state(struct libcgo_thread *thread, void *unused) {
  struct worker *w = thread->data;
  (void)unused;
  w->running = w->main;
  libcgo_call_on_stack(thread, &w->stack, close_on_stack, w);
}

int border_stop(void) {
  if (libcgo_detach(&runtime) == EBUSY)
    return EBUSY;
  pthread_mutex_lock(&lock);
  while (spawned != 0)
    pthread_cond_wait(&thread_left, &lock);
  stopping = true;
  pthread_mutex_unlock(&lock);
  /* Each callback attaches this thread to another state. */
  while (libcgo_callback(&runtime, close_state, NULL) == 0)
    libcgo_detach(&runtime);
  pthread_mutex_lock(&lock);
  stopping = false;
  pthread_mutex_unlock(&lock);
  return 0;
}

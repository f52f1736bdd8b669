/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An interpreter that was not made for libcgo, on small stacks: the client in
 * examples/lua with Lua 5.4.
 */
#include "support/harness.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "c_side.h"
#include "luaborder.h"

/* A Lua that was compiled as C++ throws, where one compiled as C jumps. */
#ifndef LUA_ERRORS_ARE_EXCEPTIONS
#define LUA_ERRORS_ARE_EXCEPTIONS 0
#endif

static char message[512];

static int states; /* that were set up */

/* The client keeps its record there, which begins with the library's. */
static struct libcgo_thread *thread_of(lua_State *L) {
  return *(struct libcgo_thread **)lua_getextraspace(L);
}

/* ---- C functions that Lua calls ---- */

static int raise_value(lua_State *L) {
  lua_settop(L, 1);
  return lua_error(L);
}

static int raise_text(lua_State *L) {
  return luaL_error(L, "no %s", luaL_checkstring(L, 1));
}

static int kind_of_stack(lua_State *L) {
  struct libcgo_bounds bounds;
  if (libcgo_stack_bounds(thread_of(L), &bounds) != 0)
    return luaL_error(L, "no bounds");
  lua_pushinteger(L, bounds.kind);
  return 1;
}

/* Where the caller's stack goes on. */
static int position(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)(intptr_t)__builtin_frame_address(0));
  return 1;
}

/* call(f, ...): calls back; errors of f are passed on. */
static int call(lua_State *L) {
  if (border_pcall(L, lua_gettop(L) - 1, LUA_MULTRET) != LUA_OK)
    return lua_error(L);
  return lua_gettop(L);
}

/* The same without the client's help: f runs on the system stack. */
static int plain_call(lua_State *L) {
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

static int yield(lua_State *L) { return lua_yield(L, lua_gettop(L)); }

static uintptr_t kept;

static int keep(lua_State *L) {
  lua_settop(L, 1);
  kept = border_keep(L);
  return 0;
}

static int get(lua_State *L) {
  border_push(L, kept);
  return 1;
}

static int drop(lua_State *L) {
  border_drop(L, kept);
  return 0;
}

static int finalized;

static int count_finalized(lua_State *L) {
  finalized +=
      kind_of_stack(L) == 1 && lua_tointeger(L, -1) == LIBCGO_STACK_SYSTEM;
  return 0;
}

/* C code that has no lua_State at hand, such as a library's callback. */
static int call_global(lua_State *L) {
  lua_getglobal(L, lua_touserdata(L, 1));
  if (border_pcall(L, 0, 0) != LUA_OK)
    return lua_error(L);
  return 0;
}

static int through_c(lua_State *L) {
  char text[256];
  if (border_enter(call_global, (void *)luaL_checkstring(L, 1), text,
                   sizeof text) != LUA_OK)
    return luaL_error(L, "C was told: %s", text);
  return 0;
}

/* then_through_c(name, f): calls f, and then C that has no lua_State. */
static int then_through_c(lua_State *L) {
  if (border_pcall(L, 0, 0) != LUA_OK)
    return lua_error(L);
  return through_c(L);
}

static int end_thread(lua_State *L) {
  (void)L;
  pthread_exit(NULL);
}

static int stop(lua_State *L) {
  lua_pushstring(L, border_stop() == EBUSY ? "busy" : "stopped");
  return 1;
}

static int setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"fail", raise_value},
                                       {"fail_with_text", raise_text},
                                       {"kind_of_stack", kind_of_stack},
                                       {"position", position},
                                       {"call", call},
                                       {"plain_call", plain_call},
                                       {"yield", yield},
                                       {"sort", sort},
                                       {"keep", keep},
                                       {"get", get},
                                       {"drop", drop},
                                       {"finalized", count_finalized},
                                       {"through_c", through_c},
                                       {"then_through_c", then_through_c},
                                       {"end_thread", end_thread},
                                       {"stop", stop},
                                       {NULL, NULL}};
  __atomic_add_fetch(&states, 1, __ATOMIC_RELAXED);
  lua_newtable(L);
  border_register(L, functions);
  lua_setglobal(L, "c");
  /* The same two without the border: they run where Lua runs. */
  lua_register(L, "kind_of_stack", kind_of_stack);
  lua_register(L, "position", position);
  return 0;
}

/* ---- scripts ---- */

/* That a script has come to its end is seen by its result, not by the absence of
   an error: what passes errors on is under test. */
static int run_script(lua_State *L) {
  const char *script =
      lua_pushfstring(L, "%s\nreturn 'done'", lua_touserdata(L, 1));
  if (luaL_loadbuffer(L, script, strlen(script), "=script") != LUA_OK ||
      border_pcall(L, 0, 1) != LUA_OK)
    return lua_error(L);
  if (strcmp(luaL_checkstring(L, -1), "done") != 0)
    return luaL_error(L, "an error was lost: %s", lua_tostring(L, -1));
  return 0;
}

static int run(const char *script) {
  return border_enter(run_script, (void *)script, message, sizeof message);
}

static void begin(void) { ck_assert_int_eq(border_start(setup), 0); }

static void end(void) {
  ck_assert_int_eq(border_stop(), 0);
  wait_for_other_threads();
}

/* A test whose claim is in a script. */
#define SCRIPT(name, ...)                                                      \
  TEST(name) {                                                                 \
    begin();                                                                   \
    const int status = run(__VA_ARGS__);                                       \
    ck_assert_msg(status == LUA_OK, "%s", message);                            \
    end();                                                                     \
  }

SCRIPT(lua_runs_on_the_small_stack, "assert(kind_of_stack() == 1)")

SCRIPT(a_c_function_runs_on_the_system_stack, "assert(c.kind_of_stack() == 0)")

SCRIPT(a_callback_runs_on_the_small_stack, "assert(c.call(kind_of_stack) == 1)")

SCRIPT(c_may_call_lua_without_the_border,
       "assert(c.plain_call(kind_of_stack) == 0)"
       "assert(c.plain_call(c.kind_of_stack) == 0)"
       "assert(c.plain_call(c.call, kind_of_stack) == 1)"
       "local ok, e = pcall(c.plain_call, c.fail, 'x')"
       "assert(not ok and e == 'x')"
       "assert(kind_of_stack() == 1)")

SCRIPT(arguments_and_results_cross,
       "local t = {} "
       "local function f(...) return ... end "
       "local r = table.pack(c.call(f, 1, nil, t, 'x', nil)) "
       "assert(r.n == 5 and r[1] == 1 and r[3] == t and r[4] == 'x')"
       "local many = table.pack(c.call(f, table.unpack({}, 1, 200)))"
       "assert(many.n == 200)")

SCRIPT(an_error_of_c_arrives_at_pcall,
       "for _, e in ipairs{'text', {}, 42, print, false} do "
       "  local ok, got = pcall(c.fail, e) "
       "  assert(not ok and rawequal(got, e)) "
       "end "
       "local ok, got = pcall(c.fail) "
       "assert(not ok and got == nil) "
       "ok, got = pcall(c.fail_with_text, 'thing') "
       "assert(not ok and got == 'no thing', got) "
       "ok, got = pcall(c.fail_with_text) "
       "assert(not ok and got:find('string expected'), got) "
       "assert(kind_of_stack() == 1)")

SCRIPT(an_error_of_c_names_the_line_of_lua,
       "local ok, e = pcall(function()\n c.sort({1, {}}, print) end) "
       "assert(e == 'script:2: element 2 is no number', e)")

SCRIPT(an_error_of_lua_passes_c,
       "local ok, e = pcall(c.call, function() error('deep', 0) end) "
       "assert(not ok and e == 'deep') "
       "ok, e = pcall(c.call, function() local x = nil; return x.y end) "
       "assert(not ok and e:find('^script:1: attempt to index'), e)")

SCRIPT(an_error_passes_a_stack_of_borders, "local e = {} "
                                           "local function down(n) "
                                           "  if n == 0 then c.fail(e) end "
                                           "  c.call(down, n - 1) "
                                           "end "
                                           "for n = 0, 40 do "
                                           "  local ok, got = pcall(down, n) "
                                           "  assert(not ok and got == e, got) "
                                           "end")

SCRIPT(an_error_of_a_handler_is_told,
       "local ok, e = xpcall(c.fail, function(e) return 'seen ' .. e end, 'x') "
       "assert(not ok and e == 'seen x') "
       "ok, e = xpcall(c.fail, function() c.fail('again') end, 'x') "
       "assert(not ok)")

SCRIPT(a_to_be_closed_variable_is_closed_by_an_error_of_c,
       "local closed = 0 "
       "local function f() "
       "  local x <close> = setmetatable({}, {__close = function() "
       "    closed = closed + 1; assert(c.kind_of_stack() == 0) end}) "
       "  c.fail('x') "
       "end "
       "assert(not pcall(f) and closed == 1) "
       "assert(not pcall(c.call, f) and closed == 2)")

SCRIPT(a_lua_comparator_sorts_for_qsort,
       "local t = {} "
       "for i = 1, 500 do t[i] = (i * 7919) % 503 end "
       "c.sort(t, function(a, b) assert(kind_of_stack() == 1) return a < b end) "
       "for i = 2, 500 do assert(t[i - 1] <= t[i]) end "
       "c.sort(t, function(a, b) c.sort({2, 1}, function(a, b) return a < b end) "
       "  return a > b end) "
       "for i = 2, 500 do assert(t[i - 1] >= t[i]) end")

SCRIPT(an_error_of_a_comparator_passes_qsort,
       "local calls = 0 "
       "local ok, e = pcall(c.sort, {3, 2, 1, 5, 4}, function() "
       "  calls = calls + 1; c.fail('stop') end) "
       "assert(not ok and e == 'stop' and calls == 1)")

SCRIPT(c_without_a_state_gets_the_one_that_runs,
       "local calls = 0 "
       "function called() calls = calls + 1 "
       "  here = coroutine.running() end "
       "c.through_c('called') "
       "local co = coroutine.create(function() c.through_c('called') end) "
       "assert(coroutine.resume(co)) "
       "assert(calls == 2 and here == co) "
       "local main = coroutine.running() "
       "co = coroutine.create(function() pcall(c.fail, 1) coroutine.yield() end) "
       "c.then_through_c('called', function() coroutine.resume(co) end) "
       "assert(calls == 3 and here == main) "
       "function called() error('oops', 0) end "
       "local ok, e = pcall(c.through_c, 'called') "
       "assert(not ok and e == 'C was told: oops', e)")

SCRIPT(a_coroutine_cannot_yield_across_c,
       "local co = coroutine.wrap(function() "
       "  local ok, e = pcall(c.call, coroutine.yield, 1) "
       "  assert(not ok and e == 'attempt to yield across a C-call boundary', e) "
       "  ok, e = pcall(c.yield, 1) "
       "  assert(not ok and e == 'attempt to yield across a C-call boundary', e) "
       "  ok, e = pcall(c.sort, {2, 1}, coroutine.yield) "
       "  assert(not ok and e == 'attempt to yield across a C-call boundary', e) "
       "  for i = 1, 3 do "
       "    assert(c.kind_of_stack() == 0 and not pcall(c.fail, i)) "
       "    coroutine.yield(i) "
       "  end "
       "  return 'end' "
       "end) "
       "assert(co() == 1 and co() == 2 and co() == 3 and co() == 'end')")

SCRIPT(a_coroutine_may_run_inside_a_callback,
       "local sum = 0 "
       "c.call(function() "
       "  local co = coroutine.wrap(function() "
       "    for i = 1, 10 do c.call(function() sum = sum + i end) "
       "      coroutine.yield() end "
       "    c.fail('x') "
       "  end) "
       "  for i = 1, 10 do co() end "
       "  assert(not pcall(co)) "
       "end) "
       "assert(sum == 55)")

SCRIPT(a_handle_keeps_a_value_for_c,
       "c.keep({answer = 42}) collectgarbage() "
       "assert(c.get().answer == 42) "
       "c.drop() "
       "local ok, e = pcall(c.get) "
       "assert(not ok and e:find('names no value'), e) "
       "assert(not pcall(c.drop)) "
       "c.keep(nil) assert(c.get() == nil) c.drop()")

/* Recursion ends with an error of Lua's, not with a fault. */
SCRIPT(the_deepest_recursion_fits_the_small_stack,
       "local function gsub() return (('x'):gsub('x', gsub)) end "
       "local ok, e = pcall(gsub) "
       "assert(not ok and e:find('overflow'), e) "
       "local function format() return ('%s'):format(setmetatable({}, "
       "  {__tostring = function() return format() end})) end "
       "ok, e = pcall(format) assert(not ok and e:find('overflow'), e) "
       "local function sort() table.sort({1, 2, 3}, sort) end "
       "ok, e = pcall(sort) assert(not ok and e:find('overflow'), e) "
       "local function border() c.call(border) end "
       "ok, e = pcall(border) assert(not ok and e:find('overflow'), e) "
       "local function load_() load(function() load_() end) end pcall(load_)"
       "local function co() return coroutine.wrap(co)() end "
       "ok, e = pcall(co) assert(not ok and e:find('overflow'), e) "
       "assert(not load(('('):rep(1000) .. '1' .. (')'):rep(1000))) "
       "assert(not load('x = ' .. ('{'):rep(1000) .. ('}'):rep(1000))) "
       "assert(not pcall(string.find, ('x'):rep(1000), ('(x'):rep(30) .. ('x?'):rep(300))) "
       "local function match() return (('x'):rep(400):gsub(('x?'):rep(190) .. '.', match)) end "
       "ok, e = pcall(match) assert(not ok and e:find('overflow'), e) "
       "assert(('%.99f'):format(1e308)) "
       "assert(c.kind_of_stack() == 0 and kind_of_stack() == 1)")

/* ---- many errors ---- */

TEST(an_error_that_nobody_catches_is_told_to_c) {
  begin();
  ck_assert_msg(run("size = 0") == LUA_OK, "%s", message);
  for (int i = 0; i < 20000; i++) {
    ck_assert_int_eq(run("c.fail('nobody catches this')"), LUA_ERRRUN);
    ck_assert_str_eq(message, "nobody catches this");
    if (i == 100 || i == 19999)
      ck_assert_msg(run("collectgarbage() collectgarbage() "
                        "local now = collectgarbage('count') "
                        "assert(size == 0 or now < size + 1, now - size) "
                        "size = now") == LUA_OK,
                    "%s", message);
  }
  ck_assert_int_eq(run("c.fail({})"), LUA_ERRRUN);
  ck_assert_str_eq(message, "an error that is no string");
  end();
}

SCRIPT(after_many_errors_the_stacks_go_on_where_they_did,
       "local function positions() return position(), c.position() end "
       "local small, system = positions() "
       "local function f(i) if i % 2 == 0 then c.fail(i) end error(i) end "
       "for i = 1, 20000 do "
       "  assert(not pcall(c.fail, i)) "
       "  assert(not pcall(c.call, c.call, f, i)) "
       "end "
       "local small2, system2 = positions() "
       "assert(small == small2 and system == system2)")

static const char errors[] =
    "local function f(i) if i % 2 == 0 then c.fail({}) end error{} end "
    "local numbers = {} " /* so many that qsort needs memory */
    "for i = 1, 1000 do numbers[i] = i end "
    "local function before(a, b) c.fail{} end "
    "local function rounds(n) "
    "  for i = 1, n do "
    "    assert(not pcall(c.fail, {})) "
    "    assert(not pcall(c.call, c.call, f, i)) "
    "    if i % 20 == 0 then assert(not pcall(c.sort, numbers, before)) end "
    "    c.keep{} c.drop() "
    "  end "
    "  collectgarbage() collectgarbage() "
    "  return collectgarbage('count') "
    "end "
    "local before = rounds(100) "
    "local after = rounds(N or 20000) "
    "assert(after < before + 1, after - before)";

static int under_valgrind(void) { /* whose own memory would be counted */
  const char *preload = getenv("LD_PRELOAD");
  return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

/* 16 bytes that each of 20000 rounds keeps are more than the slack. */
TEST(after_many_errors_the_memory_is_what_it_was) {
  begin();
  ck_assert_msg(run(errors) == LUA_OK, "%s", message);
  const long long before = proc_status("VmData:");
  ck_assert_msg(run(errors) == LUA_OK, "%s", message);
  const long long grown = proc_status("VmData:") - before;
  ck_assert_msg(UNDER_ASAN || under_valgrind() || grown < 256, "%lld KiB more",
                grown);
  end();
}

/* ---- threads ---- */

static int failures;

static void *foreign_thread(void *script) {
  char text[256] = "";
  if (border_enter(run_script, script, text, sizeof text) != LUA_OK) {
    printf("# %s\n", text);
    __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
  }
  return NULL;
}

static int spawned_script(lua_State *L) {
  foreign_thread(lua_touserdata(L, 1));
  return 0;
}

TEST(each_thread_has_a_state_of_its_own) {
  begin();
  for (int i = 0; i < 8; i++)
    ck_assert_int_eq(border_spawn(spawned_script,
                                  "assert(kind_of_stack() == 1) "
                                  "assert(c.kind_of_stack() == 0) "
                                  "count = (count or 0) + 1 "
                                  "for i = 1, 1000 do "
                                  "  count = count + 1 "
                                  "  local ok, e = pcall(c.call, c.fail, i) "
                                  "  assert(not ok and e == i) "
                                  "end "
                                  "assert(count % 1001 == 0)"),
                     0);
  end();
  ck_assert_int_eq(failures, 0);
}

TEST(a_foreign_thread_gets_a_state) {
  begin();
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, foreign_thread,
                                    "assert(kind_of_stack() == 1) "
                                    "assert(c.kind_of_stack() == 0) "
                                    "local ok, e = pcall(c.call, c.fail, 'x') "
                                    "assert(e == 'x')"),
                     0);
  for (int i = 0; i < 4; i++)
    pthread_join(threads[i], NULL);
  end();
  ck_assert_int_eq(failures, 0);
}

TEST(a_state_is_used_again_when_its_thread_has_ended) {
  states = 0;
  begin();
  for (int i = 0; i < 50; i++) {
    pthread_t thread;
    ck_assert_int_eq(
        pthread_create(&thread, NULL, foreign_thread, "uses = (uses or 0) + 1"),
        0);
    pthread_join(thread, NULL);
  }
  ck_assert_msg(run("assert(uses == 50, uses)") == LUA_OK, "%s", message);
  ck_assert_int_eq(states, 1);
  end();
}

static sem_t timer_done;

static void on_timer(union sigval value) {
  foreign_thread(value.sival_ptr);
  sem_post(&timer_done);
}

TEST(a_timers_thread_gets_a_state) {
  begin();
  sem_init(&timer_done, 0, 0);
  timer_t timer;
  struct sigevent event = {0};
  event.sigev_notify = SIGEV_THREAD;
  event.sigev_notify_function = on_timer;
  event.sigev_value.sival_ptr = "assert(kind_of_stack() == 1) "
                                "assert(c.call(c.kind_of_stack) == 0) "
                                "assert(not pcall(c.fail, 'x'))";
  ck_assert_int_eq(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  const struct itimerspec soon = {{0, 0}, {0, 1}};
  ck_assert_int_eq(timer_settime(timer, 0, &soon, NULL), 0);
  while (sem_wait(&timer_done) != 0)
    continue;
  timer_delete(timer);
  ck_assert_int_eq(failures, 0);
}

TEST(a_value_of_another_state_is_refused) {
  begin();
  ck_assert_msg(run("c.keep('mine')") == LUA_OK, "%s", message);
  pthread_t thread;
  ck_assert_int_eq(
      pthread_create(&thread, NULL, foreign_thread,
                     "local ok, e = pcall(c.get) "
                     "assert(not ok and e:find('names no value'), e)"),
      0);
  pthread_join(thread, NULL);
  ck_assert_int_eq(failures, 0);
  ck_assert_msg(run("assert(c.get() == 'mine')") == LUA_OK, "%s", message);
  end();
}

static void *exiting_thread(void *script) {
  char text[256];
  border_enter(run_script, script, text, sizeof text);
  __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED); /* it returned */
  return NULL;
}

TEST(a_thread_may_end_inside_of_c) {
  states = finalized = 0;
  begin();
  pthread_t thread;
  ck_assert_int_eq(pthread_create(&thread, NULL, exiting_thread,
                                  "x = setmetatable({}, {__gc = c.finalized}) "
                                  "pcall(c.call, function() c.end_thread() end)"),
                   0);
  pthread_join(thread, NULL);
  ck_assert_int_eq(failures, 0);
  /* Its state is not used again, but closed. */
  ck_assert_msg(run("assert(x == nil)") == LUA_OK, "%s", message);
  ck_assert_int_eq(states, 2);
  end();
  ck_assert_int_eq(finalized, 1);
}

TEST(finalizers_call_c_when_a_state_is_closed) {
  finalized = 0;
  begin();
  ck_assert_msg(run("x = setmetatable({}, {__gc = c.finalized}) "
                    "y = setmetatable({}, {__gc = function() "
                    "  if kind_of_stack() == 1 then c.call(c.finalized) end "
                    "end})") == LUA_OK,
                "%s", message);
  end();
  ck_assert_int_eq(finalized, 2);
}

TEST(lua_cannot_be_stopped_from_inside) {
  begin();
  ck_assert_msg(run("assert(c.stop() == 'busy')") == LUA_OK, "%s", message);
  end();
}

/* ---- what the border is for ---- */

static uintptr_t raise_here(void *L) { return (uintptr_t)lua_error(L); }

/* Raises an error on the system stack, for a pcall on the small one. */
static int raise_across(lua_State *L) {
  lua_settop(L, 1);
  return (int)libcgo_call_on_system(thread_of(L), raise_here, L);
}

static int add_raise_across(lua_State *L) {
  lua_register(L, "raise_across", raise_across);
  return 0;
}

TEST(an_error_that_is_an_exception_passes_without_the_border) {
  begin();
  ck_assert_int_eq(border_enter(add_raise_across, NULL, message, sizeof message),
                   LUA_OK);
  ck_assert_msg(run("local function positions() return position(), c.position() end "
                    "local small, system = positions() "
                    "for i = 1, 5000 do "
                    "  local ok, e = pcall(raise_across, i) "
                    "  assert(not ok and e == i) "
                    "  ok, e = pcall(c.plain_call, c.call, raise_across, i) "
                    "  assert(not ok and e == i) "
                    "end "
                    "local small2, system2 = positions() "
                    "assert(small == small2 and system == system2)") == LUA_OK,
                "%s", message);
  end();
}

static void jump_across(void *unused) {
  (void)unused;
  border_enter(add_raise_across, NULL, message, sizeof message);
  run("assert(not pcall(raise_across, 'x'))");
}

TEST(an_error_that_jumps_to_the_small_stack_stops_the_process) {
  char output[4096];
  begin();
  const int death = run_to_death(jump_across, NULL, output, sizeof output);
  if (death == 0)
    SKIP("this Lua's jumps are not checked (it was built without "
         "_FORTIFY_SOURCE, or its C library has no __longjmp_chk)");
  ck_assert_int_eq(death, SIGABRT);
  ck_assert_msg(strstr(output, "longjmp causes uninitialized stack frame") != NULL,
                "%s", output);
}

int main(void) {
  if (UNDER_TSAN) {
    puts("1..0 # SKIP the thread sanitizer counts the frames that jumps of a Lua "
         "without it skip, and ends before a thread's last hook");
    return 0;
  }
  suite_begin(LUA_ERRORS_ARE_EXCEPTIONS ? "lua-exceptions" : "lua");
  ADD_TEST(lua_runs_on_the_small_stack);
  ADD_TEST(a_c_function_runs_on_the_system_stack);
  ADD_TEST(a_callback_runs_on_the_small_stack);
  ADD_TEST(c_may_call_lua_without_the_border);
  ADD_TEST(arguments_and_results_cross);
  ADD_TEST(an_error_of_c_arrives_at_pcall);
  ADD_TEST(an_error_of_c_names_the_line_of_lua);
  ADD_TEST(an_error_of_lua_passes_c);
  ADD_TEST(an_error_passes_a_stack_of_borders);
  ADD_TEST(an_error_of_a_handler_is_told);
  ADD_TEST(a_to_be_closed_variable_is_closed_by_an_error_of_c);
  ADD_TEST(a_lua_comparator_sorts_for_qsort);
  ADD_TEST(an_error_of_a_comparator_passes_qsort);
  ADD_TEST(c_without_a_state_gets_the_one_that_runs);
  ADD_TEST(a_coroutine_cannot_yield_across_c);
  ADD_TEST(a_coroutine_may_run_inside_a_callback);
  ADD_TEST(a_handle_keeps_a_value_for_c);
  ADD_TEST(the_deepest_recursion_fits_the_small_stack);
  ADD_TEST(an_error_that_nobody_catches_is_told_to_c);
  ADD_TEST(after_many_errors_the_stacks_go_on_where_they_did);
  ADD_TEST(after_many_errors_the_memory_is_what_it_was);
  ADD_TEST(each_thread_has_a_state_of_its_own);
  ADD_TEST(a_foreign_thread_gets_a_state);
  ADD_TEST(a_state_is_used_again_when_its_thread_has_ended);
  ADD_TEST(a_value_of_another_state_is_refused);
  /* That is an exception, too, which this Lua catches and never throws again. */
  if (!LUA_ERRORS_ARE_EXCEPTIONS)
    ADD_TEST(a_thread_may_end_inside_of_c);
  ADD_TEST(finalizers_call_c_when_a_state_is_closed);
  ADD_TEST(lua_cannot_be_stopped_from_inside);
  ADD_TEST(a_timers_thread_gets_a_state); /* its thread ends when it likes */
  if (LUA_ERRORS_ARE_EXCEPTIONS)
    ADD_TEST(an_error_that_is_an_exception_passes_without_the_border);
  else
    ADD_TEST(an_error_that_jumps_to_the_small_stack_stops_the_process);
  return suite_run();
}

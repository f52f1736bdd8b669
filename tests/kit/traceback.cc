// SPDX-License-Identifier: BSD-3-Clause
//
// Tracebacks of C code: the default, by the unwinder and by frame pointers, and a
// client's hooks.
#include "support/kit.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

#include "ports/arch/cpu.h"

#define NEEDS_FRAME_CHAIN                                                      \
  if (!has_frame_chain)                                                        \
  SKIP("frames of this CPU's ABI form no chain")

namespace {

constexpr size_t most = 64;
uintptr_t pcs[most];
size_t count;

// Whether the functions stand in this order in the traceback. An address to which
// a frame returns is looked up by the byte before it, a stopped one as it is.
using function = void (*)();
template <class F> function as_function(F *f) {
  return reinterpret_cast<function>(f);
}

bool in_order(const function *wanted, size_t n) {
  size_t found = 0;
  for (size_t i = 0; i < count && found < n; i++)
    for (uintptr_t before = 0; before < 2; before++)
      if (found < n && _Unwind_FindEnclosingFunction(reinterpret_cast<void *>(
                           pcs[i] - before)) == code_of(wanted[found])) {
        found++;
        break;
      }
  return found == n;
}
#define ASSERT_ORDER(...)                                                      \
  do {                                                                         \
    const function wanted_[] = {__VA_ARGS__};                                  \
    ck_assert_msg(in_order(wanted_, sizeof wanted_ / sizeof *wanted_),         \
                  "the functions are not in the %d frames, in order",          \
                  static_cast<int>(count));                                    \
  } while (0)

#define FRAME [[gnu::noinline]]
#define KEEP_FRAME __asm__ volatile("")

// ---- a chain of calls, on one stack or over the border ----

void (*at_the_end)();
extern "C" {
FRAME void innermost() {
  at_the_end();
  KEEP_FRAME;
}
FRAME void middle() {
  innermost();
  KEEP_FRAME;
}
FRAME void outer() {
  middle();
  KEEP_FRAME;
}
}

// runtime -> C -> callback -> runtime -> C, on small stacks and the system stack.
libcgo_stack new_stack() {
  constexpr size_t bytes = 64 * 1024;
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ck_assert_ptr_ne(memory, MAP_FAILED);
  return LIBCGO_STACK_INIT(memory, static_cast<char *>(memory) + bytes);
}

libcgo_stack stacks[2];

extern "C" {
FRAME uintptr_t second_c(void *) {
  outer();
  KEEP_FRAME;
  return 0;
}
FRAME uintptr_t second_task(void *) {
  libcgo_call_on_system(kit_current(), second_c, nullptr);
  KEEP_FRAME;
  return 0;
}
FRAME void call_back(libcgo_thread *thread, void *) {
  libcgo_call_on_stack(thread, &stacks[1], second_task, nullptr);
  KEEP_FRAME;
}
FRAME uintptr_t first_c(void *) {
  libcgo_callback(&kit, call_back, nullptr);
  KEEP_FRAME;
  return 0;
}
FRAME uintptr_t first_task(void *) {
  libcgo_call_on_system(kit_current(), first_c, nullptr);
  KEEP_FRAME;
  return 0;
}
FRAME void through_four_switches(libcgo_thread *thread, void *) {
  stacks[0] = new_stack();
  stacks[1] = new_stack();
  libcgo_call_on_stack(thread, &stacks[0], first_task, nullptr);
  KEEP_FRAME;
}
}

#define ASSERT_FOUR_SWITCHES()                                                  \
  ASSERT_ORDER(as_function(innermost), as_function(middle), as_function(outer), \
               as_function(second_c), as_function(second_task),                 \
               as_function(call_back), as_function(first_c),                    \
               as_function(first_task), as_function(through_four_switches))

void take() { count = libcgo_traceback(&kit, 0, nullptr, pcs, most); }

// ---- the same from a signal handler ----

// The instruction that a signal stops is this function's own, not the C library's,
// which may be compiled without frame pointers.
extern "C" FRAME void stop_here() {
  // Its own frame: compilers leave that out where nothing is called.
  __asm__ volatile(ILLEGAL_INSTRUCTION : : "r"(__builtin_frame_address(0)));
}

void skip_it(void *context) {
  static_cast<handler_context *>(context)->context_pc +=
      illegal_instruction_bytes;
}

void take_in_handler(int, siginfo_t *, void *context) {
  count = libcgo_traceback(&kit, 0, context, pcs, most);
  skip_it(context);
}

void handle(int signal, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  sigaction(signal, &action, nullptr);
}

void begin() {
  kit_begin();
  ck_assert_int_eq(libcgo_traceback_set(&kit, nullptr), 0);
  count = 0;
}

} // namespace

TEST(the_unwinder_gives_the_callers_in_order) {
  begin();
  at_the_end = take;
  outer();
  ASSERT_ORDER(as_function(take), as_function(innermost), as_function(middle),
               as_function(outer));
}

TEST(the_first_frame_is_the_callers) {
  begin();
  at_the_end = take;
  outer();
  ck_assert_ptr_eq(
      _Unwind_FindEnclosingFunction(reinterpret_cast<void *>(pcs[0] - 1)),
      code_of(take));
}

TEST(the_unwinder_passes_four_switches) {
  begin();
  at_the_end = take;
  kit_run(nullptr, through_four_switches, nullptr);
  ASSERT_FOUR_SWITCHES();
}

TEST(frame_pointers_do_before_an_unwinder_is_installed) {
  NEEDS_FRAME_CHAIN;
  kit_begin();
  libcgo_runtime fresh = LIBCGO_RUNTIME_INIT(&kit_ops);
  count = libcgo_traceback(&fresh, 0, nullptr, pcs, most);
  ck_assert_uint_gt(count, 1);
  ck_assert_ptr_eq(
      _Unwind_FindEnclosingFunction(reinterpret_cast<void *>(pcs[0] - 1)),
      code_of(frame_pointers_do_before_an_unwinder_is_installed_body));
}

TEST(frame_pointers_pass_four_switches) {
  NEEDS_FRAME_CHAIN;
  kit_begin(); // no unwinder
  memset(kit.traceback, 0, sizeof kit.traceback);
  at_the_end = take;
  kit_run(nullptr, through_four_switches, nullptr);
  ASSERT_FOUR_SWITCHES();
}

TEST(the_stopped_instruction_is_the_first_in_a_handler) {
  begin();
  handle(SIGILL, take_in_handler, 0);
  at_the_end = stop_here;
  outer();
  ck_assert_uint_gt(count, 0);
  ck_assert_ptr_eq(_Unwind_FindEnclosingFunction(reinterpret_cast<void *>(pcs[0])),
                   code_of(stop_here));
}

TEST(a_handler_gets_the_stopped_instruction_and_its_callers) {
  NEEDS_FRAME_CHAIN;
  begin();
  handle(SIGILL, take_in_handler, 0);
  at_the_end = stop_here;
  outer();
  ASSERT_ORDER(as_function(stop_here), as_function(innermost),
               as_function(middle), as_function(outer));
}

TEST(a_handler_sees_through_four_switches) {
  NEEDS_FRAME_CHAIN;
  begin();
  handle(SIGILL, take_in_handler, 0);
  at_the_end = stop_here;
  kit_run(nullptr, through_four_switches, nullptr);
  ASSERT_FOUR_SWITCHES();
}

TEST(a_handler_on_the_alternate_stack_sees_through_four_switches) {
  NEEDS_FRAME_CHAIN;
  begin();
  handle(SIGILL, take_in_handler, SA_ONSTACK);
  at_the_end = stop_here;
  libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.signal_stack_size = 64 * 1024;
  kit_run(&attr, through_four_switches, nullptr);
  ASSERT_FOUR_SWITCHES();
}

static void *foreign_main(void *) {
  libcgo_callback(&kit, through_four_switches, nullptr);
  return nullptr;
}

TEST(a_handler_in_a_foreign_thread_sees_through_four_switches) {
  NEEDS_FRAME_CHAIN;
  begin();
  handle(SIGILL, take_in_handler, 0);
  at_the_end = stop_here;
  kit_run_foreign(foreign_main, nullptr);
  ASSERT_FOUR_SWITCHES();
}

TEST(a_handler_in_a_thread_without_a_record_gets_its_frames) {
  NEEDS_FRAME_CHAIN;
  begin();
  handle(SIGILL, take_in_handler, 0);
  at_the_end = stop_here;
  ck_assert_ptr_eq(kit_current(), nullptr);
  outer();
  ASSERT_ORDER(as_function(stop_here), as_function(innermost),
               as_function(middle), as_function(outer));
}

// The type of a register in a context is signed on some CPUs.
template <class Word> static void put(Word &place, uintptr_t value) {
  place = static_cast<Word>(value);
}

// The frame pointer may hold anything where code is compiled without.
TEST(any_frame_pointer_ends_the_walk_without_a_fault) {
  begin();
  uintptr_t here[40] = {};
  uintptr_t *const frames[] = {&here[4], &here[12], &here[20]};
  auto address_of = [&frames](int i) {
    return reinterpret_cast<uintptr_t>(frames[i]);
  };
  for (int i = 0; i < 3; i++) // a chain of three, and round
    *caller_word(frames[i]) = address_of((i + 1) % 3);
  for (int i = 0; i < 3; i++)
    *return_word(frames[i]) = 16 * (static_cast<uintptr_t>(i) + 1);
  const uintptr_t first = address_of(0);
  const uintptr_t values[] = {
      0,
      1,
      8,
      UINTPTR_MAX,
      UINTPTR_MAX - 7,
      UINTPTR_MAX - 15,
      uintptr_t(1) << (sizeof(uintptr_t) * 8 - 1),
      first + 1,
      reinterpret_cast<uintptr_t>(pcs),
      reinterpret_cast<uintptr_t>(take),
      first,
  };
  for (uintptr_t value : values) {
    handler_context context = {};
    prepare_context(&context);
    put(context.context_pc, 77);
    put(context.context_sp, reinterpret_cast<uintptr_t>(&here));
    put(context.context_fp, value);
    count = libcgo_traceback(&kit, 0, &context, pcs, most);
    ck_assert_uint_gt(count, 0);
    ck_assert_uint_eq(pcs[0], 77);
    if (value == first && has_frame_chain) {
      ck_assert_uint_ge(count, 3);
      ck_assert_uint_le(count, 4); // not round for ever
      ck_assert_uint_eq(pcs[1], 16);
      ck_assert_uint_eq(pcs[2], 32);
    } else {
      ck_assert_uint_eq(count, 1);
    }
  }
}

TEST(no_more_than_max_are_written) {
  begin();
  for (size_t max = 0; max < 4; max++) {
    uintptr_t few[4] = {99, 99, 99, 99};
    ck_assert_uint_eq(libcgo_traceback(&kit, 0, nullptr, few, max), max);
    for (size_t i = max; i < 4; i++)
      ck_assert_uint_eq(few[i], 99);
  }
  ck_assert_uint_eq(libcgo_traceback(&kit, 0, nullptr, nullptr, 4), 0);
}

// ---- a client's hooks ----

namespace {

uintptr_t released;
uintptr_t my_context() { return 4711; }
void my_release(uintptr_t context) { released = context; }
size_t my_traceback(uintptr_t context, const void *signal_context,
                    uintptr_t *into, size_t max) {
  into[0] = context;
  into[1] = reinterpret_cast<uintptr_t>(signal_context);
  into[2] = max;
  return 3;
}
int my_symbolize(libcgo_symbol *symbol) {
  symbol->function = "mine";
  symbol->line = symbol->pc;
  symbol->more = symbol->data++ == 0;
  return 0;
}
const libcgo_traceback_ops my_hooks =
    LIBCGO_TRACEBACK_OPS(my_context, my_release, my_traceback, my_symbolize);

} // namespace

TEST(hooks_get_what_the_runtime_asks) {
  kit_begin();
  ck_assert_int_eq(libcgo_traceback_set(&kit, &my_hooks), 0);
  const uintptr_t context = libcgo_traceback_context(&kit);
  ck_assert_uint_eq(context, 4711);
  ck_assert_uint_eq(libcgo_traceback(&kit, context, &released, pcs, most), 3);
  ck_assert_uint_eq(pcs[0], 4711);
  ck_assert_uint_eq(pcs[1], reinterpret_cast<uintptr_t>(&released));
  ck_assert_uint_eq(pcs[2], most);
  libcgo_traceback_release(&kit, context);
  ck_assert_uint_eq(released, 4711);
}

TEST(a_symbolizer_is_asked_again_for_inlined_functions) {
  kit_begin();
  ck_assert_int_eq(libcgo_traceback_set(&kit, &my_hooks), 0);
  libcgo_symbol symbol = LIBCGO_SYMBOL_INIT;
  symbol.pc = 12;
  ck_assert_int_eq(libcgo_symbolize(&kit, &symbol), 0);
  ck_assert_uint_eq(symbol.line, 12);
  ck_assert_uint_eq(symbol.more, 1);
  ck_assert_int_eq(libcgo_symbolize(&kit, &symbol), 0);
  ck_assert_uint_eq(symbol.more, 0);
}

TEST(hooks_that_are_left_out_are_the_default) {
  kit_begin();
  static const libcgo_traceback_ops none =
      LIBCGO_TRACEBACK_OPS(nullptr, nullptr, nullptr, nullptr);
  ck_assert_int_eq(libcgo_traceback_set(&kit, &none), 0);
  ck_assert_uint_eq(libcgo_traceback_context(&kit), 0);
  at_the_end = take;
  outer();
  ASSERT_ORDER(as_function(innermost), as_function(middle), as_function(outer));
}

TEST(a_runtime_has_hooks_of_its_own) {
  kit_begin();
  libcgo_runtime other = LIBCGO_RUNTIME_INIT(&kit_ops);
  ck_assert_int_eq(libcgo_traceback_set(&other, &my_hooks), 0);
  ck_assert_uint_eq(libcgo_traceback_context(&other), 4711);
  ck_assert_uint_eq(libcgo_traceback_context(&kit), 0);
}

TEST(NULL_brings_the_default_back) {
  kit_begin();
  ck_assert_int_eq(libcgo_traceback_set(&kit, &my_hooks), 0);
  ck_assert_int_eq(libcgo_traceback_set(&kit, nullptr), 0);
  ck_assert_uint_eq(libcgo_traceback_context(&kit), 0);
}

TEST(bad_records_of_hooks_are_refused) {
  kit_begin();
  libcgo_traceback_ops bad = my_hooks;
  bad.size--;
  ck_assert_int_eq(libcgo_traceback_set(&kit, &bad), EINVAL);
  bad = my_hooks;
  bad.version++;
  ck_assert_int_eq(libcgo_traceback_set(&kit, &bad), ENOTSUP);
  bad = my_hooks;
  bad.release = nullptr;
  ck_assert_int_eq(libcgo_traceback_set(&kit, &bad), EINVAL);
  ck_assert_int_eq(libcgo_traceback_set(nullptr, &my_hooks), EINVAL);
  ck_assert_uint_eq(libcgo_traceback_context(&kit), 0);
  ck_assert_uint_eq(libcgo_traceback_context(nullptr), 0);
  libcgo_traceback_release(nullptr, 1);
  ck_assert_uint_eq(libcgo_traceback(nullptr, 0, nullptr, pcs, most), 0);
}

// ---- the default symbolizer ----

TEST(an_exported_function_has_a_name_and_an_object) {
  begin();
  libcgo_symbol symbol = LIBCGO_SYMBOL_INIT;
  Dl_info info;
  // Not by its address in the program, which may be that of a stub.
  void *const function = dlsym(RTLD_DEFAULT, "getppid");
  if (function == nullptr || dladdr(function, &info) == 0)
    SKIP("a static program has no names at run time");
  symbol.pc = reinterpret_cast<uintptr_t>(function) + 1;
  ck_assert_int_eq(libcgo_symbolize(&kit, &symbol), 0);
  ck_assert_msg(strcmp(symbol.function, "getppid") == 0, "%s", symbol.function);
  ck_assert_uint_eq(symbol.entry, symbol.pc - 1);
  ck_assert_ptr_ne(strstr(symbol.object, "libc"), nullptr);
}

TEST(an_address_in_no_object_is_ENOENT) {
  begin();
  libcgo_symbol symbol = LIBCGO_SYMBOL_INIT;
  symbol.pc = 5;
  symbol.line = 7;
  ck_assert_int_eq(libcgo_symbolize(&kit, &symbol), ENOENT);
  ck_assert_uint_eq(symbol.pc, 5);
  ck_assert_uint_eq(symbol.line, 0);
  ck_assert_ptr_eq(symbol.function, nullptr);
}

TEST(bad_records_of_symbols_are_refused) {
  begin();
  libcgo_symbol symbol = LIBCGO_SYMBOL_INIT;
  ck_assert_int_eq(libcgo_symbolize(nullptr, &symbol), EINVAL);
  ck_assert_int_eq(libcgo_symbolize(&kit, nullptr), EINVAL);
  symbol.size--;
  ck_assert_int_eq(libcgo_symbolize(&kit, &symbol), EINVAL);
  symbol = LIBCGO_SYMBOL_INIT;
  symbol.version++;
  ck_assert_int_eq(libcgo_symbolize(&kit, &symbol), ENOTSUP);
}

int main(void) {
  suite_begin("traceback");
  ADD_TEST(the_unwinder_gives_the_callers_in_order);
  ADD_TEST(the_first_frame_is_the_callers);
  ADD_TEST(the_unwinder_passes_four_switches);
  ADD_TEST(frame_pointers_do_before_an_unwinder_is_installed);
  ADD_TEST(frame_pointers_pass_four_switches);
  ADD_TEST(the_stopped_instruction_is_the_first_in_a_handler);
  ADD_TEST(a_handler_gets_the_stopped_instruction_and_its_callers);
  ADD_TEST(a_handler_sees_through_four_switches);
  ADD_TEST(a_handler_on_the_alternate_stack_sees_through_four_switches);
  ADD_TEST(a_handler_in_a_foreign_thread_sees_through_four_switches);
  ADD_TEST(a_handler_in_a_thread_without_a_record_gets_its_frames);
  ADD_TEST(any_frame_pointer_ends_the_walk_without_a_fault);
  ADD_TEST(no_more_than_max_are_written);
  ADD_TEST(hooks_get_what_the_runtime_asks);
  ADD_TEST(a_symbolizer_is_asked_again_for_inlined_functions);
  ADD_TEST(hooks_that_are_left_out_are_the_default);
  ADD_TEST(a_runtime_has_hooks_of_its_own);
  ADD_TEST(NULL_brings_the_default_back);
  ADD_TEST(bad_records_of_hooks_are_refused);
  ADD_TEST(an_exported_function_has_a_name_and_an_object);
  ADD_TEST(an_address_in_no_object_is_ENOENT);
  ADD_TEST(bad_records_of_symbols_are_refused);
  return suite_run();
}

// SPDX-License-Identifier: BSD-3-Clause
//
// What Windows has of its own: the bounds in the thread block, threads and fibers.
#include "support/kit.h"
#include "support/stacks.h"

#include <pthread.h>
#include <stdio.h>
#include <windows.h>

#include <tlhelp32.h>

#include "ports/arch/arch.h"

namespace {

NT_TIB *thread_block() {
  uintptr_t *const block = libcgo_slots_at(0);
  return reinterpret_cast<NT_TIB *>(block);
}

struct bounds {
  uintptr_t base;
  uintptr_t limit;
};
bounds bounds_now() {
  return {reinterpret_cast<uintptr_t>(thread_block()->StackBase),
          reinterpret_cast<uintptr_t>(thread_block()->StackLimit)};
}
bool contain(const bounds &b, uintptr_t address) {
  return address >= b.limit && address < b.base;
}

// Memory above and below the thread's own stack.
constexpr size_t stack_bytes = 65536;
uintptr_t low_memory;
libcgo_stack stack_at(bool high) {
  const uintptr_t lo =
      high ? reinterpret_cast<uintptr_t>(VirtualAlloc(
                 nullptr, stack_bytes, MEM_RESERVE | MEM_COMMIT | MEM_TOP_DOWN,
                 PAGE_READWRITE))
           : low_memory;
  ck_assert(lo != 0);
  const libcgo_stack stack = LIBCGO_STACK_INIT(lo, lo + stack_bytes);
  return stack;
}

struct seen {
  libcgo_thread *thread;
  bounds outside, inside, back;
  uintptr_t on_small, on_system;
};

uintptr_t look(void *p) {
  auto *s = static_cast<seen *>(p);
  s->inside = bounds_now();
  s->on_small = here();
  return 7;
}

struct thrown {};

uintptr_t throw_it(void *) { throw thrown(); }
uintptr_t throw_from_system(void *p) {
  return libcgo_call_on_system(static_cast<libcgo_thread *>(p), throw_it,
                               nullptr);
}

// The initial thread's stack is the lowest memory that there is: not below that.
template <void (*test)()> void *call(void *) {
  test();
  libcgo_detach(&kit);
  return nullptr;
}
template <void (*test)()> void in_a_thread() {
  low_memory = reinterpret_cast<uintptr_t>(VirtualAlloc(
      nullptr, stack_bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
  pthread_attr_t attr;
  pthread_t thread;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, 64 << 20); // which fills no hole below
  ck_assert_int_eq(pthread_create(&thread, &attr, call<test>, nullptr), 0);
  pthread_join(thread, nullptr);
}

libcgo_thread *attached() {
  kit_begin();
  libcgo_thread *thread = nullptr;
  ck_assert_int_eq(libcgo_attach(&kit, &thread), 0);
  return thread;
}

void see_bounds(bool high) {
  libcgo_thread *const thread = attached();
  const libcgo_stack stack = stack_at(high);
  ck_assert_int_eq(stack.lo > here(), high);
  seen s = {};
  s.outside = bounds_now();
  ck_assert_uint_eq(libcgo_call_on_stack(thread, &stack, look, &s), 7);
  s.back = bounds_now();
  ck_assert(contain(s.inside, s.on_small));
  ck_assert(contain(s.inside, here()));
  ck_assert_uint_eq(s.outside.base, s.back.base);
  ck_assert_uint_ge(s.back.limit, high ? s.outside.limit : stack.hi);
}

void see_exception(bool high, uintptr_t (*fn)(void *)) {
  libcgo_thread *const thread = attached();
  const libcgo_stack stack = stack_at(high);
  const bounds before = bounds_now();
  bool caught = false;
  try {
    libcgo_call_on_stack(thread, &stack, fn, thread);
  } catch (const thrown &) {
    caught = true;
  }
  ck_assert(caught);
  const bounds after = bounds_now();
  ck_assert_uint_eq(before.base, after.base);
  ck_assert_uint_ge(after.limit, high ? before.limit : stack.hi);
}

void see_bounds_below() { see_bounds(false); }
void throw_below() { see_exception(false, throw_it); }
void throw_from_system_below() { see_exception(false, throw_from_system); }

} // namespace

TEST(a_call_on_a_stack_above_has_both_stacks_in_the_thread_block) {
  see_bounds(true);
}

TEST(a_call_on_a_stack_below_has_both_stacks_in_the_thread_block) {
  in_a_thread<see_bounds_below>();
}

TEST(an_exception_from_a_stack_above_restores_the_thread_block) {
  see_exception(true, throw_it);
}

TEST(an_exception_from_a_stack_below_restores_the_thread_block) {
  in_a_thread<throw_below>();
}

TEST(an_exception_passes_a_stack_above_from_the_system_stack) {
  see_exception(true, throw_from_system);
}

TEST(an_exception_passes_a_stack_below_from_the_system_stack) {
  in_a_thread<throw_from_system_below>();
}

// Windows unwinds to no lower address. Wine does; so here is to be seen that nobody
// needs it.
static int raised;

TEST(an_exception_is_raised_again_on_each_stack) {
  AddVectoredExceptionHandler(1, [](EXCEPTION_POINTERS *e) -> LONG {
    raised += e->ExceptionRecord->ExceptionCode == 0x20474343; // gcc's
    return EXCEPTION_CONTINUE_SEARCH;
  });
  see_exception(true, throw_from_system);
  ck_assert_int_eq(raised, 3);
}

TEST(bounds_are_the_threads_own_on_another_stack) {
  libcgo_thread *const thread = attached();
  const libcgo_stack stack = stack_at(true);
  static libcgo_bounds before, inside;
  ck_assert_int_eq(libcgo_stack_bounds(nullptr, &before), 0);
  libcgo_call_on_stack(
      thread, &stack,
      [](void *p) -> uintptr_t {
        return libcgo_call_on_system(
            static_cast<libcgo_thread *>(p),
            [](void *) -> uintptr_t {
              return static_cast<uintptr_t>(libcgo_stack_bounds(nullptr, &inside));
            },
            nullptr);
      },
      thread);
  ck_assert_uint_eq(before.lo, inside.lo);
  ck_assert_uint_eq(before.hi, inside.hi);
  ck_assert_int_eq(inside.kind, LIBCGO_STACK_SYSTEM);
  ck_assert(contain(bounds_now(), inside.hi - 1));
}

// ---- tracebacks ----

static uintptr_t pcs[64];
static size_t pc_count;

static uintptr_t trace(void *) {
  pc_count = libcgo_traceback(&kit, 0, nullptr, pcs, 64);
  return 0;
}

__attribute__((noinline)) static void call_trace(libcgo_thread *thread) {
  const libcgo_stack stack = stack_at(true);
  libcgo_call_on_stack(
      thread, &stack,
      [](void *p) -> uintptr_t {
        return libcgo_call_on_system(static_cast<libcgo_thread *>(p), trace,
                                     nullptr);
      },
      thread);
  __asm__ volatile(""); // not a tail call
}

static uintptr_t function_at(uintptr_t pc) {
  DWORD64 base = 0;
  const auto *entry = RtlLookupFunctionEntry(pc, &base, nullptr);
  return entry == nullptr ? 0 : base + entry->BeginAddress;
}

TEST(a_traceback_passes_two_switches) {
  libcgo_thread *const thread = attached();
  ck_assert_int_eq(libcgo_traceback_set(&kit, nullptr), 0);
  call_trace(thread);
  ck_assert_uint_gt(pc_count, 4);
  ck_assert_uint_eq(function_at(pcs[0]), reinterpret_cast<uintptr_t>(trace));
  bool found = false;
  for (size_t i = 0; i < pc_count; i++)
    found =
        found || function_at(pcs[i]) == reinterpret_cast<uintptr_t>(call_trace);
  ck_assert(found);
}

TEST(a_function_of_a_library_has_its_name) {
  kit_begin();
  const FARPROC function =
      GetProcAddress(GetModuleHandleA("libcgo-0.dll"), "libcgo_version");
  ck_assert(function != nullptr);
  libcgo_symbol symbol = LIBCGO_SYMBOL_INIT;
  symbol.pc = reinterpret_cast<uintptr_t>(function) + 1;
  ck_assert_int_eq(libcgo_symbolize(&kit, &symbol), 0);
  ck_assert(symbol.function != nullptr && symbol.object != nullptr);
  ck_assert_int_eq(strcmp(symbol.function, "libcgo_version"), 0);
  ck_assert_int_eq(strcmp(symbol.object, "libcgo-0.dll"), 0);
  ck_assert_uint_eq(symbol.entry, symbol.pc - 1);
}

// ---- the end of a thread ----

static DWORD WINAPI call_back(void *) {
  return static_cast<DWORD>(libcgo_callback(&kit, kit_nothing, nullptr));
}

static void run(LPTHREAD_START_ROUTINE main) {
  const HANDLE thread = CreateThread(nullptr, 0, main, nullptr, 0, nullptr);
  ck_assert(thread != nullptr);
  WaitForSingleObject(thread, INFINITE);
  DWORD result = 1;
  GetExitCodeThread(thread, &result);
  ck_assert_int_eq(result, 0);
  CloseHandle(thread);
}

TEST(a_thread_of_others_leaves_at_its_end) {
  kit_begin();
  run(call_back);
  ck_assert_int_eq(kit_count(KIT_LEAVE), 1);
  ck_assert_int_eq(kit_count(KIT_RELEASE), 1);
  ck_assert_int_eq(kit_count(KIT_WRONG), 0);
}

TEST(a_thread_that_ends_by_ExitThread_leaves) {
  kit_begin();
  run([](void *) -> DWORD {
    call_back(nullptr);
    ExitThread(0);
  });
  ck_assert_int_eq(kit_count(KIT_LEAVE), 1);
  ck_assert_int_eq(kit_count(KIT_WRONG), 0);
}

static int left_early;

static void WINAPI call_back_in_fiber(void *back) {
  call_back(nullptr);
  SwitchToFiber(back);
}

static DWORD WINAPI with_fibers(void *) {
  void *const own = ConvertThreadToFiber(nullptr);
  void *const fiber = CreateFiber(0, call_back_in_fiber, own);
  SwitchToFiber(fiber);
  DeleteFiber(fiber);
  left_early = kit_count(KIT_LEAVE);
  return 0;
}

TEST(the_end_of_a_fiber_is_not_the_end_of_its_thread) {
  kit_begin();
  run(with_fibers);
  ck_assert_int_eq(left_early, 0);
}

TEST(a_thread_of_fibers_leaves_at_its_end) {
  kit_begin();
  run(with_fibers);
  ck_assert_int_eq(kit_count(KIT_ENTER), 1);
  ck_assert_int_eq(kit_count(KIT_LEAVE), 1);
}

static HANDLE attached_now, other_is_done;
static void *fiber_of_others;

// Its fiber has called back. The thread goes back to what it was before the fiber goes.
static DWORD WINAPI with_a_fiber_for_a_while(void *) {
  void *const own = ConvertThreadToFiber(nullptr);
  fiber_of_others = CreateFiber(0, call_back_in_fiber, own);
  SwitchToFiber(fiber_of_others);
  ConvertFiberToThread();
  if (attached_now == nullptr) {
    DeleteFiber(fiber_of_others);
    left_early = kit_count(KIT_LEAVE);
  } else {
    SetEvent(attached_now);
    WaitForSingleObject(other_is_done, INFINITE);
  }
  call_back(nullptr);
  return 0;
}

TEST(a_fiber_may_be_deleted_when_its_thread_is_none_any_more) {
  kit_begin();
  run(with_a_fiber_for_a_while);
  ck_assert_int_eq(left_early, 0);
  ck_assert_int_eq(kit_count(KIT_ENTER), 1);
  ck_assert_int_eq(kit_count(KIT_LEAVE), 1);
}

static DWORD WINAPI delete_that_of_others(void *) {
  call_back(nullptr);
  WaitForSingleObject(attached_now, INFINITE);
  DeleteFiber(fiber_of_others);
  left_early = kit_count(KIT_LEAVE);
  SetEvent(other_is_done);
  call_back(nullptr);
  return 0;
}

TEST(who_deletes_a_fiber_of_another_thread_does_not_leave) {
  kit_begin();
  attached_now = CreateEventA(nullptr, TRUE, FALSE, nullptr);
  other_is_done = CreateEventA(nullptr, TRUE, FALSE, nullptr);
  const HANDLE thread =
      CreateThread(nullptr, 0, with_a_fiber_for_a_while, nullptr, 0, nullptr);
  run(delete_that_of_others);
  WaitForSingleObject(thread, INFINITE);
  ck_assert_int_eq(left_early, 0);
  ck_assert_int_eq(kit_count(KIT_ENTER), 2);
  ck_assert_int_eq(kit_count(KIT_LEAVE), 2);
}

// A runtime without thread-local variables: the compiler's are gone when the program is told
// of a thread's end, after the libraries.
static const DWORD record_index = TlsAlloc();
static int acquired, released;
static void enter_late(libcgo_thread *thread) {
  TlsSetValue(record_index, thread);
}
static void leave_late(libcgo_thread *) { TlsSetValue(record_index, nullptr); }
static libcgo_thread *acquire_late(libcgo_runtime *runtime) {
  acquired++;
  return libcgo_ready_ops()->acquire(runtime);
}
static void release_late(libcgo_thread *thread) {
  released++;
  libcgo_ready_ops()->release(thread);
}
static libcgo_thread *current_late(const libcgo_runtime *) {
  return static_cast<libcgo_thread *>(TlsGetValue(record_index));
}
static const libcgo_ops late_ops = LIBCGO_OPS(
    enter_late, leave_late, acquire_late, release_late, current_late, nullptr);
static libcgo_runtime late = LIBCGO_RUNTIME_INIT(&late_ops);

static DWORD who_is_told, result_when_told;

static DWORD WINAPI call_late(void *) {
  return static_cast<DWORD>(libcgo_callback(&late, kit_nothing, nullptr));
}

static void WINAPI tell_the_program(void *, DWORD reason, void *) {
  if (reason == DLL_THREAD_DETACH && GetCurrentThreadId() == who_is_told)
    result_when_told = call_late(nullptr);
}
__attribute__((__section__(".CRT$XLY"), __used__))
PIMAGE_TLS_CALLBACK tell_the_program_entry = tell_the_program;

static DWORD WINAPI be_told(void *) {
  who_is_told = GetCurrentThreadId();
  result_when_told = 4711;
  return 0;
}

static DWORD WINAPI call_and_be_told(void *) {
  be_told(nullptr);
  return call_late(nullptr);
}

static void begin_late() {
  ck_assert_int_eq(libcgo_init_begin(&late.init), 0);
  ck_assert_int_eq(libcgo_init_done(&late.init), 0);
}

TEST(a_thread_that_has_left_is_attached_for_one_call_when_the_program_is_told) {
  begin_late();
  run(call_and_be_told);
  ck_assert_int_eq(result_when_told, 0);
  ck_assert_int_eq(acquired, 2);
  ck_assert_int_eq(released, 2);
}

TEST(so_is_one_that_calls_back_then_for_the_first_time) {
  begin_late();
  run(call_late);
  run(be_told);
  ck_assert_int_eq(result_when_told, 0);
  ck_assert_int_eq(acquired, 2);
  ck_assert_int_eq(released, 2);
}

// ---- the loader ----

static HANDLE has_begun, lock_is_held, first_call_is_done;

static DWORD WINAPI call_back_under_lock(void *) {
  SetEvent(has_begun);
  WaitForSingleObject(lock_is_held, INFINITE);
  const DWORD err = call_back(nullptr);
  SetEvent(first_call_is_done);
  return err;
}

class loader_lock {
public:
  loader_lock() {
    ck_assert_int_eq(find<lock>("LdrLockLoaderLock")(0, nullptr, &cookie_), 0);
  }
  ~loader_lock() { find<unlock>("LdrUnlockLoaderLock")(0, cookie_); }

private:
  using lock = LONG NTAPI(ULONG flags, ULONG *result, ULONG_PTR *cookie);
  using unlock = LONG NTAPI(ULONG flags, ULONG_PTR cookie);
  template <class function> static function *find(const char *name) {
    return reinterpret_cast<function *>(reinterpret_cast<uintptr_t>(
        GetProcAddress(GetModuleHandleA("ntdll"), name)));
  }
  ULONG_PTR cookie_;
};

// As a DllMain does that waits for this call. A thread needs the lock to begin, too.
static DWORD WINAPI wait_with_lock(void *) {
  const loader_lock lock;
  SetEvent(lock_is_held);
  return WaitForSingleObject(first_call_is_done, 20000);
}

TEST(a_thread_may_call_back_while_another_one_has_the_loaders_lock) {
  kit_begin();
  has_begun = CreateEventA(nullptr, TRUE, FALSE, nullptr);
  lock_is_held = CreateEventA(nullptr, TRUE, FALSE, nullptr);
  first_call_is_done = CreateEventA(nullptr, TRUE, FALSE, nullptr);
  const HANDLE first =
      CreateThread(nullptr, 0, call_back_under_lock, nullptr, 0, nullptr);
  WaitForSingleObject(has_begun, INFINITE);
  run(wait_with_lock);
  WaitForSingleObject(first, INFINITE);
  ck_assert_int_eq(kit_count(KIT_LEAVE), 1);
}

static int count_threads() {
  const HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
  THREADENTRY32 thread = {};
  thread.dwSize = sizeof thread;
  int count = 0;
  for (BOOL any = Thread32First(all, &thread); any;
       any = Thread32Next(all, &thread))
    count += thread.th32OwnerProcessID == GetCurrentProcessId();
  CloseHandle(all);
  return count;
}

// A thread for it would not begin before the lock is free, and the library may be gone then.
TEST(the_library_is_kept_at_once_by_a_thread_that_has_the_loaders_lock) {
  kit_begin();
  const loader_lock lock;
  const int before = count_threads();
  ck_assert_int_eq(call_back(nullptr), 0);
  ck_assert_int_eq(count_threads(), before);
}

TEST(ten_thousand_threads_of_others_leave_in_turn) {
  kit_begin();
  for (int i = 0; i < 10000; i++)
    run(call_back);
  ck_assert_int_eq(kit_count(KIT_LEAVE), 10000);
  ck_assert_int_eq(kit_count(KIT_WRONG), 0);
}

TEST(a_signal_mask_is_refused) {
  kit_begin();
  const sigset_t none = 0;
  libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.signal_mask = &none;
  libcgo_thread *const record = kit_record();
  ck_assert_int_eq(
      libcgo_thread_create(&kit, record, &attr, kit_nothing, nullptr, nullptr),
      ENOTSUP);
}

static uintptr_t stack_size;

static void measure(libcgo_thread *thread, void *) {
  libcgo_bounds b;
  libcgo_stack_bounds(thread, &b);
  stack_size = b.hi - b.lo;
}

TEST(a_thread_has_the_stack_that_is_asked_for) {
  kit_begin();
  libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.stack_size = 8 << 20;
  kit_run(&attr, measure, nullptr);
  ck_assert_uint_ge(stack_size, (8 << 20) - 65536);
  ck_assert_uint_lt(stack_size, (8 << 20) + 65536);
}

static wchar_t found_name[16];

static void find_name(libcgo_thread *, void *get) {
  wchar_t *name = nullptr;
  reinterpret_cast<HRESULT(WINAPI *)(HANDLE, wchar_t **)>(get)(
      GetCurrentThread(), &name);
  wcsncpy(found_name, name, 15);
  LocalFree(name);
}

TEST(a_thread_has_its_name) {
  const FARPROC get =
      GetProcAddress(GetModuleHandleA("kernelbase"), "GetThreadDescription");
  if (get == nullptr)
    SKIP("before Windows 10 a thread has none");
  kit_begin();
  libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.name = "w\xc3\xb6rker";
  kit_run(&attr, find_name, reinterpret_cast<void *>(get));
  ck_assert(wcscmp(found_name, L"w\x00f6rker") == 0);
}

// ---- contexts ----

static libcgo_context own, above, below;
static bounds in_above, in_below;
static uintptr_t sp_above, sp_below, sp_of_c;
static libcgo_thread *thread_now;
static int caught;

static uintptr_t look_as_c(void *) {
  sp_of_c = here();
  return 0;
}

static void look_from(bounds *b, uintptr_t *sp) {
  *b = bounds_now();
  *sp = here();
  ck_assert(contain(*b, *sp));
  if (thread_now == nullptr)
    return;
  libcgo_call_on_system(thread_now, look_as_c, nullptr);
  ck_assert(contain(bounds_now(), sp_of_c));
  try {
    libcgo_call_on_system(thread_now, throw_it, nullptr);
  } catch (const thrown &) {
    caught++;
  }
}

static libcgo_context *look_above(void *, uintptr_t) {
  for (;;) {
    look_from(&in_above, &sp_above);
    libcgo_switch(thread_now, &above, &below, 0);
  }
}

static libcgo_context *look_below(void *, uintptr_t) {
  for (;;) {
    look_from(&in_below, &sp_below);
    libcgo_switch(thread_now, &below, &own, 0);
  }
}

static void go_round() {
  own = LIBCGO_CONTEXT_INIT;
  const bounds outside = bounds_now();
  caught = 0;
  libcgo_switch(thread_now, &own, &above, 0);
  const bounds back = bounds_now();
  ck_assert(contain(in_above, here()));
  ck_assert(contain(in_below, here()));
  ck_assert_uint_eq(outside.base, back.base);
  ck_assert(!contain(back, sp_above));
  ck_assert(!contain(back, sp_below));
  ck_assert(contain(back, here()));
  ck_assert_int_eq(caught, thread_now != nullptr ? 2 : 0);
}

static void make_both() {
  const libcgo_stack high = stack_at(true), low = stack_at(false);
  above = below = LIBCGO_CONTEXT_INIT;
  ck_assert(high.lo > here() && low.lo < here());
  ck_assert_int_eq(libcgo_context_make(&above, &high, look_above, nullptr), 0);
  ck_assert_int_eq(libcgo_context_make(&below, &low, look_below, nullptr), 0);
}

// As if not all of the stack had been touched: wine commits it at once.
static void seem_untouched() {
  thread_block()->StackLimit =
      reinterpret_cast<void *>((here() & ~uintptr_t(0xffff)) - 0x10000);
}

static void contexts_without_a_record() {
  thread_now = nullptr;
  make_both();
  seem_untouched();
  go_round();
  go_round();
}

static void contexts_with_a_record() {
  thread_now = attached();
  make_both();
  go_round();
  go_round();
}

static void contexts_in_calls() {
  thread_now = attached();
  make_both();
  seem_untouched();
  const bounds outside = bounds_now();
  const libcgo_stack small = stack_at(true);
  libcgo_call_on_stack(
      thread_now, &small,
      [](void *) -> uintptr_t {
        own = LIBCGO_CONTEXT_INIT;
        libcgo_switch(thread_now, &own, &above, 0);
        ck_assert(contain(bounds_now(), here()));
        return 0;
      },
      nullptr);
  const bounds after = bounds_now();
  ck_assert_uint_eq(outside.base, after.base);
  ck_assert(!contain(after, sp_below));
  ck_assert(contain(after, here()));
  go_round();
}

static void *go_on_in_a_thread(void *) {
  ck_assert_int_eq(libcgo_attach(&kit, &thread_now), 0);
  go_round();
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  return nullptr;
}

static void contexts_that_move() {
  contexts_with_a_record();
  libcgo_thread *const first = thread_now;
  kit_run_foreign(go_on_in_a_thread, nullptr);
  thread_now = first;
  go_round();
}

TEST(contexts_above_and_below_are_in_the_thread_block) {
  in_a_thread<contexts_without_a_record>();
}
TEST(contexts_and_the_threads_own_stack_are_in_the_thread_block) {
  in_a_thread<contexts_with_a_record>();
}
TEST(a_call_in_which_contexts_run_restores_the_thread_block) {
  in_a_thread<contexts_in_calls>();
}
TEST(contexts_that_move_are_in_the_thread_block_of_each_thread) {
  in_a_thread<contexts_that_move>();
}

// The process would end, but the filter lets the code go on.
static constexpr DWORD own_code = 0xe0001234;
static int filtered;

static LONG WINAPI own_filter(EXCEPTION_POINTERS *e) {
  filtered += e->ExceptionRecord->ExceptionCode == own_code;
  return EXCEPTION_CONTINUE_EXECUTION;
}

static libcgo_context *raise_twice(void *, uintptr_t) {
  RaiseException(own_code, 0, 0, nullptr);
  libcgo_switch(thread_now, &above, &own, 0);
  RaiseException(own_code, 0, 0, nullptr);
  return &own;
}

TEST(an_exception_that_no_function_of_a_context_takes_comes_to_the_filter) {
  thread_now = attached();
  SetUnhandledExceptionFilter(own_filter);
  own = above = LIBCGO_CONTEXT_INIT;
  const libcgo_stack stack = new_stack(large_bytes);
  ck_assert_int_eq(libcgo_context_make(&above, &stack, raise_twice, nullptr), 0);
  libcgo_switch(thread_now, &own, &above, 0);
  ck_assert_int_eq(filtered, 1);
  libcgo_switch(thread_now, &own, &above, 0);
  ck_assert_int_eq(filtered, 2);
  ck_assert_uint_eq(above.sp, 1);
}

// Each instruction of a switch, by the CPU's trap flag: the tables are right, C has the
// system stack, and the thread block has the stack. Except the tables at the jump.
namespace {

constexpr DWORD trap_flag = 0x100;
volatile bool stepping;
int steps, jumps, wrong, misplaced, outside;
char first_wrong[160];
kept_registers of_own, of_task;
libcgo_context task;
libcgo_stack task_stack;

bool is_in_library(uintptr_t pc) {
  DWORD64 base = 0;
  return RtlLookupFunctionEntry(pc, &base, nullptr) != nullptr &&
         base == reinterpret_cast<uintptr_t>(GetModuleHandleA("libcgo-0.dll"));
}

void unwind_one(CONTEXT *c) {
  DWORD64 base = 0, frame = 0;
  void *data = nullptr;
  const auto entry = RtlLookupFunctionEntry(c->Rip, &base, nullptr);
  if (entry != nullptr) {
    RtlVirtualUnwind(0, base, c->Rip, entry, c, &data, &frame, nullptr);
  } else {
    c->Rip = *reinterpret_cast<DWORD64 *>(c->Rsp);
    c->Rsp += 8;
  }
}

void check_registers(const CONTEXT *at) {
  CONTEXT c = *at;
  const auto caller = reinterpret_cast<uintptr_t>(call_with_registers);
  for (int i = 0; i < 8 && c.Rip != 0 && function_at(c.Rip) != caller; i++)
    unwind_one(&c);
  const bool in_task = is_on_stack(c.Rsp, &task_stack);
  if (c.Rip == 0 && is_on_stack(at->Rsp, &task_stack))
    return; // it begins, or ends
  const kept_registers &known = in_task ? of_task : of_own;
  const uintptr_t got[] = {c.Rbx, c.Rbp, c.Rdi, c.Rsi,      c.R12,
                           c.R13, c.R14, c.R15, c.Xmm6.Low, c.Xmm15.Low};
  const int of[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, kept_count - 1};
  for (int i = 0; i < 10; i++)
    if (got[i] != known.before[of[i]] && wrong++ == 0)
      snprintf(first_wrong, sizeof first_wrong, "%s is %#llx at %#llx, step %d",
               kept_names[of[i]], static_cast<unsigned long long>(got[i]),
               static_cast<unsigned long long>(at->Rip), steps);
}

LONG WINAPI step(EXCEPTION_POINTERS *e) {
  if (e->ExceptionRecord->ExceptionCode != EXCEPTION_SINGLE_STEP)
    return EXCEPTION_CONTINUE_SEARCH;
  if (!stepping)
    return EXCEPTION_CONTINUE_EXECUTION;
  CONTEXT *const c = e->ContextRecord;
  if (is_in_library(c->Rip)) {
    const auto *code = reinterpret_cast<const unsigned char *>(c->Rip);
    steps++;
    if (code[0] == 0xff && code[1] == 0xe1) // jmp *%rcx
      jumps++;
    else
      check_registers(c);
    outside += !contain(bounds_now(), c->Rsp);
    libcgo_call_on_system(thread_now, look_as_c, nullptr);
    misplaced += is_on_stack(sp_of_c, &task_stack);
  }
  c->EFlags |= trap_flag;
  return EXCEPTION_CONTINUE_EXECUTION;
}

void set_trap_flag() {
  stepping = true;
  __asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq" ::: "memory", "cc");
}

void switch_with(kept_registers *r, uintptr_t factor, libcgo_context *from,
                 libcgo_context *to) {
  for (int i = 0; i < kept_count; i++)
    r->before[i] = factor * static_cast<uintptr_t>(i + 3);
  call_with_registers(r, reinterpret_cast<void *>(libcgo_switch), thread_now,
                      from, reinterpret_cast<uintptr_t>(to), nullptr);
}

libcgo_context *go_back(void *, uintptr_t) {
  for (int i = 0; i < 3; i++)
    switch_with(&of_task, 0x1359, &task, &own);
  return &own;
}

uintptr_t step_through_a_life(void *) {
  own = task = LIBCGO_CONTEXT_INIT;
  task_stack = new_stack(large_bytes);
  ck_assert_int_eq(libcgo_context_make(&task, &task_stack, go_back, nullptr), 0);
  steps = jumps = wrong = misplaced = outside = 0;
  void *const handler = AddVectoredExceptionHandler(1, step);
  for (int i = 0; i < 4; i++) {
    set_trap_flag();
    switch_with(&of_own, 0x2468, &own, &task);
    stepping = false;
    libcgo_call_on_system(thread_now, look_as_c, nullptr); // the flag is clear now
  }
  RemoveVectoredExceptionHandler(handler);
  ck_assert_uint_eq(task.sp, 1);
  return 0;
}

} // namespace

// By the emulator, perhaps none.
#define ASSERT_STEPS                                                           \
  if (steps == 0)                                                              \
    SKIP("no single steps here");                                              \
  ck_assert_int_gt(jumps, 7);                                                  \
  ck_assert_int_gt(steps, 800);                                                \
  ck_assert_msg(wrong == 0, "%d wrong in %d steps, first: %s", wrong, steps,   \
                first_wrong);                                                  \
  ck_assert_int_eq(misplaced, 0);                                              \
  ck_assert_int_eq(outside, 0)

// Nor has any frame pointer a value that leads on.
TEST(a_suspended_contexts_frames_are_told_by_tables) {
  uintptr_t found[64];
  thread_now = attached();
  ck_assert_int_eq(libcgo_traceback_set(&kit, nullptr), 0);
  own = task = LIBCGO_CONTEXT_INIT;
  const libcgo_stack stack = new_stack(large_bytes);
  ck_assert_int_eq(libcgo_context_make(&task, &stack, go_back, nullptr), 0);
  libcgo_switch(thread_now, &own, &task, 0);
  const size_t n = libcgo_context_traceback(&kit, &task, found, 64);
  ck_assert_uint_eq(function_at(found[0]),
                    reinterpret_cast<uintptr_t>(call_with_registers));
  bool passed = false;
  for (size_t i = 0; i < n; i++)
    passed |= function_at(found[i]) == reinterpret_cast<uintptr_t>(go_back);
  ck_assert(passed);
  ck_assert_uint_lt(n, 6);
  for (int i = 0; i < 3; i++)
    libcgo_switch(thread_now, &own, &task, 0);
}

TEST(switches_of_c_are_right_at_every_instruction) {
  thread_now = attached();
  step_through_a_life(nullptr);
  ASSERT_STEPS;
}

TEST(switches_are_right_at_every_instruction) {
  thread_now = attached();
  const libcgo_stack small = new_stack(large_bytes);
  libcgo_call_on_stack(thread_now, &small, step_through_a_life, nullptr);
  ASSERT_STEPS;
}

int main(void) {
  suite_begin("win32");
  ADD_TEST(a_call_on_a_stack_above_has_both_stacks_in_the_thread_block);
  ADD_TEST(a_call_on_a_stack_below_has_both_stacks_in_the_thread_block);
  ADD_TEST(an_exception_from_a_stack_above_restores_the_thread_block);
  ADD_TEST(an_exception_from_a_stack_below_restores_the_thread_block);
  ADD_TEST(an_exception_passes_a_stack_above_from_the_system_stack);
  ADD_TEST(an_exception_passes_a_stack_below_from_the_system_stack);
  ADD_TEST(an_exception_is_raised_again_on_each_stack);
  ADD_TEST(bounds_are_the_threads_own_on_another_stack);
  ADD_TEST(contexts_above_and_below_are_in_the_thread_block);
  ADD_TEST(contexts_and_the_threads_own_stack_are_in_the_thread_block);
  ADD_TEST(a_call_in_which_contexts_run_restores_the_thread_block);
  ADD_TEST(contexts_that_move_are_in_the_thread_block_of_each_thread);
  ADD_TEST(an_exception_that_no_function_of_a_context_takes_comes_to_the_filter);
  ADD_TEST(a_suspended_contexts_frames_are_told_by_tables);
  ADD_TEST(switches_of_c_are_right_at_every_instruction);
  ADD_TEST(switches_are_right_at_every_instruction);
  ADD_TEST(a_traceback_passes_two_switches);
  ADD_TEST(a_function_of_a_library_has_its_name);
  ADD_TEST(a_thread_of_others_leaves_at_its_end);
  ADD_TEST(a_thread_that_ends_by_ExitThread_leaves);
  ADD_TEST(the_end_of_a_fiber_is_not_the_end_of_its_thread);
  ADD_TEST(a_thread_of_fibers_leaves_at_its_end);
  ADD_TEST(a_fiber_may_be_deleted_when_its_thread_is_none_any_more);
  ADD_TEST(who_deletes_a_fiber_of_another_thread_does_not_leave);
  ADD_TEST(
      a_thread_that_has_left_is_attached_for_one_call_when_the_program_is_told);
  ADD_TEST(so_is_one_that_calls_back_then_for_the_first_time);
  ADD_TEST(a_thread_may_call_back_while_another_one_has_the_loaders_lock);
  ADD_TEST(the_library_is_kept_at_once_by_a_thread_that_has_the_loaders_lock);
  ADD_TEST(ten_thousand_threads_of_others_leave_in_turn);
  ADD_TEST(a_signal_mask_is_refused);
  ADD_TEST(a_thread_has_the_stack_that_is_asked_for);
  ADD_TEST(a_thread_has_its_name);
  return suite_run();
}

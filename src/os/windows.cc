// SPDX-License-Identifier: BSD-3-Clause
//
// Windows, from Vista on.
#include "core/platform.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include <libcgo/stack.h>

#include "core/report.h"

namespace cgo::os {

namespace {

uintptr_t address_of(const void *p) { return reinterpret_cast<uintptr_t>(p); }
void *pointer_to(uintptr_t address) {
  return reinterpret_cast<void *>(address);
}

uintptr_t word_at(const void *record, size_t offset) {
  uintptr_t word;
  memcpy(&word, static_cast<const char *>(record) + offset, sizeof word);
  return word;
}

// The thread environment block begins with what <winnt.h> declares. Of the rest
// these places are as old as the system, and part of its ABI: compilers and
// debuggers know them.
struct block_layout {
  size_t deallocation_stack; // the low end of the thread's own stack
  size_t slots;              // the values of the first thread-local indexes
  bool chain;                // exceptions go by the list of handlers
};
[[maybe_unused]] constexpr block_layout block_of_amd64 = {0x1478, 0x1480, false};
[[maybe_unused]] constexpr block_layout block_of_386 = {0xe0c, 0xe10, true};
constexpr block_layout block = LIBCGO_CONCAT(block_of_, LIBCGO_CPU);

NT_TIB *thread_block() {
  return reinterpret_cast<NT_TIB *>(libcgo_thread_pointer());
}

// On each CPU that Windows is for, src/arch/amd64-ms.S included.
constexpr size_t page_size() { return 4096; }

// Functions that came later than the oldest Windows, by name. The libraries are those that
// each process has.
//
// They are looked for when this image is loaded, and never again. That takes the loader's
// lock, which a thread has that starts, or that runs a library's DllMain. Such a thread may
// wait for who waits or wakes here: DllMain because it calls back into a stopped world. And
// wine has another lock while it runs the destructors of fiber-local indexes: a thread that
// starts takes that one second.
using wait_function = BOOL WINAPI(volatile void *address, void *compare,
                                  SIZE_T size, DWORD ms);
using wake_function = void WINAPI(void *address);
using describe_function = HRESULT WINAPI(HANDLE thread,
                                         const wchar_t *description);
using in_progress_function = BOOLEAN WINAPI();
using version_function = const char *();
using unwind_function = void WINAPI(void *frame, void *pc,
                                    EXCEPTION_RECORD *record, void *result,
                                    void *context, void *history);

using lock_function = LONG NTAPI(ULONG flags, ULONG *how, ULONG_PTR *cookie);
using unlock_function = LONG NTAPI(ULONG flags, ULONG_PTR cookie);

struct late_functions {
  wait_function *wait;
  wake_function *wake;
  describe_function *describe;
  in_progress_function *process_ends;
  version_function *wine_version;
  unwind_function *unwind;
  lock_function *lock_loader;
  unlock_function *unlock_loader;
};
late_functions late;
uint32_t late_are_found;

template <class Function>
void find_function(const char *library, const char *name, Function **function) {
  const HMODULE module = GetModuleHandleA(library);
  const FARPROC found =
      module == nullptr ? nullptr : GetProcAddress(module, name);
  // Another thread may do the same, where nobody has told that the image is loaded.
  __atomic_store_n(
      function, reinterpret_cast<Function *>(reinterpret_cast<uintptr_t>(found)),
      __ATOMIC_RELAXED);
}

void find_late_functions() {
  find_function("kernelbase", "WaitOnAddress", &late.wait);
  find_function("kernelbase", "WakeByAddressAll", &late.wake);
  // In its first Windows, 10 of 2016, kernel32 does not have it.
  find_function("kernelbase", "SetThreadDescription", &late.describe);
  find_function("ntdll", "RtlDllShutdownInProgress", &late.process_ends);
  find_function("ntdll", "wine_get_version", &late.wine_version);
  find_function("ntdll", "RtlUnwindEx", &late.unwind);
  find_function("ntdll", "LdrLockLoaderLock", &late.lock_loader);
  find_function("ntdll", "LdrUnlockLoaderLock", &late.unlock_loader);
  __atomic_store_n(&late_are_found, 1u, __ATOMIC_RELEASE);
}

const late_functions &late_ones() {
  if (__atomic_load_n(&late_are_found, __ATOMIC_ACQUIRE) == 0)
    find_late_functions();
  return late;
}

} // namespace

// ---- signals and cancellation, which there are none of ----

signal_mask held_signals(const signal_mask &) { return {}; }
signals_held::signals_held(const signal_mask &) : previous_(), held_() {}
signal_mask signals_held::end() {
  ended_ = true;
  return without(previous_, held_);
}
void signals_held::end_with(const signal_mask &) { ended_ = true; }
cancellation_disabled::cancellation_disabled() : previous_(0) {}
cancellation_disabled::~cancellation_disabled() {
  static_cast<void>(previous_);
}

int read_signal_mask(const void *, signal_mask *) { return ENOTSUP; }
void set_signal_mask(const signal_mask &) {}
signal_mask signals_of(const void *) { return {}; }
void block_signals(const signal_mask &) {}
void open_signals(const signal_mask &) {}

// A size that a runtime asks for all its threads is no error: a handler of
// exceptions runs on the thread's own stack.
bool has_signal_stack(stack_bounds *) { return false; }
bool find_signal_stack(uintptr_t, stack_bounds *) { return false; }
bool find_disarmed_stack(uintptr_t, stack_bounds *) { return false; }
size_t least_signal_stack() { return 0; }
bool map_signal_stack(size_t, stack_bounds *stack) {
  *stack = {};
  return true;
}
void set_signal_stack(const stack_bounds &) {}
bool share_signal_stack(const stack_bounds &) { return false; }
void drop_signal_stack(const stack_bounds &) {}

// ---- threads ----

namespace {

struct thread_entry {
  void *(*main)(void *);
  void *arg;
};

// The system aligns the stack to a word only on 386.
__attribute__((__force_align_arg_pointer__)) DWORD WINAPI enter_thread(void *p) {
  const thread_entry entry = *static_cast<thread_entry *>(p);
  free(p);
  entry.main(entry.arg);
  return 0;
}

int error_of(DWORD error) {
  switch (error) {
  case ERROR_INVALID_PARAMETER:
    return EINVAL;
  case ERROR_ACCESS_DENIED:
    return EPERM;
  default: // want of memory, of handles, of threads
    return EAGAIN;
  }
}

} // namespace

// The C library makes what it keeps for a thread at its first call, and frees it at
// the thread's end, whoever has created it.
int create_thread(const thread_shape &shape, void *(*main)(void *), void *arg) {
  // A guard page is always there, and always one.
  if (shape.guard_size != no_guard && shape.guard_size > page_size())
    return ENOTSUP;
  auto *entry = static_cast<thread_entry *>(malloc(sizeof(thread_entry)));
  if (entry == nullptr)
    return EAGAIN;
  *entry = {main, arg};
  const HANDLE thread =
      CreateThread(nullptr, shape.stack_size, enter_thread, entry,
                   STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
  if (thread == nullptr) {
    const int err = error_of(GetLastError());
    free(entry);
    return err;
  }
  CloseHandle(thread);
  return 0;
}

size_t default_stack_size() {
  // Of the executable: its headers are where it is loaded.
  const auto *dos =
      reinterpret_cast<const IMAGE_DOS_HEADER *>(GetModuleHandleA(nullptr));
  const auto *headers = reinterpret_cast<const IMAGE_NT_HEADERS *>(
      address_of(dos) + static_cast<uintptr_t>(dos->e_lfanew));
  return static_cast<size_t>(headers->OptionalHeader.SizeOfStackReserve);
}

thread_limit find_thread_limit(const thread_shape &shape) {
  MEMORYSTATUSEX memory = {};
  memory.dwLength = sizeof memory;
  if (!GlobalMemoryStatusEx(&memory))
    return {};
  const size_t need =
      shape.stack_size != 0 ? shape.stack_size : default_stack_size();
  const thread_limit limits[] = {
      {"the address space", memory.ullTotalVirtual,
       capped_sum(memory.ullTotalVirtual - memory.ullAvailVirtual, need),
       "bytes with the new stack", "use smaller stacks"},
      {"the commit limit", memory.ullTotalPageFile,
       capped_sum(memory.ullTotalPageFile - memory.ullAvailPageFile, need),
       "bytes with the new stack", "add memory, or enlarge the page file"},
  };
  // Counted a moment after the failure: nine tenths will do.
  for (const thread_limit &limit : limits)
    if (limit.used >= limit.value - limit.value / 10)
      return limit;
  return {};
}

void set_thread_name(const char *name) {
  describe_function *const set = late_ones().describe;
  if (set == nullptr) // before Windows 10
    return;
  wchar_t wide[64];
  constexpr int room = sizeof wide / sizeof wide[0];
  if (MultiByteToWideChar(CP_UTF8, 0, name, -1, wide, room) != 0)
    set(GetCurrentThread(), wide);
}

// A bit for each CPU of the thread's group, as the first word of a cpu_set_t has it.
int set_thread_cpus(const void *cpus, size_t size) {
  DWORD_PTR wanted = 0, process, system;
  memcpy(&wanted, cpus, size < sizeof wanted ? size : sizeof wanted);
  if (!GetProcessAffinityMask(GetCurrentProcess(), &process, &system) ||
      (wanted & process) == 0)
    return EINVAL;
  return SetThreadAffinityMask(GetCurrentThread(), wanted & process) != 0
             ? 0
             : error_of(GetLastError());
}

int process_id() { return static_cast<int>(GetCurrentProcessId()); }

// The system is not asked. A thread needs the loader to begin.
long thread_number() { return 0; }
bool thread_waits(long) { return true; }

// ---- stacks ----

namespace {

// At the low end of a stack is a page that is never had, and above it, in the end,
// the guard page.
uintptr_t stack_low_end() {
  return word_at(thread_block(), block.deallocation_stack) + 2 * page_size();
}

bool query(uintptr_t address, MEMORY_BASIC_INFORMATION *region) {
  return VirtualQuery(pointer_to(address), region, sizeof *region) != 0;
}

// Not by the block's StackBase, which libcgo_enter_stack moves.
uintptr_t stack_high_end() {
  const uintptr_t lo = word_at(thread_block(), block.deallocation_stack);
  uintptr_t hi = lo;
  MEMORY_BASIC_INFORMATION region;
  while (query(hi, &region) && address_of(region.AllocationBase) == lo)
    hi = address_of(region.BaseAddress) + region.RegionSize;
  return hi;
}

} // namespace

int own_stack_bounds(stack_bounds *bounds) {
  *bounds = {stack_low_end(), stack_high_end()};
  return 0;
}

int thread_stack_bounds(uintptr_t here, stack_bounds *bounds) {
  *bounds = {stack_low_end(), here};
  return 0;
}

// What was reserved at once, as the stack of a fiber is; up to a guard page.
int mapping_bounds(uintptr_t address, stack_bounds *bounds) {
  MEMORY_BASIC_INFORMATION region;
  if (!query(address, &region) || region.State == MEM_FREE)
    return ENOENT;
  const void *const allocation = region.AllocationBase;
  *bounds = {};
  for (uintptr_t at = address_of(allocation);
       query(at, &region) && region.AllocationBase == allocation;
       at += region.RegionSize) {
    const bool faults =
        region.State == MEM_COMMIT && region.Protect == PAGE_NOACCESS;
    if (faults && at > address)
      break;
    if (faults || bounds->hi == 0)
      bounds->lo = faults ? at + region.RegionSize : at;
    bounds->hi = at + region.RegionSize;
  }
  return 0;
}

bool copy_readable(uintptr_t from, void *to, size_t bytes) {
  const DWORD error = GetLastError();
  SIZE_T copied = 0;
  const bool all = ReadProcessMemory(GetCurrentProcess(), pointer_to(from), to,
                                     bytes, &copied) &&
                   copied == bytes;
  SetLastError(error);
  return all;
}

namespace {

// How the memory of stacks is reserved: where addresses are high. Then a thread's
// own stack is mostly below: see libcgo_enter_stack.
void *map_memory(size_t bytes, DWORD where) {
  return VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT | where,
                      PAGE_READWRITE);
}

} // namespace

bool map_stack(size_t bytes, stack_bounds *stack) {
  const size_t page = page_size();
  if (bytes > SIZE_MAX - 2 * page)
    return false;
  bytes = (bytes + page - 1) & ~(page - 1);
  void *const memory = map_memory(page + bytes, MEM_TOP_DOWN);
  DWORD before;
  if (memory == nullptr)
    return false;
  if (!VirtualProtect(memory, page, PAGE_NOACCESS, &before)) {
    unmap(memory, page + bytes);
    return false;
  }
  stack->lo = address_of(memory) + page;
  stack->hi = stack->lo + bytes;
  return true;
}

void unmap_stack(const stack_bounds &stack) {
  unmap(pointer_to(stack.lo - page_size()), 0);
}

void *map_zeroed(size_t bytes) { return map_memory(bytes, 0); }
void unmap(void *memory, size_t) { VirtualFree(memory, 0, MEM_RELEASE); }

// ---- the loader ----

// It has a lock, which a thread has in DllMain, and which is not waited for. Without it is known
// where the program is, and what is no image: made at run time.
bool stays_mapped(const void *address) {
  MEMORY_BASIC_INFORMATION region;
  if (query(address_of(address), &region) &&
      (region.Type != MEM_IMAGE ||
       region.AllocationBase == GetModuleHandleA(nullptr)))
    return true;
  constexpr ULONG try_only = 2, locked = 1;
  const late_functions &found = late_ones();
  ULONG how = 0;
  ULONG_PTR cookie = 0;
  if (found.lock_loader == nullptr || found.unlock_loader == nullptr ||
      found.lock_loader(try_only, &how, &cookie) != 0 || how != locked)
    return false;
  const bool kept = keep_mapped(address);
  found.unlock_loader(0, cookie);
  return kept;
}

// ---- thread-specific data ----
//
// A key is one of the system's thread-local indexes; its destructor is kept here.
//
// What tells the end of a thread is the destructor of one fiber-local index, because
// it comes first: notices to libraries, and with them the end of the compiler's
// thread-local variables, come later. Only the end of a fiber looks the same, in whatever
// thread deletes it. So fibers have no value there; in a thread that is one, it is the
// notice to libraries after all. Libraries that are told later may still call back.

const unsigned key_rounds = 4; // what POSIX has at least

namespace {

constexpr DWORD most_keys = TLS_MINIMUM_AVAILABLE + 1024;

// Facts about the process.
uintptr_t destructors[most_keys]; // functions, or 0
uintptr_t end_index;              // of what tells the end; plus 1, so 0 is none
uintptr_t over_index;             // thread-local: not 0 after the end; the same

bool is_prepared(const uintptr_t *word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE) != 0;
}

void run_destructors() {
  bool again = true;
  for (unsigned round = 0; round < key_rounds && again; round++) {
    again = false;
    for (DWORD i = 0; i < most_keys; i++) {
      auto *const destructor = reinterpret_cast<void (*)(void *)>(
          __atomic_load_n(&destructors[i], __ATOMIC_ACQUIRE));
      void *const value = destructor == nullptr ? nullptr : TlsGetValue(i);
      if (value == nullptr)
        continue;
      TlsSetValue(i, nullptr);
      destructor(value);
      again = true;
    }
  }
}

__attribute__((__force_align_arg_pointer__)) void WINAPI at_end_of_fiber(void *) {
  // When a process ends, its other threads are already gone, with what they have
  // locked. As with POSIX, nobody leaves then.
  in_progress_function *const process_ends = late_ones().process_ends;
  if (!IsThreadAFiber() && (process_ends == nullptr || !process_ends()))
    run_destructors();
}

__attribute__((__force_align_arg_pointer__)) void WINAPI at_notice(void *,
                                                                   DWORD reason,
                                                                   void *) {
  if (reason == DLL_PROCESS_ATTACH)
    find_late_functions();
  if (reason != DLL_THREAD_DETACH)
    return;
  run_destructors();
  if (is_prepared(&over_index))
    TlsSetValue(static_cast<DWORD>(over_index - 1), destructors);
}

// A list that the linker makes of such sections, in the order of their names, for an
// executable as for a library. That of the C library's own end of thread-local
// variables is later.
__attribute__((__section__(".CRT$XLB"), __used__))
PIMAGE_TLS_CALLBACK at_notice_entry = at_notice;

// Stores an index, if one was to be had.
bool publish(uintptr_t *word, DWORD made, BOOL WINAPI free_index(DWORD)) {
  static_assert(FLS_OUT_OF_INDEXES == TLS_OUT_OF_INDEXES, "");
  if (made == FLS_OUT_OF_INDEXES)
    return false;
  uintptr_t none = 0;
  if (!__atomic_compare_exchange_n(word, &none, uintptr_t{made} + 1, false,
                                   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    free_index(made); // another thread was first
  return true;
}

bool prepare_end() {
  return (is_prepared(&over_index) || publish(&over_index, TlsAlloc(), TlsFree)) &&
         (is_prepared(&end_index) ||
          publish(&end_index, FlsAlloc(at_end_of_fiber), FlsFree));
}

} // namespace

bool thread_is_over() {
  return is_prepared(&over_index) &&
         TlsGetValue(static_cast<DWORD>(over_index - 1)) != nullptr;
}

thread_limit key_limit() {
  return {"the number of thread-local indexes", most_keys, most_keys,
          "thread-local indexes", "it is fixed, free some"};
}

int create_key(void (*destructor)(void *), uintptr_t *key) {
  if (!prepare_end())
    return EAGAIN;
  const DWORD index = TlsAlloc();
  if (index == TLS_OUT_OF_INDEXES)
    return EAGAIN;
  if (index >= most_keys) {
    TlsFree(index);
    return EAGAIN;
  }
  __atomic_store_n(&destructors[index], reinterpret_cast<uintptr_t>(destructor),
                   __ATOMIC_RELEASE);
  *key = index;
  return 0;
}

void delete_key(uintptr_t key) {
  __atomic_store_n(&destructors[key], uintptr_t{0}, __ATOMIC_RELEASE);
  TlsFree(static_cast<DWORD>(key));
}

int set_key(uintptr_t key, const void *value) {
  // Any value but NULL: then the end is told.
  if (value != nullptr && !IsThreadAFiber() &&
      !FlsSetValue(static_cast<DWORD>(end_index - 1), destructors))
    return ENOMEM;
  return TlsSetValue(static_cast<DWORD>(key), const_cast<void *>(value))
             ? 0
             : ENOMEM;
}

void *get_key(uintptr_t key) { return TlsGetValue(static_cast<DWORD>(key)); }

// ---- a pair of slots ----

// Two indexes in a row among those whose values are in the thread block: they are
// zero in every thread, and at one distance from where the block begins.
bool place_pair(uintptr_t, intptr_t *offset) {
  DWORD unwanted[TLS_MINIMUM_AVAILABLE];
  unsigned count = 0;
  DWORD before = TLS_OUT_OF_INDEXES;
  bool found = false;
  while (!found && count < TLS_MINIMUM_AVAILABLE) {
    const DWORD index = TlsAlloc();
    if (index >= TLS_MINIMUM_AVAILABLE) {
      if (index != TLS_OUT_OF_INDEXES)
        TlsFree(index);
      break;
    }
    found = count > 0 && index == before + 1;
    if (found) {
      count--; // the one before is wanted, too
      *offset = static_cast<intptr_t>(block.slots + before * sizeof(uintptr_t));
    } else {
      unwanted[count++] = before = index;
    }
  }
  while (count > 0)
    TlsFree(unwanted[--count]);
  return found;
}

// ---- stopped code ----

namespace {

// Where the registers are in a CONTEXT, in bytes (its declaration in <winnt.h>, for
// each CPU): what a handler of exceptions gets.
struct context_layout {
  size_t pc;
  size_t sp;
  size_t fp;
};
[[maybe_unused]] constexpr context_layout context_of_amd64 = {0xf8, 0x98, 0xa0};
[[maybe_unused]] constexpr context_layout context_of_386 = {0xb8, 0xc4, 0xb4};
constexpr context_layout context_here = LIBCGO_CONCAT(context_of_, LIBCGO_CPU);

} // namespace

stopped_code read_signal_context(const void *context) {
  return {word_at(context, context_here.pc), word_at(context, context_here.sp),
          word_at(context, context_here.fp), 0};
}

// ---- waiting ----

namespace {

constexpr DWORD poll_ms = 1; // before Windows 8

} // namespace

void wait_while(const uint32_t *word, uint32_t value) {
  wait_function *const wait = late_ones().wait;
  if (wait != nullptr)
    wait(const_cast<uint32_t *>(word), &value, sizeof value, INFINITE);
  else if (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
    Sleep(poll_ms);
}

void wait_while_for(const uint32_t *word, uint32_t value,
                    unsigned long long most_ns) {
  const DWORD most_ms =
      most_ns >= 1000000000u ? 1000 : static_cast<DWORD>(most_ns) / 1000000 + 1;
  wait_function *const wait = late_ones().wait;
  if (wait != nullptr)
    wait(const_cast<uint32_t *>(word), &value, sizeof value, most_ms);
  else
    wait_while(word, value);
}

// Wine may have nothing behind the function, and not say so: version 8 has not.
fence_kind find_fence() {
  return late_ones().wine_version == nullptr ? fence_kind::others
                                             : fence_kind::missing;
}
bool fence_others() {
  FlushProcessWriteBuffers();
  return true;
}

bool call_in_child(void (*)()) { return true; }

void wake_all(const uint32_t *word) {
  wake_function *const wake = late_ones().wake;
  if (wake != nullptr)
    wake(const_cast<uint32_t *>(word));
}

// ---- clocks ----

unsigned long long now_ms() { return GetTickCount64(); }

unsigned long long now_ns() {
  LARGE_INTEGER ticks, per_second;
  QueryPerformanceCounter(&ticks);
  QueryPerformanceFrequency(&per_second);
  constexpr unsigned long long second = 1000000000;
  const auto n = static_cast<unsigned long long>(ticks.QuadPart);
  const auto rate = static_cast<unsigned long long>(per_second.QuadPart);
  return n / rate * second + n % rate * second / rate;
}

void sleep_ms(unsigned ms) { Sleep(ms); }

void write_message(const char *text, size_t length) {
  DWORD written;
  WriteFile(GetStdHandle(STD_ERROR_HANDLE), text, static_cast<DWORD>(length),
            &written, nullptr);
}

} // namespace cgo::os

// ---- the bounds that the system knows ----
//
// The thread block says between which addresses a thread's stack is. Exceptions pass
// no frame outside of them, and compilers touch the pages down to StackLimit by
// themselves and trust that they are there from there on. A call on a small stack has
// both stacks between them, since an exception may pass from one to the other. So has a
// context: libcgo_switch changes them as it changes the stack pointer.
//
// DeallocationStack stays: the system frees it at the thread's end, and grows the
// stack down to it.

namespace cgo::os {

namespace {

// StackLimit may then be below the stack: all of it can be touched. Pages take
// no memory before they are. Returns where StackLimit is by right.
uintptr_t commit_own_stack(NT_TIB *tib) {
  const uintptr_t lowest = stack_low_end();
  const uintptr_t limit = address_of(tib->StackLimit);
  if (limit <= lowest || limit > stack_high_end())
    return limit; // it has been done
  const size_t page = page_size();
  if (VirtualAlloc(pointer_to(lowest), limit - lowest, MEM_COMMIT,
                   PAGE_READWRITE) == nullptr ||
      VirtualAlloc(pointer_to(lowest - page), page, MEM_COMMIT,
                   PAGE_READWRITE | PAGE_GUARD) == nullptr)
    message("libcgo_call_on_stack")
        .text("no memory for all of the thread's own stack, which lies above the "
              "small one: ENOMEM: use stacks of libcgo_stack_map")
        .fatal();
  return lowest;
}

} // namespace

} // namespace cgo::os

extern "C" {

// What src/arch/<cpu>.S calls around fn. saved: StackBase; StackLimit if no growth of the
// thread's own stack can change it, else 0; and saved_block, the thread block. Where
// exceptions go by tables, saved[2] is the list of handlers: wine has a list there, too, and
// takes the addresses of its entries for the order of calls. Where they go by the list, it
// stays: an exception may pass from fn to who has called.
//
// fn may go over to contexts, which make the bounds wider, and end in another thread, whose
// bounds are then left as they are.
void libcgo_enter_stack(const libcgo_stack *stack, uintptr_t *saved);
void libcgo_leave_stack(const uintptr_t *saved);

// For libcgo_switch: the bounds are to have a stack that begins at lo, below StackLimit.
void libcgo_lower_stack(uintptr_t lo);

static constexpr int saved_block = cgo::os::block.chain ? 2 : 4;

void libcgo_enter_stack(const libcgo_stack *stack, uintptr_t *saved) {
  using namespace cgo::os;
  NT_TIB *const tib = thread_block();
  saved[0] = address_of(tib->StackBase);
  saved[1] = address_of(tib->StackLimit);
  if (saved[1] > stack_low_end())
    saved[1] = 0;
  if (stack->hi > saved[0])
    tib->StackBase = pointer_to(stack->hi);
  if (stack->lo < address_of(tib->StackLimit)) {
    saved[1] = commit_own_stack(tib);
    tib->StackLimit = pointer_to(stack->lo);
  }
  if (!block.chain) {
    saved[2] = address_of(tib->ExceptionList);
    tib->ExceptionList =
        static_cast<EXCEPTION_REGISTRATION_RECORD *>(pointer_to(UINTPTR_MAX));
  }
  saved[saved_block] = address_of(tib);
}

void libcgo_leave_stack(const uintptr_t *saved) {
  using namespace cgo::os;
  NT_TIB *const tib = thread_block();
  if (!block.chain)
    tib->ExceptionList =
        static_cast<EXCEPTION_REGISTRATION_RECORD *>(pointer_to(saved[2]));
  if (saved[saved_block] != address_of(tib))
    return;
  tib->StackBase = pointer_to(saved[0]);
  if (saved[1] != 0)
    tib->StackLimit = pointer_to(saved[1]);
  else if (address_of(tib->StackLimit) < stack_low_end())
    tib->StackLimit = pointer_to(stack_low_end());
}

void libcgo_lower_stack(uintptr_t lo) {
  using namespace cgo::os;
  NT_TIB *const tib = thread_block();
  if (address_of(tib->StackLimit) > stack_low_end()) {
    if (lo >= stack_low_end() && lo < stack_high_end())
      return; // in the thread's own stack
    commit_own_stack(tib);
  }
  tib->StackLimit = pointer_to(lo);
}

} // extern "C"

// ---- exceptions ----

namespace cgo::os {

namespace {

bool unwinds(const EXCEPTION_RECORD *record) {
  constexpr DWORD unwinding = 2 | 4; // EXCEPTION_UNWINDING, EXCEPTION_EXIT_UNWIND
  return (record->ExceptionFlags & unwinding) != 0;
}

} // namespace

} // namespace cgo::os

extern "C" {

// The outermost handler of a context. It does what that of a thread does, in which the system
// has it: SetUnhandledExceptionFilter is true of contexts, too.
EXCEPTION_DISPOSITION libcgo_unhandled(EXCEPTION_RECORD *record, void *frame,
                                       CONTEXT *context, void *dispatcher);

__attribute__((__force_align_arg_pointer__)) EXCEPTION_DISPOSITION
libcgo_unhandled(EXCEPTION_RECORD *record, void *, CONTEXT *context, void *) {
  if (cgo::os::unwinds(record))
    return ExceptionContinueSearch;
  EXCEPTION_POINTERS both = {record, context};
  const LONG answer = UnhandledExceptionFilter(&both);
  if (answer == EXCEPTION_EXECUTE_HANDLER)
    TerminateProcess(GetCurrentProcess(), record->ExceptionCode);
  return answer == EXCEPTION_CONTINUE_EXECUTION ? ExceptionContinueExecution
                                                : ExceptionContinueSearch;
}

} // extern "C"

// ---- where the system unwinds by tables ----

namespace cgo::os {

namespace {

// What a frame of libcgo_guarded_call holds.
struct exception_guard {
  uintptr_t landing; // where it goes on after an exception
  uintptr_t code;
  uintptr_t count; // of information, as RaiseException() wants it
  ULONG_PTR information[5];
};
static_assert(sizeof(exception_guard) == GUARD_BYTES, "");

// The exceptions of gcc and of Microsoft's compiler ("GCC" and "msc" in the low bytes).
// Others stop code that can go on: they are not unwound before it is known where to.
constexpr DWORD gcc_exception = 0x20474343;
constexpr DWORD microsoft_exception = 0xe06d7363;

// Whose landing pads, on the way to a frame, unwind again: gcc's look for the target
// in the exception, in the words that its header calls private.
struct gcc_object {
  uint64_t exception_class;
  void (*cleanup)(int, gcc_object *);
  uintptr_t words[6]; // 1: the target's frame, 2: its address, 3: a register's value
};

} // namespace

} // namespace cgo::os

extern "C" {

// The handler of libcgo_call_on_stack's frame, which a longjmp ends.
EXCEPTION_DISPOSITION libcgo_stack_unwound(EXCEPTION_RECORD *record,
                                           uintptr_t frame, void *context,
                                           void *dispatcher);
// That of libcgo_guard's, which a longjmp ends, or an exception.
EXCEPTION_DISPOSITION libcgo_guard_unwound(EXCEPTION_RECORD *record,
                                           uintptr_t frame, void *context,
                                           void *dispatcher);
// That of libcgo_guarded_call: goes on there, with the exception in its guard.
EXCEPTION_DISPOSITION libcgo_catch(EXCEPTION_RECORD *record, uintptr_t frame,
                                   void *context, void *dispatcher);
// Raises it again.
[[noreturn]] void libcgo_raise_again(const cgo::os::exception_guard *guard);

EXCEPTION_DISPOSITION libcgo_stack_unwound(EXCEPTION_RECORD *record,
                                           uintptr_t frame, void *, void *) {
  if (cgo::os::unwinds(record))
    libcgo_leave_stack(
        reinterpret_cast<const uintptr_t *>(frame + STACK_FRAME_SAVED));
  return ExceptionContinueSearch;
}

EXCEPTION_DISPOSITION libcgo_guard_unwound(EXCEPTION_RECORD *record,
                                           uintptr_t frame, void *, void *) {
  if (cgo::os::unwinds(record))
    libcgo_undo_guarded(*reinterpret_cast<libcgo_guarded_call *const *>(
        frame + GUARDED_CALL_AT));
  return ExceptionContinueSearch;
}

EXCEPTION_DISPOSITION libcgo_catch(EXCEPTION_RECORD *record, uintptr_t frame,
                                   void *context, void *) {
  using namespace cgo::os;
  const DWORD code = record->ExceptionCode;
  if (unwinds(record) || (code != gcc_exception && code != microsoft_exception))
    return ExceptionContinueSearch;
  unwind_function *const unwind = late_ones().unwind;
  auto *const guard = reinterpret_cast<exception_guard *>(frame + GUARD_AT);
  guard->code = code;
  guard->count = code == gcc_exception ? 1 : record->NumberParameters;
  if (guard->count > sizeof guard->information / sizeof(uintptr_t))
    return ExceptionContinueSearch;
  for (uintptr_t i = 0; i < guard->count; i++)
    guard->information[i] = record->ExceptionInformation[i];
  if (code == gcc_exception) {
    auto *const object = reinterpret_cast<gcc_object *>(guard->information[0]);
    object->words[1] = frame;
    object->words[2] = guard->landing;
    object->words[3] = 0;
    record->NumberParameters = 4;
    for (int i = 1; i < 4; i++)
      record->ExceptionInformation[i] = object->words[i];
  }
  unwind(pointer_to(frame), pointer_to(guard->landing), record, nullptr,
         context, nullptr);
  return ExceptionContinueSearch; // it did not return
}

void libcgo_raise_again(const cgo::os::exception_guard *guard) {
  using namespace cgo::os;
  const exception_guard own = *guard;
  if (own.code == gcc_exception)
    for (uintptr_t &word :
         reinterpret_cast<gcc_object *>(own.information[0])->words)
      word = 0;
  RaiseException(static_cast<DWORD>(own.code), 0, static_cast<DWORD>(own.count),
                 own.information);
  abort(); // nobody has caught it: what C++ does then
}

} // extern "C"

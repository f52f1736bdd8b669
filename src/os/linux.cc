// SPDX-License-Identifier: BSD-3-Clause
//
// Linux, with glibc or musl.
#include "os/linux.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <time.h>

#include "os/objects.h"

namespace cgo::os {

// ---- memory that may not be there ----

namespace {

// The system has no copy, or refuses it: so have an emulator and a sandbox. A fact about
// the process. With a value, so that it is in .data: linkers of 2010 know no .bss.
bool no_copy = false;

// -1: it has no such call, or it is refused. By the thread's number: that of the process
// is its first thread's, which may have ended.
long copy_by_system(uintptr_t from, void *to, size_t bytes) {
  const iovec into = {to, bytes};
  const iovec out_of = {reinterpret_cast<void *>(from), bytes};
  const long n = call_system(SYS_process_vm_readv, own_thread(), &into, 1L,
                             &out_of, 1L, 0L);
  return n >= 0 || n == -EFAULT ? n : -1;
}

// Calls that read a word and have no effect then: the kernel reads a set of signals
// before it looks what to do with it, and a word before it finds nobody to wake. Some
// emulators do not read the first, so what says of the last page of addresses that it
// can be read is not believed.
constexpr size_t probe_bytes = _NSIG / 8; // of the kernel's set of signals
constexpr int futex_cmp_requeue_private = 4 | 128;

bool reads_as_set(uintptr_t address) {
  return call_system(SYS_rt_sigprocmask, ~0L, address, nullptr, probe_bytes) !=
         -EFAULT;
}

bool reads_as_word(uintptr_t address) {
  const uint32_t other = 0;
  return call_system(SYS_futex, address, long{futex_cmp_requeue_private}, 0L,
                     0L, &other, 0L) != -EFAULT;
}

bool reads(uintptr_t address) {
  constexpr uintptr_t never = 0 - uintptr_t{4096};
  if (!reads_as_set(never))
    return reads_as_set(address);
  return !reads_as_word(never) && reads_as_word(address);
}

} // namespace

// Without the system's copy: each page is looked at, then read. Not the first one, at which
// null pointers point: a call that is given one reads nothing, and does not fail.
bool copy_readable(uintptr_t from, void *to, size_t bytes) {
  constexpr uintptr_t page = 4096; // pages are no smaller than that on any system
  if (bytes == 0)
    return true;
  const uintptr_t last = from + bytes - 1;
  if (last < from || from < page)
    return false;
  if (!__atomic_load_n(&no_copy, __ATOMIC_RELAXED)) {
    const long n = copy_by_system(from, to, bytes);
    if (n != -1)
      return n > 0 && static_cast<size_t>(n) == bytes;
    __atomic_store_n(&no_copy, true, __ATOMIC_RELAXED);
  }
  for (uintptr_t at = from & ~(page - 1); reads(at); at += page)
    if (at == (last & ~(page - 1))) {
      memcpy(to, reinterpret_cast<const void *>(from), bytes);
      return true;
    }
  return false;
}

// ---- objects ----

bool is_program(const dl_phdr_info *first) {
  // The second is musl's, which has a name for it; the third is musl's, too, where its
  // loader has been executed and has loaded the program.
  return first->dlpi_name == nullptr || first->dlpi_name[0] == '\0' ||
         reinterpret_cast<uintptr_t>(first->dlpi_phdr) == getauxval(AT_PHDR) ||
         getauxval(AT_BASE) == 0;
}

// ---- which process this is ----

namespace {

// The word of a page that a child finds empty (madvise(2), MADV_WIPEONFORK, Linux 4.14),
// and how many numbers have been given, of which a child goes on. Facts about the
// process. A number of the system's own is not enough: in a namespace of its own a child
// can have its parent's, and one of many children that of an ancestor that has ended.
uintptr_t identity_page = 0;
uint32_t identities = 0;

constexpr int wipe_on_fork = 18;
constexpr uintptr_t no_page = 1;
constexpr size_t identity_bytes = 4096;

uintptr_t make_identity_page() {
  void *const page = map_zeroed(identity_bytes);
  const auto address = reinterpret_cast<uintptr_t>(page);
  if (page == nullptr)
    return no_page;
  // Some emulators take any advice, and do nothing.
  if (call_system(SYS_madvise, address, identity_bytes, -1L) == 0 ||
      call_system(SYS_madvise, address, identity_bytes, long{wipe_on_fork}) != 0) {
    unmap(page, identity_bytes);
    return no_page;
  }
  return address;
}

// no_page: there is none to be had, and then there never is.
uintptr_t find_identity_page() {
  uintptr_t now = __atomic_load_n(&identity_page, __ATOMIC_ACQUIRE);
  if (now != 0)
    return now;
  const uintptr_t mine = make_identity_page();
  if (__atomic_compare_exchange_n(&identity_page, &now, mine, false,
                                  __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    return mine;
  if (mine != no_page) // another thread was first
    unmap(reinterpret_cast<void *>(mine), identity_bytes);
  return now;
}

} // namespace

int process_id() {
  const uintptr_t page = find_identity_page();
  if (page == no_page)
    return getpid();
  auto *const word = reinterpret_cast<uint32_t *>(page);
  uint32_t now = __atomic_load_n(word, __ATOMIC_ACQUIRE);
  if (now == 0) {
    const uint32_t mine = __atomic_add_fetch(&identities, 1, __ATOMIC_RELAXED);
    if (__atomic_compare_exchange_n(word, &now, mine, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
      now = mine;
  }
  return static_cast<int>(now);
}

// ---- whether a thread waits ----

long thread_number() { return own_thread(); }

// A line of "NUMBER (NAME) STATE ..." (proc(5)). The name may have any characters; what
// follows the state is numbers.
bool thread_waits(long thread) {
  if (thread == 0)
    return false;
  file_bytes stat(thread_file(thread, "stat").name());
  constexpr int sleeping = 'S';
  int state = sleeping, before = 0, before_that = 0;
  for (int c; (c = stat.next()) != -1; before_that = before, before = c)
    if (before_that == ')' && before == ' ')
      state = c;
  return state == sleeping;
}

// ---- signal stacks ----

namespace {

constexpr int ss_autodisarm = static_cast<int>(1u << 31); // Linux 4.7

// How far above a handler's frame its signal frame is looked for.
constexpr uintptr_t farthest = 256 * 1024;

} // namespace

// For such a handler the kernel has put what the stack was into the signal frame,
// between the registers, at the high end of the stack, and gives it back when the handler
// returns. (Some 32-bit systems do so for handlers with SA_SIGINFO only.)
bool find_disarmed_stack(uintptr_t here, stack_bounds *bounds) {
  stack_bounds mapping;
  if (mapping_bounds(here, &mapping) != 0)
    return false;
  constexpr uintptr_t step = sizeof(uintptr_t);
  uintptr_t words[128];
  uintptr_t end = mapping.hi;
  if (end - here > farthest)
    end = here + farthest;
  uintptr_t at = (here + step - 1) & ~(step - 1);
  while (end - at >= sizeof(stack_t) && at < end) {
    const uintptr_t bytes = end - at < sizeof words ? end - at : sizeof words;
    if (!copy_readable(at, words, bytes))
      return false;
    uintptr_t next = 0;
    for (; next + sizeof(stack_t) <= bytes; next += step) {
      stack_t was;
      memcpy(&was, reinterpret_cast<const char *>(words) + next, sizeof was);
      const uintptr_t lo = reinterpret_cast<uintptr_t>(was.ss_sp);
      if ((was.ss_flags & ~SS_ONSTACK) == ss_autodisarm && lo >= mapping.lo &&
          here - lo < was.ss_size && at + next - lo < was.ss_size &&
          was.ss_size <= mapping.hi - lo) {
        *bounds = {lo, lo + was.ss_size};
        return true;
      }
    }
    at += next;
  }
  return false;
}

size_t least_signal_stack() {
  constexpr unsigned long at_minsigstksz = 51; // AT_MINSIGSTKSZ, Linux 5.14
  // The ABI's, for older kernels and emulators; more than a page on arm64. For
  // some C libraries it is no constant.
  const size_t declared = static_cast<size_t>(MINSIGSTKSZ);
  const size_t least = getauxval(at_minsigstksz);
  return least > declared ? least : declared;
}

void set_thread_name(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

int set_thread_cpus(const void *cpus, size_t size) {
  return sched_setaffinity(0, size, static_cast<const cpu_set_t *>(cpus)) == 0
             ? 0
             : errno;
}

// ---- signals ----

namespace {

// Where the registers are in a ucontext_t, in bytes (its declaration in
// <ucontext.h>, for each CPU).
struct context_layout {
  size_t pc;
  size_t sp;
  size_t fp;
  size_t link = 0;    // where a function may leave its return address there
  size_t pointer = 0; // where it has the address from which those count
};
// clang-format off
[[maybe_unused]] constexpr context_layout context_of_amd64 = {168, 160, 120};
[[maybe_unused]] constexpr context_layout context_of_386 = {76, 48, 44};
[[maybe_unused]] constexpr context_layout context_of_arm64 = {440, 432, 416};
[[maybe_unused]] constexpr context_layout context_of_arm = {92, 84, 76, 88};
// 64 bits for each of its registers of 32.
constexpr size_t low_half = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
[[maybe_unused]] constexpr context_layout context_of_mips32 = {
    32 + low_half, 272 + low_half, 280 + low_half};
[[maybe_unused]] constexpr context_layout context_of_mips64 = {616, 272, 280};
[[maybe_unused]] constexpr context_layout context_of_riscv64 = {176, 192, 240, 184};
[[maybe_unused]] constexpr context_layout context_of_ppc = {128, 4, 4, 144, 48};
[[maybe_unused]] constexpr context_layout context_of_ppc64 = {488, 240, 240, 520};
[[maybe_unused]] constexpr context_layout context_of_alpha = {64, 320, 200};
[[maybe_unused]] constexpr context_layout context_of_m68k = {88, 84, 80};
// A struct sigcontext, the only one that its handlers get. %fp is in the window, to which
// %sp points.
[[maybe_unused]] constexpr context_layout context_of_sparc64 = {264, 240, 240};
[[maybe_unused]] constexpr context_layout context_of_loong64 = {176, 208, 360, 192};
[[maybe_unused]] constexpr context_layout context_of_s390x = {48, 176, 176, 168};
// clang-format on
constexpr context_layout context_here = LIBCGO_CONCAT(context_of_, LIBCGO_CPU);

uintptr_t word_at(const void *context, size_t offset) {
  uintptr_t word;
  memcpy(&word, static_cast<const char *>(context) + offset, sizeof word);
  return word;
}

} // namespace

stopped_code read_signal_context(const void *context) {
  if (context_here.pointer != 0)
    context =
        reinterpret_cast<const void *>(word_at(context, context_here.pointer));
  return {word_at(context, context_here.pc), word_at(context, context_here.sp),
          word_at(context, context_here.fp),
          context_here.link != 0 ? word_at(context, context_here.link) : 0};
}

// ---- waiting ----

namespace {

// futex(2); musl has no header with them. FUTEX_PRIVATE_FLAG is in both.
constexpr int futex_wait = 0 | 128;
constexpr int futex_wake = 1 | 128;

} // namespace

void wait_while(const uint32_t *word, uint32_t value) {
  const int caller_errno = errno;
  syscall(SYS_futex, word, futex_wait, value, nullptr);
  errno = caller_errno;
}

// As the kernel declares it for that system call: with long, of which a C library's
// timespec on a CPU of 32 bits may have 64. No division, of which a CPU of 32 bits has none
// for 64.
void wait_while_for(const uint32_t *word, uint32_t value,
                    unsigned long long most_ns) {
  constexpr unsigned long long second = 1000000000;
  struct {
    long seconds;
    long nanoseconds;
  } most = {most_ns >= second,
            most_ns >= second ? 0 : static_cast<long>(most_ns)};
  const int caller_errno = errno;
  syscall(SYS_futex, word, futex_wait, value, &most);
  errno = caller_errno;
}

void wake_all(const uint32_t *word) {
  const int caller_errno = errno;
  syscall(SYS_futex, word, futex_wake, INT_MAX);
  errno = caller_errno;
}

} // namespace cgo::os

// SPDX-License-Identifier: BSD-3-Clause
//
// Linux, with glibc or musl.
#include "os/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "core/report.h"

namespace cgo::os {

// ---- system calls ----
//
// Of the system, not of the C library, where a thread may be in a handler, may have a
// cancellation pending, or may be in a forked child: there is no cancellation point in
// them and no lock.

namespace {

// The result, or an errno value below zero. errno stays.
template <class... Words> long call_system(long number, Words... words) {
  const int caller_errno = errno;
  const long result = syscall(number, words...);
  const int err = errno;
  errno = caller_errno;
  return result == -1 ? -err : result;
}

long own_thread() { return call_system(SYS_gettid); }

} // namespace

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
  return call_system(SYS_futex, address, long{futex_cmp_requeue_private}, 0L, 0L,
                     &other, 0L) != -EFAULT;
}

bool reads(uintptr_t address) {
  constexpr uintptr_t never = 0 - uintptr_t{4096};
  if (!reads_as_set(never))
    return reads_as_set(address);
  return !reads_as_word(never) && reads_as_word(address);
}

} // namespace

// Without the system's copy: each page is looked at, then read.
bool copy_readable(uintptr_t from, void *to, size_t bytes) {
  if (bytes == 0)
    return true;
  const uintptr_t last = from + bytes - 1;
  if (last < from)
    return false;
  if (!__atomic_load_n(&no_copy, __ATOMIC_RELAXED)) {
    const long n = copy_by_system(from, to, bytes);
    if (n != -1)
      return n > 0 && static_cast<size_t>(n) == bytes;
    __atomic_store_n(&no_copy, true, __ATOMIC_RELAXED);
  }
  // Pages are no smaller than that on any system.
  constexpr uintptr_t page = 4096;
  for (uintptr_t at = from & ~(page - 1); reads(at); at += page)
    if (at == (last & ~(page - 1))) {
      memcpy(to, reinterpret_cast<const void *>(from), bytes);
      return true;
    }
  return false;
}

// ---- reading /proc and /sys ----
//
// With a buffer on the stack: a process without memory must be able to say why,
// and a signal handler to find its stack.

namespace {

using number = unsigned long long;

class file_descriptor {
public:
  // get() is an errno value below zero if there is none.
  explicit file_descriptor(const char *path, int flags = 0) {
    do
      fd_ = call_system(SYS_openat, long{AT_FDCWD}, path,
                        long{O_RDONLY | O_CLOEXEC | flags}, 0L);
    while (fd_ == -EINTR);
  }
  ~file_descriptor() {
    if (fd_ >= 0)
      call_system(SYS_close, fd_);
  }
  file_descriptor(const file_descriptor &) = delete;
  file_descriptor &operator=(const file_descriptor &) = delete;
  long get() const { return fd_; }
  long read(void *to, size_t bytes) const {
    long n;
    do
      n = fd_ < 0 ? fd_ : call_system(SYS_read, fd_, to, bytes);
    while (n == -EINTR);
    return n;
  }

private:
  long fd_;
};

// The beginning of a file, as a string.
class file_text {
public:
  explicit file_text(const char *path) : length_(0) {
    file_descriptor fd(path);
    while (fd.get() >= 0 && length_ < sizeof buf_ - 1) {
      const long n = fd.read(buf_ + length_, sizeof buf_ - 1 - length_);
      if (n <= 0)
        break;
      length_ += static_cast<size_t>(n);
    }
    buf_[length_] = '\0';
  }
  const char *get() const { return buf_; }
  bool empty() const { return length_ == 0; }

private:
  char buf_[4096];
  size_t length_;
};

// Reads a file byte by byte; -1 at its end, and when it cannot be read.
class file_bytes {
public:
  explicit file_bytes(const char *path) : fd_(path) {}
  // Why it ended, or 0.
  int error() const { return error_; }
  int next() {
    if (at_ == length_) {
      at_ = length_ = 0;
      const long n = fd_.read(buf_, sizeof buf_);
      if (n < 0)
        error_ = static_cast<int>(-n);
      if (n <= 0)
        return -1;
      length_ = n;
    }
    return static_cast<unsigned char>(buf_[at_++]);
  }

private:
  file_descriptor fd_;
  char buf_[1024];
  long at_ = 0;
  long length_ = 0;
  int error_ = 0;
};

// The names of the table of mappings. The first is what emulators know. It is empty once
// the process's first thread has ended: then the second has it, the calling thread's,
// and before Linux 3.17 a name with its number.
class maps_names {
public:
  static constexpr int count = 3;
  const char *get(int i) {
    if (i < 2)
      return i == 0 ? "/proc/self/maps" : "/proc/thread-self/maps";
    char *at = put(buf_, "/proc/self/task/");
    char digits[20];
    int n = 0;
    for (unsigned long id = static_cast<unsigned long>(own_thread());
         id != 0 || n == 0; id /= 10)
      digits[n++] = static_cast<char>('0' + id % 10);
    while (n > 0)
      *at++ = digits[--n];
    constexpr const char *whole = "/proc/self/maps";
    *put(at, whole + sizeof "/proc/self" - 1) = '\0';
    return buf_;
  }

private:
  static char *put(char *at, const char *s) {
    while (*s != '\0')
      *at++ = *s++;
    return at;
  }
  char buf_[64];
};

// The mappings of the process, from the lowest to the highest, in one of the tables.
class mappings {
public:
  explicit mappings(const char *name = "/proc/self/maps") : bytes_(name) {}
  // Why there are no more: 0 if the table has been read to its end.
  int error() const { return bytes_.error(); }
  // Lines of LO-HI PERMISSIONS ... in hexadecimal (proc(5)).
  bool next(stack_bounds *mapping) {
    int c;
    if (!parse_hex('-', &mapping->lo) || !parse_hex(' ', &mapping->hi))
      return false;
    while ((c = bytes_.next()) != '\n' && c != -1)
      ;
    return true;
  }

private:
  bool parse_hex(int end, uintptr_t *n) {
    int c;
    for (*n = 0; (c = bytes_.next()) != end;) {
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                               : -1;
      if (digit < 0)
        return false;
      *n = *n << 4 | static_cast<uintptr_t>(digit);
    }
    return true;
  }

  file_bytes bytes_;
};

} // namespace

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

// ---- stacks ----

namespace {

class own_attributes {
public:
  own_attributes() : err_(pthread_getattr_np(pthread_self(), &attr_)) {}
  ~own_attributes() {
    if (err_ == 0)
      pthread_attr_destroy(&attr_);
  }
  own_attributes(const own_attributes &) = delete;
  own_attributes &operator=(const own_attributes &) = delete;
  int error() const { return err_; }
  const pthread_attr_t *get() const { return &attr_; }

private:
  pthread_attr_t attr_;
  int err_;
};

// What the mappings say, and where there is no /proc, what can be read: where a stack
// begins that contains the address. Below it is what guards it, in the same mapping
// where it is only marked (MADV_GUARD_INSTALL), or one that cannot be read.
uintptr_t lowest_of_stack(uintptr_t inside) {
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  auto can_be_read = [](uintptr_t at) {
    char byte;
    return copy_readable(at, &byte, 1);
  };
  stack_bounds mapping;
  uintptr_t lo = inside & ~(page - 1);
  if (mapping_bounds(inside, &mapping) != 0) {
    while (can_be_read(lo - page))
      lo -= page;
    return lo;
  }
  for (lo = mapping.lo; lo < inside && !can_be_read(lo);)
    lo += page;
  return lo;
}

} // namespace

// glibc asks for the thread's CPUs, too, which a sandbox may refuse, and allocates.
int thread_stack_bounds(uintptr_t here, stack_bounds *bounds) {
  own_attributes attr;
  void *lo;
  size_t size;
  // glibc and musl leave the guard pages out. glibc counts the thread's control
  // block and its thread-local variables, which lie above the first frame.
  if (attr.error() == 0 && pthread_attr_getstack(attr.get(), &lo, &size) == 0)
    bounds->lo = reinterpret_cast<uintptr_t>(lo);
  else
    bounds->lo = lowest_of_stack(here);
  bounds->hi = here;
  return 0;
}

namespace {

bool any_mappings() {
  maps_names names;
  stack_bounds mapping;
  for (int i = 0; i < maps_names::count; i++)
    if (mappings(names.get(i)).next(&mapping))
      return true;
  return false;
}

// The mapping in which an address lies, and the one below. ENOENT if a table says that
// there is none, and else why the first table cannot be read.
int find_in_maps(uintptr_t address, stack_bounds *mapping, stack_bounds *below) {
  int first_error = 0;
  maps_names names;
  for (int i = 0; i < maps_names::count; i++) {
    mappings all(names.get(i));
    *below = {};
    bool any = false;
    for (; all.next(mapping); any = true) {
      if (address < mapping->hi)
        return address >= mapping->lo ? 0 : ENOENT;
      *below = *mapping;
    }
    const int err = all.error();
    if (any)
      return err != 0 ? err : ENOENT;
    if (first_error == 0)
      first_error = err;
  }
  return first_error != 0 ? first_error : ENOENT;
}

// Both the kernel's: what lies on the initial thread's stack, and how far a
// growing stack keeps from the mapping below it, in pages (proc(5) has no way to
// ask: the default of the boot parameter stack_guard_gap).
uintptr_t initial_stack_address() { return getauxval(AT_RANDOM); }
constexpr uintptr_t stack_guard_gap = 256;

// Without /proc: the pages above have the arguments and the environment, and the kernel
// keeps others at least so far away from the stack.
constexpr uintptr_t kept_free = 128 * 1024 * 1024;

uintptr_t end_of_initial_stack(uintptr_t inside, uintptr_t page) {
  uintptr_t at = inside & ~(page - 1);
  char byte;
  while (copy_readable(at, &byte, 1))
    at += page;
  return at;
}

int initial_stack_bounds(stack_bounds *bounds) {
  const uintptr_t inside = initial_stack_address();
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  stack_bounds mapping, below;
  const int err = find_in_maps(inside, &mapping, &below);
  if (err != 0 && !any_mappings()) {
    mapping = {inside & ~(page - 1), end_of_initial_stack(inside, page)};
    below.hi = mapping.hi - kept_free;
  } else if (err != 0) {
    return err;
  }
  uintptr_t lowest = below.hi + stack_guard_gap * page;
  rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < mapping.hi) {
    const uintptr_t by_limit =
        (mapping.hi - static_cast<uintptr_t>(limit.rlim_cur) + page - 1) &
        ~(page - 1);
    if (lowest < by_limit)
      lowest = by_limit;
  }
  // What has grown stays usable, whatever the limit has become.
  bounds->lo = lowest < mapping.lo ? lowest : mapping.lo;
  // Above are the auxiliary vector, the arguments and the environment.
  bounds->hi = inside;
  return 0;
}

// Where the thread-local variables of the program end that lie below the thread pointer,
// and so on the stack (ELF Handling for Thread-Local Storage, variant II). Where they lie
// above it the control block is below both.
[[maybe_unused]] constexpr bool below_pointer_on_amd64 = true;
[[maybe_unused]] constexpr bool below_pointer_on_386 = true;
[[maybe_unused]] constexpr bool below_pointer_on_s390x = true;
[[maybe_unused]] constexpr bool below_pointer_on_sparc64 = true;
[[maybe_unused]] constexpr bool below_pointer_on_arm64 = false;
[[maybe_unused]] constexpr bool below_pointer_on_arm = false;
[[maybe_unused]] constexpr bool below_pointer_on_riscv64 = false;
[[maybe_unused]] constexpr bool below_pointer_on_mips32 = false;
[[maybe_unused]] constexpr bool below_pointer_on_mips64 = false;
[[maybe_unused]] constexpr bool below_pointer_on_ppc = false;
[[maybe_unused]] constexpr bool below_pointer_on_ppc64 = false;
[[maybe_unused]] constexpr bool below_pointer_on_alpha = false;
[[maybe_unused]] constexpr bool below_pointer_on_m68k = false;
[[maybe_unused]] constexpr bool below_pointer_on_loong64 = false;
constexpr bool variables_are_below = LIBCGO_CONCAT(below_pointer_on_, LIBCGO_CPU);

uintptr_t variables_of_program() {
  const uintptr_t pointer = libcgo_thread_pointer();
  const auto *header =
      reinterpret_cast<const ElfW(Phdr) *>(getauxval(AT_PHDR));
  size_t count = header == nullptr ? 0 : getauxval(AT_PHNUM);
  for (; count > 0; count--, header++)
    if (header->p_type == PT_TLS) {
      // Addresses are, modulo the alignment, what the file says.
      const uintptr_t mask = header->p_align > 1 ? header->p_align - 1 : 0;
      return pointer - header->p_memsz -
             ((0 - header->p_vaddr - header->p_memsz) & mask);
    }
  return pointer;
}

// The C library puts a thread's control block and its thread-local variables at the
// high end of its stack. The variables of other objects lie between those of the program
// and of the C library, which is loaded last; which there are only the loader knows, and
// it has a lock.
void leave_out_variables(stack_bounds *own) {
  auto lower = [own](uintptr_t to) {
    if (to > own->lo && to < own->hi)
      own->hi = to;
  };
  // In glibc and musl a pthread_t is its address. The thread pointer is not where
  // the thread-local variables lie above it, as on arm64: there it is its end.
  lower((uintptr_t)pthread_self());
  if (variables_are_below) {
    lower(variables_of_program());
    lower(reinterpret_cast<uintptr_t>(&errno));
  }
}

} // namespace

int own_stack_bounds(stack_bounds *bounds) {
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  const uintptr_t control_block = (uintptr_t)pthread_self();
  // A process's first thread is mostly the initial one, and then nothing is asked of
  // the C library.
  const bool first = own_thread() == static_cast<long>(getpid());
  stack_bounds initial = {};
  const int err = first ? initial_stack_bounds(&initial) : 0;
  if (here >= initial.lo && here < initial.hi) {
    *bounds = initial;
    return 0;
  }
  own_attributes attr;
  void *address;
  size_t size;
  const bool told =
      attr.error() == 0 && pthread_attr_getstack(attr.get(), &address, &size) == 0;
  if (told) {
    bounds->lo = reinterpret_cast<uintptr_t>(address);
    bounds->hi = bounds->lo + size;
  } else {
    bounds->lo = lowest_of_stack(control_block);
    bounds->hi = control_block;
  }
  // The child of a fork may be a first thread on another one's stack: then the control
  // block is there.
  const bool has_block = control_block > bounds->lo && control_block < bounds->hi;
  if (first && told && !has_block) {
    if (err != 0)
      return err;
    if (bounds->lo < initial.hi && initial.lo < bounds->hi) {
      *bounds = initial;
      return 0;
    }
  } else if (first && !told && err == 0 && (here < bounds->lo || here >= bounds->hi)) {
    *bounds = initial;
    return 0;
  }
  leave_out_variables(bounds);
  return 0;
}

namespace {

// PROCMAP_QUERY of <linux/fs.h>, Linux 6.11: one mapping, without a text of all.
struct procmap_query {
  uint64_t size;
  uint64_t query_flags; // 0: the one that covers the address
  uint64_t query_addr;
  uint64_t vma_start;
  uint64_t vma_end;
  uint64_t not_asked[8];
};
static_assert(sizeof(procmap_query) == 104, "");
constexpr long ask_mapping = static_cast<long>(_IOWR('f', 17, procmap_query));

bool query_mapping(uintptr_t address, stack_bounds *bounds) {
  maps_names names;
  for (int i = 0; i < maps_names::count; i++) {
    file_descriptor fd(names.get(i));
    procmap_query query = {};
    query.size = sizeof query;
    query.query_addr = address;
    const long err =
        fd.get() < 0 ? -ESRCH : call_system(SYS_ioctl, fd.get(), ask_mapping, &query);
    if (err == 0) {
      bounds->lo = static_cast<uintptr_t>(query.vma_start);
      bounds->hi = static_cast<uintptr_t>(query.vma_end);
    }
    if (err != -ESRCH) // of a thread that has ended
      return err == 0;
  }
  return false;
}

} // namespace

int mapping_bounds(uintptr_t address, stack_bounds *bounds) {
  stack_bounds below;
  return query_mapping(address, bounds) ? 0
                                        : find_in_maps(address, bounds, &below);
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
  size_t link = 0; // where a function may leave its return address there
  size_t pointer = 0; // where it has the address from which those count
};
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
constexpr context_layout context_here =
    LIBCGO_CONCAT(context_of_, LIBCGO_CPU);

uintptr_t word_at(const void *context, size_t offset) {
  uintptr_t word;
  memcpy(&word, static_cast<const char *>(context) + offset, sizeof word);
  return word;
}

} // namespace

stopped_code read_signal_context(const void *context) {
  if (context_here.pointer != 0)
    context = reinterpret_cast<const void *>(word_at(context, context_here.pointer));
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

void wake_all(const uint32_t *word) {
  const int caller_errno = errno;
  syscall(SYS_futex, word, futex_wake, INT_MAX);
  errno = caller_errno;
}

// ---- limits ----

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool parse(const char *s, number *n) {
  while (*s == ' ' || *s == '\t')
    s++;
  if (!is_digit(*s))
    return false;
  for (*n = 0; is_digit(*s); s++)
    *n = *n * 10 + static_cast<number>(*s - '0');
  return true;
}

bool parse_file(const char *path, number *n) {
  return parse(file_text(path).get(), n);
}

// The number after a key such as "Threads:".
bool parse_field(const file_text &text, const char *key, number *n) {
  const char *at = strstr(text.get(), key);
  return at != nullptr && parse(at + strlen(key), n);
}

// How full the fullest limit is decides which one is named.
class fullest {
public:
  void consider(const thread_limit &limit) {
    const uint32_t full = permille(limit.used, limit.value);
    if (full > permille_) {
      limit_ = limit;
      permille_ = full;
    }
  }
  // Counts are read a moment after the failure: nine tenths will do.
  thread_limit get() const { return permille_ >= 900 ? limit_ : thread_limit(); }

private:
  // In 22 bits, so that no 64-bit division is needed: see report.cc.
  static uint32_t permille(number used, number value) {
    constexpr number most = (1u << 22) - 1;
    while (value > most) {
      value >>= 1;
      used >>= 1;
    }
    if (used >= most || value == 0)
      return 1000;
    return static_cast<uint32_t>(used) * 1000 / static_cast<uint32_t>(value);
  }

  thread_limit limit_ = {};
  uint32_t permille_ = 0;
};

number count_mappings() {
  mappings all;
  stack_bounds mapping;
  number n = 0;
  while (all.next(&mapping))
    n++;
  return n;
}

// `locks`: memory that is mapped is locked, too (mlockall(2)), and that was refused.
void consider_memory(fullest *best, number need, bool locks) {
  const file_text status("/proc/self/status");
  rlimit limit;
  number kib;
  if (locks && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
      limit.rlim_cur != RLIM_INFINITY && parse_field(status, "VmLck:", &kib))
    best->consider({"RLIMIT_MEMLOCK", limit.rlim_cur, kib * 1024 + need,
                    "locked bytes with the new stack",
                    "raise it (ulimit -l), use smaller stacks, or do without mlockall"});
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      parse_field(status, "VmSize:", &kib))
    best->consider({"RLIMIT_AS", limit.rlim_cur, kib * 1024 + need,
                    "bytes with the new stack",
                    "raise it (ulimit -v), or use smaller stacks"});
  if (getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      parse_field(status, "VmData:", &kib))
    best->consider({"RLIMIT_DATA", limit.rlim_cur, kib * 1024 + need,
                    "bytes with the new stack",
                    "raise it (ulimit -d), or use smaller stacks"});
  number mode, committed, commit_limit;
  const file_text meminfo("/proc/meminfo");
  if (parse_file("/proc/sys/vm/overcommit_memory", &mode) && mode == 2 &&
      parse_field(meminfo, "CommitLimit:", &commit_limit) &&
      parse_field(meminfo, "Committed_AS:", &committed))
    best->consider({"CommitLimit", commit_limit * 1024, committed * 1024 + need,
                    "bytes with the new stack",
                    "add memory or swap, or raise vm.overcommit_ratio"});
}

void consider_mappings(fullest *best) {
  number value;
  if (parse_file("/proc/sys/vm/max_map_count", &value))
    best->consider({"max_map_count", value, count_mappings(), "mappings",
                    "raise it (sysctl vm.max_map_count)"});
}

// The threads of a real user, as the kernel counts them for RLIMIT_NPROC.
number count_threads_of(uid_t uid) {
  file_descriptor proc("/proc", O_DIRECTORY);
  alignas(8) char entries[2048];
  number threads = 0;
  long n;
  while (proc.get() >= 0 && (n = syscall(SYS_getdents64, proc.get(), entries,
                                         sizeof entries)) > 0) {
    for (long at = 0; at < n;) {
      // struct linux_dirent64: d_reclen at 16, d_name at 19 (getdents64(2)).
      unsigned short length;
      memcpy(&length, entries + at + 16, sizeof length);
      const char *name = entries + at + 19;
      at += length;
      if (!is_digit(name[0]))
        continue;
      char path[64] = "/proc/";
      strncat(path, name, 24);
      strcat(path, "/status");
      const file_text status(path);
      number owner, count;
      if (parse_field(status, "\nUid:", &owner) && owner == uid &&
          parse_field(status, "\nThreads:", &count))
        threads += count;
    }
  }
  return threads;
}

// Walks from the process's control group up to the root: the tightest wins.
void consider_cgroup(fullest *best, const char *mount, const char *group,
                     size_t group_length) {
  char path[1024];
  const size_t mount_length = strlen(mount);
  if (mount_length + group_length + sizeof "/pids.current" > sizeof path)
    return;
  memcpy(path, mount, mount_length);
  memcpy(path + mount_length, group, group_length);
  size_t length = mount_length + group_length;
  while (length >= mount_length) {
    while (length > mount_length && path[length - 1] == '/')
      length--;
    number value, used;
    strcpy(path + length, "/pids.max");
    if (parse_file(path, &value)) { // "max" is no number
      strcpy(path + length, "/pids.current");
      if (parse_file(path, &used))
        best->consider({"the control group's pids.max", value, used, "threads",
                        "raise it (in systemd units: TasksMax=)"});
    }
    if (length == mount_length)
      break;
    while (length > mount_length && path[length - 1] != '/')
      length--;
  }
}

void consider_cgroups(fullest *best) {
  // Lines of ID:CONTROLLERS:PATH (cgroups(7)); version 2 has no controllers.
  const file_text groups("/proc/self/cgroup");
  for (const char *line = groups.get(); *line != '\0';) {
    const char *end = line + strcspn(line, "\n");
    const char *controllers = strchr(line, ':');
    const char *group =
        controllers != nullptr ? strchr(controllers + 1, ':') : nullptr;
    if (group != nullptr && group < end) {
      const size_t length = static_cast<size_t>(end - (group + 1));
      if (group == controllers + 1)
        consider_cgroup(best, "/sys/fs/cgroup", group + 1, length);
      else if (strncmp(controllers + 1, "pids:", 5) == 0)
        consider_cgroup(best, "/sys/fs/cgroup/pids", group + 1, length);
    }
    line = *end == '\0' ? end : end + 1;
  }
}

void consider_user(fullest *best) {
  rlimit limit;
  if (getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    best->consider({"RLIMIT_NPROC", limit.rlim_cur, count_threads_of(getuid()),
                    "threads of the user",
                    "raise it (ulimit -u, limits.conf)"});
}

void consider_tasks(fullest *best) {
  // The system's root is free of it, but not a root without capabilities or in
  // a user namespace: for both it is the last that is looked at.
  if (getuid() != 0)
    consider_user(best);
  consider_cgroups(best);
  // "0.00 0.00 0.00 RUNNING/ALL LAST" (proc(5)).
  const file_text load("/proc/loadavg");
  const char *all = strchr(load.get(), '/');
  number used, value;
  if (all == nullptr || !parse(all + 1, &used))
    return;
  if (parse_file("/proc/sys/kernel/threads-max", &value))
    best->consider({"threads-max", value, used, "threads of the system",
                    "raise it (sysctl kernel.threads-max)"});
  if (parse_file("/proc/sys/kernel/pid_max", &value))
    best->consider({"pid_max", value, used, "threads of the system",
                    "raise it (sysctl kernel.pid_max)"});
}

} // namespace

thread_limit find_thread_limit(size_t stack_size) {
  fullest best;
  const size_t need = stack_size != 0 ? stack_size : default_stack_size();
  void *stack = mmap(nullptr, need, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  const bool locks = stack == MAP_FAILED && errno == EAGAIN;
  consider_mappings(&best);
  if (stack == MAP_FAILED) {
    consider_memory(&best, need, locks);
  } else {
    munmap(stack, need);
    consider_tasks(&best);
    if (best.get().name == nullptr)
      consider_user(&best);
  }
  return best.get();
}

} // namespace cgo::os

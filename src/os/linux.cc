// SPDX-License-Identifier: BSD-3-Clause
//
// Linux, with glibc or musl.
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
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
#include <time.h>
#include <unistd.h>

#include "report.h"

namespace cgo::os {

// ---- reading /proc and /sys ----
//
// With a buffer on the stack: a process without memory must be able to say why,
// and a signal handler to find its stack.

namespace {

using number = unsigned long long;

class file_descriptor {
public:
  explicit file_descriptor(const char *path, int flags = 0)
      : fd_(open(path, O_RDONLY | O_CLOEXEC | flags)) {}
  ~file_descriptor() {
    if (fd_ >= 0)
      close(fd_);
  }
  file_descriptor(const file_descriptor &) = delete;
  file_descriptor &operator=(const file_descriptor &) = delete;
  int get() const { return fd_; }

private:
  int fd_;
};

// The beginning of a file, as a string.
class file_text {
public:
  explicit file_text(const char *path) : length_(0) {
    file_descriptor fd(path);
    while (fd.get() >= 0 && length_ < sizeof buf_ - 1) {
      ssize_t n = read(fd.get(), buf_ + length_, sizeof buf_ - 1 - length_);
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

// Reads a file byte by byte; -1 at its end.
class file_bytes {
public:
  explicit file_bytes(const char *path) : fd_(path) {}
  bool failed() const { return fd_.get() < 0; }
  int next() {
    if (at_ == length_) {
      at_ = 0;
      length_ = fd_.get() < 0 ? 0 : read(fd_.get(), buf_, sizeof buf_);
      if (length_ <= 0) {
        length_ = 0;
        return -1;
      }
    }
    return static_cast<unsigned char>(buf_[at_++]);
  }

private:
  file_descriptor fd_;
  char buf_[1024];
  ssize_t at_ = 0;
  ssize_t length_ = 0;
};

// The mappings of the process, from the lowest to the highest.
class mappings {
public:
  mappings() : bytes_("/proc/self/maps") {}
  bool failed() const { return bytes_.failed(); }
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

} // namespace

int thread_stack_bounds(uintptr_t here, stack_bounds *bounds) {
  own_attributes attr;
  if (attr.error() != 0)
    return attr.error();
  void *lo;
  size_t size;
  int err = pthread_attr_getstack(attr.get(), &lo, &size);
  if (err != 0)
    return err;
  // glibc and musl leave the guard pages out. glibc counts the thread's control
  // block and its thread-local variables, which lie above the first frame.
  bounds->lo = reinterpret_cast<uintptr_t>(lo);
  bounds->hi = here;
  return 0;
}

namespace {

// Both the kernel's: what lies on the initial thread's stack, and how far a
// growing stack keeps from the mapping below it, in pages (proc(5) has no way to
// ask: the default of the boot parameter stack_guard_gap).
uintptr_t initial_stack_address() { return getauxval(AT_RANDOM); }
constexpr uintptr_t stack_guard_gap = 256;

int initial_stack_bounds(stack_bounds *bounds) {
  const uintptr_t inside = initial_stack_address();
  mappings all;
  if (all.failed())
    return errno;
  stack_bounds mapping = {}, below = {};
  while (all.next(&mapping) && mapping.hi <= inside)
    below = mapping;
  if (inside < mapping.lo || inside >= mapping.hi)
    return ENOENT;
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
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

// The C library puts a thread's control block and its thread-local variables at
// the high end of its stack: lowers `hi` to the lowest of them.
struct own_tls {
  uintptr_t lo;
  uintptr_t hi;
};

int lower_to_tls(dl_phdr_info *info, size_t size, void *p) {
  auto *own = static_cast<own_tls *>(p);
  if (size < offsetof(dl_phdr_info, dlpi_tls_data) + sizeof info->dlpi_tls_data)
    return 1;
  const uintptr_t at = reinterpret_cast<uintptr_t>(info->dlpi_tls_data);
  if (at > own->lo && at < own->hi)
    own->hi = at;
  return 0;
}

} // namespace

int own_stack_bounds(stack_bounds *bounds) {
  own_attributes attr;
  if (attr.error() != 0)
    return attr.error();
  void *address;
  size_t size;
  int err = pthread_attr_getstack(attr.get(), &address, &size);
  if (err != 0)
    return err;
  const uintptr_t lo = reinterpret_cast<uintptr_t>(address);
  own_tls own = {lo, lo + size};
  // In glibc and musl a pthread_t is its address. The thread pointer is not where
  // the thread-local variables lie above it, as on arm64: there it is its end.
  const uintptr_t control_block = (uintptr_t)pthread_self();
  if (control_block > own.lo && control_block < own.hi) {
    own.hi = control_block;
  } else if (static_cast<long>(getpid()) == syscall(SYS_gettid)) {
    // A process's first thread, whose control block is elsewhere. The child of
    // a fork may be one on another thread's stack, and has been found above.
    stack_bounds initial = {};
    err = initial_stack_bounds(&initial);
    if (err != 0)
      return err;
    if (lo < initial.hi && initial.lo < lo + size) {
      *bounds = initial;
      return 0;
    }
  }
  dl_iterate_phdr(lower_to_tls, &own);
  bounds->lo = own.lo;
  bounds->hi = own.hi;
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
// The number is an int to POSIX and musl, and an unsigned long to glibc; the kernel
// looks at its 32 bits only.
template <class Number>
int ask(int (*ioctl)(int, Number, ...), int fd, procmap_query *query) {
  return ioctl(fd, static_cast<Number>(_IOWR('f', 17, procmap_query)), query);
}

bool query_mapping(uintptr_t address, stack_bounds *bounds) {
  file_descriptor fd("/proc/self/maps");
  procmap_query query = {};
  query.size = sizeof query;
  query.query_addr = address;
  if (fd.get() < 0 || ask(ioctl, fd.get(), &query) != 0)
    return false;
  bounds->lo = static_cast<uintptr_t>(query.vma_start);
  bounds->hi = static_cast<uintptr_t>(query.vma_end);
  return true;
}

} // namespace

int mapping_bounds(uintptr_t address, stack_bounds *bounds) {
  const int caller_errno = errno;
  int err = ENOENT;
  if (query_mapping(address, bounds)) {
    err = 0;
  } else {
    mappings all;
    if (all.failed())
      err = errno;
    while (err == ENOENT && all.next(bounds))
      if (address >= bounds->lo && address < bounds->hi)
        err = 0;
  }
  errno = caller_errno;
  return err;
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

void consider_memory(fullest *best, number need) {
  const file_text status("/proc/self/status");
  rlimit limit;
  number kib;
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
  consider_mappings(&best);
  if (stack == MAP_FAILED) {
    consider_memory(&best, need);
  } else {
    munmap(stack, need);
    consider_tasks(&best);
    if (best.get().name == nullptr)
      consider_user(&best);
  }
  return best.get();
}

} // namespace cgo::os

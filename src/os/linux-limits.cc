// SPDX-License-Identifier: BSD-3-Clause
//
// Linux: which limit keeps the process from having one more thread.
#include "os/linux.h"

#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

namespace cgo::os {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A text file from its beginning to its end, however long its lines are.
class text_file {
public:
  explicit text_file(const char *path) : bytes_(path), now_(bytes_.next()) {}
  // The byte at hand; -1 at the end.
  int now() const { return now_; }
  bool ended() const { return now_ == -1; }
  void step() { now_ = bytes_.next(); }
  // Goes behind the next such byte.
  void skip(int byte) {
    while (now_ != byte && !ended())
      step();
    if (!ended())
      step();
  }
  // Reads up to an end, or the end of the line; what is too long for `to` is cut off.
  template <size_t size> void word(int end, char (&to)[size]) {
    size_t length = 0;
    for (; now_ != end && now_ != '\n' && !ended(); step())
      if (length < size - 1)
        to[length++] = static_cast<char>(now_);
    to[length] = '\0';
  }
  bool parse(number *n) {
    while (now_ == ' ' || now_ == '\t')
      step();
    if (!at_digit())
      return false;
    for (*n = 0; at_digit(); step())
      *n = *n * 10 + static_cast<number>(now_ - '0');
    return true;
  }

private:
  bool at_digit() const {
    return !ended() && is_digit(static_cast<char>(now_));
  }

  file_bytes bytes_;
  int now_;
};

bool parse_file(const char *path, number *n) {
  return text_file(path).parse(n);
}

// The number in a line such as "Threads:\t1".
struct field {
  const char *key;
  number value = 0;
  bool found = false;
};

// A user of many groups has a line of thousands of bytes before these of memory.
template <size_t count>
void read_fields(const char *path, field (&fields)[count]) {
  for (text_file file(path); !file.ended(); file.skip('\n')) {
    char key[16];
    file.word(':', key);
    if (file.now() != ':')
      continue;
    file.step();
    for (field &each : fields)
      if (strcmp(each.key, key) == 0)
        each.found = file.parse(&each.value);
  }
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
  thread_limit get() const {
    return permille_ >= 900 ? limit_ : thread_limit();
  }

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

number bytes_of(number kib) {
  return kib > ULLONG_MAX / 1024 ? ULLONG_MAX : kib * 1024;
}

// `locks`: memory that is mapped is locked, too (mlockall(2)), and that was refused.
// The guard of a stack takes addresses, but no memory.
void consider_memory(fullest *best, number stack, number guarded, bool locks) {
  field status[] = {{"VmSize"}, {"VmData"}, {"VmLck"}};
  read_fields("/proc/self/status", status);
  const auto [size, data, locked] = status;
  rlimit limit;
  if (locks && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
      limit.rlim_cur != RLIM_INFINITY && locked.found)
    best->consider(
        {"RLIMIT_MEMLOCK", limit.rlim_cur,
         capped_sum(bytes_of(locked.value), guarded),
         "locked bytes with the new stack",
         "raise it (ulimit -l), use smaller stacks, or do without mlockall"});
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      size.found)
    best->consider({"RLIMIT_AS", limit.rlim_cur,
                    capped_sum(bytes_of(size.value), guarded),
                    "bytes with the new stack",
                    "raise it (ulimit -v), or use smaller stacks"});
  if (getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      data.found)
    best->consider({"RLIMIT_DATA", limit.rlim_cur,
                    capped_sum(bytes_of(data.value), stack),
                    "bytes with the new stack",
                    "raise it (ulimit -d), or use smaller stacks"});
  number mode;
  if (!parse_file("/proc/sys/vm/overcommit_memory", &mode) || mode != 2)
    return;
  field meminfo[] = {{"CommitLimit"}, {"Committed_AS"}};
  read_fields("/proc/meminfo", meminfo);
  const auto [most, committed] = meminfo;
  if (most.found && committed.found)
    best->consider({"CommitLimit", bytes_of(most.value),
                    capped_sum(bytes_of(committed.value), stack),
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
  while (proc.get() >= 0 &&
         (n = syscall(SYS_getdents64, proc.get(), entries, sizeof entries)) > 0) {
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
      field status[] = {{"Uid"}, {"Threads"}}; // of the user's ids the real one
      read_fields(path, status);
      const auto [owner, count] = status;
      if (owner.found && owner.value == uid && count.found)
        threads += count.value;
    }
  }
  return threads;
}

// The longest name with which a file can be opened.
using file_name = char[PATH_MAX];
constexpr size_t longest_group = sizeof(file_name) - sizeof "/pids.current";

// Walks from a control group up to the root of its mount: the tightest wins.
void consider_cgroup(fullest *best, file_name &path, size_t mount_length,
                     size_t length) {
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
  for (text_file groups("/proc/self/cgroup"); !groups.ended(); groups.skip('\n')) {
    char id[8], controllers[8];
    groups.word(':', id);
    if (groups.now() != ':')
      continue;
    groups.step();
    groups.word(':', controllers);
    const bool second = controllers[0] == '\0';
    if (groups.now() != ':' || (!second && strcmp(controllers, "pids") != 0))
      continue;
    groups.step();
    file_name path;
    strcpy(path, second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/pids");
    const size_t mount_length = strlen(path);
    size_t length = mount_length;
    // What is cut off is not there; its parents are.
    for (; groups.now() != '\n' && !groups.ended() && length < longest_group;
         groups.step())
      path[length++] = static_cast<char>(groups.now());
    consider_cgroup(best, path, mount_length, length);
  }
}

void consider_user(fullest *best) {
  rlimit limit;
  if (getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    best->consider({"RLIMIT_NPROC", limit.rlim_cur, count_threads_of(getuid()),
                    "threads of the user", "raise it (ulimit -u, limits.conf)"});
}

void consider_tasks(fullest *best) {
  // The system's root is free of it, but not a root without capabilities or in
  // a user namespace: for both it is the last that is looked at.
  if (getuid() != 0)
    consider_user(best);
  consider_cgroups(best);
  // "0.00 0.00 0.00 RUNNING/ALL LAST" (proc(5)).
  text_file load("/proc/loadavg");
  load.skip('/');
  number used, value;
  if (!load.parse(&used))
    return;
  if (parse_file("/proc/sys/kernel/threads-max", &value))
    best->consider({"threads-max", value, used, "threads of the system",
                    "raise it (sysctl kernel.threads-max)"});
  if (parse_file("/proc/sys/kernel/pid_max", &value))
    best->consider({"pid_max", value, used, "threads of the system",
                    "raise it (sysctl kernel.pid_max)"});
}

// Whether so much memory is to be had; if not, errno says why.
bool can_map(size_t bytes, int protection) {
  void *memory = mmap(nullptr, bytes, protection,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory != MAP_FAILED)
    munmap(memory, bytes);
  return memory != MAP_FAILED;
}

} // namespace

thread_limit find_thread_limit(const thread_shape &shape) {
  fullest best;
  const size_t stack =
      shape.stack_size != 0 ? shape.stack_size : default_stack_size();
  const size_t guard = shape.guard_size != no_guard ? shape.guard_size : 0;
  const size_t guarded = stack <= SIZE_MAX - guard ? stack + guard : SIZE_MAX;
  const bool fits =
      can_map(guarded, PROT_NONE) && can_map(stack, PROT_READ | PROT_WRITE);
  const bool locks = !fits && errno == EAGAIN;
  consider_mappings(&best);
  if (!fits) {
    consider_memory(&best, stack, guarded, locks);
  } else {
    consider_tasks(&best);
    if (best.get().name == nullptr)
      consider_user(&best);
  }
  return best.get();
}

} // namespace cgo::os

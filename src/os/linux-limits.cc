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

bool parse(const char *s, number *n) {
  while (*s == ' ' || *s == '\t')
    s++;
  if (!is_digit(*s))
    return false;
  // The text ends with a null byte. NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage)
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

// `locks`: memory that is mapped is locked, too (mlockall(2)), and that was refused.
void consider_memory(fullest *best, number need, bool locks) {
  const file_text status("/proc/self/status");
  rlimit limit;
  number kib;
  if (locks && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
      limit.rlim_cur != RLIM_INFINITY && parse_field(status, "VmLck:", &kib))
    best->consider(
        {"RLIMIT_MEMLOCK", limit.rlim_cur, kib * 1024 + need,
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
  memcpy(path, mount, mount_length); // NOLINT(bugprone-not-null-terminated-result)
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
                    "threads of the user", "raise it (ulimit -u, limits.conf)"});
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

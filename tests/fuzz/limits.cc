// SPDX-License-Identifier: BSD-3-Clause
//
// Which limit is hit, by what /proc and /sys say: control groups, the numbers of the system and
// of the process, the threads of a user. Numbers are made up, and the files written as the
// kernel writes them; some are any text. What is named must be full, by a number that was
// there; and where no file is missing or any text, something is named if a control group, the
// user's threads or the process's memory are full.
#include "system.h"

#include <set>
#include <vector>

#include <fcntl.h>
#include <limits.h>

#define syscall fuzz_system
#define getrlimit(resource, limit)                                             \
  fuzz_getrlimit(static_cast<int>(resource), limit)
#define getuid fuzz_getuid
#define mmap fuzz_mmap
#define munmap fuzz_munmap
#include "os/linux-limits.cc"
#undef syscall
#undef getrlimit
#undef getuid
#undef mmap
#undef munmap

namespace {

std::set<unsigned long long> numbers; // all that were written

std::string number_of(fuzz::input &in) {
  const unsigned long long n = in.number(in.byte() % 8);
  numbers.insert(n);
  return std::to_string(n);
}

std::string any_text(fuzz::input &in) {
  std::string text;
  for (int n = in.byte(); n > 0; n--)
    text += static_cast<char>(in.byte());
  return text;
}

void write(const std::string &name, const std::string &text, fuzz::input &in,
           bool *whole) {
  switch (in.byte() % 8) {
  case 0:
    *whole = false;
    break; // not there
  case 1:
    *whole = false;
    fuzz::files[name] = any_text(in);
    break;
  default:
    fuzz::files[name] = text;
  }
}

// One group with its parents. Returns whether one of them is full, that is looked at and can
// be opened.
bool write_groups(fuzz::input &in, bool *whole) {
  bool full = false;
  std::string group, groups;
  const bool second = in.byte() % 2 == 0;
  const std::string mount = second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/pids";
  for (int depth = in.byte() % 6; depth > 0; depth--) {
    group += '/';
    if (in.byte() % 4 == 0)
      group.append(900, 'x');
    for (int n = in.byte() % 40; n > 0; n--)
      group += "abc.-\\:/x0"[in.byte() % 10];
    const std::string name = mount + group;
    const std::string most = in.byte() % 4 ? number_of(in) : "max";
    write(name + "/pids.max", most + "\n", in, whole);
    const std::string used = number_of(in);
    write(name + "/pids.current", used + "\n", in, whole);
    full |= most != "max" && group.back() != '/' &&
            (name + "/pids.current").size() < PATH_MAX &&
            std::stoull(used) >= std::stoull(most);
  }
  for (int n = in.byte() % 8 ? in.byte() % 3 : in.byte(); n > 0; n--)
    groups += "7:cpu,memory:/elsewhere\n";
  groups += (second ? "0::" : "5:pids:") + group + (in.byte() % 8 ? "\n" : "");
  write("/proc/self/cgroup", groups, in, whole);
  return full;
}

// Returns how many threads the user has.
unsigned long long write_processes(fuzz::input &in, bool *whole) {
  std::string entries;
  std::vector<std::string> names;
  std::map<std::string, unsigned long long> threads; // of the user's
  static const char *const others[] = {".", "..", "self", "sys", "meminfo"};
  for (int n = in.byte() % 24; n > 0; n--) {
    const bool process = in.byte() % 4 != 0;
    const std::string name =
        process ? std::to_string(in.number(2)) : others[in.byte() % 5];
    const unsigned short length =
        static_cast<unsigned short>((19 + name.size() + 1 + 7) & ~size_t{7});
    std::string entry(length, '\0');
    memcpy(&entry[16], &length, sizeof length);
    memcpy(&entry[19], name.c_str(), name.size() + 1);
    entries += entry;
    if (process) {
      const unsigned owner = in.byte() % 3;
      const std::string count = number_of(in);
      write("/proc/" + name + "/status",
            "Name:\tx\nUid:\t" + std::to_string(owner) +
                "\t0\t0\t0\nThreads:\t" + count + "\n",
            in, whole);
      names.push_back(name);
      threads[name] = owner == fuzz::user ? std::stoull(count) : 0;
    }
  }
  fuzz::files["/proc"] = entries;
  unsigned long long sum = 0;
  for (const std::string &name : names)
    sum += threads[name];
  return sum;
}

// Every process is in many groups, which are named before its memory and its threads.
void write_long_lines() {
  for (auto &[name, text] : fuzz::files)
    if (name.find("/status") != std::string::npos &&
        text.compare(0, 8, "Name:\tx\n") == 0)
      text.insert(8, "Groups:\t" + std::string(6000, '1') + "\n");
}

using number = unsigned __int128;

// Whether a number of KiB and some bytes are less than a limit.
bool is_below(const std::string &kib, number bytes, int resource) {
  const rlim_t limit = fuzz::limits[resource];
  return limit == RLIM_INFINITY ||
         number{std::stoull(kib)} * 1024 + bytes < limit;
}

// What the system has in KiB may be more than can be said in bytes.
unsigned long long in_bytes(unsigned long long kib) {
  return kib >> 54 != 0 ? ULLONG_MAX : kib << 10;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz::input in(data, size);
  fuzz::begin(in);
  numbers.clear();
  bool whole = true;
  for (auto &limit : fuzz::limits) {
    limit = in.byte() % 2 ? RLIM_INFINITY : in.number(in.byte() % 8);
    numbers.insert(limit);
  }
  fuzz::user = in.byte() % 3;
  fuzz::memory_fails = in.byte() % 2 != 0;
  fuzz::memory_error = in.byte() % 2 ? EAGAIN : ENOMEM;
  const std::string mapped = number_of(in), locked = number_of(in),
                    own = number_of(in);
  write("/proc/self/status",
        "Name:\tx\nVmSize:\t" + mapped + " kB\nVmLck:\t " + locked +
            " kB\nVmData:\t" + own + " kB\nThreads:\t1\n",
        in, &whole);
  write("/proc/meminfo",
        "MemTotal: 1 kB\nCommitLimit: " + number_of(in) +
            " kB\nCommitted_AS: " + number_of(in) + " kB\n",
        in, &whole);
  write("/proc/sys/vm/overcommit_memory", std::to_string(in.byte() % 3) + "\n",
        in, &whole);
  write("/proc/sys/vm/max_map_count", number_of(in) + "\n", in, &whole);
  write("/proc/loadavg",
        "0.00 0.01 0.05 1/" + number_of(in) + " " + number_of(in) + "\n", in,
        &whole);
  write("/proc/sys/kernel/threads-max", number_of(in) + "\n", in, &whole);
  write("/proc/sys/kernel/pid_max", number_of(in) + "\n", in, &whole);
  const bool full_group = write_groups(in, &whole);
  const unsigned long long threads = write_processes(in, &whole);
  cgo::thread_shape shape = {in.number(4) + 1, 0};
  if (in.byte() % 4 == 1)
    write_long_lines();
  shape.stack_size |= in.number(in.byte() % 9);
  shape.guard_size = in.number(in.byte() % 9);
  const number stack = shape.stack_size;
  const number guarded =
      stack + (shape.guard_size != cgo::no_guard ? shape.guard_size : 0);
  const cgo::thread_limit found = cgo::os::find_thread_limit(shape);
  fuzz::end();
  // Something is named if anything is full.
  if (whole && fuzz::memory_fails)
    CHECK(found.name != nullptr || (is_below(mapped, guarded, RLIMIT_AS) &&
                                    is_below(own, stack, RLIMIT_DATA)));
  if (whole && !fuzz::memory_fails)
    CHECK(found.name != nullptr ||
          (!full_group && (fuzz::limits[RLIMIT_NPROC] == RLIM_INFINITY ||
                           threads < fuzz::limits[RLIMIT_NPROC])));
  if (found.name == nullptr)
    return 0;
  CHECK(found.unit != nullptr && found.remedy != nullptr);
  // A thousandth may be lost in each of the two roundings.
  CHECK(static_cast<long double>(found.used) >=
        0.898L * static_cast<long double>(found.value));
  if (whole) {
    const bool kib = strcmp(found.name, "CommitLimit") == 0;
    bool written = false;
    for (const unsigned long long n : numbers)
      written = written || (kib ? in_bytes(n) : n) == found.value;
    CHECK(written);
  }
  return 0;
}

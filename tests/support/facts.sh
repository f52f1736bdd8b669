# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
#
# What somebody far away needs to know of the machine on which a test has failed. As
# comments of the Test Anything Protocol.

facts() {
  {
    echo "libcgo $VERSION for $HOST, CPU $CPU; compilers: $($CC --version 2>/dev/null | head -n 1)"
    echo "flags: CFLAGS='$CFLAGS' CXXFLAGS='$CXXFLAGS'; emulator: ${TEST_EMU:-none}"
    echo "kernel: $(uname -srvm); user $(id -u); CPUs $(nproc 2>/dev/null || echo '?')"
    echo "C library: $(getconf GNU_LIBC_VERSION 2>/dev/null || ldd --version 2>&1 | head -n 2 | tr '\n' ' ')"
    grep -hE '^(MemTotal|MemAvailable|CommitLimit):' /proc/meminfo 2>/dev/null
    echo "load: $(cat /proc/loadavg 2>/dev/null || echo '?'); overcommit: $(cat /proc/sys/vm/overcommit_memory 2>/dev/null || echo '?')"
    for limit in kernel/threads-max kernel/pid_max vm/max_map_count kernel/yama/ptrace_scope; do
      echo "$limit: $(cat /proc/sys/$limit 2>/dev/null || echo '?')"
    done
    while read -r group; do
      for file in pids.max pids.current memory.max; do
        path=/sys/fs/cgroup/${group##*:}/$file
        test ! -r "$path" || echo "control group: $file $(cat "$path")"
      done
    done </proc/self/cgroup
    ulimit -a
    test ! -x "$top_builddir/libcgo-info" || (cd "$top_builddir" && $TEST_EMU ./libcgo-info 2>&1)
  } 2>/dev/null | sed 's/^/#   /'
}

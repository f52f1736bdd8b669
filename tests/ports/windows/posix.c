/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests use of POSIX, for Windows: some of it by the system, the rest by
 * skipping the test that cannot do without.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include <windows.h>

#include "support/harness.h"

#define NONE(call)                                                             \
  do {                                                                         \
    test_skipped("Windows has no " #call);                                     \
    minicheck_end(0);                                                          \
    return 0;                                                                  \
  } while (0)

/* ---- signals ---- */

/* clang-format off: a line each for what does nothing. */
int sigemptyset(sigset_t *set) {
  *set = 0;
  return 0;
}
int sigfillset(sigset_t *set) {
  *set = 0;
  return 0;
}
int sigaddset(sigset_t *set, int sig) {
  (void)set, (void)sig;
  NONE(signal masks);
}
int sigdelset(sigset_t *set, int sig) {
  (void)set, (void)sig;
  NONE(signal masks);
}
int sigismember(const sigset_t *set, int sig) {
  (void)set, (void)sig;
  return 0;
}
int sigaltstack(const stack_t *stack, stack_t *before) {
  (void)stack;
  if (before != NULL)
    *before = (stack_t){NULL, SS_DISABLE, 0};
  return 0;
}
int libcgo_tests_sigmask(int how, const sigset_t *set, sigset_t *before) {
  (void)how, (void)set;
  if (before != NULL)
    *before = 0;
  return 0;
}
void (*signal(int sig, void (*handler)(int)))(int) {
  (void)sig, (void)handler;
  NONE(signals);
}
int raise(int sig) {
  (void)sig;
  NONE(signals);
}
int sigaction(int sig, const struct sigaction *action, struct sigaction *before) {
  (void)sig, (void)action, (void)before;
  NONE(sigaction);
}
int sigsuspend(const sigset_t *set) {
  (void)set;
  NONE(sigsuspend);
}
int sigwait(const sigset_t *set, int *sig) {
  (void)set, (void)sig;
  NONE(sigwait);
}
int sigpending(sigset_t *set) {
  (void)set;
  NONE(sigpending);
}
int kill(int pid, int sig) {
  (void)pid, (void)sig;
  NONE(kill);
}

/* ---- processes ---- */

int fork(void) { NONE(fork); }
int pause(void) { NONE(pause); }
int sched_getaffinity(int pid, size_t size, cpu_set_t *set) {
  (void)pid, (void)size;
  /* A thread's own is what setting it to the same tells. */
  DWORD_PTR process, system;
  GetProcessAffinityMask(GetCurrentProcess(), &process, &system);
  const DWORD_PTR before = SetThreadAffinityMask(GetCurrentThread(), process);
  SetThreadAffinityMask(GetCurrentThread(), before);
  set->bits = before;
  return 0;
}
int sched_setaffinity(int pid, size_t size, const cpu_set_t *set) {
  (void)pid, (void)size;
  return SetThreadAffinityMask(GetCurrentThread(), set->bits) != 0 ? 0 : -1;
}
void pthread_exit(void *result) {
  (void)result;
  test_skipped("Windows has no pthread_exit that unwinds");
  minicheck_end(0);
  abort();
}
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr) {
  (void)thread, (void)attr;
  NONE(pthread_getattr_np);
}
int waitpid(int child, int *status, int options) {
  (void)child, (void)status, (void)options;
  NONE(fork);
}
int pipe(int ends[2]) {
  (void)ends;
  NONE(fork);
}
unsigned alarm(unsigned seconds) {
  (void)seconds;
  return 0;
}
int prctl(int what, ...) {
  (void)what;
  NONE(prctl);
}
long ptrace(int request, ...) {
  (void)request;
  NONE(ptrace);
}
long syscall(long number, ...) {
  (void)number;
  NONE(system calls);
}
int setrlimit(int what, const struct rlimit *limit) {
  (void)what, (void)limit;
  NONE(setrlimit);
}
int getrlimit(int what, struct rlimit *limit) {
  (void)what, (void)limit;
  NONE(getrlimit);
}
int getcontext(ucontext_t *context) {
  (void)context;
  NONE(getcontext);
}
void makecontext(ucontext_t *context, void (*fn)(void), int count, ...) {
  (void)context, (void)fn, (void)count;
}
int swapcontext(ucontext_t *from, const ucontext_t *to) {
  (void)from, (void)to;
  NONE(swapcontext);
}

/* ---- memory ---- */

long sysconf(int name) {
  (void)name; /* _SC_PAGESIZE is the only one asked for */
  SYSTEM_INFO info;
  GetSystemInfo(&info);
  return (long)info.dwPageSize;
}

/* ---- libraries ---- */

void *dlopen(const char *name, int flags) {
  (void)flags;
  return (void *)LoadLibraryA(name);
}
void *dlsym(void *library, const char *name) {
  return (void *)(uintptr_t)GetProcAddress((HMODULE)library, name);
}
int dlclose(void *library) { return FreeLibrary((HMODULE)library) ? 0 : -1; }
const char *dlerror(void) {
  static char text[32];
  snprintf(text, sizeof text, "error %lu", GetLastError());
  return text;
}
/* clang-format on */

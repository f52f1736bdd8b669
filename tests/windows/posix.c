/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests use of POSIX, for Windows: some of it by the system, the rest by
 * skipping the test that cannot do without.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
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

#include "harness.h"

#define NONE(call)                                                             \
  do {                                                                         \
    test_skipped("Windows has no " #call);                                     \
    minicheck_end(0);                                                          \
    return 0;                                                                  \
  } while (0)

/* ---- signals ---- */

int sigemptyset(sigset_t *set) { *set = 0; return 0; }
int sigfillset(sigset_t *set) { *set = 0; return 0; }
int sigaddset(sigset_t *set, int sig) { (void)set, (void)sig; NONE(signal masks); }
int sigdelset(sigset_t *set, int sig) { (void)set, (void)sig; NONE(signal masks); }
int sigismember(const sigset_t *set, int sig) { (void)set, (void)sig; return 0; }
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
int sigaction(int sig, const struct sigaction *action, struct sigaction *before) {
  (void)sig, (void)action, (void)before;
  NONE(sigaction);
}
int sigsuspend(const sigset_t *set) { (void)set; NONE(sigsuspend); }
int sigwait(const sigset_t *set, int *sig) { (void)set, (void)sig; NONE(sigwait); }
int sigpending(sigset_t *set) { (void)set; NONE(sigpending); }
int kill(int pid, int sig) { (void)pid, (void)sig; NONE(kill); }

/* ---- processes ---- */

int fork(void) { NONE(fork); }
int waitpid(int child, int *status, int options) {
  (void)child, (void)status, (void)options;
  NONE(fork);
}
int pipe(int ends[2]) { (void)ends; NONE(fork); }
unsigned alarm(unsigned seconds) { (void)seconds; return 0; }
int prctl(int what, ...) { (void)what; NONE(prctl); }
long ptrace(int request, ...) { (void)request; NONE(ptrace); }
long syscall(long number, ...) { (void)number; NONE(system calls); }
int setrlimit(int what, const struct rlimit *limit) {
  (void)what, (void)limit;
  NONE(setrlimit);
}
int getrlimit(int what, struct rlimit *limit) {
  (void)what, (void)limit;
  NONE(getrlimit);
}
int getcontext(ucontext_t *context) { (void)context; NONE(getcontext); }
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

static DWORD protection_of(int protection) {
  return protection == PROT_NONE ? PAGE_NOACCESS
         : (protection & PROT_WRITE) != 0 ? PAGE_READWRITE : PAGE_READONLY;
}

void *mmap(void *address, size_t bytes, int protection, int flags, int fd,
           off_t offset) {
  (void)address, (void)flags, (void)fd, (void)offset;
  void *memory = VirtualAlloc(NULL, bytes, MEM_RESERVE | MEM_COMMIT,
                              protection_of(protection));
  return memory == NULL ? MAP_FAILED : memory;
}
int mprotect(void *address, size_t bytes, int protection) {
  DWORD before;
  return VirtualProtect(address, bytes, protection_of(protection), &before) ? 0
                                                                            : -1;
}
int munmap(void *address, size_t bytes) {
  (void)bytes;
  return VirtualFree(address, 0, MEM_RELEASE) ? 0 : -1;
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

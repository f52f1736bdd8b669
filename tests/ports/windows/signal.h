/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Windows: the names of POSIX signals that the tests use. Sets are empty; a test
 * that wants a signal to arrive is skipped.
 */
#include_next <signal.h>
#ifndef LIBCGO_TESTS_WINDOWS_SIGNAL_H
#define LIBCGO_TESTS_WINDOWS_SIGNAL_H

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef unsigned long long libcgo_tests_sigset;
#define sigset_t libcgo_tests_sigset

enum {
  SIGHUP = 1,
  SIGKILL = 9,
  SIGUSR1 = 10,
  SIGUSR2 = 12,
  SIGPIPE = 13,
  SIGALRM = 14,
  SIGSTOP = 19,
  SIGURG = 23,
  SIGPROF = 27,
  SIGTRAP = 5,
  SIGBUS = 7,
  SIGSYS = 31,
  SIGRTMIN = 34,
  SIGRTMAX = 64,
};
#define SIG_SETMASK 2
#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SA_SIGINFO 4
#define SA_ONSTACK 0x08000000
#define SA_NODEFER 0x40000000
#define SA_RESTART 0x10000000
#define SA_RESETHAND 0x80000000
#define SS_DISABLE 2
#define SS_ONSTACK 1
#define MINSIGSTKSZ 2048
#define SIGSTKSZ 8192

typedef struct siginfo {
  void *si_addr;
  int si_code;
  pid_t si_pid;
} siginfo_t;
typedef struct {
  void *ss_sp;
  int ss_flags;
  size_t ss_size;
} stack_t;
struct sigaction {
  void (*sa_handler)(int);
  void (*sa_sigaction)(int, siginfo_t *, void *);
  sigset_t sa_mask;
  int sa_flags;
};

/* These do nothing, and say so where they can. */
int sigemptyset(sigset_t *set);
int sigfillset(sigset_t *set);
int sigaddset(sigset_t *set, int sig);
int sigdelset(sigset_t *set, int sig);
int sigismember(const sigset_t *set, int sig);
int sigaltstack(const stack_t *stack, stack_t *before);
/* These skip the test that calls them. */
#define signal libcgo_tests_signal
#define raise libcgo_tests_raise
void (*signal(int sig, void (*handler)(int)))(int);
int raise(int sig);
int sigaction(int sig, const struct sigaction *action, struct sigaction *before);
int sigsuspend(const sigset_t *set);
int sigwait(const sigset_t *set, int *sig);
int sigpending(sigset_t *set);
int kill(int pid, int sig);
int libcgo_tests_sigmask(int how, const sigset_t *set, sigset_t *before);
#define sigprocmask libcgo_tests_sigmask

#ifdef __cplusplus
}
#endif

#endif

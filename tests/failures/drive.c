/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * drive calls                      prints how often the scenario makes each call
 * drive fail CALL OUTCOME... [first]
 *                                  has the n-th call fail, n = 1, 2, ...; `first`: n = 1 only
 * drive system                     prints which system calls are made
 * drive system-fail NUMBER OUTCOME... [first]
 *                                  the same with a system call, by seccomp(2)
 * drive once CALL OUTCOME N MODE   one run, in this process: for a debugger
 *
 * Each run is in a child of its own. It must end well, or with one message of the library's,
 * in a function whose page says so. Else a line "fault: ..." is printed. The last line is
 * "N runs, M failures met, K faults".
 */
#include "failures.h"

#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { longest = 60 }; /* seconds of a run */

struct error {
  const char *function;
  int error;
};
static const struct error errors[] = {
#define ERROR(function, error) {function, error},
#include "errors.h"
#undef ERROR
};
static const char *const stopping[] = {
#define STOPS(function) function,
#include "stops.h"
    NULL};
static const struct error names[] = {
#define NAME(error)                                                            \
  { #error, error }
    NAME(ENOMEM), NAME(EAGAIN), NAME(EPERM), NAME(EINVAL), NAME(ENOENT),
    NAME(EACCES), NAME(EMFILE), NAME(EINTR), NAME(EIO),    NAME(ENOTTY),
    NAME(ENOSYS), NAME(EFAULT), NAME(EBUSY),
};

int documented(const char *function, int error) {
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (errors[i].error == error && strcmp(errors[i].function, function) == 0)
      return 1;
  return 0;
}
int may_stop(const char *function) {
  for (int i = 0; stopping[i] != NULL; i++)
    if (strcmp(stopping[i], function) == 0)
      return 1;
  return 0;
}

static int error_of(const char *name) {
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(names[i].function, name) == 0)
      return names[i].error;
  fprintf(stderr, "drive: which error is %s?\n", name);
  exit(2);
}

/* VALUE, VALUE/ERROR or ERROR. */
static void take_outcome(const char *outcome) {
  char word[64];
  snprintf(word, sizeof word, "%s", outcome);
  char *const plus = strchr(word, '+');
  if (plus != NULL)
    *plus = '\0';
  char *const slash = strchr(word, '/');
  failures->error = slash != NULL ? error_of(slash + 1) : 0;
  if (slash != NULL)
    *slash = '\0';
  failures->result = word[0] == 'E' ? (uintptr_t)error_of(word)
                                    : (uintptr_t)strtol(word, NULL, 10);
}

static int count_files(void) {
  int n = 0;
  DIR *d = opendir("/proc/self/fd");
  while (d != NULL && readdir(d) != NULL)
    n++;
  if (d != NULL)
    closedir(d);
  return n;
}

static void run_scenario(void) {
  const int files = count_files();
  failures->armed = 1;
  if (failures->stops)
    scenario_that_stops();
  scenario();
  failures->armed = 0;
  if (count_files() != files)
    complain("%d file descriptors at the end, %d before", count_files(), files);
}

static struct failures expected; /* the books after a run without failures */
static char said[4096];          /* what the last run has said */

/* ---- system calls ---- */

/* Which system call fails; or none; or all are counted. */
enum { no_call = -1, every = -2 };
static int system_call = no_call;
static long system_calls[1024];

/* In the child: what is to be looked at goes to the parent first. */
static void install_filter(void) {
  struct sock_filter one[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)system_call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, system_call == every ? SECCOMP_RET_USER_NOTIF
                                                     : SECCOMP_RET_ALLOW)};
  struct sock_fprog filter = {sizeof one / sizeof *one, one};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                          SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
  __atomic_store_n(&failures->listener, fd < 0 ? -1 : (int)fd + 1,
                   __ATOMIC_SEQ_CST);
}

static int take_listener(pid_t child) {
  int fd;
  while ((fd = __atomic_load_n(&failures->listener, __ATOMIC_SEQ_CST)) == 0)
    sched_yield();
  if (fd < 0)
    return -1;
  const long process = syscall(SYS_pidfd_open, child, 0);
  const long mine = syscall(SYS_pidfd_getfd, process, fd - 1, 0);
  close((int)process);
  return (int)mine;
}

/* Answers one call: it fails, or the system does it. */
static void answer(int listener) {
  struct seccomp_notif call = {0};
  struct seccomp_notif_resp response = {0};
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0)
    return;
  response.id = call.id;
  response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  const int number = call.data.nr;
  /* Who wakes others gets no error. */
  const int wakes = number == SYS_futex && (call.data.args[1] & 127) != 0 &&
                    (call.data.args[1] & 127) != 9;
  if (!wakes && number >= 0 && number < 1024 &&
      __atomic_load_n(&failures->armed, __ATOMIC_SEQ_CST) &&
      __atomic_load_n(&failures->own[call.pid % most_threads],
                      __ATOMIC_SEQ_CST) == 0) {
    const long n = ++system_calls[number];
    if (number == system_call &&
        (n == failures->at || (failures->from_then_on && n > failures->at))) {
      __atomic_add_fetch(&failures->failed, 1, __ATOMIC_SEQ_CST);
      response.flags = 0;
      response.error = -failures->error;
    }
  }
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* Returns how the child has ended. */
static int run(const char *call, long at, int from_then_on) {
  *failures =
      (struct failures){.call = -1, .at = at, .from_then_on = from_then_on};
  for (int i = 0; call != NULL && i < call_count; i++)
    if (strcmp(call_names[i], call) == 0)
      failures->call = i;
  int ends[2];
  if (pipe(ends) != 0)
    exit(2);
  fflush(NULL);
  return ends[0] << 16 | ends[1];
}

static int run_child(const char *call, const char *outcome, long at,
                     int from_then_on) {
  const int ends = run(call, at, from_then_on);
  const int in = ends >> 16, out = ends & 0xffff;
  if (outcome != NULL)
    take_outcome(outcome);
  failures->stops = call != NULL && strcmp(call, "write") == 0;
  const pid_t child = fork();
  if (child == 0) {
    dup2(out, 2);
    close(in);
    close(out);
    signal(SIGALRM, SIG_DFL);
    alarm(longest);
    if (system_call != no_call)
      install_filter();
    run_scenario();
    _exit(0);
  }
  close(out);
  int listener = -1;
  if (system_call != no_call) {
    memset(system_calls, 0, sizeof system_calls);
    listener = take_listener(child);
    if (listener < 0) {
      fprintf(stderr, "drive: seccomp: %s\n", strerror(errno));
      exit(77);
    }
  }
  size_t length = 0;
  for (;;) {
    struct pollfd wait[] = {{in, POLLIN, 0}, {listener, POLLIN, 0}};
    if (poll(wait, 2, -1) < 0)
      continue;
    if ((wait[1].revents & POLLIN) != 0)
      answer(listener);
    else if (wait[1].revents != 0)
      close(listener), listener = -1;
    if (wait[0].revents == 0)
      continue;
    const ssize_t n = read(in, said + length, sizeof said - 1 - length);
    if (n <= 0)
      break;
    length += (size_t)n;
  }
  said[length] = '\0';
  close(in);
  if (listener >= 0)
    close(listener);
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

/* Whether it is one line in the library's format. */
static int is_message(const char *text) {
  const char *const end = strchr(text, '\n');
  return strncmp(text, "libcgo: ", 8) == 0 && end != NULL && end[1] == '\0' &&
         strchr(text + 8, ':') != NULL;
}

/* Returns what is wrong, or NULL. */
static const char *judge(int status, const char *call, const char *outcome) {
  static char reason[8192];
  if (failures->unknown != 0) {
    snprintf(reason, sizeof reason, "system call %ld has no row",
             failures->unknown - 1);
    return reason;
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    static const struct {
      const char *name;
      size_t at;
    } books[] = {{"blocks", offsetof(struct failures, blocks)},
                 {"bytes mapped", offsetof(struct failures, mapped)},
                 {"thread keys", offsetof(struct failures, keys)},
                 {"files", offsetof(struct failures, files)}};
    for (size_t i = 0; i < sizeof books / sizeof *books; i++) {
      const long now = *(long *)((char *)failures + books[i].at);
      const long then = *(long *)((char *)&expected + books[i].at);
      const int may_stay = strstr(outcome, "+mapped") != NULL &&
                           books[i].at == offsetof(struct failures, mapped);
      if (now > then && !may_stay) {
        snprintf(reason, sizeof reason, "a leak: %ld more %s than without",
                 now - then, books[i].name);
        return reason;
      }
    }
    return NULL;
  }
  if (WIFEXITED(status)) {
    snprintf(reason, sizeof reason, "%s", failures->complaint);
    return reason;
  }
  const int signal = WTERMSIG(status);
  if (signal == SIGABRT && may_stop(failures->step) &&
      (is_message(said) || strcmp(call, "write") == 0))
    return NULL;
  snprintf(reason, sizeof reason, "%s in %s, having said: %s",
           signal == SIGALRM ? "a hang" : strsignal(signal), failures->step,
           said);
  return reason;
}

static void learn_what_is_right(void) {
  const int status = run_child(NULL, NULL, 0, 0);
  expected = *failures;
  const char *const wrong = judge(status, "", "");
  if (wrong != NULL) {
    printf("fault: without any failure: %s\n", wrong);
    exit(1);
  }
  /* The Go face has no end: its key stays, and the record of the thread that began it. */
  if (expected.blocks > 1 || expected.keys > 1 || expected.files > 0) {
    printf("fault: without any failure: a leak: %ld blocks, %ld thread keys, %ld files\n",
           expected.blocks, expected.keys, expected.files);
    exit(1);
  }
}

static int fail_each(const char *call, int outcomes, char **outcome, int first) {
  int runs = 0, met = 0, faults = 0;
  for (int o = 0; o < outcomes; o++)
    for (int from_then_on = 0; from_then_on < 2; from_then_on++) {
      if (from_then_on && (strstr(outcome[o], "EINTR") != NULL ||
                           strstr(outcome[o], "+once") != NULL))
        continue;
      for (long at = 1;; at++) {
        const int status = run_child(call, outcome[o], at, from_then_on);
        if (failures->call < 0 && system_call == no_call) {
          fprintf(stderr, "drive: %s has no row\n", call);
          return 2;
        }
        runs++;
        const int hit = failures->failed != 0;
        met += hit;
        const char *const wrong = judge(status, call, outcome[o]);
        if (wrong != NULL) {
          faults++;
          printf("fault: %s %s at call %ld%s: %s\n", call, outcome[o], at,
                 from_then_on ? " and all after it" : "", wrong);
        }
        if (!hit || first)
          break;
      }
    }
  printf("%d runs, %d failures met, %d faults\n", runs, met, faults);
  return faults != 0;
}

int main(int argc, char **argv) {
  failures = mmap(NULL, sizeof *failures, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (failures == MAP_FAILED || argc < 2)
    return 2;
  failures->call = -1;
  if (strcmp(argv[1], "calls") == 0) {
    learn_what_is_right();
    for (int i = 0; i < call_count; i++)
      printf("%s %ld\n", call_names[i], expected.calls[i]);
    return 0;
  }
  if (strcmp(argv[1], "fail") == 0 && argc > 3) {
    const int first = strcmp(argv[argc - 1], "first") == 0;
    learn_what_is_right();
    return fail_each(argv[2], argc - 3 - first, argv + 3, first);
  }
  if (strcmp(argv[1], "system") == 0) {
    system_call = every;
    learn_what_is_right();
    for (int i = 0; i < 1024; i++)
      if (system_calls[i] != 0)
        printf("%d %ld\n", i, system_calls[i]);
    return 0;
  }
  if (strcmp(argv[1], "system-fail") == 0 && argc > 3) {
    const int first = strcmp(argv[argc - 1], "first") == 0;
    learn_what_is_right();
    system_call = atoi(argv[2]);
    return fail_each(argv[2], argc - 3 - first, argv + 3, first);
  }
  if (strcmp(argv[1], "once") == 0 && argc == 6) {
    close(run(argv[2], atol(argv[4]), atoi(argv[5])) & 0xffff);
    take_outcome(argv[3]);
    run_scenario();
    if (failures->failed == 0)
      puts("not met");
    return 0;
  }
  return 2;
}

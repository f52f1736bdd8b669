/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * host fork LIBRARY: it forks as soon as the library is loaded. If Go still starts, the
 * child is told when it would call Go.
 *
 * host LIBRARY [LIBRARY]: a C program that loads Go libraries and calls them on
 * many threads, the first calls while they still start. With LINKED the library
 * is linked. Two libraries are two Go runtimes, each with its own count.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { threads = 16, waves = 20, calls = 50, most = 2 };

struct library {
  int (*count)(void);
  int (*work)(int n);
};
static struct library library[most];
static int libraries;

static void *use(void *arg) {
  long wrong = 0;
  int i, l;
  (void)arg;
  for (i = 0; i < calls; i++)
    for (l = 0; l < libraries; l++) {
      wrong += library[l].count() <= 0;
      wrong += library[l].work(i) != 2 * i;
    }
  return (void *)wrong;
}

#ifdef LINKED
extern int goCount(void);
extern int goWork(int n);
static int load(int argc, char **argv) {
  (void)argc;
  (void)argv;
  library[0].count = goCount;
  library[0].work = goWork;
  return 1;
}
#else
static int load(int argc, char **argv) {
  int l;
  for (l = 0; l < argc - 1 && l < most; l++) {
    void *object = dlopen(argv[l + 1], RTLD_NOW | RTLD_LOCAL);
    if (object == NULL) {
      printf("%s\n", dlerror());
      exit(1);
    }
    *(void **)&library[l].count = dlsym(object, "goCount");
    *(void **)&library[l].work = dlsym(object, "goWork");
  }
  return l;
}
#endif

/* What the code that cgo generates does first is done here, and no Go, which would miss
   its threads. */
static int fork_at_once(const char *name) {
  void *object = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  const pid_t child = object != NULL ? fork() : -1;
  int status = -1;
  if (child == 0) {
    void (*wait_for_go)(void);
    *(void **)&wait_for_go = dlsym(object, "_cgo_wait_runtime_init_done");
    alarm(20); /* where it waits for a thread that is not there */
    wait_for_go();
    _exit(0);
  }
  if (child < 0 || waitpid(child, &status, 0) != child ||
      (status != 0 && WTERMSIG(status) != SIGABRT)) {
    printf("the child: status %x\n", (unsigned)status);
    return 1;
  }
  puts("ok");
  return 0;
}

int main(int argc, char **argv) {
  pthread_t thread[threads];
  long wrong = 0;
  int i, l, wave;
  if (argc == 3 && strcmp(argv[1], "fork") == 0)
    return fork_at_once(argv[2]);
  libraries = load(argc, argv);
  for (wave = 0; wave < waves; wave++) {
    for (i = 0; i < threads; i++)
      if (pthread_create(&thread[i], NULL, use, NULL) != 0)
        abort();
    for (i = 0; i < threads; i++) {
      void *result;
      pthread_join(thread[i], &result);
      wrong += (long)result;
    }
  }
  if (wrong != 0) {
    printf("%ld answers are wrong\n", wrong);
    return 1;
  }
  for (l = 0; l < libraries; l++) {
    const int count = library[l].count();
    if (count != threads * waves * calls + 1) {
      printf("library %d has counted %d calls, not %d\n", l, count,
             threads * waves * calls + 1);
      return 1;
    }
  }
  puts("ok");
  return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a first call, a signal handler and a forked child ask of the system: with the
 * loader's lock in other hands, in a sandbox, in namespaces, on stacks that are gone.
 */
#include "support/kit.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ports/arch/cpu.h"
#include "support/sandbox.h"
#include "support/stacks.h"

#define NEEDS_FRAME_CHAIN                                                      \
  if (!has_frame_chain)                                                        \
  SKIP("frames of this CPU's ABI form no chain")

/* Runs fn in a child, which ends with its result, or by SIGALRM. Returns the child's
   status, as waitpid(2) has it. */
static int in_child(int (*fn)(void)) {
  fflush(NULL);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(fn());
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}
#define STATUS(result) ((result) << 8)

/* As some programs have: the C library takes it from each thread's stack. */
static __thread volatile char much_of_each_thread[256 << 10];
enum { cannot = 77 };

static void handle(int signal, void (*handler)(int, siginfo_t *, void *),
                   int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  sigaction(signal, &action, NULL);
}

/* ---- a sandbox ---- */

#define ASSERT_CHILD(fn)                                                          \
  do {                                                                            \
    const int status_ = in_child(fn);                                             \
    if (status_ == STATUS(cannot))                                                \
      SKIP("it cannot be arranged here: no filter of system calls, or no right"); \
    ck_assert_int_eq(status_, 0);                                                 \
  } while (0)

static void note(struct libcgo_thread *thread, void *arg) {
  *(int *)arg = thread != NULL;
}

static int create_without_cpus(void) {
  int ran = 0;
  if (refuse(SYS_sched_getaffinity, EPERM) != 0)
    return cannot;
  kit_run(NULL, note, &ran);
  struct libcgo_bounds bounds;
  return !ran || libcgo_stack_bounds(NULL, &bounds) != 0;
}

TEST(a_thread_runs_where_its_cpus_are_not_told) {
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("a sanitizer wants them at each start");
  kit_begin();
  ASSERT_CHILD(create_without_cpus);
}

/* A sandbox that answers in the process itself. Without this the call gives the number of
   CPUs that it does not write. */
static atomic_int answered;
static void answer(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)info;
#if defined __x86_64__
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = -EPERM;
#elif defined __i386__
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_EAX] = -EPERM;
#elif defined __aarch64__
  ((ucontext_t *)context)->uc_mcontext.regs[0] = (unsigned long)-EPERM;
#else
  (void)context;
  _exit(cannot);
#endif
  atomic_store(&answered, 1);
}

static int create_where_a_handler_answers(void) {
  int ran = 0;
  handle(SIGSYS, answer, 0);
  if (filter(SYS_sched_getaffinity, ASK_A_HANDLER) != 0)
    return cannot;
  kit_run(NULL, note, &ran);
  struct libcgo_bounds bounds;
  if (!ran || libcgo_stack_bounds(NULL, &bounds) != 0)
    return 1;
  return atomic_load(&answered) ? 0 : cannot;
}

TEST(a_thread_runs_where_a_handler_answers_for_its_cpus) {
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("a sanitizer wants them at each start");
  kit_begin();
  ASSERT_CHILD(create_where_a_handler_answers);
}

#ifdef SYS_clone3
static void *do_nothing(void *arg) { return arg; }
static int create_without_clone3(void) {
  struct libcgo_limit limit = LIBCGO_LIMIT_INIT;
  pthread_t thread;
  if (refuse(SYS_clone3, EPERM) != 0 ||
      pthread_create(&thread, NULL, do_nothing, NULL) != EPERM)
    return cannot;
  const int err =
      libcgo_thread_create(&kit, kit_record(), NULL, kit_nothing, NULL, &limit);
  return err != EPERM || limit.name != NULL;
}
#endif

TEST(a_thread_that_a_sandbox_refuses_is_an_error_and_no_limit) {
#ifdef SYS_clone3
  kit_begin();
  ASSERT_CHILD(create_without_clone3);
#else
  SKIP("the headers have no clone3");
#endif
}

static int create_with_locked_memory(void) {
  const rlim_t some = 1024 * 1024;
  const struct rlimit limit = {some, some};
  struct libcgo_limit reached = LIBCGO_LIMIT_INIT;
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.stack_size = 64 * some;
  /* A user without privileges, and pages of his that come later. */
  if ((geteuid() == 0 && setuid(65534) != 0) ||
      setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || mlockall(MCL_FUTURE) != 0 ||
      mmap(NULL, attr.stack_size, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ||
      errno != EAGAIN || proc_status("VmLck:") < 0)
    return cannot;
  const int err = libcgo_thread_create(&kit, kit_record(), &attr, kit_nothing,
                                       NULL, &reached);
  return err != EAGAIN || reached.name == NULL ||
         strcmp(reached.name, "RLIMIT_MEMLOCK") != 0;
}

TEST(a_limit_of_locked_memory_is_named) {
  if (!have_proc())
    SKIP("there is no /proc");
  if (UNDER_ASAN || UNDER_TSAN || RUNNING_ON_VALGRIND)
    SKIP("it needs memory of its own, which would be locked, too");
  kit_begin();
  ASSERT_CHILD(create_with_locked_memory);
}

static struct libcgo_bounds told;
static int told_err;
static uintptr_t tell(void *thread) {
  told_err = libcgo_stack_bounds(thread, &told);
  return 0;
}

/* Bounds on a stack of others, by a coroutine: switched to by hand. */
static ucontext_t home, away;
static void on_coroutine(void) { tell(kit_current()); }
static char *ask_on_coroutine(void) {
  char *const lo = map_stack(small_bytes);
  getcontext(&away);
  away.uc_stack.ss_sp = lo;
  away.uc_stack.ss_size = small_bytes;
  away.uc_link = &home;
  makecontext(&away, on_coroutine, 0);
  swapcontext(&home, &away);
  return lo;
}

static int ask_with_broken_proc(void) {
  if (refuse(SYS_ioctl, EPERM) != 0 || refuse(SYS_read, EIO) != 0)
    return cannot;
  errno = 4711;
  ask_on_coroutine();
  return told_err != EIO || errno != 4711;
}

TEST(an_error_of_the_system_is_told_as_it_is) {
  if (!have_proc())
    SKIP("there is no /proc");
  ASSERT_CHILD(ask_with_broken_proc);
}

static int ask_without_proc(void) {
  struct libcgo_bounds before, after;
  const int err = libcgo_stack_bounds(NULL, &before);
  if (err != 0 || refuse(SYS_openat, ENOENT) != 0)
    return cannot;
  if (libcgo_stack_bounds(NULL, &after) != 0)
    return 1;
  return after.hi != before.hi || after.lo > (uintptr_t)&after ||
         after.kind != LIBCGO_STACK_SYSTEM;
}

TEST(the_initial_stack_is_found_without_proc) {
  if (RUNNING_ON_VALGRIND)
    SKIP("valgrind's initial stack is no mapping of the kernel's");
  ASSERT_CHILD(ask_without_proc);
}

/* The kernel answers for one mapping since Linux 6.11. Before that, and where a filter
   refuses the call, the text of all is read. */
static int same_bounds_when(long number, unsigned action) {
  struct libcgo_bounds before, after;
  if (libcgo_stack_bounds(NULL, &before) != 0)
    return 1;
  if (filter(number, action) != 0)
    return cannot;
  errno = 4711;
  if (libcgo_stack_bounds(NULL, &after) != 0 || errno != 4711)
    return 2;
  return before.lo != after.lo || before.hi != after.hi ||
         after.kind != LIBCGO_STACK_SYSTEM;
}

static int ask_an_old_kernel(void) {
  return same_bounds_when(SYS_ioctl, REFUSE(ENOTTY));
}
static int ask_in_a_sandbox(void) {
  return same_bounds_when(SYS_ioctl, REFUSE(EPERM));
}
static int ask_without_a_text(void) {
  return same_bounds_when(SYS_read, END_THE_PROCESS);
}

/* Something is mapped where the stack could grow. */
static int ask_an_old_kernel_beside_a_mapping(void) {
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  const uintptr_t at = ((uintptr_t)&page - (2u << 20)) & ~(page - 1);
  struct libcgo_bounds before, after;
  if (libcgo_stack_bounds(NULL, &before) != 0 || at < before.lo ||
      mmap((void *)at, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
          (void *)at)
    return cannot;
  if (libcgo_stack_bounds(NULL, &after) != 0 || after.lo <= at ||
      after.hi != before.hi)
    return 3;
  return same_bounds_when(SYS_ioctl, REFUSE(ENOTTY));
}

static int asks_for_one_mapping(void) {
  uint64_t query[13] = {sizeof query, 0, (uintptr_t)&query};
  const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  const int err = fd < 0 ? -1 : ioctl(fd, _IOWR('f', 17, uint64_t[13]), query);
  close(fd);
  return err == 0;
}

#define NEEDS_THE_INITIAL_STACK                                                \
  if (RUNNING_ON_VALGRIND)                                                     \
  SKIP("valgrind's initial stack is no mapping of the kernel's")

TEST(the_initial_stack_is_the_same_where_the_kernel_gives_a_text_only) {
  NEEDS_THE_INITIAL_STACK;
  ASSERT_CHILD(ask_an_old_kernel);
  ASSERT_CHILD(ask_in_a_sandbox);
}

TEST(the_initial_stack_ends_above_a_mapping_whatever_the_kernel_gives) {
  NEEDS_THE_INITIAL_STACK;
  if (!have_proc())
    SKIP("there is no /proc");
  ASSERT_CHILD(ask_an_old_kernel_beside_a_mapping);
}

TEST(the_initial_stack_is_found_without_a_text) {
  NEEDS_THE_INITIAL_STACK;
  if (!asks_for_one_mapping())
    SKIP("the kernel gives a text of all mappings only");
  ASSERT_CHILD(ask_without_a_text);
}

/* ---- the loader ---- */

struct module {
  void *handle;
  int (*call)(int *);
  int (*claim)(void);
  int (*start)(pthread_t *, void *(*)(void *), void *);
  int (*join)(pthread_t);
};

static struct module module_of(void *handle) {
  struct module m = {handle, NULL, NULL, NULL, NULL};
  if (handle == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return m;
  }
  *(void **)&m.call = dlsym(handle, "module_call");
  *(void **)&m.claim = dlsym(handle, "module_claim");
  *(void **)&m.start = dlsym(handle, "module_start");
  *(void **)&m.join = dlsym(handle, "module_join");
  return m;
}

static const char module_path[] = TEST_MODULES ".libs/liblooked-up.so";

static int load_calling_back(void) {
  setenv("LIBCGO_TESTS_CALL_BACK_WHILE_LOADING", "1", 1);
  return dlopen(module_path, RTLD_NOW | RTLD_LOCAL) == NULL;
}

TEST(a_thread_may_call_back_while_the_object_is_being_loaded) {
  ck_assert_int_eq(in_child(load_calling_back), 0);
}

static struct module loaded;
static void *call_first(void *result) {
  *(int *)result = loaded.call(NULL);
  return NULL;
}
static int call_from_thread(struct dl_phdr_info *info, size_t size, void *result) {
  (void)info;
  (void)size;
  pthread_t thread;
  if (pthread_create(&thread, NULL, call_first, result) == 0)
    pthread_join(thread, NULL);
  return 1;
}
static int call_while_iterating(void) {
  int result = -1;
  loaded = module_of(dlopen(module_path, RTLD_NOW | RTLD_LOCAL));
  if (loaded.call == NULL)
    return 1;
  dl_iterate_phdr(call_from_thread, &result);
  return result != 0;
}

TEST(a_thread_may_call_back_while_the_loader_lists_its_objects) {
  ck_assert_int_eq(in_child(call_while_iterating), 0);
}

/* A thread that holds the loader's lock. */
static atomic_int holding, let_it_go;
static int hold(struct dl_phdr_info *info, size_t size, void *arg) {
  (void)info;
  (void)size;
  (void)arg;
  atomic_store(&holding, 1);
  while (!atomic_load(&let_it_go))
    sched_yield();
  return 1;
}
static void *hold_the_loader(void *unused) {
  dl_iterate_phdr(hold, NULL);
  return unused;
}

static struct libcgo_stack small;
static void use_stacks(struct libcgo_thread *thread, void *arg) {
  *(int *)arg = libcgo_stack_bounds(thread, &told);
  libcgo_call_on_stack(thread, &small, tell, thread);
}
static int call_and_ask(void) {
  struct libcgo_bounds bounds;
  int err = -1;
  if (libcgo_callback(&kit, use_stacks, &err) != 0 || err != 0 || told_err != 0)
    return 1;
  if (libcgo_stack_bounds(NULL, &bounds) != 0)
    return 2;
  return libcgo_detach(&kit) != 0;
}
static void *fork_and_ask(void *status) {
  *(int *)status = in_child(call_and_ask);
  return NULL;
}

TEST(a_child_works_that_was_forked_while_the_loader_was_locked) {
  pthread_t thread;
  int status = -1;
  kit_begin();
  small = new_stack(small_bytes);
  atomic_store(&holding, 0);
  atomic_store(&let_it_go, 0);
  ck_assert_int_eq(pthread_create(&thread, NULL, hold_the_loader, NULL), 0);
  while (!atomic_load(&holding))
    sched_yield();
  kit_run_foreign(fork_and_ask, &status);
  atomic_store(&let_it_go, 1);
  pthread_join(thread, NULL);
  ck_assert_int_eq(status, 0);
}

#ifdef LM_ID_NEWLM
static atomic_int called, closed;
static int leaves;
static void *call_and_stay(void *result) {
  *(int *)result = loaded.call(&leaves);
  atomic_store(&called, 1);
  while (!atomic_load(&closed))
    sched_yield();
  return NULL;
}
static int in_a_namespace(void) {
  loaded = module_of(dlmopen(LM_ID_NEWLM, module_path, RTLD_NOW));
  if (loaded.call == NULL)
    return cannot;
  if (loaded.claim() != ENOTSUP)
    return 1;
  pthread_t thread;
  int result = -1;
  if (loaded.start(&thread, call_and_stay, &result) != 0)
    return 2;
  while (!atomic_load(&called))
    sched_yield();
  int (*const join)(pthread_t) = loaded.join;
  dlclose(loaded.handle);
  if (!readable((uintptr_t)join))
    return 3;
  atomic_store(&closed, 1);
  if (join(thread) != 0 || result != 0)
    return 4;
  return leaves == 1 ? 0 : 5;
}
#endif

TEST(an_object_in_a_namespace_stays_mapped_and_has_no_slots) {
#ifdef LM_ID_NEWLM
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("a sanitizer is in one namespace only");
  const int status = in_child(in_a_namespace);
  if (status == STATUS(cannot))
    SKIP("dlmopen opens no object here");
  ck_assert_int_eq(status, 0);
#else
  SKIP("the C library has no dlmopen");
#endif
}

/* ---- which process this is ---- */

static struct libcgo_init starting = LIBCGO_INIT;
static int ask_in_the_child(void) {
  return libcgo_init_begin(&starting) != ECANCELED ||
         libcgo_init_wait(&starting) != ECANCELED;
}

/* Number 1 of a namespace, which makes another. */
static int be_number_1(void) {
  if (getpid() != 1 || libcgo_init_begin(&starting) != 0 ||
      syscall(SYS_unshare, 0x20000000 /* CLONE_NEWPID */) != 0)
    return cannot;
  const int status = in_child(ask_in_the_child);
  return status == 0 ? 0 : 1;
}
static int begin_a_namespace(void) {
  if (syscall(SYS_unshare, 0x20000000) != 0)
    return cannot;
  const int status = in_child(be_number_1);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Linux 4.14. Some emulators take any advice, and do nothing. */
static int pages_are_emptied_by_fork(void) {
  void *const page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return madvise(page, 4096, -1) != 0 && madvise(page, 4096, 18) == 0;
}

TEST(a_child_is_known_as_one_that_has_its_parents_number) {
  if (!pages_are_emptied_by_fork())
    SKIP("the system gives a child no empty pages (MADV_WIPEONFORK)");
  const int status = in_child(begin_a_namespace);
  if (status == STATUS(cannot))
    SKIP("a namespace of process numbers needs privileges");
  ck_assert_int_eq(status, 0);
}

/* ---- thread keys ---- */

/* This program stands between the library and the functions of the C library. It looks
   for them when it begins: a call may come while another thread has the loader's lock. */
static atomic_int last_key; /* 1: there is one; 2: it is made, no other is to be had */
static atomic_int first_callers, key_may_come;
static atomic_int watch_marks; /* 1: a thread ends; 2: it stores again; 3: it may */
static atomic_int refuse_marks; /* 1: and it cannot */
static _Thread_local int marks;
/* A sanitizer's keys are older than this one, and it stores by them what it likes. */
static pthread_key_t oldest_key;
NOT_INSTRUMENTED static int of_this_program(pthread_key_t key) {
  return (!UNDER_ASAN && !UNDER_TSAN) || key > oldest_key;
}
NOT_INSTRUMENTED static void wait_for(atomic_int *word, int value) {
  while (atomic_load(word) < value)
    sched_yield();
}

static int (*real_create)(pthread_key_t *, void (*)(void *));
static int (*real_set)(pthread_key_t, const void *);
__attribute__((__constructor__)) NOT_INSTRUMENTED static void find_them(void) {
  if (real_create != NULL)
    return;
  *(void **)&real_set = dlsym(RTLD_NEXT, "pthread_setspecific");
  *(void **)&real_create = dlsym(RTLD_NEXT, "pthread_key_create");
}

NOT_INSTRUMENTED int pthread_key_create(pthread_key_t *key,
                                        void (*destructor)(void *)) {
  find_them(); /* what comes before the program's constructors */
  int one = 1;
  if (atomic_load(&last_key) == 0)
    return real_create(key, destructor);
  if (!atomic_compare_exchange_strong(&last_key, &one, 2))
    return EAGAIN;
  const int err = real_create(key, destructor);
  /* And this thread gets no CPU for a while. */
  wait_for(&key_may_come, 1);
  return err;
}

NOT_INSTRUMENTED int pthread_setspecific(pthread_key_t key, const void *value) {
  find_them();
  if (atomic_load(&watch_marks) != 0 && of_this_program(key) &&
      ((uintptr_t)value & 1) != 0 && marks++ == 1) {
    atomic_store(&watch_marks, 2);
    wait_for(&watch_marks, 3);
    if (atomic_load(&refuse_marks) != 0)
      return ENOMEM;
  }
  return real_set(key, value);
}

static struct libcgo_runtime *first_called;
static void *call_the_first_time(void *err) {
  atomic_fetch_add(&first_callers, 1);
  *(int *)err = libcgo_attach(first_called, NULL);
  return NULL;
}

/* One of two threads makes the last key; it has it a good while before the runtime has it. */
static void make_the_last_key(struct libcgo_runtime *r, pthread_t *threads,
                              int *err, int count) {
  first_called = r;
  atomic_store(&first_callers, 0);
  atomic_store(&key_may_come, 0);
  atomic_store(&last_key, 1);
  for (int i = 0; i < count; i++)
    ck_assert_int_eq(
        pthread_create(&threads[i], NULL, call_the_first_time, &err[i]), 0);
  wait_for(&first_callers, count);
  wait_for(&last_key, 2);
}

TEST(of_two_first_callers_none_is_refused_the_last_key) {
  int err[2] = {-1, -1};
  pthread_t threads[2];
  kit_begin();
  struct libcgo_runtime r = LIBCGO_RUNTIME_INIT(&kit_ops);
  make_the_last_key(&r, threads, err, 2);
  usleep(200000); /* longer than anybody could wait by the clock */
  atomic_store(&key_may_come, 1);
  for (int i = 0; i < 2; i++)
    pthread_join(threads[i], NULL);
  atomic_store(&last_key, 0);
  ck_assert_int_eq(err[0], 0);
  ck_assert_int_eq(err[1], 0);
  ck_assert_int_eq(libcgo_runtime_end(&r), 0);
}

static int attach_in_a_child(void) {
  atomic_store(&last_key, 0);
  if (libcgo_attach(first_called, NULL) != 0 || libcgo_detach(first_called) != 0)
    return 1;
  return libcgo_runtime_end(first_called) == 0 ? 0 : 2;
}
static int end_in_a_child(void) {
  return libcgo_runtime_end(first_called) == 0 ? attach_in_a_child() : 3;
}

TEST(a_child_makes_the_key_that_a_thread_of_its_parent_was_making) {
  int err = -1;
  pthread_t thread;
  kit_begin();
  struct libcgo_runtime r = LIBCGO_RUNTIME_INIT(&kit_ops);
  make_the_last_key(&r, &thread, &err, 1);
  ck_assert_ptr_eq(libcgo_current(&r), NULL);
  ck_assert_int_eq(in_child(attach_in_a_child), 0);
  ck_assert_int_eq(in_child(end_in_a_child), 0);
  atomic_store(&key_may_come, 1);
  pthread_join(thread, NULL);
  atomic_store(&last_key, 0);
  ck_assert_int_eq(err, 0);
  ck_assert_int_eq(libcgo_runtime_end(&r), 0);
}

static void *got;
static void theirs(void *value) { got = value; }

static size_t count_free_keys(void) {
  static pthread_key_t keys[PTHREAD_KEYS_MAX];
  size_t n = 0;
  while (n < PTHREAD_KEYS_MAX && pthread_key_create(&keys[n], NULL) == 0)
    n++;
  for (size_t i = 0; i < n; i++)
    pthread_key_delete(keys[i]);
  return n;
}

TEST(a_thread_that_ends_stores_nothing_by_anothers_key) {
  int err = -1;
  pthread_t thread;
  pthread_key_t key;
  kit_begin();
  struct libcgo_runtime r = LIBCGO_RUNTIME_INIT(&kit_ops);
  first_called = &r;
  const size_t before = count_free_keys();
  ck_assert_int_eq(pthread_key_create(&oldest_key, NULL), 0);
  atomic_store(&watch_marks, 1);
  ck_assert_int_eq(pthread_create(&thread, NULL, call_the_first_time, &err), 0);
  wait_for(&watch_marks, 2);
  kit_wait(KIT_RELEASE, 1);
  ck_assert_int_eq(libcgo_runtime_end(&r), 0);
  ck_assert_int_eq(pthread_key_create(&key, theirs), 0);
  atomic_store(&watch_marks, 3);
  pthread_join(thread, NULL);
  atomic_store(&watch_marks, 0);
  ck_assert_int_eq(err, 0);
  ck_assert_ptr_eq(got, NULL);
  pthread_key_delete(key);
  pthread_key_delete(oldest_key);
  /* It is given back when the thread has ended. */
  ck_assert_uint_eq(count_free_keys(), before);
}

TEST(a_key_is_given_back_though_an_ending_thread_cannot_store_by_it) {
  int err = -1;
  pthread_t thread;
  kit_begin();
  struct libcgo_runtime r = LIBCGO_RUNTIME_INIT(&kit_ops);
  first_called = &r;
  const size_t before = count_free_keys();
  ck_assert_int_eq(pthread_key_create(&oldest_key, NULL), 0);
  atomic_store(&refuse_marks, 1);
  atomic_store(&watch_marks, 1);
  ck_assert_int_eq(pthread_create(&thread, NULL, call_the_first_time, &err), 0);
  wait_for(&watch_marks, 2); /* or it would show nothing */
  atomic_store(&watch_marks, 3);
  pthread_join(thread, NULL);
  atomic_store(&watch_marks, 0);
  atomic_store(&refuse_marks, 0);
  ck_assert_int_eq(err, 0);
  ck_assert_int_eq(libcgo_runtime_end(&r), 0);
  pthread_key_delete(oldest_key);
  ck_assert_uint_eq(count_free_keys(), before);
}

/* ---- the initial thread ---- */

static pid_t process;
static int is_zombie(void) {
  char path[64], text[256];
  snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)process,
           (int)process);
  FILE *const f = fopen(path, "r");
  const char *end = NULL;
  if (f != NULL) {
    if (fgets(text, sizeof text, f) != NULL)
      end = strrchr(text, ')');
    fclose(f);
  }
  return end != NULL && end[2] == 'Z';
}
/* The beginnings of the two tables of mappings. */
static int maps_are_the_same(void) {
  char text[2][512] = {"", "other"};
  static const char *const names[] = {"/proc/self/maps",
                                      "/proc/thread-self/maps"};
  for (int i = 0; i < 2; i++) {
    FILE *const f = fopen(names[i], "r");
    if (f != NULL && fgets(text[i], sizeof text[i], f) == NULL)
      text[i][0] = '\0';
    if (f != NULL)
      fclose(f);
  }
  return strcmp(text[0], text[1]) == 0;
}

static void *ask_after_its_end(void *unused) {
  while (!is_zombie())
    sched_yield();
  char *const lo = ask_on_coroutine();
  _exit(told_err != 0 ? 1 : told.lo != (uintptr_t)lo);
  return unused;
}
static int end_the_initial_thread(void) {
  pthread_t thread;
  process = getpid();
  if (pthread_create(&thread, NULL, ask_after_its_end, NULL) != 0)
    return cannot;
  pthread_exit(NULL);
}

TEST(bounds_are_found_when_the_initial_thread_has_ended) {
  if (!have_proc())
    SKIP("there is no /proc");
  if (RUNNING_ON_VALGRIND)
    SKIP("valgrind has no such thread in /proc");
  if (!maps_are_the_same())
    SKIP("/proc/thread-self is none, or an emulator's own");
  const int status = in_child(end_the_initial_thread);
  ck_assert_int_eq(status, 0);
}

/* ---- handlers ---- */

static uintptr_t pcs[64];

static void ask_and_trace(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)info;
  libcgo_traceback(&kit, 0, context, pcs, 64);
}
static atomic_int cancelled_early, in_the_handler;
static void note_cancellation(void *unused) {
  (void)unused;
  atomic_store(&cancelled_early, atomic_load(&in_the_handler));
}
static void *trace_cancelled(void *unused) {
  pthread_cleanup_push(note_cancellation, NULL);
  pthread_cancel(pthread_self());
  atomic_store(&in_the_handler, 1);
  raise(SIGUSR1);
  atomic_store(&in_the_handler, 0);
  pthread_testcancel();
  pthread_cleanup_pop(0);
  return unused;
}

TEST(a_handlers_traceback_is_no_cancellation_point) {
  pthread_t thread;
  void *result;
  kit_begin();
  handle(SIGUSR1, ask_and_trace, 0);
  ck_assert_int_eq(pthread_create(&thread, NULL, trace_cancelled, NULL), 0);
  pthread_join(thread, &result);
  ck_assert_ptr_eq(result, PTHREAD_CANCELED);
  ck_assert_int_eq(atomic_load(&cancelled_early), 0);
}

/* What a handler gets of code that is stopped at pc 77. */
static size_t trace(uintptr_t sp, uintptr_t fp) {
  handler_context context;
  memset(&context, 0, sizeof context);
  prepare_context(&context);
  context.context_pc = 77;
  context.context_sp = sp;
  context.context_fp = fp;
  memset(pcs, 0, sizeof pcs);
  return libcgo_traceback(&kit, 0, &context, pcs, 64);
}

/* Frames one above the other, which return to 0x1000, 0x2000, and so on. Where a return
   address is in the caller's frame, there is one more. */
enum { frames = 3 };
#ifdef RETURN_WORD_OF_CALLER
static const int outermost = frames;
#else
static const int outermost = frames - 1;
#endif
__attribute__((noinline)) static uintptr_t make_frames(uintptr_t *words) {
  for (int i = 0; i < frames; i++) {
    uintptr_t *const frame = &words[16 * (i + 1)];
    *caller_word(frame) = i == outermost ? 0 : (uintptr_t)(frame + 16);
    *return_word(frame) = 0x1000 * ((uintptr_t)i + 1);
  }
  if (outermost == (int)frames)
    *caller_word(&words[16 * (frames + 1)]) = 0;
  return (uintptr_t)&words[16];
}

static void trace_gone(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  char *const lo = ask_on_coroutine(); /* is remembered */
  ck_assert_int_eq(told.kind, LIBCGO_STACK_OTHER);
  munmap(lo, small_bytes);
  *(size_t *)arg = trace((uintptr_t)&lo, (uintptr_t)lo + small_bytes / 2);
}

TEST(a_coroutines_stack_that_is_gone_is_not_read) {
  NEEDS_FRAME_CHAIN;
  if (!have_proc())
    SKIP("there is no /proc");
  size_t count = 0;
  kit_begin();
  kit_run(NULL, trace_gone, &count);
  ck_assert_uint_eq(count, 1);
  ck_assert_uint_eq(pcs[0], 77);
}

/* The same where the system has no copy of its own. */
static int trace_gone_in_a_sandbox(void) {
  size_t count = 0;
  if (refuse(SYS_process_vm_readv, ENOSYS) != 0)
    return cannot;
  kit_run(NULL, trace_gone, &count);
  return count != 1;
}

TEST(a_stack_that_is_gone_is_not_read_in_a_sandbox) {
  NEEDS_FRAME_CHAIN;
  if (!have_proc())
    SKIP("there is no /proc");
  kit_begin();
  ASSERT_CHILD(trace_gone_in_a_sandbox);
}

static jmp_buf out;
static uintptr_t jump_out(void *unused) {
  (void)unused;
  longjmp(out, 1);
}
static void trace_left(struct libcgo_thread *thread, void *arg) {
  static struct libcgo_stack stack;
  char here;
  if (libcgo_stack_map(&stack, small_bytes) != 0)
    return;
  if (setjmp(out) == 0)
    libcgo_call_on_stack(thread, &stack, jump_out, NULL);
  const uintptr_t inside = stack.lo + small_bytes / 2;
  libcgo_stack_unmap(&stack);
  *(size_t *)arg = trace((uintptr_t)&here, inside);
}

TEST(a_small_stack_that_a_longjmp_has_left_is_not_read) {
  NEEDS_FRAME_CHAIN;
  size_t count = 0;
  kit_begin();
  kit_run(NULL, trace_left, &count);
  ck_assert_uint_eq(count, 1);
}

/* An overflow: the stack pointer is in the page that guards the stack, and the frame
   pointer there, too, or in a frame above. */
static void assert_frames(size_t count) {
  ck_assert_uint_eq(count, 1 + frames);
  ck_assert_uint_eq(pcs[0], 77);
  for (uintptr_t i = 1; i <= frames; i++)
    ck_assert_uint_eq(pcs[i], 0x1000 * i);
}

TEST(the_page_that_guards_a_stack_is_not_read) {
  NEEDS_FRAME_CHAIN;
  kit_begin();
  char *const lo = map_stack(small_bytes);
  ck_assert_uint_eq(trace((uintptr_t)lo - 512, (uintptr_t)lo - 256), 1);
}

TEST(frames_of_a_stack_that_has_overflown_are_found) {
  NEEDS_FRAME_CHAIN;
  if (!have_proc())
    SKIP("there is no /proc");
  kit_begin();
  char *const lo = map_stack(small_bytes);
  assert_frames(trace((uintptr_t)lo - 512, make_frames((uintptr_t *)lo)));
}

static void trace_below(struct libcgo_thread *thread, void *arg) {
  uintptr_t words[16 * (frames + 3)];
  struct libcgo_bounds bounds;
  memset(words, 0, sizeof words);
  libcgo_stack_bounds(thread, &bounds);
  *(size_t *)arg = trace(bounds.lo - 512, make_frames(words));
}

TEST(frames_of_a_threads_own_stack_that_has_overflown_are_found) {
  NEEDS_FRAME_CHAIN;
  if (!have_proc())
    SKIP("there is no /proc");
  size_t count = 0;
  kit_begin();
  kit_run(NULL, trace_below, &count);
  assert_frames(count);
  /* Below the initial thread's there is nothing, not even a page that guards it. */
  count = 0;
  ck_assert_int_eq(libcgo_callback(&kit, trace_below, &count), 0);
  ck_assert_int_eq(libcgo_detach(&kit), 0);
  assert_frames(count);
}

static void trace_round(struct libcgo_thread *thread, void *arg) {
  (void)thread;
  uintptr_t words[16 * (frames + 3)];
  memset(words, 0, sizeof words);
  const uintptr_t fp = make_frames(words);
  *caller_word(&words[16 * (outermost + 1)]) = fp;
  *(size_t *)arg = trace((uintptr_t)words, fp);
}

/* As a list in a stack frame does, where code keeps its address in the register. */
TEST(frames_that_go_round_end) {
  NEEDS_FRAME_CHAIN;
  size_t count = 0;
  kit_begin();
  kit_run(NULL, trace_round, &count);
  ck_assert_uint_ge(count, 1);
  ck_assert_uint_le(count, 1 + frames + 1);
}

static void trace_in_zone(struct libcgo_thread *thread, void *arg) {
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  struct libcgo_bounds bounds;
  libcgo_stack_bounds(thread, &bounds);
  const uintptr_t zone = (bounds.lo + page - 1) & ~(page - 1);
  ck_assert_int_eq(mprotect((void *)zone, 4 * page, PROT_NONE), 0);
  *(size_t *)arg = trace(zone + page / 2, zone + 3 * page);
  ck_assert_int_eq(mprotect((void *)zone, 4 * page, PROT_READ | PROT_WRITE), 0);
}

/* Some runtimes protect pages of the stack itself. */
TEST(pages_that_a_client_guards_a_threads_stack_with_are_not_read) {
  NEEDS_FRAME_CHAIN;
  size_t count = 0;
  kit_begin();
  kit_run(NULL, trace_in_zone, &count);
  ck_assert_uint_eq(count, 1);
}

/* ---- signal stacks ---- */

static void ask_in_handler(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)info;
  (void)context;
  tell(kit_current());
}

static void *ask_on_disarmed(void *lo) {
  stack_t stack, before;
  memset(&stack, 0, sizeof stack);
  stack.ss_sp = lo;
  stack.ss_size = small_bytes;
  stack.ss_flags = (int)(1u << 31); /* SS_AUTODISARM */
  if (sigaltstack(&stack, &before) != 0)
    return NULL;
  handle(SIGUSR1, ask_in_handler, SA_ONSTACK);
  libcgo_callback(&kit, kit_nothing, NULL);
  tell(kit_current()); /* an attached thread asks once outside of handlers */
  raise(SIGUSR1);
  sigaltstack(&before, NULL);
  return lo;
}

TEST(a_signal_stack_is_known_that_the_system_has_taken_away) {
  if (!have_proc())
    SKIP("there is no /proc");
  kit_begin();
  char *const lo = map_stack(large_bytes) + large_bytes / 4; /* one mapping */
  if (kit_run_foreign(ask_on_disarmed, lo) == NULL)
    SKIP("the system takes no signal stack away (SS_AUTODISARM)");
  ck_assert_int_eq(told_err, 0);
  ck_assert_int_eq(told.kind, LIBCGO_STACK_SIGNAL);
  ck_assert_uint_eq(told.lo, (uintptr_t)lo);
  ck_assert_uint_eq(told.hi, (uintptr_t)lo + small_bytes);
}

static volatile int handled;
static void note_signal(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)info;
  (void)context;
  handled = 1;
}

static void *detach_where_nobody_says(void *arg) {
  if (libcgo_callback(&kit, kit_nothing, NULL) != 0)
    return NULL;
  handle(SIGUSR1, note_signal, SA_ONSTACK);
  if (refuse(SYS_sigaltstack, EPERM) != 0)
    return NULL;
  if (libcgo_detach(&kit) == 0)
    raise(SIGUSR1); /* the system goes to the stack that it knows */
  return arg;
}

TEST(a_signal_stack_stays_where_the_system_does_not_say_whether_it_is_in_use) {
  if (UNDER_ASAN || UNDER_TSAN)
    SKIP("a sanitizer gives its threads a signal stack");
  kit_begin();
  kit.signal_stack_size = 32768;
  handled = 0;
  if (kit_run_foreign(detach_where_nobody_says, &kit) == NULL)
    SKIP("there is no filter of system calls");
  ck_assert_int_eq(handled, 1);
}

int main(void) {
  much_of_each_thread[0] = 1;
  suite_begin("lookups");
  ADD_TEST(a_thread_runs_where_its_cpus_are_not_told);
  ADD_TEST(a_thread_runs_where_a_handler_answers_for_its_cpus);
  ADD_TEST(a_thread_that_a_sandbox_refuses_is_an_error_and_no_limit);
  ADD_TEST(a_limit_of_locked_memory_is_named);
  ADD_TEST(an_error_of_the_system_is_told_as_it_is);
  ADD_TEST(the_initial_stack_is_found_without_proc);
  ADD_TEST(the_initial_stack_is_the_same_where_the_kernel_gives_a_text_only);
  ADD_TEST(the_initial_stack_ends_above_a_mapping_whatever_the_kernel_gives);
  ADD_TEST(the_initial_stack_is_found_without_a_text);
  ADD_TEST(a_thread_may_call_back_while_the_object_is_being_loaded);
  ADD_TEST(a_thread_may_call_back_while_the_loader_lists_its_objects);
  ADD_TEST(a_child_works_that_was_forked_while_the_loader_was_locked);
  ADD_TEST(an_object_in_a_namespace_stays_mapped_and_has_no_slots);
  ADD_TEST(a_child_is_known_as_one_that_has_its_parents_number);
  ADD_TEST(of_two_first_callers_none_is_refused_the_last_key);
  ADD_TEST(a_child_makes_the_key_that_a_thread_of_its_parent_was_making);
  ADD_TEST(a_thread_that_ends_stores_nothing_by_anothers_key);
  ADD_TEST(a_key_is_given_back_though_an_ending_thread_cannot_store_by_it);
  ADD_TEST(bounds_are_found_when_the_initial_thread_has_ended);
  ADD_TEST(a_handlers_traceback_is_no_cancellation_point);
  ADD_TEST(a_coroutines_stack_that_is_gone_is_not_read);
  ADD_TEST(a_stack_that_is_gone_is_not_read_in_a_sandbox);
  ADD_TEST(a_small_stack_that_a_longjmp_has_left_is_not_read);
  ADD_TEST(the_page_that_guards_a_stack_is_not_read);
  ADD_TEST(frames_of_a_stack_that_has_overflown_are_found);
  ADD_TEST(frames_of_a_threads_own_stack_that_has_overflown_are_found);
  ADD_TEST(frames_that_go_round_end);
  ADD_TEST(pages_that_a_client_guards_a_threads_stack_with_are_not_read);
  ADD_TEST(a_signal_stack_is_known_that_the_system_has_taken_away);
  ADD_TEST(
      a_signal_stack_stays_where_the_system_does_not_say_whether_it_is_in_use);
  return suite_run();
}

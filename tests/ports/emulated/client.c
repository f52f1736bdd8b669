/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The program that an emulated system runs: a runtime whose tasks are functions
 * that the test gives. What it calls is the library's alone, and thread keys.
 */
#include <errno.h>
#include <libcgo.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#ifdef __APPLE__
#include <sys/ucontext.h>
#endif

static pthread_key_t current_key;
unsigned client_enters, client_leaves, client_acquires, client_releases;

static void enter(struct libcgo_thread *thread) {
  client_enters++;
  pthread_setspecific(current_key, thread);
}

static void leave(struct libcgo_thread *thread) {
  (void)thread;
  client_leaves++;
  pthread_setspecific(current_key, NULL);
}

static struct libcgo_thread *acquire(struct libcgo_runtime *runtime) {
  (void)runtime;
  client_acquires++;
  struct libcgo_thread *thread = malloc(sizeof *thread);
  if (thread != NULL)
    *thread = (struct libcgo_thread)LIBCGO_THREAD_INIT;
  return thread;
}

static void release(struct libcgo_thread *thread) {
  client_releases++;
  free(thread);
}

static struct libcgo_thread *current(const struct libcgo_runtime *runtime) {
  (void)runtime;
  return pthread_getspecific(current_key);
}

static const struct libcgo_ops ops =
    LIBCGO_OPS(enter, leave, acquire, release, current, NULL);
struct libcgo_runtime client_runtime = LIBCGO_RUNTIME_INIT(&ops);
static struct libcgo_thread created = LIBCGO_THREAD_INIT;

/* Before everything else. */
int client_begin(int signal_stack_size) {
  client_runtime.signal_stack_size = (size_t)signal_stack_size;
  int err = pthread_key_create(&current_key, NULL);
  if (err == 0)
    err = libcgo_init_begin(&client_runtime.init);
  return err;
}

int client_done(void) { return libcgo_init_done(&client_runtime.init); }
int client_wait(void) { return libcgo_init_wait(&client_runtime.init); }

static struct libcgo_thread *self(void) { return current(&client_runtime); }

int client_callback(void (*fn)(struct libcgo_thread *, void *), void *arg) {
  return libcgo_callback(&client_runtime, fn, arg);
}

int client_attach(void) { return libcgo_attach(&client_runtime, NULL); }
int client_detach(void) { return libcgo_detach(&client_runtime); }

int client_create(void (*fn)(struct libcgo_thread *, void *), void *arg,
                  size_t stack_size, const char *name, const void *cpus) {
  struct libcgo_thread_attr attr = LIBCGO_THREAD_ATTR_INIT;
  attr.stack_size = stack_size;
  attr.name = name;
  attr.cpus = cpus;
  attr.cpus_size = cpus != NULL ? sizeof(uintptr_t) : 0;
  return libcgo_thread_create(&client_runtime, &created, &attr, fn, arg, NULL);
}

/* The text of the limit that kept a thread from being created. */
int client_limit(void (*fn)(struct libcgo_thread *, void *), char *text,
                 size_t size) {
  struct libcgo_limit limit = LIBCGO_LIMIT_INIT;
  const int err =
      libcgo_thread_create(&client_runtime, &created, NULL, fn, NULL, &limit);
  libcgo_limit_text(&limit, text, size);
  return err;
}

uintptr_t client_on_stack(const struct libcgo_stack *stack,
                          uintptr_t (*fn)(void *), void *arg) {
  return libcgo_call_on_stack(self(), stack, fn, arg);
}

uintptr_t client_on_system(uintptr_t (*fn)(void *), void *arg) {
  return libcgo_call_on_system(self(), fn, arg);
}

int client_map_stack(struct libcgo_stack *stack, size_t bytes) {
  return libcgo_stack_map(stack, bytes);
}

/* lo, hi, kind. */
int client_bounds(uintptr_t *found, int with_record) {
  struct libcgo_bounds bounds = {0, 0, 0};
  const int err = libcgo_stack_bounds(with_record ? self() : NULL, &bounds);
  found[0] = bounds.lo;
  found[1] = bounds.hi;
  found[2] = (uintptr_t)bounds.kind;
  return err;
}

/* A pair that every thread has at the same distance from its thread pointer, where
   the system has that. */
#if defined(__FreeBSD__) || defined(__NetBSD__)
__thread char client_other_variable[3] = {1, 2, 3};
LIBCGO_DEFINE_SLOTS;
uintptr_t *client_pair(void) { return libcgo_defined_pair; }
#endif
intptr_t client_offset;
int client_claim(void) {
  return libcgo_slots_claim(&client_runtime, &client_offset);
}

/* What the constructor of LIBCGO_DEFINE_SLOTS does. */
void client_define_slots(void *pair) {
  static struct libcgo_slots slots = LIBCGO_SLOTS_INIT;
  libcgo_slots_defined(&slots, pair);
}

/* A traceback of code that a signal has stopped, as its handler asks for it: with the
   registers where the system's headers have them. */
size_t client_traceback(uintptr_t pc, uintptr_t sp, uintptr_t fp,
                        uintptr_t *pcs, size_t count) {
#if defined(__APPLE__)
  struct __darwin_ucontext context;
#if defined(__i386__)
  struct __darwin_mcontext32 registers;
#define PC registers.__ss.__eip
#define SP registers.__ss.__esp
#define FP registers.__ss.__ebp
#else
  struct __darwin_mcontext64 registers;
#if defined(__x86_64__)
#define PC registers.__ss.__rip
#define SP registers.__ss.__rsp
#define FP registers.__ss.__rbp
#else
#define PC registers.__ss.__pc
#define SP registers.__ss.__sp
#define FP registers.__ss.__fp
#endif
#endif
  memset(&registers, 0, sizeof registers);
  memset(&context, 0, sizeof context);
  context.uc_mcontext = &registers;
#else
  ucontext_t context;
  memset(&context, 0, sizeof context);
#if defined(__FreeBSD__) && defined(__x86_64__)
#define PC context.uc_mcontext.mc_rip
#define SP context.uc_mcontext.mc_rsp
#define FP context.uc_mcontext.mc_rbp
#elif defined(__FreeBSD__)
#define PC context.uc_mcontext.mc_gpregs.gp_elr
#define SP context.uc_mcontext.mc_gpregs.gp_sp
#define FP context.uc_mcontext.mc_gpregs.gp_x[29]
#elif defined(__NetBSD__) && defined(__x86_64__)
#define PC context.uc_mcontext.__gregs[_REG_RIP]
#define SP context.uc_mcontext.__gregs[_REG_RSP]
#define FP context.uc_mcontext.__gregs[_REG_RBP]
#elif defined(__NetBSD__)
#define PC context.uc_mcontext.__gregs[_REG_ELR]
#define SP context.uc_mcontext.__gregs[_REG_SP]
#define FP context.uc_mcontext.__gregs[_REG_FP]
#elif defined(__x86_64__) /* OpenBSD: struct sigcontext */
#define PC context.sc_rip
#define SP context.sc_rsp
#define FP context.sc_rbp
#else
#define PC context.sc_elr
#define SP context.sc_sp
#define FP context.sc_x[29]
#endif
#endif
  /* Signed or not, they are as wide as a pointer. */
  memcpy(&PC, &pc, sizeof pc);
  memcpy(&SP, &sp, sizeof sp);
  memcpy(&FP, &fp, sizeof fp);
  return libcgo_traceback(&client_runtime, 0, &context, pcs, count);
}

/* Handles that are given back and new ones: the number of those that do not lead
   to their object. */
int client_handles(int count) {
  static struct libcgo_handle_table table = LIBCGO_HANDLE_TABLE_INIT;
  static uintptr_t handles[1000];
  static char objects[1000];
  int wrong = 0;
  if (count > 1000)
    return -1;
  for (int i = 0; i < count; i++)
    wrong += libcgo_handle_new(&table, &objects[i], &handles[i]) != 0;
  for (int i = 0; i < count; i += 2)
    wrong += libcgo_handle_free(&table, handles[i]) != 0;
  for (int i = 0; i < count; i++) {
    void *object = libcgo_handle_get(&table, handles[i]);
    wrong += object != (i % 2 == 0 ? NULL : &objects[i]);
  }
  wrong += libcgo_handle_count(&table) != (size_t)(count / 2);
  for (int i = 1; i < count; i += 2)
    wrong += libcgo_handle_free(&table, handles[i]) != 0;
  wrong += libcgo_handle_table_destroy(&table) != 0;
  return wrong;
}

#ifdef LIBCGO_CLASSIC
LIBCGO_RESERVE_SLOTS;
void client_initcgo(void) { initcgo(); }
void client_thread_start(struct libcgo_start *start) {
  libcgo_thread_start(start);
}
void client_sys_thread_start(uintptr_t m, struct libcgo_g *g, void (*fn)(void)) {
  struct libcgo_start *start = malloc(sizeof *start);
  start->m = m;
  start->g = g;
  start->fn = fn;
  libcgo_sys_thread_start(start);
}
void *client_malloc(long long n) {
  struct libcgo_malloc_args args = {n, NULL};
  _cgo_malloc(&args);
  return args.ret;
}
#endif

int main(void) { return 0; }

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client for foreign-loader.c: what a runtime of 2010 had of libcgo. It
 * defines the variables without a value; the library's definitions override
 * them. It includes nothing and is compiled for the loader's few relocations.
 */
typedef struct {
  unsigned long stackguard, stackbase;
} G;
typedef struct {
  unsigned long m;
  G *g;
  void (*fn)(void);
} ThreadStart;

#ifdef __APPLE__
#define SYMBOL(name) __asm__("_" name)
#else
#define SYMBOL(name) __asm__(name)
#endif

void (*initcgo)(void);
void (*libcgo_thread_start)(ThreadStart *);
void (*_cgo_malloc)(void *);
void (*_cgo_free)(void *);
_Bool iscgo SYMBOL("runtime·iscgo");
_Bool iscgo_in_objects SYMBOL("runtime.iscgo"); /* as compilers of 2010 write it */
extern void crosscall2(void (*fn)(void *, int), void *arg, int argsize);

/* What went wrong; 0 is nothing. Read by the loader when done is not 0. */
int client_result;
int client_done;

/* The loaders know no .bss, and on Darwin no sum of an address and a number. */
static G record = {1, 1};
static G *volatile task = &record;

static void callback(void *arg, int argsize) {
  if (arg != task || argsize != -5)
    client_result = 6;
}

static void run(void) {
  G *g;
  unsigned long m;
  char here;
#if defined(__APPLE__) && defined(__x86_64__)
  __asm__ volatile("movq %%gs:0x8a0, %0; movq %%gs:0x8a8, %1"
                   : "=r"(g), "=r"(m));
#elif defined(__APPLE__)
  __asm__ volatile("movl %%gs:0x468, %0; movl %%gs:0x46c, %1"
                   : "=r"(g), "=r"(m));
#elif defined(__x86_64__)
  __asm__ volatile("movq %%fs:-16, %0; movq %%fs:-8, %1" : "=r"(g), "=r"(m));
#else
  __asm__ volatile("movl %%gs:0, %0; movl -4(%0), %1; movl -8(%0), %0"
                   : "=&r"(g), "=r"(m));
#endif
  if (g != task || m != 0x99)
    client_result = 4;
  if ((unsigned long)&here < task->stackguard ||
      (unsigned long)&here > task->stackbase)
    client_result = 5;
  crosscall2(callback, task, -5);
  __atomic_store_n(&client_done, 1, __ATOMIC_RELEASE);
}

void client_main(void) {
  struct {
    long long n;
    char *ret;
  } memory;
  ThreadStart start = {0x99, task, run};
  if (!iscgo || !iscgo_in_objects || initcgo == 0) {
    client_result = 1;
    client_done = 1;
    return;
  }
  initcgo();
  memory.n = 100;
  memory.ret = 0;
  _cgo_malloc(&memory);
  if (memory.ret == 0)
    client_result = 2;
  else
    memory.ret[99] = 1;
  _cgo_free(&memory.ret);
  memory.n = -1;
  _cgo_malloc(&memory);
  if (memory.ret != 0)
    client_result = 3;
  libcgo_thread_start(&start);
  start.fn = 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stands between the library and the C library. In the copy of the library that is tested
 * each import NAME is called failing_NAME; here are these functions, one for each row of
 * libc.calls (calls.h is made of it). They take words and return a word: no import has other
 * arguments, nor more than seven.
 */
#include "failures.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

typedef uintptr_t word;

#define ROW(name) call_##name,
#define SYSTEM_ROW(name) call_system_##name,
enum {
#include "calls.h"
  calls
};
#undef ROW
#undef SYSTEM_ROW

#define ROW(name) #name,
#define SYSTEM_ROW(name) "syscall:" #name,
const char *const call_names[] = {
#include "calls.h"
};
#undef ROW
#undef SYSTEM_ROW
const int call_count = calls;
_Static_assert((int)calls <= (int)most_calls, "");

static struct failures none = {.call = -1};
struct failures *failures = &none;

static int fails(int call) {
  struct failures *const f = failures;
  if (!__atomic_load_n(&f->armed, __ATOMIC_SEQ_CST))
    return 0;
  const long n = __atomic_add_fetch(&f->calls[call], 1, __ATOMIC_SEQ_CST);
  if (call != f->call || !(n == f->at || (f->from_then_on && n > f->at)))
    return 0;
  __atomic_add_fetch(&f->failed, 1, __ATOMIC_SEQ_CST);
  return 1;
}

/* What the scenario has refused, whatever else fails; time then goes by without waiting. */
static int is_refused(int call) {
  const char *const name = failures->refused;
  return name != NULL && strcmp(name, call_names[call]) == 0;
}
static int passes_time(int call) {
  if (failures->refused == NULL || call != call_nanosleep)
    return 0;
  __atomic_add_fetch(&failures->ahead, 2, __ATOMIC_SEQ_CST);
  return 1;
}

static word fail(void) {
  if (failures->error != 0)
    errno = failures->error;
  return failures->result;
}

static void book(long *of, long n) {
  __atomic_add_fetch(of, n, __ATOMIC_SEQ_CST);
}
static long whole_pages(word bytes) {
  return (long)((bytes + 4095) & ~(word)4095);
}

/* After a call that has not failed. */
static void note(int call, word a, word b, word result) {
  struct failures *const f = failures;
  switch (call) {
  case call_malloc:
  case call_calloc:
    book(&f->blocks, result != 0);
    break;
  case call_free:
    book(&f->blocks, -(long)(a != 0));
    break;
  case call_mmap:
    if (result != (word)MAP_FAILED)
      book(&f->mapped, whole_pages(b));
    break;
  case call_munmap:
    book(&f->mapped, -whole_pages(b));
    break;
  case call_pthread_key_create:
    book(&f->keys, (int)result == 0);
    break;
  case call_pthread_key_delete:
    book(&f->keys, -1);
    break;
  case call_system_openat:
    book(&f->files, (long)result >= 0);
    break;
  case call_system_close:
    book(&f->files, -1);
    break;
  case call_clock_gettime:
    ((struct timespec *)b)->tv_sec += f->ahead;
    break;
  default:
    break;
  }
}

#define SYSTEM_ROW(name)
#define ROW(name)                                                                \
  word real_##name(word, word, word, word, word, word, word) __asm__(#name);     \
  word failing_##name(word, word, word, word, word, word, word);                 \
  word failing_##name(word a, word b, word c, word d, word e, word f, word g) {  \
    if (call_##name == call_syscall)                                             \
      return system_call(a, b, c, d, e, f, g);                                   \
    /* The system gives a descriptor up, whatever it says; and what the        \
       library has given back is not its own any more. */ \
    if (fails(call_##name)) {                                                    \
      if (call_##name == call_munmap)                                            \
        note(call_munmap, a, b, 0);                                              \
      return fail();                                                             \
    }                                                                            \
    if (is_refused(call_##name))                                                 \
      return failures->refusal;                                                  \
    if (passes_time(call_##name))                                                \
      return 0;                                                                  \
    const word result = real_##name(a, b, c, d, e, f, g);                        \
    note(call_##name, a, b, result);                                             \
    return result;                                                               \
  }

static word system_call(word a, word b, word c, word d, word e, word f, word g);
#include "calls.h"
#undef SYSTEM_ROW
#undef ROW

static int call_of(word number) {
  switch (number) {
#define ROW(name)
#define SYSTEM_ROW(name)                                                       \
  case SYS_##name:                                                             \
    return call_system_##name;
#include "calls.h"
  default:
    return -1;
  }
}

static word system_call(word a, word b, word c, word d, word e, word f, word g) {
  const int call = call_of(a);
  /* Who wakes others gets no error. */
  if (call == call_system_futex && (c & 127) != 0)
    return real_syscall(a, b, c, d, e, f, g);
  if (call < 0)
    failures->unknown = (long)a + 1;
  const int failing = call >= 0 && fails(call);
  if (failing && call != call_system_close)
    return fail();
  const word result = real_syscall(a, b, c, d, e, f, g);
  if (call >= 0)
    note(call, b, c, result);
  return failing ? fail() : result;
}

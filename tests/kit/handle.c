/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handles.
 *
 * LIBCGO_TEST_HANDLES in the environment says how many are live at once in the
 * test of many (default: a million).
 */
#include "support/harness.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  wide = sizeof(uintptr_t) == 8,
  place_bits = wide ? 28 : 21,
  first_slots = 256,
  first_room = first_slots - first_slots / 8, /* then the table grows */
  stamps = 2048,                              /* with 32-bit words */
  some = 1000
};

static const uintptr_t place_mask = ((uintptr_t)1 << place_bits) - 1;

static struct libcgo_handle_table table = LIBCGO_HANDLE_TABLE_INIT;
static struct libcgo_handle_table other = LIBCGO_HANDLE_TABLE_INIT;
static char objects[some];

/* Valgrind and sanitizers take their time. */
static int on_valgrind(void) {
  const char *preload = getenv("LD_PRELOAD");
  return preload != NULL && strstr(preload, "vgpreload") != NULL;
}
static int slow(void) { return on_valgrind() || UNDER_TSAN; }

static uintptr_t make(struct libcgo_handle_table *t, void *object) {
  uintptr_t handle = 0;
  const int err = libcgo_handle_new(t, object, &handle);
  if (err != 0) /* Check's assertions take their time */
    ck_assert_int_eq(err, 0);
  return handle;
}

static void make_some(uintptr_t *handles, int n) {
  for (int i = 0; i < n; i++)
    handles[i] = make(&table, &objects[i]);
}

/* xorshift64 (Marsaglia, 2003). */
static uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

/* What src/kit/handle.cc has at a handle's place: the slot's two words. */
static uintptr_t *slot_of(const struct libcgo_handle_table *t, uintptr_t handle) {
  const int zeros = __builtin_ctzll(handle);
  return (uintptr_t *)t->segments[zeros] +
         2 * ((handle & place_mask) >> (zeros + 1));
}

/* Makes and frees handles until one is at this place again, and leaves that
   one live. Usable in signal handlers. Returns 0 if it does not come. */
static uintptr_t make_at(struct libcgo_handle_table *t, void *object,
                         uintptr_t place) {
  for (int i = 0; i < 4 * first_slots; i++) {
    uintptr_t handle;
    if (libcgo_handle_new(t, object, &handle) != 0)
      return 0;
    if ((handle & place_mask) == (place & place_mask))
      return handle;
    libcgo_handle_free(t, handle);
  }
  return 0;
}

static atomic_int wrong; /* what threads and long loops count */

/* ---- one thread ---- */

TEST(a_handle_gives_its_object_back) {
  uintptr_t handles[some];
  make_some(handles, some);
  for (int i = 0; i < some; i++)
    ck_assert_ptr_eq(libcgo_handle_get(&table, handles[i]), &objects[i]);
  libcgo_handle_table_destroy(&table);
}

TEST(one_object_may_have_several_handles) {
  const uintptr_t a = make(&table, objects), b = make(&table, objects);
  ck_assert(a != b);
  ck_assert_int_eq(libcgo_handle_free(&table, a), 0);
  ck_assert_ptr_eq(libcgo_handle_get(&table, b), objects);
  libcgo_handle_table_destroy(&table);
}

TEST(zero_is_no_handle) {
  ck_assert_ptr_eq(libcgo_handle_get(&table, 0), NULL);
  uintptr_t handles[some];
  make_some(handles, some);
  for (int i = 0; i < some; i++)
    ck_assert(handles[i] != 0);
  ck_assert_ptr_eq(libcgo_handle_get(&table, 0), NULL);
  ck_assert_int_eq(libcgo_handle_free(&table, 0), ESTALE);
  libcgo_handle_table_destroy(&table);
}

TEST(a_null_argument_is_refused) {
  uintptr_t handle = 5;
  ck_assert_int_eq(libcgo_handle_new(&table, NULL, &handle), EINVAL);
  ck_assert_int_eq(libcgo_handle_new(NULL, objects, &handle), EINVAL);
  ck_assert_int_eq(libcgo_handle_new(&table, objects, NULL), EINVAL);
  ck_assert_int_eq(libcgo_handle_free(NULL, 5), EINVAL);
  ck_assert_int_eq(libcgo_handle_table_destroy(NULL), EINVAL);
  ck_assert_ptr_eq(libcgo_handle_get(NULL, 5), NULL);
  ck_assert_uint_eq(libcgo_handle_count(NULL), 0);
  ck_assert_uint_eq(libcgo_handle_count(&table), 0);
  ck_assert_uint_eq(handle, 5);
}

TEST(a_record_that_is_too_small_is_refused) {
  const uint32_t right = table.size, sizes[] = {0, right - 1};
  for (int i = 0; i < 2; i++) {
    uintptr_t handle = make(&table, objects), unset = 5;
    table.size = sizes[i];
    ck_assert_int_eq(libcgo_handle_new(&table, objects, &unset), EINVAL);
    ck_assert_int_eq(libcgo_handle_free(&table, handle), EINVAL);
    ck_assert_int_eq(libcgo_handle_table_destroy(&table), EINVAL);
    ck_assert_ptr_eq(libcgo_handle_get(&table, handle), NULL);
    ck_assert_uint_eq(libcgo_handle_count(&table), 0);
    ck_assert_uint_eq(unset, 5);
    table.size = right;
    ck_assert_int_eq(libcgo_handle_free(&table, handle), 0);
  }
  libcgo_handle_table_destroy(&table);
}

TEST(a_larger_record_of_a_later_client_is_accepted) {
  struct {
    struct libcgo_handle_table table;
    uintptr_t more[8];
  } later;
  memset(&later, 0xff, sizeof later);
  ck_assert_int_eq(libcgo_handle_table_init(&later.table, sizeof later), 0);
  for (int i = 0; i < 2; i++) { /* destroyed, it may be used again */
    const uintptr_t handle = make(&later.table, objects);
    ck_assert_ptr_eq(libcgo_handle_get(&later.table, handle), objects);
    ck_assert_uint_eq(libcgo_handle_count(&later.table), 1);
    ck_assert_int_eq(libcgo_handle_free(&later.table, handle), 0);
    later.more[7] = 7; /* whose members this library does not know */
    ck_assert_int_eq(libcgo_handle_table_destroy(&later.table), 0);
    ck_assert_uint_eq(later.table.size, sizeof later);
    ck_assert_uint_eq(later.more[7], 7);
  }
}

TEST(a_freed_handle_is_stale) {
  const uintptr_t handle = make(&table, objects);
  ck_assert_int_eq(libcgo_handle_free(&table, handle), 0);
  ck_assert_ptr_eq(libcgo_handle_get(&table, handle), NULL);
  libcgo_handle_table_destroy(&table);
}

TEST(a_freed_handle_is_stale_when_its_place_is_used_again) {
  const uintptr_t old = make(&table, &objects[0]);
  libcgo_handle_free(&table, old);
  for (int i = 0; i < 100; i++) {
    const uintptr_t new = make_at(&table, &objects[1], old);
    ck_assert(new != 0 && new != old);
    ck_assert_ptr_eq(libcgo_handle_get(&table, new), &objects[1]);
    ck_assert_ptr_eq(libcgo_handle_get(&table, old), NULL);
    ck_assert_int_eq(libcgo_handle_free(&table, old), ESTALE);
    ck_assert_int_eq(libcgo_handle_free(&table, new), 0);
  }
  libcgo_handle_table_destroy(&table);
}

TEST(a_second_free_is_refused) {
  const uintptr_t handle = make(&table, objects);
  ck_assert_int_eq(libcgo_handle_free(&table, handle), 0);
  ck_assert_int_eq(libcgo_handle_free(&table, handle), ESTALE);
  ck_assert_uint_eq(libcgo_handle_count(&table), 0);
  libcgo_handle_table_destroy(&table);
}

TEST(the_count_is_that_of_live_handles) {
  uintptr_t handles[some];
  for (size_t i = 0; i < some; i++) {
    ck_assert_uint_eq(libcgo_handle_count(&table), i);
    handles[i] = make(&table, &objects[i]);
  }
  for (size_t i = 0; i < some; i++) {
    ck_assert_uint_eq(libcgo_handle_count(&table), some - i);
    libcgo_handle_free(&table, handles[i]);
  }
  ck_assert_uint_eq(libcgo_handle_count(&table), 0);
  libcgo_handle_table_destroy(&table);
}

TEST(a_place_is_used_again_after_32_others_at_the_earliest) {
  uintptr_t handles[first_room];
  unsigned last_use[first_slots] = {0}, now = 1000;
  int early = 0;
  uint64_t random = 88172645463325252u;
  make_some(handles, first_room);
  for (int i = 0; i < 100000; i++, now++) {
    uintptr_t *handle = &handles[next_random(&random) % first_room];
    libcgo_handle_free(&table, *handle);
    *handle = make(&table, objects);
    early += (*handle >> (place_bits - 9) & 1) != 1; /* not segment 0 */
    unsigned *last = &last_use[*handle >> (place_bits - 8) & 0xff];
    early += now - *last <= first_slots / 8;
    *last = now;
  }
  ck_assert_int_eq(early, 0);
  libcgo_handle_table_destroy(&table);
}

/* ---- words that are no handles ---- */

/* Whether a word that is found is one of some live handles, whose objects are
   those of the same number. */
static int rightly_found(uintptr_t word, const uintptr_t *handles) {
  const char *object = libcgo_handle_get(&table, word);
  return object == NULL || (object >= objects && object < objects + some &&
                            handles[object - objects] == word);
}

TEST(a_forged_word_is_not_found) {
  uintptr_t handles[some];
  uint64_t random = 88172645463325252u;
  make_some(handles, some);
  const int n = slow() ? 50000 : 1000000;
  const int bits = (int)sizeof(uintptr_t) * 8;
  int ok = 1;
  for (int i = 0; i < n; i++) {
    const uint64_t r = next_random(&random);
    const uintptr_t word = (uintptr_t)r, live = handles[r % some];
    ok &= rightly_found(word, handles);
    /* Live places with other stamps, and live stamps with other places. */
    ok &= rightly_found((word & ~place_mask) | (live & place_mask), handles);
    ok &= rightly_found((word & place_mask) | (live & ~place_mask), handles);
    ok &= rightly_found((uintptr_t)i, handles);
    ok &= rightly_found(~(uintptr_t)i, handles);
  }
  for (int i = 0; i < some; i++)
    for (int bit = 0; bit < bits; bit++)
      ok &= rightly_found(handles[i] ^ ((uintptr_t)1 << bit), handles);
  for (int bit = 0; bit < bits; bit++) {
    ok &= rightly_found((uintptr_t)1 << bit, handles);
    ok &= rightly_found(~(uintptr_t)0 << bit, handles);
  }
  ck_assert(ok);
  ck_assert_uint_eq(libcgo_handle_count(&table), some);
  libcgo_handle_table_destroy(&table);
}

TEST(freeing_a_forged_word_is_refused) {
  uintptr_t handles[some];
  uint64_t random = 88172645463325252u;
  make_some(handles, some);
  const int n = slow() ? 50000 : 1000000;
  int accepted = 0;
  for (int i = 0; i < n; i++) {
    const uintptr_t word = (uintptr_t)next_random(&random);
    if (libcgo_handle_get(&table, word) == NULL)
      accepted += libcgo_handle_free(&table, word) != ESTALE;
  }
  ck_assert_int_eq(accepted, 0);
  for (int i = 0; i < some; i++)
    ck_assert_ptr_eq(libcgo_handle_get(&table, handles[i]), &objects[i]);
  libcgo_handle_table_destroy(&table);
}

TEST(a_word_is_refused_by_an_empty_table) {
  uint64_t random = 88172645463325252u;
  for (int i = 0; i < 10000; i++) {
    const uintptr_t word = (uintptr_t)next_random(&random);
    ck_assert_ptr_eq(libcgo_handle_get(&table, word), NULL);
    ck_assert_int_eq(libcgo_handle_free(&table, word), ESTALE);
  }
}

#define STAMPS_ARE_FEW                                                         \
  "with 32-bit words one in 2048 words of another table passes"

TEST(a_handle_of_another_table_is_refused) {
  if (!wide)
    SKIP(STAMPS_ARE_FEW);
  uintptr_t handles[some];
  make_some(handles, some);
  for (int i = 0; i < some; i++)
    make(&other, &objects[i]);
  for (int i = 0; i < some; i++) {
    ck_assert_ptr_eq(libcgo_handle_get(&other, handles[i]), NULL);
    ck_assert_int_eq(libcgo_handle_free(&other, handles[i]), ESTALE);
  }
  libcgo_handle_table_destroy(&table);
  libcgo_handle_table_destroy(&other);
}

TEST(a_handle_of_a_destroyed_table_is_refused_by_its_successor) {
  if (!wide)
    SKIP(STAMPS_ARE_FEW);
  uintptr_t handles[some];
  for (int round = 0; round < 10; round++) {
    make_some(handles, some);
    libcgo_handle_table_destroy(&table);
    for (int i = 0; i < some; i++)
      ck_assert_ptr_eq(libcgo_handle_get(&table, handles[i]), NULL);
    /* The same record, as new and at the same address. */
    if (round % 2 == 0)
      table = (struct libcgo_handle_table)LIBCGO_HANDLE_TABLE_INIT;
    for (int i = 0; i < some; i++)
      make(&table, &objects[i]);
    for (int i = 0; i < some; i++)
      ck_assert_ptr_eq(libcgo_handle_get(&table, handles[i]), NULL);
    libcgo_handle_table_destroy(&table);
  }
}

/* ---- used-up stamps ---- */

TEST(a_place_whose_stamps_are_used_up_is_retired) {
  if (!wide)
    SKIP("with 32-bit words stamps come again");
  /* As after all uses but one: 2^36 are too many for a test. */
  const uintptr_t first = make(&table, objects);
  uintptr_t *word = slot_of(&table, first);
  ck_assert_uint_eq(*word, first);
  libcgo_handle_free(&table, first);
  ck_assert_uint_eq(*word, (uintptr_t)1 << place_bits); /* one use */
  *word = ~place_mask;
  const uintptr_t last = make_at(&table, objects, first);
  ck_assert(last != 0);
  ck_assert_ptr_eq(libcgo_handle_get(&table, last), objects);
  ck_assert_uint_eq(libcgo_handle_count(&table), 1);
  ck_assert_int_eq(libcgo_handle_free(&table, last), 0);
  ck_assert_uint_eq(libcgo_handle_count(&table), 0);
  ck_assert_ptr_eq(libcgo_handle_get(&table, last), NULL);
  ck_assert_int_eq(libcgo_handle_free(&table, last), ESTALE);
  ck_assert_uint_eq(make_at(&table, objects, first), 0);
  ck_assert_uint_eq(libcgo_handle_count(&table), 0);
  libcgo_handle_table_destroy(&table);
}

TEST(a_freed_handle_comes_back_after_65536_new_ones_at_the_earliest) {
  if (wide)
    SKIP("with 64-bit words no freed handle comes back");
  /* The worst case: as few free places as the table allows. */
  uintptr_t handles[first_room];
  make_some(handles, first_room);
  const uintptr_t old = handles[first_room / 2];
  libcgo_handle_free(&table, old);
  unsigned made = 0;
  uintptr_t handle;
  while (made++, (handle = make(&table, objects)) != old)
    libcgo_handle_free(&table, handle);
  ck_assert_uint_le(65536, made);
  ck_assert_uint_le(made, stamps * (first_slots / 8 + 1));
  ck_assert_ptr_eq(libcgo_handle_get(&table, old), objects);
  libcgo_handle_table_destroy(&table);
}

/* ---- many ---- */

static size_t how_many(void) {
  const char *n = getenv("LIBCGO_TEST_HANDLES");
  return n != NULL ? strtoul(n, NULL, 0) : slow() ? 50000 : 1000000;
}

/* An object that knows its handle. */
struct cell {
  _Atomic uintptr_t handle;
};

TEST(a_million_handles_live_at_once) {
  const size_t n = how_many();
  struct cell *cells = calloc(n, sizeof *cells);
  ck_assert_ptr_ne(cells, NULL);
  const long long before = proc_status("VmRSS:");
  for (size_t i = 0; i < n; i++)
    cells[i].handle = make(&table, &cells[i]);
  const long long after = proc_status("VmRSS:");
  ck_assert_uint_eq(libcgo_handle_count(&table), n);
  for (size_t i = 0; i < n; i++)
    wrong += libcgo_handle_get(&table, cells[i].handle) != &cells[i];
  for (size_t i = 0; i < n; i += 2)
    wrong += libcgo_handle_free(&table, cells[i].handle) != 0;
  for (size_t i = 0; i < n; i++)
    wrong += libcgo_handle_get(&table, cells[i].handle) !=
             (i % 2 == 0 ? NULL : &cells[i]);
  ck_assert_int_eq(wrong, 0);
  ck_assert_uint_eq(libcgo_handle_count(&table), n / 2);
  libcgo_handle_table_destroy(&table);
  free(cells);
  /* The cells are touched here, too. Huge pages round up. */
  if (!slow() && !UNDER_ASAN && before > 0)
    ck_assert_int_le((after - before) * 1024,
                     (long long)n * 3 * (long long)sizeof(void *) * 5 / 4 +
                         (8 << 20));
}

TEST(destroy_gives_the_memory_back) {
  uintptr_t places[sizeof table.segments / sizeof table.segments[0]];
  const int most = (int)(sizeof places / sizeof places[0]);
  for (int round = 0; round < 2; round++) {
    int seen = 0;
    for (int i = 0; i < 20000; i++)
      make(&table, objects);
    for (int i = 0; i < most; i++) {
      places[i] = table.segments[i];
      seen += places[i] != 0;
      ck_assert(places[i] == 0 || readable(places[i]));
    }
    ck_assert_int_eq(seen, 7); /* 256 << 6 < 20000 < 256 << 7 */
    ck_assert_int_eq(libcgo_handle_table_destroy(&table), 0);
    for (int i = 0; i < most; i++)
      ck_assert(places[i] == 0 || !readable(places[i]));
    ck_assert_uint_eq(libcgo_handle_count(&table), 0);
    const struct libcgo_handle_table fresh = LIBCGO_HANDLE_TABLE_INIT;
    ck_assert_int_eq(memcmp(&table, &fresh, sizeof table), 0);
    ck_assert_int_eq(libcgo_handle_table_destroy(&table), 0); /* empty */
  }
}

/* ---- limits ---- */

#ifdef MAP_FIXED
/* A segment without a free place, of as many bytes: the same piece of a file again and
   again, so that it takes no memory. NULL if the system refuses. */
static void *full_segment(int file, size_t piece, size_t bytes) {
  char *at = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    return NULL;
  for (size_t done = 0; done < bytes; done += piece)
    if (mmap(at + done, bytes - done < piece ? bytes - done : piece,
             PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file,
             0) == MAP_FAILED)
      return NULL;
  return at;
}

/* Lets a table of which segment 0 is full have all others, too: in fact they would take
   4 GiB. Returns 0 if the system refuses. */
static int fill(struct libcgo_handle_table *t) {
  enum { piece = 16 << 20, words = piece / sizeof(uintptr_t) };
  static const uintptr_t busy = (uintptr_t)1 << (place_bits - 8);
  FILE *f = tmpfile();
  int ok = f != NULL;
  for (int i = 0; ok && i < words; i++)
    ok = fwrite(&busy, sizeof busy, 1, f) == 1;
  ok = ok && fflush(f) == 0;
  for (int segment = 1; ok && segment < place_bits - 8; segment++) {
    const size_t slots = (size_t)first_slots << segment;
    void *at = full_segment(fileno(f), piece,
                            slots * 2 * sizeof(uintptr_t) + 2 * slots / 256);
    t->segments[place_bits - 9 - segment] = (uintptr_t)at;
    ok = at != NULL;
  }
  if (f != NULL)
    fclose(f);
  t->segment_count = place_bits - 8;
  return ok;
}
#else
static int fill(struct libcgo_handle_table *t) { return (void)t, 0; }
#endif

TEST(a_table_with_all_places_in_use_says_EAGAIN) {
  const uintptr_t places = ((uintptr_t)1 << place_bits) - first_slots;
  const uintptr_t most = places - places / 8;
  uintptr_t unset = 5, handle = 0;
  ck_assert_uint_eq(most, wide ? 234880800 : 1834784); /* as documented */
#ifndef __x86_64__ /* on the others the tests run in emulators */
  if (wide)
    SKIP("to look at all places takes minutes in an emulator");
#endif
  if (wide && (slow() || UNDER_ASAN))
    SKIP("to look at all places takes long here");
  for (uintptr_t i = 0; i < (wide ? first_room : most); i++)
    handle = make(&table, objects);
  if (wide && !fill(&table))
    SKIP("the system has no such mappings");
  errno = 7;
  ck_assert_int_eq(libcgo_handle_new(&table, objects, &unset), EAGAIN);
  ck_assert_int_eq(errno, 7);
  ck_assert_uint_eq(unset, 5);
  ck_assert_ptr_eq(libcgo_handle_get(&table, handle), objects);
  ck_assert_int_eq(libcgo_handle_free(&table, handle), 0);
  make(&table, objects);
  libcgo_handle_table_destroy(&table);
}

TEST(a_place_is_found_whatever_a_wrong_mark_of_its_block_says) {
  uintptr_t handles[first_room];
  make_some(handles, first_room);
  ck_assert_int_eq(libcgo_handle_free(&table, handles[7]), 0);
  /* As if the place had been freed while another thread marked the block. */
  unsigned char *state = (unsigned char *)table.segments[place_bits - 9] +
                         first_slots * 2 * sizeof(uintptr_t);
  ck_assert_uint_eq(state[1], 0);
  state[1] = 1;
  make(&table, objects);
  ck_assert_uint_eq(table.segment_count, 1);
  make(&table, objects);
  ck_assert_uint_eq(table.segment_count, 2);
  libcgo_handle_table_destroy(&table);
}

TEST(without_memory_new_says_ENOMEM_and_the_table_works_on) {
  struct rlimit before, tight;
  uintptr_t handles[some], unset = 5;
  int n = 0, err = 0;
  make_some(handles, 1);
  getrlimit(RLIMIT_AS, &before);
  tight = before;
  tight.rlim_cur = 1;
  setrlimit(RLIMIT_AS, &tight);
  const int works = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                         0) == MAP_FAILED;
  errno = 7;
  for (n = 1; works && n < some; n++)
    if ((err = libcgo_handle_new(&table, objects, &handles[n])) != 0)
      break;
  const int kept = errno;
  const int again = libcgo_handle_new(&table, objects, &unset);
  setrlimit(RLIMIT_AS, &before);
  if (!works)
    SKIP("the address space cannot be limited here");
  ck_assert_int_eq(err, ENOMEM);
  ck_assert_int_eq(again, ENOMEM);
  ck_assert_int_eq(n, first_room);
  ck_assert_int_eq(kept, 7);
  ck_assert_uint_eq(unset, 5);
  for (int i = 0; i < n; i++)
    ck_assert_int_eq(libcgo_handle_free(&table, handles[i]), 0);
  make_some(handles, some);
  libcgo_handle_table_destroy(&table);
}

TEST(no_call_changes_errno) {
  errno = 7;
  for (int i = 0; i < 2 * first_slots; i++) {
    const uintptr_t handle = make(&table, objects);
    libcgo_handle_get(&table, handle);
    libcgo_handle_get(&table, handle + 1);
    libcgo_handle_free(&table, handle ^ 1);
  }
  libcgo_handle_free(NULL, 0);
  libcgo_handle_new(&table, NULL, NULL);
  libcgo_handle_count(&table);
  libcgo_handle_table_destroy(&table);
  ck_assert_int_eq(errno, 7);
}

/* ---- threads ---- */

enum { storm_threads = 64, storm_readers = 16, shelf_places = 32 };

static _Atomic uintptr_t shelf[shelf_places];
static struct cell *storm_cells; /* never used twice */
static size_t storm_turns;
static atomic_int writers_left;
static atomic_size_t freed;

static void check_one(uintptr_t handle) {
  const struct cell *c = libcgo_handle_get(&table, handle);
  if (c != NULL &&
      (c < storm_cells || c >= storm_cells + storm_threads * storm_turns ||
       c->handle != handle))
    wrong++;
}

static void free_one(uintptr_t handle) {
  const int err = libcgo_handle_free(&table, handle);
  if (err == 0)
    freed++;
  else if (err != ESTALE)
    wrong++;
  if (libcgo_handle_get(&table, handle) != NULL)
    wrong++;
}

static void *storm_writer(void *first_cell) {
  struct cell *cells = first_cell;
  uint64_t random = 88172645463325252u + (uintptr_t)cells;
  for (size_t i = 0; i < storm_turns; i++) {
    uintptr_t handle = 0;
    if (libcgo_handle_new(&table, &cells[i], &handle) != 0)
      wrong++;
    cells[i].handle = handle;
    if (libcgo_handle_get(&table, handle) != &cells[i])
      wrong++;
    const uint64_t r = next_random(&random);
    const uintptr_t old = atomic_exchange(&shelf[r % shelf_places], handle);
    if (old != 0)
      free_one(old);
    /* Frees one that another thread will free, too. */
    const uintptr_t shared = shelf[r / shelf_places % shelf_places];
    if (r >> 62 == 0 && shared != 0)
      free_one(shared);
    check_one(shelf[r / 7 % shelf_places]);
  }
  writers_left--;
  return NULL;
}

static void *storm_reader(void *unused) {
  for (unsigned i = 0; writers_left > 0; i++) {
    check_one(shelf[i % shelf_places]);
    if (i % 4096 == 0)
      sched_yield();
  }
  return unused;
}

TEST(sixty_four_threads_make_free_and_look_up_and_none_finds_a_wrong_object) {
  pthread_t threads[storm_threads];
  const size_t before = freed;
  storm_turns = slow() ? 100 : 20000;
  storm_cells = calloc(storm_threads * storm_turns, sizeof *storm_cells);
  writers_left = storm_threads - storm_readers;
  for (int i = 0; i < storm_threads; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL,
                                    i < storm_readers ? storm_reader : storm_writer,
                                    &storm_cells[(size_t)i * storm_turns]),
                     0);
  for (int i = 0; i < storm_threads; i++)
    pthread_join(threads[i], NULL);
  for (int i = 0; i < shelf_places; i++)
    if (shelf[i] != 0)
      free_one(shelf[i]);
  ck_assert_int_eq(wrong, 0);
  ck_assert_uint_eq(freed - before,
                    (storm_threads - storm_readers) * storm_turns);
  ck_assert_uint_eq(libcgo_handle_count(&table), 0);
  /* 7 of 8 places at most were in use, so never more than two segments. */
  ck_assert_uint_le(table.segment_count, 2);
  libcgo_handle_table_destroy(&table);
  free(storm_cells);
}

enum { growers = 8 };

static void *grow(void *cells) {
  for (size_t i = 0; i < storm_turns; i++)
    if (libcgo_handle_new(&table, (struct cell *)cells + i,
                          (uintptr_t *)&((struct cell *)cells)[i].handle) != 0)
      wrong++;
  return NULL;
}

TEST(threads_that_let_the_table_grow_at_once_lose_no_handle) {
  pthread_t threads[growers];
  for (int round = 0; round < 5; round++) {
    storm_turns = slow() ? 300 : 20000;
    storm_cells = calloc(growers * storm_turns, sizeof *storm_cells);
    for (size_t i = 0; i < growers; i++)
      ck_assert_int_eq(pthread_create(&threads[i], NULL, grow,
                                      &storm_cells[i * storm_turns]),
                       0);
    for (int i = 0; i < growers; i++)
      pthread_join(threads[i], NULL);
    ck_assert_int_eq(wrong, 0);
    ck_assert_uint_eq(libcgo_handle_count(&table), growers * storm_turns);
    for (size_t i = 0; i < growers * storm_turns; i++)
      wrong +=
          libcgo_handle_get(&table, storm_cells[i].handle) != &storm_cells[i];
    ck_assert_int_eq(wrong, 0);
    libcgo_handle_table_destroy(&table);
    free(storm_cells);
  }
}

static pthread_barrier_t barrier;
static _Atomic uintptr_t contended;

static void *free_contended(void *unused) {
  for (int i = 0; i < 200; i++) {
    pthread_barrier_wait(&barrier);
    free_one(contended);
    pthread_barrier_wait(&barrier);
  }
  return unused;
}

TEST(of_several_frees_of_one_handle_one_succeeds) {
  pthread_t threads[3];
  const size_t before = freed;
  pthread_barrier_init(&barrier, NULL, 4);
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, free_contended, NULL), 0);
  for (int i = 0; i < 200; i++) {
    contended = make(&table, objects);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
  }
  for (int i = 0; i < 3; i++)
    pthread_join(threads[i], NULL);
  ck_assert_uint_eq(freed - before, 200);
  ck_assert_int_eq(wrong, 0);
  ck_assert_uint_eq(libcgo_handle_count(&table), 0);
  libcgo_handle_table_destroy(&table);
}

/* ---- signals ---- */

static uintptr_t kept_handle, stale_handle;
static volatile sig_atomic_t handler_runs, handler_wrong;

static void look_up(int sig) {
  (void)sig;
  handler_runs++;
  if (libcgo_handle_get(&table, kept_handle) != objects ||
      libcgo_handle_get(&table, stale_handle) != NULL)
    handler_wrong++;
}

static pthread_t interrupted;
static atomic_int interrupting;

static void *interrupt_often(void *unused) {
  while (interrupting) {
    pthread_kill(interrupted, SIGUSR1);
    sched_yield();
  }
  return unused;
}

TEST(a_signal_handler_may_look_up_while_its_thread_makes_and_frees) {
  const int enough = slow() ? 20 : 500;
  pthread_t thread;
  kept_handle = make(&table, objects);
  stale_handle = make(&table, objects);
  libcgo_handle_free(&table, stale_handle);
  signal(SIGUSR1, look_up);
  interrupted = pthread_self();
  interrupting = 1;
  ck_assert_int_eq(pthread_create(&thread, NULL, interrupt_often, NULL), 0);
  while (handler_runs < enough)
    for (int i = 0; i < some; i++)
      libcgo_handle_free(&table, make(&table, &objects[1]));
  interrupting = 0;
  pthread_join(thread, NULL);
  ck_assert_int_eq(handler_wrong, 0);
  libcgo_handle_table_destroy(&table);
}

/* ---- interruption at each instruction ---- */

/*
 * A child does `prepare` and `operation`, and at its instruction number n a
 * signal handler does `interrupt`; then `verdict` is to be true. For all n
 * until the operation is done.
 */
struct stepped {
  void (*prepare)(void);
  void (*operation)(void);
  void (*interrupt)(void);
  int (*verdict)(void);
};

enum { step_fine, step_wrong, step_impossible = 77 };

static void (*step_interrupt)(void);

static void step_handler(int sig) {
  (void)sig;
  if (step_interrupt != NULL)
    step_interrupt();
}

static void step_child(const struct stepped *s) {
  alarm(120);
  step_interrupt = s->interrupt;
  signal(SIGUSR1, step_handler);
  s->prepare();
  if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
    _exit(step_impossible);
  raise(SIGSTOP);
  s->operation();
  raise(SIGSTOP);
  _exit(s->verdict() ? step_fine : step_wrong);
}

/* Lets the child run n instructions and then interrupts it. Returns the
   child's exit status, or -1 if it ended otherwise. *steps becomes the number
   of instructions that it ran before: fewer than n, when there are no more. */
static int step_once(const struct stepped *s, long n, long *steps) {
  int status = 0;
  *steps = 0;
  fflush(NULL);
  const pid_t child = fork();
  if (child == 0)
    step_child(s);
  if (child < 0 || waitpid(child, &status, 0) != child)
    return -1;
  while (WIFSTOPPED(status) && *steps < n) {
    if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0 ||
        waitpid(child, &status, 0) != child)
      return -1;
    if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP)
      break;
    (*steps)++;
  }
  for (int sig = *steps < n ? 0 : SIGUSR1; WIFSTOPPED(status);
       sig = WSTOPSIG(status) == SIGSTOP ? 0 : WSTOPSIG(status))
    if (ptrace(PTRACE_CONT, child, NULL, (void *)(intptr_t)sig) != 0 ||
        waitpid(child, &status, 0) != child)
      return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Why instructions cannot be counted here, or NULL. */
static const char *no_stepping(void) {
  if (on_valgrind())
    return "valgrind runs other instructions";
  if (UNDER_TSAN)
    return "the thread sanitizer delivers signals late";
  /* Of a process that is not traced: ESRCH. */
  if (ptrace(PTRACE_PEEKDATA, getpid(), NULL, NULL) == -1 &&
      (errno == ENOSYS || errno == EPERM))
    return "an emulator or a sandbox has no ptrace";
  return NULL;
}

/* All instructions at the begin and at the end. Between, where a long operation is in a
   loop, some. */
enum { each_of_first = 60, each_of_last = 100, else_one_of = 211 };

static void step_all(const struct stepped *s) {
  const struct stepped undisturbed = {s->prepare, s->operation, NULL, s->verdict};
  long steps = 0, all = 0;
  step_once(&undisturbed, 1000000, &all);
  for (long n = 0;;
       n += n < each_of_first || n > all - each_of_last ? 1 : else_one_of) {
    const int status = step_once(s, n, &steps);
    if (steps < n) { /* not interrupted any more */
      ck_assert_int_gt(n, 30);
      return;
    }
    ck_assert_msg(status == step_fine, "interrupted at instruction %ld: %d", n,
                  status);
  }
}

#define NEEDS_STEPPING                                                         \
  if (no_stepping() != NULL)                                                   \
  SKIP(no_stepping())

static uintptr_t step_handle, step_other;
static void *step_found;
static int step_error, step_ok;

static void prepare_one(void) {
  step_handle = make(&table, objects);
  step_found = libcgo_handle_get(&table, step_handle); /* the linker's turn */
  uintptr_t gone = make(&table, objects);
  libcgo_handle_free(&table, gone);
}

static void look_up_one(void) {
  step_found = libcgo_handle_get(&table, step_handle);
}

static void use_its_place_again(void) {
  step_ok = libcgo_handle_free(&table, step_handle) == 0 &&
            make_at(&table, &objects[1], step_handle) != 0;
}

static int found_or_none(void) {
  return step_ok && (step_found == objects || step_found == NULL);
}

TEST(a_lookup_interrupted_anywhere_by_a_reuse_gives_its_object_or_none) {
  NEEDS_STEPPING;
  const struct stepped s = {prepare_one, look_up_one, use_its_place_again,
                            found_or_none};
  step_all(&s);
}

static void prepare_growth(void) {
  prepare_one();
  while (libcgo_handle_count(&table) < first_room)
    make(&table, objects);
}

static void make_one(void) {
  step_error = libcgo_handle_new(&table, &objects[2], &step_other);
}

static void free_step_handle(void) {
  step_error = libcgo_handle_free(&table, step_handle);
}

/* All that a table can do. A few handles stay. */
static void use_the_table(void) {
  uintptr_t handles[600];
  step_ok = 1;
  for (int i = 0; i < 600; i++) {
    if (libcgo_handle_new(&table, &objects[3 + i % 100], &handles[i]) != 0 ||
        libcgo_handle_get(&table, handles[i]) != &objects[3 + i % 100])
      step_ok = 0;
    for (int j = 0; i < 20 && j < i; j++)
      step_ok = step_ok && handles[i] != handles[j];
  }
  for (int i = 0; i < 590; i++)
    if (libcgo_handle_free(&table, handles[i]) != 0 ||
        libcgo_handle_get(&table, handles[i]) != NULL)
      step_ok = 0;
  for (int i = 590; i < 600; i++)
    if (libcgo_handle_get(&table, handles[i]) != &objects[3 + i % 100])
      step_ok = 0;
}

static int made_one(void) {
  return step_ok && step_error == 0 &&
         libcgo_handle_get(&table, step_other) == &objects[2] &&
         libcgo_handle_get(&table, step_handle) == objects &&
         libcgo_handle_free(&table, step_other) == 0;
}

static int freed_one(void) {
  return step_ok && step_error == 0 &&
         libcgo_handle_get(&table, step_handle) == NULL &&
         libcgo_handle_count(&table) == 10 && !(use_the_table(), !step_ok);
}

TEST(a_signal_handler_may_use_the_table_anywhere_in_new) {
  NEEDS_STEPPING;
  const struct stepped s = {prepare_one, make_one, use_the_table, made_one};
  step_all(&s);
}

TEST(a_signal_handler_may_use_the_table_anywhere_in_new_that_grows_it) {
  NEEDS_STEPPING;
  const struct stepped s = {prepare_growth, make_one, use_the_table, made_one};
  step_all(&s);
}

TEST(a_signal_handler_may_use_the_table_anywhere_in_free) {
  NEEDS_STEPPING;
  const struct stepped s = {prepare_one, free_step_handle, use_the_table,
                            freed_one};
  step_all(&s);
}

static int free_in_handler_error;

static void free_step_handle_too(void) {
  free_in_handler_error = libcgo_handle_free(&table, step_handle);
}

static int freed_once(void) {
  return (step_error == 0 && free_in_handler_error == ESTALE) ||
         (step_error == ESTALE && free_in_handler_error == 0);
}

TEST(of_a_free_and_one_that_interrupts_it_anywhere_one_succeeds) {
  NEEDS_STEPPING;
  const struct stepped s = {prepare_one, free_step_handle, free_step_handle_too,
                            freed_once};
  step_all(&s);
}

/* ---- fork ---- */

/* Uses the table in a child, as if the calling thread had been another one
   when the process forked. */
static void use_in_a_child(void) {
  int status = 0;
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    use_the_table();
    const size_t count = libcgo_handle_count(&table);
    /* One handle more or less is what the interrupted call is about. */
    _exit(step_ok && count >= 10 && count <= 12 + first_room ? 0 : 1);
  }
  step_ok = child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static int step_is_ok(void) { return step_ok && step_error == 0; }

TEST(a_child_forked_anywhere_in_new_can_use_the_table) {
  NEEDS_STEPPING;
  const struct stepped s = {prepare_one, make_one, use_in_a_child, step_is_ok};
  step_all(&s);
}

TEST(a_child_forked_anywhere_in_new_that_grows_the_table_can_use_it) {
  NEEDS_STEPPING;
  const struct stepped s = {prepare_growth, make_one, use_in_a_child, step_is_ok};
  step_all(&s);
}

TEST(a_child_forked_anywhere_in_free_can_use_the_table) {
  NEEDS_STEPPING;
  const struct stepped s = {prepare_one, free_step_handle, use_in_a_child,
                            step_is_ok};
  step_all(&s);
}

static atomic_int forking;

static void *make_and_free(void *unused) {
  while (forking) {
    uintptr_t handle;
    if (libcgo_handle_new(&table, &objects[1], &handle) != 0 ||
        libcgo_handle_free(&table, handle) != 0)
      wrong++;
  }
  return unused;
}

TEST(a_child_of_a_process_whose_threads_make_and_free_can_use_the_table) {
  pthread_t threads[4];
  kept_handle = make(&table, objects);
  forking = 1;
  for (int i = 0; i < 4; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, make_and_free, NULL), 0);
  int failed = 0;
  for (int i = 0; i < (slow() ? 5 : 100); i++) {
    step_ok = 0;
    use_in_a_child();
    failed += !step_ok;
  }
  forking = 0;
  for (int i = 0; i < 4; i++)
    pthread_join(threads[i], NULL);
  ck_assert_int_eq(failed, 0);
  ck_assert_int_eq(wrong, 0);
  ck_assert_uint_eq(libcgo_handle_count(&table), 1);
  libcgo_handle_table_destroy(&table);
}

/* ---- the price of a lookup ---- */

static void strict_child(void) {
  int err = 0;
  for (int i = 0; i < some; i++) /* the linker's turn */
    make(&table, &objects[i]);
  kept_handle = make(&table, objects);
  err |= libcgo_handle_get(&table, kept_handle) != objects;
  if (prctl(PR_SET_SECCOMP, 1 /* SECCOMP_MODE_STRICT */) != 0)
    _exit(step_impossible);
  /* From here on read, write, exit and sigreturn, and nothing else. */
  for (uintptr_t i = 0; i < 1000; i++) {
    err |= libcgo_handle_get(&table, kept_handle) != objects;
    err |= libcgo_handle_get(&table, kept_handle + i + 1) == &err;
    err |= libcgo_handle_get(&table, i) != NULL;
  }
  syscall(SYS_exit, err);
}

TEST(a_lookup_makes_no_system_call) {
  if (on_valgrind() || UNDER_TSAN || UNDER_ASAN)
    SKIP("this tool makes system calls of its own");
  int status = 0;
  fflush(NULL);
  const pid_t child = fork();
  if (child == 0)
    strict_child();
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == step_impossible)
    SKIP("there is no seccomp here");
  ck_assert(WIFEXITED(status));
  ck_assert_int_eq(WEXITSTATUS(status), 0);
}

static size_t live_wanted;

static void prepare_many(void) {
  for (size_t live = libcgo_handle_count(&table); live < live_wanted; live++)
    step_handle = make(&table, objects);
  step_found = libcgo_handle_get(&table, step_handle);
}

static int found(void) { return step_found == objects; }

static long instructions_of_a_lookup(size_t live) {
  const struct stepped s = {prepare_many, look_up_one, NULL, found};
  long steps = 0;
  live_wanted = live;
  ck_assert_int_eq(step_once(&s, 1000000, &steps), step_fine);
  return steps;
}

TEST(a_lookup_among_a_million_takes_the_instructions_of_one_among_a_thousand) {
  NEEDS_STEPPING;
  const long few = instructions_of_a_lookup(1000);
  ck_assert_int_gt(few, 10);
  ck_assert_int_eq(instructions_of_a_lookup(1000000), few);
}

int main(void) {
  suite_begin("handle");
  ADD_TEST(a_handle_gives_its_object_back);
  ADD_TEST(one_object_may_have_several_handles);
  ADD_TEST(zero_is_no_handle);
  ADD_TEST(a_null_argument_is_refused);
  ADD_TEST(a_record_that_is_too_small_is_refused);
  ADD_TEST(a_larger_record_of_a_later_client_is_accepted);
  ADD_TEST(a_freed_handle_is_stale);
  ADD_TEST(a_freed_handle_is_stale_when_its_place_is_used_again);
  ADD_TEST(a_second_free_is_refused);
  ADD_TEST(the_count_is_that_of_live_handles);
  ADD_TEST(a_place_is_used_again_after_32_others_at_the_earliest);
  ADD_TEST(a_forged_word_is_not_found);
  ADD_TEST(freeing_a_forged_word_is_refused);
  ADD_TEST(a_word_is_refused_by_an_empty_table);
  ADD_TEST(a_handle_of_another_table_is_refused);
  ADD_TEST(a_handle_of_a_destroyed_table_is_refused_by_its_successor);
  ADD_TEST(a_place_whose_stamps_are_used_up_is_retired);
  ADD_TEST(a_freed_handle_comes_back_after_65536_new_ones_at_the_earliest);
  ADD_TEST(a_million_handles_live_at_once);
  ADD_TEST(destroy_gives_the_memory_back);
  ADD_TEST(a_table_with_all_places_in_use_says_EAGAIN);
  ADD_TEST(a_place_is_found_whatever_a_wrong_mark_of_its_block_says);
  ADD_TEST(without_memory_new_says_ENOMEM_and_the_table_works_on);
  ADD_TEST(no_call_changes_errno);
  ADD_TEST(sixty_four_threads_make_free_and_look_up_and_none_finds_a_wrong_object);
  ADD_TEST(threads_that_let_the_table_grow_at_once_lose_no_handle);
  ADD_TEST(of_several_frees_of_one_handle_one_succeeds);
  ADD_TEST(a_signal_handler_may_look_up_while_its_thread_makes_and_frees);
  ADD_TEST(a_lookup_interrupted_anywhere_by_a_reuse_gives_its_object_or_none);
  ADD_TEST(a_signal_handler_may_use_the_table_anywhere_in_new);
  ADD_TEST(a_signal_handler_may_use_the_table_anywhere_in_new_that_grows_it);
  ADD_TEST(a_signal_handler_may_use_the_table_anywhere_in_free);
  ADD_TEST(of_a_free_and_one_that_interrupts_it_anywhere_one_succeeds);
  ADD_TEST(a_child_forked_anywhere_in_new_can_use_the_table);
  ADD_TEST(a_child_forked_anywhere_in_new_that_grows_the_table_can_use_it);
  ADD_TEST(a_child_forked_anywhere_in_free_can_use_the_table);
  ADD_TEST(a_child_of_a_process_whose_threads_make_and_free_can_use_the_table);
  ADD_TEST(a_lookup_makes_no_system_call);
  ADD_TEST(
      a_lookup_among_a_million_takes_the_instructions_of_one_among_a_thousand);
  return suite_run();
}

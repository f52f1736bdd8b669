/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sandbox: system calls that are refused from here on, by a filter (Linux).
 */
#ifndef LIBCGO_TESTS_SANDBOX_H
#define LIBCGO_TESTS_SANDBOX_H

#include <sys/prctl.h>
#include <sys/syscall.h>

/* <linux/filter.h>, <linux/seccomp.h>, which not each C library has. */
struct filter_instruction {
  unsigned short code;
  unsigned char yes, no;
  unsigned int k;
};
struct filter_program {
  unsigned short length;
  struct filter_instruction *instructions;
};
enum { load_word = 0x20, jump_if_equal = 0x15, give_back = 6 };
#define ALLOW 0x7fff0000u
#define REFUSE(err) (0x00050000u | (unsigned)(err))
#define ASK_A_HANDLER 0x00030000u /* by SIGSYS */
#define END_THE_PROCESS 0x80000000u

/* What the system call does from here on, in this process. 0 if that can be had. */
static inline int filter(long number, unsigned what) {
  struct filter_instruction all[] = {
      {load_word, 0, 0, 0},
      {jump_if_equal, 0, 1, (unsigned)number},
      {give_back, 0, 0, what},
      {give_back, 0, 0, ALLOW},
  };
  const struct filter_program program = {sizeof all / sizeof *all, all};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return -1;
  return prctl(PR_SET_SECCOMP, 2 /* a filter */, &program);
}

static inline int refuse(long number, int err) {
  return filter(number, REFUSE(err));
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sandbox PROFILES NAME COMMAND [ARGUMENT...]
 *
 * Executes the command where a profile of the file PROFILES holds: system calls are refused by
 * a filter (seccomp(2)), directories are hidden under an empty file system. See the file for
 * its lines. The exit status is 77 if the profile cannot be had here, with the reason.
 */
#include "support/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

/* The CPU's system calls, written by sandboxes.sh. */
static const struct named {
  const char *name;
  int value;
} calls[] = {
#define CALL(name, number) {name, number},
#include "calls.h"
#undef CALL
};
static const struct named errors[] = {
    {"EPERM", EPERM},   {"ENOSYS", ENOSYS}, {"EINVAL", EINVAL},
    {"EACCES", EACCES}, {"ENODEV", ENODEV}, {"EOPNOTSUPP", EOPNOTSUPP},
    {"ENOTTY", ENOTTY}, {"nothing", 0},
};

static _Noreturn void stop(int status, const char *what, const char *why) {
  fprintf(stderr, "sandbox: %s: %s\n", what, why);
  exit(status);
}

static int value_of(const struct named *all, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(all[i].name, name) == 0)
      return all[i].value;
  return -1;
}
#define VALUE_OF(all, name) value_of(all, sizeof all / sizeof *all, name)

/* ---- the filter ---- */

/* More of <linux/filter.h>. Words of struct seccomp_data: the number is the first. */
enum { jump_if_above = 0x25, jump_if_any_bit = 0x45, jump_if_reached = 0x35 };
enum { most_instructions = 4096 };
static struct filter_instruction program[most_instructions];
static int length;

static void add(unsigned short code, unsigned char yes, unsigned char no,
                unsigned k) {
  if (length == most_instructions)
    stop(2, "the filter", "too long");
  program[length++] = (struct filter_instruction){code, yes, no, k};
}
static unsigned low_word_of(int argument) {
  const int big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
  return (unsigned)(16 + 8 * argument + big);
}

/* CALL, or CALL[ARGUMENT]=VALUE, with & (any of these bits) or < for =. */
static void refuse_call(char *word, int error) {
  char *const bracket = strchr(word, '[');
  if (bracket != NULL)
    *bracket = '\0';
  const int number = VALUE_OF(calls, word);
  if (number < 0)
    return; /* not one of this CPU's */
  add(load_word, 0, 0, 0);
  if (bracket == NULL) {
    add(jump_if_equal, 0, 1, (unsigned)number);
    add(give_back, 0, 0, REFUSE(error));
    return;
  }
  const unsigned value = (unsigned)strtoll(bracket + 4, NULL, 0);
  add(jump_if_equal, 0, 3, (unsigned)number);
  add(load_word, 0, 0, low_word_of(bracket[1] - '0'));
  switch (bracket[3]) {
  case '=':
    add(jump_if_equal, 0, 1, value);
    break;
  case '&':
    add(jump_if_any_bit, 0, 1, value);
    break;
  case '<':
    add(jump_if_reached, 1, 0, value);
    break;
  default:
    stop(2, word, "a condition is = or & or <");
  }
  add(give_back, 0, 0, REFUSE(error));
}

/* ---- hidden directories ---- */

static void write_map(const char *name, unsigned id) {
  char text[64];
  const int n = snprintf(text, sizeof text, "%u %u 1\n", id, id);
  FILE *const f = fopen(name, "w");
  if (f == NULL || fwrite(text, 1, (size_t)n, f) != (size_t)n || fclose(f) != 0)
    stop(77, name, strerror(errno));
}

static void hide(const char *path) {
  static int own_names;
  if (!own_names && unshare(CLONE_NEWNS) != 0) {
    /* Who is not root may do it among users of their own. */
    const unsigned user = getuid(), group = getgid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
      stop(77, "a name space of mounts", strerror(errno));
    FILE *const f = fopen("/proc/self/setgroups", "w");
    if (f != NULL) {
      fputs("deny", f);
      fclose(f);
    }
    write_map("/proc/self/uid_map", user);
    write_map("/proc/self/gid_map", group);
  }
  if (!own_names && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
    stop(77, "private mounts", strerror(errno));
  own_names = 1;
  if (mount("nothing", path, "tmpfs", MS_RDONLY, "size=4096") != 0)
    stop(77, path, strerror(errno));
}

/* ---- the file ---- */

enum { most_lines = 400, most_depth = 8 };
static char *lines[most_lines];
static int line_count;

static void read_lines(const char *path) {
  char *line = NULL;
  size_t size = 0;
  FILE *const f = fopen(path, "r");
  if (f == NULL)
    stop(2, path, strerror(errno));
  while (getline(&line, &size, f) > 0) {
    line[strcspn(line, "\n")] = '\0';
    if (line[0] == '\0' || line[0] == '#')
      continue;
    if (line_count == most_lines)
      stop(2, path, "too many lines");
    lines[line_count++] = strdup(line);
  }
  free(line);
  fclose(f);
}

/* Versions as numbers: 4.14 is 4014. */
static int version_of(const char *text) {
  char *end;
  const long major = strtol(text, &end, 10);
  return (int)(major * 1000 + (*end == '.' ? strtol(end + 1, NULL, 10) : 0));
}

/* What is newer than that version. From 424 on the numbers are the same on each CPU, and
   Linux 5.1's. */
static void refuse_newer(int version, int error) {
  for (int i = 0; i < line_count; i++) {
    if (strncmp(lines[i], "new ", 4) != 0 || version_of(lines[i] + 4) <= version)
      continue;
    char copy[2048];
    snprintf(copy, sizeof copy, "%s", lines[i]);
    strtok(copy, " ");
    strtok(NULL, " ");
    for (char *word; (word = strtok(NULL, " ")) != NULL;)
      refuse_call(word, error);
  }
  if (version < 5001) {
    add(load_word, 0, 0, 0);
    add(jump_if_reached, 0, 1, 424);
    add(give_back, 0, 0, REFUSE(error));
  }
}

static void take_profile(const char *name, int depth) {
  int inside = 0, found = 0;
  if (depth == most_depth)
    stop(2, name, "is like itself");
  for (int i = 0; i < line_count; i++) {
    char copy[2048], *rest;
    snprintf(copy, sizeof copy, "%s", lines[i]);
    char *const first = strtok_r(copy, " ", &rest);
    if (strcmp(first, "profile") == 0) {
      inside = strcmp(strtok_r(NULL, " ", &rest), name) == 0;
      found |= inside;
      continue;
    }
    if (!inside || strcmp(first, "new") == 0 || strcmp(first, "only") == 0)
      continue;
    char *word = strtok_r(NULL, " ", &rest);
    if (strcmp(first, "like") == 0) {
      take_profile(word, depth + 1);
      continue;
    }
    if (strcmp(first, "hide") == 0) {
      hide(word);
      continue;
    }
    const int error = VALUE_OF(errors, first);
    if (error < 0)
      stop(2, first, "is no word of a profile");
    for (; word != NULL; word = strtok_r(NULL, " ", &rest)) {
      if (strcmp(word, "since") == 0) {
        char own[16];
        snprintf(own, sizeof own, "%s", strtok_r(NULL, " ", &rest));
        refuse_newer(version_of(own), error);
      } else {
        refuse_call(word, error);
      }
    }
  }
  if (!found)
    stop(2, name, "there is no such profile");
}

int main(int argc, char **argv) {
  if (argc < 4)
    stop(2, "usage", "sandbox PROFILES NAME COMMAND [ARGUMENT...]");
  read_lines(argv[1]);
  take_profile(argv[2], 0);
  add(give_back, 0, 0, ALLOW);
  const struct filter_program filter = {(unsigned short)length, program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, 2 /* a filter */, &filter) != 0)
    stop(77, "seccomp", strerror(errno));
  execvp(argv[3], argv + 3);
  stop(2, argv[3], strerror(errno));
}

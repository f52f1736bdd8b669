/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libcgo-go: the user's own go command, with libcgo in the place of the C files of
 * Go's package runtime/cgo. See libcgo-go(1).
 *
 * In order: what every part uses; files that were built; calls as somebody else;
 * the arguments; Go; the library; overlays; the commands.
 *
 * It runs once and ends, so it gives no memory back.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "config.h"

/* ---- what every part uses ---- */

static char *temporary; /* a directory that goes with this process, or NULL */

static int remove_one(const char *path, const struct stat *s, int kind,
                      struct FTW *ftw) {
  (void)s, (void)kind, (void)ftw;
  return remove(path);
}
static void remove_directory(const char *path) {
  nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
static void remove_temporary(void) {
  if (temporary != NULL)
    remove_directory(temporary);
}

__attribute__((__format__(__printf__, 1, 2))) static void say(const char *format,
                                                              ...) {
  va_list args;
  va_start(args, format);
  fputs("libcgo-go: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
}
#define die(...) (say(__VA_ARGS__), exit(1))

static void *need(void *memory) {
  if (memory == NULL)
    die("no memory");
  return memory;
}

__attribute__((__format__(__printf__, 1, 2))) static char *
text(const char *format, ...) {
  char *result;
  va_list args;
  va_start(args, format);
  if (vasprintf(&result, format, args) < 0)
    need(NULL);
  va_end(args);
  return result;
}

struct buffer {
  char *at;
  size_t size;
};

static void append(struct buffer *to, const char *from, size_t n) {
  to->at = need(realloc(to->at, to->size + n + 1));
  memcpy(to->at + to->size, from, n);
  to->size += n;
  to->at[to->size] = '\0';
}
static void append_text(struct buffer *to, const char *from) {
  append(to, from, strlen(from));
}

/* Ends with NULL, as arguments do. */
struct list {
  char **at;
  int n;
};

static void add(struct list *list, const char *item) {
  list->at = need(realloc(list->at, ((size_t)list->n + 2) * sizeof *list->at));
  list->at[list->n++] = (char *)item;
  list->at[list->n] = NULL;
}

static bool starts_with(const char *whole, const char *start) {
  return strncmp(whole, start, strlen(start)) == 0;
}
static bool ends_with(const char *whole, const char *end) {
  const size_t n = strlen(whole), m = strlen(end);
  return n >= m && strcmp(whole + n - m, end) == 0;
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

static const char *environment(const char *name) {
  const char *value = getenv(name);
  return value != NULL ? value : "";
}

static char *current_directory(void) {
  char *path = getcwd(NULL, 0);
  if (path == NULL)
    die("the current directory has no path: %s", strerror(errno));
  return path;
}

static bool is_directory(const char *path) {
  struct stat s;
  return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static bool same_file(const char *a, const char *b) {
  struct stat x, y;
  return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
         x.st_ino == y.st_ino;
}

/* The path from the root, without ".", ".." and empty parts, links unread. */
static char *clean_path(const char *directory, const char *path) {
  const char *from = path[0] == '/' ? path : text("%s/%s", directory, path);
  char *to = need(malloc(strlen(from) + 2));
  size_t n = 0;
  while (*from != '\0') {
    const size_t part = strcspn(from, "/");
    if (part == 2 && strncmp(from, "..", 2) == 0) {
      while (n > 0 && to[--n] != '/')
        continue;
    } else if (part != 0 && !(part == 1 && *from == '.')) {
      to[n++] = '/';
      memcpy(to + n, from, part);
      n += part;
    }
    from += part;
    from += *from == '/';
  }
  if (n == 0)
    to[n++] = '/';
  to[n] = '\0';
  return to;
}

static bool read_file(const char *path, struct buffer *contents) {
  char block[16384];
  *contents = (struct buffer){NULL, 0};
  append_text(contents, "");
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return false;
  for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;)
    append(contents, block, n);
  const bool fine = !ferror(file);
  fclose(file);
  return fine;
}

/* What becomes that file has another name at first. Processes of two containers may have
   one cache, and the same number. */
static const char *name_before(const char *path) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return text("%s.%ld.%lld.%ld", path, (long)getpid(), (long long)now.tv_sec,
              now.tv_nsec);
}

/* At once or not at all. */
static void write_file(const char *path, const struct buffer *contents) {
  const char *new = name_before(path);
  FILE *file = fopen(new, "we");
  if (file == NULL ||
      fwrite(contents->at, 1, contents->size, file) != contents->size ||
      fclose(file) != 0 || rename(new, path) != 0)
    die("'%s' cannot be written: %s", path, strerror(errno));
}

static void make_link(const char *to, const char *path) {
  const char *new = name_before(path);
  if (symlink(to, new) != 0 || rename(new, path) != 0)
    die("the link '%s' cannot be made: %s", path, strerror(errno));
}

/* For names of files: FNV-1a. */
static char *hash(const char *of) {
  uint64_t h = 0xcbf29ce484222325;
  for (; *of != '\0'; of++)
    h = (h ^ (unsigned char)*of) * 0x100000001b3;
  return text("%016llx", (unsigned long long)h);
}

static pid_t child;
static void pass_on(int signal) { kill(child, signal); }

/* Runs it and waits, with its standard output in *output, if that is not NULL; and
   with its standard error there, too, if `all`. Returns what waitpid says. */
static int run_and_wait(char **arguments, const char *directory,
                        struct buffer *output, bool all) {
  int ends[2] = {-1, -1};
  if (output != NULL && pipe2(ends, O_CLOEXEC) != 0)
    die("no pipe: %s", strerror(errno));
  fflush(NULL);
  child = fork();
  if (child < 0)
    die("no process: %s", strerror(errno));
  if (child == 0) {
    if (output != NULL)
      dup2(ends[1], 1);
    if (all)
      dup2(ends[1], 2);
    if (chdir(directory) == 0)
      execvp(arguments[0], arguments);
    fprintf(stderr, "libcgo-go: '%s' cannot be run: %s\n", arguments[0],
            strerror(errno));
    _exit(127);
  }
  /* The terminal's signals go to the child, too; it says what they mean. */
  static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
  struct sigaction before[4], now = {.sa_flags = SA_RESTART};
  for (int i = 0; i < 4; i++) {
    now.sa_handler = i < 2 ? SIG_IGN : pass_on;
    sigaction(signals[i], &now, &before[i]);
  }
  if (output != NULL) {
    char block[4096];
    close(ends[1]);
    *output = (struct buffer){NULL, 0};
    append_text(output, "");
    for (ssize_t n; (n = read(ends[0], block, sizeof block)) != 0;)
      if (n > 0)
        append(output, block, (size_t)n);
      else if (errno != EINTR)
        break;
    close(ends[0]);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    continue;
  for (int i = 0; i < 4; i++)
    sigaction(signals[i], &before[i], NULL);
  return status;
}

/* Ends as that process has ended. */
static void end_like(int status) {
  if (WIFSIGNALED(status)) {
    remove_temporary();
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
  }
  exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static char self[PATH_MAX];
static void find_self(void) {
  const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  self[n > 0 ? n : 0] = '\0';
}

/* The command that a name means, from PATH if it has no slash; not this one. Or
   NULL. */
static bool is_command_file(const char *file) {
  return access(file, X_OK) == 0 && !is_directory(file) && !same_file(file, self);
}
static char *find_command(const char *name) {
  const char *here = current_directory();
  if (strchr(name, '/') != NULL)
    return is_command_file(name) ? clean_path(here, name) : NULL;
  for (const char *path = environment("PATH"); *path != '\0';) {
    const size_t n = strcspn(path, ":"); /* an empty part is this directory */
    char *file = clean_path(clean_path(here, text("%.*s", (int)n, path)), name);
    if (is_command_file(file))
      return file;
    path += n;
    path += *path == ':';
  }
  return NULL;
}

/* ---- files that were built ---- */

/* One file for reading, as it is in memory. */
struct mapped {
  const unsigned char *at;
  size_t size;
};

static bool map_file(const char *path, struct mapped *file) {
  struct stat s;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  void *at = MAP_FAILED;
  if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size > 0)
    at = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  if (at == MAP_FAILED)
    return false;
  *file = (struct mapped){at, (size_t)s.st_size};
  return true;
}

/* A number of an ELF file, in that file's byte order; 0 outside of it. */
static uint64_t number(const struct mapped *file, uint64_t offset,
                       unsigned bytes) {
  uint64_t n = 0;
  if (offset > file->size || file->size - offset < bytes)
    return 0;
  for (unsigned i = 0; i < bytes; i++)
    n |= (uint64_t)file->at[offset + i]
         << 8 * (file->at[EI_DATA] == ELFDATA2MSB ? bytes - 1 - i : i);
  return n;
}

static bool is_elf(const struct mapped *file) {
  return file->size > sizeof(Elf32_Ehdr) &&
         memcmp(file->at, ELFMAG, SELFMAG) == 0;
}

/* Of an ELF file, a field whose place depends on the size of words. */
#define FIELD(file, wide, from, type, name)                                    \
  ((wide) ? number(file, (from) + offsetof(Elf64_##type, name),                \
                   sizeof((Elf64_##type *)NULL)->name)                         \
          : number(file, (from) + offsetof(Elf32_##type, name),                \
                   sizeof((Elf32_##type *)NULL)->name))

/* Whether the file's dynamic section has an entry of one of two tags whose text has
   this in it. */
static bool dynamic_has(const struct mapped *file, int tag, int other,
                        const char *part) {
  if (!is_elf(file))
    return false;
  const bool wide = file->at[EI_CLASS] == ELFCLASS64;
  const uint64_t word = wide ? 8 : 4;
  const uint64_t table = FIELD(file, wide, 0, Ehdr, e_phoff);
  const uint64_t each = FIELD(file, wide, 0, Ehdr, e_phentsize);
  const uint64_t count = FIELD(file, wide, 0, Ehdr, e_phnum);
  uint64_t dynamic = 0, end = 0, strings = 0;
  for (uint64_t i = 0; i < count; i++)
    if (FIELD(file, wide, table + i * each, Phdr, p_type) == PT_DYNAMIC) {
      dynamic = FIELD(file, wide, table + i * each, Phdr, p_offset);
      end = dynamic + FIELD(file, wide, table + i * each, Phdr, p_filesz);
    }
  end = end < file->size ? end : file->size;
  for (uint64_t at = dynamic; at < end; at += 2 * word)
    if (number(file, at, (unsigned)word) == DT_STRTAB) {
      const uint64_t address = number(file, at + word, (unsigned)word);
      for (uint64_t i = 0; i < count; i++) {
        const uint64_t p = table + i * each;
        const uint64_t first = FIELD(file, wide, p, Phdr, p_vaddr);
        if (FIELD(file, wide, p, Phdr, p_type) == PT_LOAD && address >= first &&
            address - first < FIELD(file, wide, p, Phdr, p_filesz))
          strings = FIELD(file, wide, p, Phdr, p_offset) + (address - first);
      }
    }
  if (strings == 0)
    return false;
  for (uint64_t at = dynamic; at < end; at += 2 * word) {
    const uint64_t this_tag = number(file, at, (unsigned)word);
    if (this_tag == DT_NULL)
      break;
    if (this_tag != (uint64_t)tag && this_tag != (uint64_t)other)
      continue;
    const uint64_t value = strings + number(file, at + word, (unsigned)word);
    if (value < file->size &&
        memchr(file->at + value, '\0', file->size - value) != NULL &&
        strstr((const char *)file->at + value, part) != NULL)
      return true;
  }
  return false;
}

static bool has_bytes(const struct mapped *file, const char *bytes, size_t n) {
  return memmem(file->at, file->size, bytes, n) != NULL;
}

/* Whose C half of runtime/cgo is in a program, a shared object or an archive. All
   three are names or texts that are there when the file is stripped, too: what the
   shim calls, of a shared library or one in it; a message of the library's; and the
   assembly that each program with cgo has, in Go's own table of functions. */
enum half { no_half, half_of_go, half_of_libcgo };

/* Go's table of functions: a program may have other programs in it, as data. The whole
   file, if it does not say where that is. */
static struct mapped function_table(const struct mapped *file) {
  static const char name[] = ".gopclntab"; /* or the end of it */
  if (!is_elf(file))
    return *file;
  const bool wide = file->at[EI_CLASS] == ELFCLASS64;
  const uint64_t table = FIELD(file, wide, 0, Ehdr, e_shoff);
  const uint64_t each = FIELD(file, wide, 0, Ehdr, e_shentsize);
  const uint64_t count = FIELD(file, wide, 0, Ehdr, e_shnum);
  const uint64_t names = table + each * FIELD(file, wide, 0, Ehdr, e_shstrndx);
  const uint64_t strings = FIELD(file, wide, names, Shdr, sh_offset);
  for (uint64_t i = 0; i < count; i++) {
    const uint64_t section = table + i * each;
    const uint64_t text = strings + FIELD(file, wide, section, Shdr, sh_name);
    const uint64_t from = FIELD(file, wide, section, Shdr, sh_offset);
    const uint64_t size = FIELD(file, wide, section, Shdr, sh_size);
    if (text >= file->size || from > file->size || file->size - from < size)
      continue;
    if (memchr(file->at + text, '\0', file->size - text) != NULL &&
        ends_with((const char *)file->at + text, name))
      return (struct mapped){file->at + from, (size_t)size};
  }
  return *file;
}

static enum half find_half(const struct mapped *file) {
  static const char called[] = "\0libcgo_go_init";
  static const char message[] = "build the program again with libcgo-go, or";
  static const char assembly[] = "\0crosscall2";
  if (has_bytes(file, called, sizeof called) ||
      has_bytes(file, message, sizeof message - 1))
    return half_of_libcgo;
  const struct mapped functions = function_table(file);
  return has_bytes(&functions, assembly, sizeof assembly) ? half_of_go : no_half;
}

/* The name that Go has for the CPU of an object file; NULL if that is unknown. */
static const char *goarch_of(const char *path) {
  static const struct {
    const char *name;
    unsigned machine, class, data;
  } cpus[] = {
      {"386", EM_386, ELFCLASS32, ELFDATA2LSB},
      {"amd64", EM_X86_64, ELFCLASS64, ELFDATA2LSB},
      {"arm", EM_ARM, ELFCLASS32, ELFDATA2LSB},
      {"arm64", EM_AARCH64, ELFCLASS64, ELFDATA2LSB},
      {"loong64", 258, ELFCLASS64, ELFDATA2LSB},
      {"mips", EM_MIPS, ELFCLASS32, ELFDATA2MSB},
      {"mips64", EM_MIPS, ELFCLASS64, ELFDATA2MSB},
      {"mips64le", EM_MIPS, ELFCLASS64, ELFDATA2LSB},
      {"mipsle", EM_MIPS, ELFCLASS32, ELFDATA2LSB},
      {"ppc64", EM_PPC64, ELFCLASS64, ELFDATA2MSB},
      {"ppc64le", EM_PPC64, ELFCLASS64, ELFDATA2LSB},
      {"riscv64", 243, ELFCLASS64, ELFDATA2LSB},
      {"s390x", EM_S390, ELFCLASS64, ELFDATA2MSB},
  };
  struct mapped file;
  if (!map_file(path, &file))
    return NULL;
  /* Of an archive, its first member. */
  const unsigned char *start = memmem(file.at, file.size, ELFMAG, SELFMAG);
  if (start == NULL)
    return NULL;
  file.size -= (size_t)(start - file.at);
  file.at = start;
  for (size_t i = 0; i < sizeof cpus / sizeof *cpus; i++)
    if (is_elf(&file) && file.at[EI_CLASS] == cpus[i].class &&
        file.at[EI_DATA] == cpus[i].data &&
        FIELD(&file, false, 0, Ehdr, e_machine) == cpus[i].machine)
      return cpus[i].name;
  return NULL;
}

/* ---- calls as somebody else ---- */

/* Go calls these links to this program, with what it would call itself. */
static const char as_linker[] = "libcgo-go-link", as_runner[] = "libcgo-go-run";
static const char extlink[] = "GO_EXTLINK_ENABLED";
static const char extlink_is_ours[] =
    "LIBCGO_GO_EXTLINK"; /* if libcgo-go set it */

/* Whether runtime/cgo is among the packages of a link. */
static bool links_cgo(char **arguments) {
  struct buffer packages;
  for (int i = 1; arguments[i] != NULL; i++)
    if (strcmp(arguments[i], "-importcfg") == 0 && arguments[i + 1] != NULL &&
        read_file(arguments[i + 1], &packages))
      return strstr(packages.at, " runtime/cgo=") != NULL;
  return true;
}

/* After each link, by whichever Go has the flags: the files that it makes. */
static void be_the_linker(char **arguments) {
  if (arguments[0] == NULL)
    exit(2);
  const bool links = strcmp(base_name(arguments[0]), "link") == 0 &&
                     arguments[1] != NULL && !starts_with(arguments[1], "-V");
  if (!links) { /* also the C compiler, by its name */
    execvp(arguments[0], arguments);
    die("'%s' cannot be run: %s", arguments[0], strerror(errno));
  }
  /* Go's linker needs no other for a program without cgo, which stays static. */
  if (getenv(extlink_is_ours) != NULL && !links_cgo(arguments))
    unsetenv(extlink);
  const int status = run_and_wait(arguments, ".", NULL, false);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    end_like(status);
  const char *output = NULL;
  for (int i = 1; arguments[i] != NULL; i++)
    if (strcmp(arguments[i], "-o") == 0 && arguments[i + 1] != NULL)
      output = arguments[i + 1];
  struct mapped file;
  if (output == NULL || !map_file(output, &file) || find_half(&file) != half_of_go)
    exit(0);
  /* GOROOT/pkg/tool/linux_amd64/link */
  char *root = need(strdup(arguments[0]));
  for (int i = 0; i < 4 && strrchr(root, '/') != NULL; i++)
    *strrchr(root, '/') = '\0';
  unlink(output);
  die("the Go in '%s' has been called with the GOFLAGS that libcgo-go has set for the Go "
      "in '%s', and would link with Go's own C files: call it by libcgo-go, too, as "
      "GO=%s/bin/go libcgo-go, or with GOFLAGS unset",
      root, environment("LIBCGO_GO_ROOT"), root);
}

static void be_the_runner(char **arguments) {
  struct mapped file;
  if (arguments[0] == NULL)
    exit(2);
  if (map_file(arguments[0], &file) && find_half(&file) == half_of_go)
    die("the program was built with Go's own C files, and is not run: another Go than "
        "that in '%s' has built it; name that Go in GO or GOTOOLCHAIN",
        environment("LIBCGO_GO_ROOT"));
  execv(arguments[0], arguments);
  die("'%s' cannot be run: %s", arguments[0], strerror(errno));
}

/* Prints the file that the loader takes for a library. */
static void be_the_loader(const char *library) {
  void *handle = dlopen(library, RTLD_LAZY);
  void *place = handle != NULL ? dlsym(handle, "libcgo_version") : NULL;
  Dl_info found;
  if (place == NULL || dladdr(place, &found) == 0)
    exit(1);
  puts(found.dli_fname);
  exit(0);
}

/* ---- the arguments ---- */

/* Flags of go commands that have a value, which may be the next argument. */
/* clang-format off */
static const char *const with_value[] = {
    "C", "asmflags", "bench", "benchtime", "blockprofile", "blockprofilerate", "buildmode",
    "compiler", "count", "covermode", "coverpkg", "coverprofile", "cpu", "cpuprofile",
    "debug-actiongraph", "debug-runtime-trace", "debug-trace", "exec", "f", "fuzz",
    "fuzzminimizetime", "fuzztime", "gccgoflags", "gcflags", "installsuffix", "ldflags",
    "list", "memprofile", "memprofilerate", "mod", "modfile", "mutexprofile",
    "mutexprofilefraction", "o", "outputdir", "overlay", "p", "parallel", "pgo", "pkgdir",
    "reuse", "run", "shuffle", "skip", "tags", "timeout", "toolexec", "trace", "vettool",
    NULL};
/* And those of go test that have none. */
static const char *const without_value[] = {
    "a", "artifacts", "asan", "benchmem", "buildvcs", "c", "cover", "failfast", "fullpath",
    "i", "json", "linkshared", "modcacherw", "msan", "n", "race", "short", "trimpath", "v",
    "vet", "work", "x", NULL};
/* clang-format on */
/* Those that `go list` gets, too: by them Go chooses packages, or names files. */
static const char *const for_list[] = {
    "asan", "buildmode", "compiler",   "installsuffix", "linkshared",
    "mod",  "msan",      "modcacherw", "modfile",       "pkgdir",
    "race", "tags",      NULL};

static bool is_one_of(const char *const *names, const char *name, size_t n) {
  for (; *names != NULL; names++)
    if (strlen(*names) == n && strncmp(*names, name, n) == 0)
      return true;
  return false;
}

static struct {
  const char *directory; /* where Go is to run */
  const char *command;   /* build, run, ... */
  struct list before;    /* to the command, and -C behind it */
  struct list after;     /* the rest, without -overlay */
  struct list listed;    /* what `go list` is to be told */
  struct list packages;
  const char *overlay, *output, *buildmode;
  bool compiles_tests, is_dry, has_exec;
} call;

/* One flag of Go's; returns how many arguments it is. */
static int take_flag(char **at) {
  const char *name = at[0] + 1 + (at[0][1] == '-');
  const size_t n = strcspn(name, "=");
  const char *value = name[n] == '=' ? name + n + 1 : NULL;
  int used = 1;
  if (value == NULL && is_one_of(with_value, name, n) && at[1] != NULL) {
    value = at[1];
    used = 2;
  }
  const bool is_set = value == NULL || strcmp(value, "false") != 0;
#define IS(flag) (n == strlen(flag) && strncmp(name, flag, n) == 0)
  if (IS("overlay")) {
    call.overlay = value;
    return used;
  }
  if (IS("o"))
    call.output = value;
  else if (IS("buildmode"))
    call.buildmode = value;
  else if (IS("exec"))
    call.has_exec = true;
  else if (IS("c"))
    call.compiles_tests = is_set;
  else if (IS("n"))
    call.is_dry = is_set;
#undef IS
  for (int i = 0; i < used; i++) {
    add(&call.after, at[i]);
    if (is_one_of(for_list, name, n))
      add(&call.listed, at[i]);
  }
  return used;
}

/* Takes -C if it is there; returns how many arguments it is. */
static int take_directory(char **at) {
  if (at[0] == NULL)
    return 0;
  const char *name = at[0] + (starts_with(at[0], "--"));
  int used = 0;
  if (strcmp(name, "-C") == 0 && at[1] != NULL) {
    call.directory = at[1];
    used = 2;
  } else if (starts_with(name, "-C=")) {
    call.directory = name + 3;
    used = 1;
  }
  for (int i = 0; i < used; i++)
    add(&call.before, at[i]);
  return used;
}

/* What is behind the package of `run`, behind -args, and behind flags and packages of
   `test`, is the program's. */
static void read_arguments(char **at) {
  call.directory = ".";
  call.command = "";
  at += take_directory(at);
  if (*at != NULL) {
    call.command = *at;
    add(&call.before, *at++);
    at += take_directory(at);
  }
  const bool is_test = strcmp(call.command, "test") == 0;
  const bool has_flags =
      is_test ||
      is_one_of((const char *const[]){"build", "clean", "fix", "generate", "get",
                                      "install", "list", "run", "vet", NULL},
                call.command, strlen(call.command));
  enum {
    before_packages,
    in_packages,
    behind_packages
  } where = before_packages;
  bool has_unknown = false;
  while (has_flags && *at != NULL) {
    const char *argument = *at;
    const bool is_flag = argument[0] == '-' && argument[1] != '\0';
    if (is_flag && is_test) {
      const char *name = argument + 1 + (argument[1] == '-');
      if (strcmp(name, "args") == 0)
        break;
      name += starts_with(name, "test.") ? 5 : 0;
      const size_t n = strcspn(name, "=");
      has_unknown |=
          !is_one_of(with_value, name, n) && !is_one_of(without_value, name, n);
    }
    if (is_flag) {
      if (strcmp(argument, "--") == 0)
        break;
      where = where == before_packages || !is_test ? before_packages
                                                   : behind_packages;
      at += take_flag(at);
      continue;
    }
    if (is_test && (where == behind_packages || has_unknown))
      break;
    if (!is_test)
      break;
    where = in_packages;
    add(&call.packages, argument);
    add(&call.after, *at++);
  }
  for (bool is_package = !is_test; *at != NULL; at++) {
    if (is_package && strcmp(*at, "--") != 0 &&
        (strcmp(call.command, "run") != 0 || call.packages.n == 0))
      add(&call.packages, *at);
    add(&call.after, *at);
  }
  if (!is_directory(call.directory))
    die("there is no directory '%s'", call.directory);
}

static bool is_command(const char *name) {
  return strcmp(call.command, name) == 0;
}

/* ---- Go ---- */

/* What shim.c defines of the names that Go may import. */
static const char *const known_symbols[] = {"_cgo_libc_setegid",
                                            "_cgo_libc_seteuid",
                                            "_cgo_libc_setgid",
                                            "_cgo_libc_setgroups",
                                            "_cgo_libc_setregid",
                                            "_cgo_libc_setresgid",
                                            "_cgo_libc_setresuid",
                                            "_cgo_libc_setreuid",
                                            "_cgo_libc_setuid",
                                            "_cgo_yield",
                                            "x_cgo_bindm",
                                            "x_cgo_call_symbolizer_function",
                                            "x_cgo_call_traceback_function",
                                            "x_cgo_callers",
                                            "x_cgo_clearenv",
                                            "x_cgo_getstackbound",
                                            "x_cgo_init",
                                            "x_cgo_mmap",
                                            "x_cgo_munmap",
                                            "x_cgo_notify_runtime_init_done",
                                            "x_cgo_pthread_key_created",
                                            "x_cgo_set_context_function",
                                            "x_cgo_set_traceback_functions",
                                            "x_cgo_setenv",
                                            "x_cgo_sigaction",
                                            "x_cgo_sys_thread_create",
                                            "x_cgo_thread_start",
                                            "x_cgo_unsetenv",
                                            "x_crosscall2_ptr",
                                            NULL};

/* What `go env` says, in the order in which it is asked. */
enum fact {
  GOROOT,
  GOVERSION,
  GOOS,
  GOARCH,
  GOMODCACHE,
  GOFLAGS,
  CGO_ENABLED, /* used always */
  GOHOSTARCH,
  CC,
  GOBIN,
  GOPATH,
  GOTOOLCHAIN,
  PKG_CONFIG,
  facts
};
static const char *const fact_names[facts] = {
    "GOROOT",  "GOVERSION",   "GOOS",       "GOARCH", "GOMODCACHE",
    "GOFLAGS", "CGO_ENABLED", "GOHOSTARCH", "CC",     "GOBIN",
    "GOPATH",  "GOTOOLCHAIN", "PKG_CONFIG"};

static const char *go;            /* the command */
static const char *fact[facts];   /* never NULL */
static const char *original_root; /* GOROOT, where fact[GOROOT] is a link to it */
static const char *package;       /* GOROOT/src/runtime/cgo */
static const char asking[] = "LIBCGO_GO_ASKING";

static void name_go(void) {
  const char *name = *environment("GO") != '\0' ? getenv("GO") : "go";
  go = find_command(name);
  /* make exports GO=libcgo-go, if it is called so: then it is go that is meant. */
  if (go == NULL &&
      (same_file(name, self) || strcmp(base_name(name), "libcgo-go") == 0))
    go = find_command(name = "go");
  if (go == NULL)
    die("there is no '%s' command: install Go, or name it in GO", name);
}

static void ask_go(void) {
  struct list command = {NULL, 0};
  struct buffer answer;
  add(&command, go);
  add(&command, "env");
  for (int i = 0; i < facts; i++)
    add(&command, fact_names[i]);
  setenv(asking, go, 1);
  const int status = run_and_wait(command.at, call.directory, &answer, false);
  unsetenv(asking);
  if (status != 0)
    die("'%s env' fails: does GO name a go command?", go);
  char *rest = answer.at;
  for (int i = 0; i < facts; i++) {
    char *line = strsep(&rest, "\n");
    fact[i] = line != NULL ? line : "";
  }
}

static void look_at_go(void) {
  const char *version = fact[GOVERSION];
  original_root = fact[GOROOT];
  package = text("%s/src/runtime/cgo", fact[GOROOT]);
  if (!is_directory(package))
    die("%s has no sources of its package runtime/cgo in '%s'", version, package);
  if (strcmp(fact[GOOS], "linux") != 0)
    die("GOOS is %s: libcgo serves Go on linux", fact[GOOS]);
  if (strcmp(fact[CGO_ENABLED], "1") != 0) {
    const char *end = "a program without cgo does not use libcgo";
    if (*environment("CGO_ENABLED") != '\0')
      die("CGO_ENABLED is 0 in the environment: %s; set it to 1", end);
    if (strcmp(fact[GOARCH], fact[GOHOSTARCH]) != 0)
      die("CGO_ENABLED is 0, as it is by default where GOARCH is %s and this machine's "
          "is %s: %s; set CGO_ENABLED=1, CC to a C compiler for %s, and PKG_CONFIG to "
          "what finds a libcgo for it",
          fact[GOARCH], fact[GOHOSTARCH], end, fact[GOARCH]);
    die("CGO_ENABLED is 0: %s; set it to 1 ('go env -w CGO_ENABLED=0' may have changed "
        "it, or there is no C compiler '%s')",
        end, fact[CC]);
  }
  struct buffer unknown = {NULL, 0};
  DIR *dir = opendir(package);
  for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
    struct buffer source;
    if (fnmatch("*.go", entry->d_name, 0) != 0 ||
        !read_file(text("%s/%s", package, entry->d_name), &source))
      continue;
    for (char *rest = source.at, *line; (line = strsep(&rest, "\n")) != NULL;) {
      static const char import[] = "//go:cgo_import_static";
      if (!starts_with(line, import))
        continue;
      line += strlen(import);
      line += strspn(line, " \t");
      const size_t n = strcspn(line, " \t\r");
      if (!is_one_of(known_symbols, line, n))
        append_text(&unknown, text(" %.*s", (int)n, line));
    }
  }
  if (unknown.at != NULL)
    die("%s imports symbols that libcgo %s does not know:%s: use a Go release that it "
        "knows, or a newer libcgo",
        version, PACKAGE_VERSION, unknown.at);
}

/* `go install` and `go run` of package@version go over to the Go that its go.mod asks
   for. Which that is, they show by the tools that they would run. */
static void follow_toolchain(void) {
  static const char tools[] = "/pkg/tool/";
  if (!(is_command("install") || is_command("run")) || call.packages.n == 0 ||
      strchr(call.packages.at[0], '@') == NULL || *fact[GOTOOLCHAIN] == '\0' ||
      strcmp(fact[GOTOOLCHAIN], "local") == 0)
    return;
  struct list command = {NULL, 0};
  struct buffer said;
  add(&command, go);
  for (int i = 0; i < call.before.n; i++)
    add(&command, call.before.at[i]);
  add(&command, "-a");
  add(&command, "-n");
  for (int i = 0; i < call.after.n; i++)
    add(&command, call.after.at[i]);
  if (run_and_wait(command.at, ".", &said, true) != 0)
    return; /* Go says why */
  char *end = strstr(said.at, tools);
  if (end == NULL)
    return;
  *end = '\0';
  char *start = end;
  while (start > said.at && strchr(" \t\n\"'=", start[-1]) == NULL)
    start--;
  struct buffer version;
  if (same_file(start, fact[GOROOT]) ||
      !read_file(text("%s/VERSION", start), &version))
    return;
  version.at[strcspn(version.at, " \n")] = '\0';
  setenv("GOTOOLCHAIN", version.at, 1);
  ask_go();
  look_at_go();
}

/* ---- the library ---- */

static struct {
  const char *version, *flags; /* as pkg-config says */
  const char *file;      /* libcgo.so or libcgo.a, or NULL if it is not seen */
  const char *directory; /* of it */
  bool is_shared;
  const char *path; /* the directory, if the loader has to be told; or NULL */
} library;

static char *ask_pkg_config(const char *option, const char *other) {
  struct list command = {NULL, 0};
  struct buffer answer;
  /* As Go does: of the words in PKG_CONFIG the first, and `go env -w` may have set it. */
  add(&command, *fact[PKG_CONFIG] != '\0' ? fact[PKG_CONFIG] : "pkg-config");
  if (find_command(command.at[0]) == NULL)
    die("there is no '%s' command, by which Go finds libcgo: install it, or name another "
        "in PKG_CONFIG",
        command.at[0]);
  add(&command, option);
  if (other != NULL)
    add(&command, other);
  add(&command, "libcgo");
  if (run_and_wait(command.at, ".", &answer, false) != 0)
    die("'%s libcgo' fails: install the development files of libcgo, or name the "
        "directory that has its libcgo.pc in PKG_CONFIG_PATH",
        command.at[0]);
  size_t n = answer.size;
  while (n > 0 && isspace((unsigned char)answer.at[n - 1]))
    answer.at[--n] = '\0';
  return answer.at;
}

static void look_for_library(const char *directory) {
  const char *shared = text("%s/libcgo.so", directory);
  const char *archive = text("%s/libcgo.a", directory);
  if (library.file != NULL || directory[0] == '\0')
    return;
  library.is_shared = access(shared, R_OK) == 0;
  if (library.is_shared || access(archive, R_OK) == 0) {
    library.file = library.is_shared ? shared : archive;
    library.directory = directory;
  }
}

/* Asks the loader itself, without the environment that a program may be started
   without. */
static bool loader_finds(const char *file) {
  struct buffer found;
  char *command[] = {
      (char *)"/usr/bin/env", (char *)"-u",          (char *)"LD_LIBRARY_PATH",
      (char *)"-u",           (char *)"LD_PRELOAD",  self,
      (char *)"--loader",     (char *)"libcgo.so.0", NULL};
  if (run_and_wait(command, ".", &found, true) != 0)
    return false;
  found.at[strcspn(found.at, "\n")] = '\0';
  return same_file(found.at, file);
}

/* Go asks pkg-config in the directory of runtime/cgo. A directory that is not named from
   the root stays, for other packages, and what it means here is put behind it. */
static void set_pkg_config_path(void) {
  struct buffer all = {NULL, 0};
  append_text(&all, "");
  for (const char *path = environment("PKG_CONFIG_PATH"); *path != '\0';) {
    const char *part = text("%.*s", (int)strcspn(path, ":"), path);
    path += strlen(part);
    path += *path == ':';
    append_text(&all, text("%s:", part));
    if (*part != '\0' && *part != '/')
      append_text(&all, text("%s:", clean_path(current_directory(), part)));
  }
  append_text(&all, LIBDIR "/pkgconfig");
  setenv("PKG_CONFIG_PATH", all.at, 1);
}

static void find_library(void) {
  set_pkg_config_path();
  library.version = ask_pkg_config("--modversion", NULL);
  library.flags = ask_pkg_config("--cflags", "--libs");
  char *words = need(strdup(library.flags));
  for (char *word; (word = strsep(&words, " ")) != NULL;)
    if (starts_with(word, "-L"))
      look_for_library(word + 2);
  look_for_library(ask_pkg_config("--variable=libdir", NULL));
  if (library.file == NULL)
    return;
  const char *cpu = goarch_of(library.file);
  if (cpu != NULL && strcmp(cpu, fact[GOARCH]) != 0)
    die("GOARCH is %s, and '%s', the libcgo that pkg-config finds, is for %s: install "
        "libcgo for %s, and set PKG_CONFIG (or PKG_CONFIG_LIBDIR) to what finds it and CC "
        "to a C compiler for %s; or build with GOARCH=%s",
        fact[GOARCH], library.file, cpu, fact[GOARCH], fact[GOARCH], cpu);
  const char *own_cpu = goarch_of(self);
  if (library.is_shared &&
      (cpu == NULL || own_cpu == NULL || strcmp(cpu, own_cpu) == 0) &&
      !loader_finds(library.file)) {
    /* What Go takes in a path that is an argument of #cgo, and of -Wl. */
    static const char taken[] = "+-./0123456789=ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
                                "abcdefghijklmnopqrstuvwxyz:$@%~^ ";
    library.path = library.directory;
    for (const char *c = library.path; *c != '\0'; c++)
      if ((unsigned char)*c < 0x80 && strchr(taken, *c) == NULL) {
        say("'%s' has a '%c', which Go does not take in a run path: programs get none, so "
            "set LD_LIBRARY_PATH when they run",
            library.path, *c);
        library.path = NULL;
        return;
      }
  }
}

/* ---- overlays ---- */

struct replacement {
  char *file, *by;
};
static struct {
  struct replacement *at;
  int n;
} users; /* of the user's own overlay */

/* JSON, as far as an overlay has it. */
struct json {
  const char *at, *name; /* the text, and the file that it is from */
};

static void skip_blanks(struct json *json) {
  json->at += strspn(json->at, " \t\r\n");
}

static bool json_has(struct json *json, char c) {
  skip_blanks(json);
  if (*json->at != c)
    return false;
  json->at++;
  return true;
}

static void json_wants(struct json *json, char c) {
  if (!json_has(json, c))
    die("the overlay '%s' is no JSON: '%c' is missing before '%.20s'",
        json->name, c, json->at);
}

static unsigned json_hex(struct json *json) {
  unsigned value = 0;
  for (int i = 0; i < 4; i++) {
    if (!isxdigit((unsigned char)*json->at))
      die("the overlay '%s' is no JSON: '\\u%.4s'", json->name, json->at);
    const int c = tolower((unsigned char)*json->at++);
    value = value * 16 + (unsigned)(isdigit(c) ? c - '0' : c - 'a' + 10);
  }
  return value;
}

static void append_utf8(struct buffer *to, unsigned c) {
  const char bytes[4] = {(char)(0xf0 | c >> 18), (char)(0x80 | (c >> 12 & 0x3f)),
                         (char)(0x80 | (c >> 6 & 0x3f)),
                         (char)(0x80 | (c & 0x3f))};
  if (c < 0x80)
    append(to, &(char){(char)c}, 1);
  else if (c < 0x800)
    append(to, (char[]){(char)(0xc0 | c >> 6), bytes[3]}, 2);
  else if (c < 0x10000)
    append(to, (char[]){(char)(0xe0 | c >> 12), bytes[2], bytes[3]}, 3);
  else
    append(to, bytes, 4);
}

static char *json_string(struct json *json) {
  static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  struct buffer string = {NULL, 0};
  append_text(&string, "");
  json_wants(json, '"');
  while (*json->at != '"') {
    const char c = *json->at++;
    if (c == '\0')
      die("the overlay '%s' is no JSON: a string has no end", json->name);
    if (c != '\\') {
      append(&string, &c, 1);
    } else if (*json->at == 'u') {
      json->at++;
      unsigned value = json_hex(json);
      if (value >= 0xd800 && value < 0xdc00 && starts_with(json->at, "\\u")) {
        json->at += 2;
        value = 0x10000 + ((value - 0xd800) << 10) +
                ((json_hex(json) - 0xdc00) & 0x3ff);
      }
      append_utf8(&string, value);
    } else {
      const char *escape = *json->at != '\0' ? strchr(escapes, *json->at) : NULL;
      if (escape == NULL)
        die("the overlay '%s' is no JSON: '\\%.1s'", json->name, json->at);
      append(&string, &meanings[escape - escapes], 1);
      json->at++;
    }
  }
  json->at++;
  return string.at;
}

/* null, which is no object and no string, as Go reads it. */
static bool json_null(struct json *json) {
  static const char null[] = "null";
  skip_blanks(json);
  if (!starts_with(json->at, null))
    return false;
  json->at += strlen(null);
  return true;
}

/* As deep as Go's encoding/json goes, too: json_skip calls itself. */
enum { most_levels = 10000 };

/* A value that is within so many objects and arrays. */
static void json_skip(struct json *json, int level) {
  skip_blanks(json);
  if (*json->at == '"') {
    json_string(json);
  } else if (*json->at == '{' || *json->at == '[') {
    if (level == most_levels)
      die("the overlay '%s' has more than 10,000 levels of objects and arrays",
          json->name);
    const char end = *json->at++ == '{' ? '}' : ']';
    while (!json_has(json, end)) {
      json_skip(json, level + 1);
      if (end == '}') {
        json_wants(json, ':');
        json_skip(json, level + 1);
      }
      if (!json_has(json, ',') && *json->at != end)
        json_wants(json, end);
    }
  } else {
    const size_t n = strspn(json->at, "+-.0123456789Eaeflnrstu");
    if (n == 0)
      die("the overlay '%s' is no JSON before '%.20s'", json->name, json->at);
    json->at += n;
  }
}

/* What we replace ourselves, in the directory of the package. */
static bool is_ours(const char *name) {
  return fnmatch("*.[cS]", name, 0) == 0 || strcmp(name, "cgo.go") == 0;
}

/* The name under which Go knows a file: where GOROOT is a link, below that link. */
static char *as_go_knows(const char *file) {
  file = clean_path(clean_path(current_directory(), call.directory), file);
  const size_t n = strlen(original_root);
  if (starts_with(file, original_root) && file[n] == '/')
    return text("%s%s", fact[GOROOT], file + n);
  return (char *)file;
}

/* Takes the user's overlay. One of ours, of a libcgo-go around this one, is made
   again; what it has of the user's is taken. */
static void take_overlay(const char *name) {
  if (name == NULL || *name == '\0')
    return;
  struct buffer contents;
  const char *file =
      clean_path(clean_path(current_directory(), call.directory), name);
  if (!read_file(file, &contents))
    die("the overlay '%s' cannot be read: %s", name, strerror(errno));
  struct json json = {contents.at, name};
  bool made_here = false;
  if (json_null(&json))
    return;
  json_wants(&json, '{');
  while (!json_has(&json, '}')) {
    const char *key = json_string(&json);
    json_wants(&json, ':');
    if (strcmp(key, "libcgo-go") == 0)
      made_here = true;
    if (strcasecmp(key, "Replace") != 0) {
      json_skip(&json, 1);
    } else if (json_null(&json)) {
      users.n = 0; /* also what was replaced before */
    } else {
      json_wants(&json, '{');
      while (!json_has(&json, '}')) {
        const char *original = json_string(&json);
        json_wants(&json, ':');
        char *by = json_null(&json) ? (char *)"" : json_string(&json);
        if (!json_has(&json, ',') && *json.at != '}')
          json_wants(&json, '}');
        char *known = as_go_knows(original);
        const char *slash = strrchr(known, '/');
        const bool in_package = strlen(package) == (size_t)(slash - known) &&
                                starts_with(known, package);
        static const char any[] = "/src/runtime/cgo/";
        const char *in_any = strstr(original, any);
        if (made_here && in_any != NULL && is_ours(in_any + strlen(any)))
          continue;
        if (in_package && is_ours(slash + 1))
          die("the overlay '%s' replaces '%s', and libcgo does so, too: take that out of "
              "the overlay, or build with go",
              name, original);
        users.at =
            need(realloc(users.at, ((size_t)users.n + 1) * sizeof *users.at));
        users.at[users.n++] = (struct replacement){known, by};
      }
    }
    if (!json_has(&json, ',') && *json.at != '}')
      json_wants(&json, '}');
  }
}

static void append_json(struct buffer *to, const char *string) {
  append_text(to, "\"");
  for (; *string != '\0'; string++) {
    if ((unsigned char)*string < ' ') {
      append_text(to, text("\\u%04x", (unsigned)*string));
      continue;
    }
    if (*string == '"' || *string == '\\')
      append_text(to, "\\");
    append(to, string, 1);
  }
  append_text(to, "\"");
}

static void append_replacement(struct buffer *to, bool *first, const char *file,
                               const char *by) {
  append_text(to, *first ? "\n" : ",\n");
  *first = false;
  append_json(to, file);
  append_text(to, ": ");
  append_json(to, by);
}

static const char *cache;   /* the directory with what Go is given */
static const char *shim;    /* what is put in the place of the C files */
static const char *overlay; /* the file */
static const char *tree_of_links;

/* GOFLAGS can have no blank in all releases. */
static void find_cache(void) {
  static const char blanks[] = " \t\n'\"";
  cache = *environment("XDG_CACHE_HOME") != '\0'
              ? text("%s/libcgo-go", getenv("XDG_CACHE_HOME"))
          : *environment("HOME") != '\0'
              ? text("%s/.cache/libcgo-go", getenv("HOME"))
              : ""; /* there is no place */
  bool usable = cache[0] == '/' && strpbrk(cache, blanks) == NULL;
  for (char *slash = (char *)cache; usable && slash != NULL;) {
    slash = strchr(slash + 1, '/');
    if (slash != NULL)
      *slash = '\0';
    usable = is_directory(cache) || mkdir(cache, 0777) == 0 || errno == EEXIST;
    if (slash != NULL)
      *slash = '/';
  }
  if (usable && access(cache, W_OK) == 0)
    return;
  const char *tmp = *environment("TMPDIR") != '\0' ? getenv("TMPDIR") : "/tmp";
  char *new = clean_path(current_directory(), text("%s/libcgo-go.XXXXXX", tmp));
  if (strpbrk(new, blanks) != NULL)
    new = text("/tmp/libcgo-go.XXXXXX");
  if (mkdtemp(new) == NULL)
    die("no directory for what Go is given, neither '%s' nor '%s': %s", cache,
        new, strerror(errno));
  cache = temporary = new;
  atexit(remove_temporary);
}

/* All files of one directory as links in another, which is made; but that one. */
static void link_all(const char *from, const char *to, const char *but) {
  if (mkdir(to, 0777) != 0)
    die("the directory '%s' cannot be made: %s", to, strerror(errno));
  DIR *dir = opendir(from);
  for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
    if (entry->d_name[0] != '.' && strcmp(entry->d_name, but) != 0 &&
        symlink(text("%s/%s", from, entry->d_name),
                text("%s/%s", to, entry->d_name)) != 0)
      die("the link '%s/%s' cannot be made: %s", to, entry->d_name,
          strerror(errno));
  if (dir != NULL)
    closedir(dir);
}

static bool is_copy(const char *copy, const char *of) {
  struct stat a, b;
  return stat(copy, &a) == 0 && stat(of, &b) == 0 && a.st_size == b.st_size &&
         a.st_mtime >= b.st_mtime;
}

/* Go replaces no file in its module cache, from 1.27 on. A toolchain there is reached
   by another way: a tree of links, with a go command that is no link, because it finds
   its tree by its own place. GOROOT in the environment would do that, too, but also for
   every other Go that runs within the command. */
static void leave_module_cache(void) {
  const size_t n = strlen(fact[GOMODCACHE]);
  if (n == 0 || !starts_with(fact[GOROOT], fact[GOMODCACHE]) ||
      fact[GOROOT][n] != '/')
    return;
  tree_of_links = text("%s/goroot-%s", cache, hash(fact[GOROOT]));
  const char *from = text("%s/bin", fact[GOROOT]);
  const char *command = text("%s/go", from);
  const char *copy = text("%s/bin/go", tree_of_links);
  if (access(command, R_OK) != 0)
    die("'%s' cannot be read: %s", command, strerror(errno));
  if (!is_copy(copy, command)) {
    struct buffer contents;
    char *place = text("%s.XXXXXX", tree_of_links);
    if (mkdtemp(place) == NULL)
      die("the directory '%s' cannot be made: %s", place, strerror(errno));
    const char *new = text("%s/new", place);
    if (!read_file(command, &contents))
      die("'%s' cannot be read: %s", command, strerror(errno));
    link_all(fact[GOROOT], new, "bin");
    link_all(from, text("%s/bin", new), "go");
    write_file(text("%s/bin/go", new), &contents);
    chmod(text("%s/bin/go", new), 0755);
    /* An older one goes out of the way. One that was made meanwhile is used. */
    if (rename(new, tree_of_links) != 0 && !is_copy(copy, command)) {
      rename(tree_of_links, text("%s/old", place));
      if (rename(new, tree_of_links) != 0 && !is_copy(copy, command))
        die("'%s' cannot be made: %s", tree_of_links, strerror(errno));
    }
    remove_directory(place);
  }
  fact[GOROOT] = tree_of_links;
  package = text("%s/src/runtime/cgo", tree_of_links);
  go = copy;
  if (*environment("GOROOT") != '\0')
    setenv("GOROOT", tree_of_links, 1);
}

/* The package's cgo.go, with the library in it. It takes the place of a file that is
   there: Go's tool for coverage reads the originals. The flags of pkg-config are no part
   of the names in Go's cache, so they are part of what it reads. */
static void append_cgo_go(struct buffer *to) {
  static const char directive[] = "\n#cgo ";
  struct buffer source;
  const char *file = text("%s/cgo.go", package);
  char *place = read_file(file, &source) ? strstr(source.at, directive) : NULL;
  if (place == NULL)
    die("%s has no line '#cgo' in '%s': use a Go release that libcgo %s knows",
        fact[GOVERSION], file, PACKAGE_VERSION);
  place++;
  append(to, source.at, (size_t)(place - source.at));
  char *flags = text("// libcgo-go %s, libcgo %s: %s\n", PACKAGE_VERSION,
                     library.version, library.flags);
  /* It is in a comment; and pkg-config divides letters of several bytes. */
  for (char *c = flags; *c != '\0'; c++)
    if (*c != '\\')
      append(to, *c == '*' ? "?" : c, 1);
  append_text(to, "#cgo pkg-config: libcgo\n");
  if (library.path != NULL)
    append_text(to, text("#cgo LDFLAGS: \"-Wl,-rpath,%s\"\n", library.path));
  append_text(to, place);
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void append_overlay(struct buffer *to, const char *cgo_go) {
  struct list files = {NULL, 0};
  bool first = true;
  DIR *dir = opendir(package);
  for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
    if (fnmatch("*.[cS]", entry->d_name, 0) == 0)
      add(&files, need(strdup(entry->d_name)));
  if (files.n > 0)
    qsort(files.at, (size_t)files.n, sizeof *files.at, by_name);
  append_text(to,
              text("{\"libcgo-go\": \"%s\", \"Replace\": {", PACKAGE_VERSION));
  for (int i = 0; i < files.n; i++)
    append_replacement(to, &first, text("%s/%s", package, files.at[i]), "");
  append_replacement(to, &first, text("%s/libcgo_shim.c", package), shim);
  append_replacement(to, &first, text("%s/cgo.go", package), cgo_go);
  for (int i = 0; i < users.n; i++)
    append_replacement(to, &first, users.at[i].file, users.at[i].by);
  append_text(to, "\n}}\n");
}

/* The words of GOFLAGS that are not about overlays and not ours, each as it is; and
   what they say. */
static struct list goflags;
static const char *overlay_of_goflags, *buildmode_of_goflags;
static bool goflags_have_toolexec, goflags_have_exec;

static void read_goflags(void) {
  const char *at = fact[GOFLAGS];
  for (;;) {
    at += strspn(at, " \t\n\r");
    if (*at == '\0')
      return;
    const char quote = *at == '"' || *at == '\'' ? *at : '\0';
    const size_t n = quote != '\0' ? strcspn(at + 1, quote == '"' ? "\"" : "'")
                                   : strcspn(at, " \t\n\r");
    if (quote != '\0' && at[n + 1] == '\0')
      die("GOFLAGS has a quotation mark without end: %s", at);
    const char *flag = text("%.*s", (int)n, quote != '\0' ? at + 1 : at);
    const char *raw = text("%.*s", (int)(quote != '\0' ? n + 2 : n), at);
    at += strlen(raw);
    const char *name = flag + starts_with(flag, "--");
    if (starts_with(name, "-overlay=")) {
      overlay_of_goflags = strchr(name, '=') + 1;
      continue;
    }
    if (starts_with(name, "-toolexec=")) {
      if (strcmp(base_name(name), as_linker) == 0)
        continue;
      goflags_have_toolexec = true;
    }
    goflags_have_exec |= starts_with(name, "-exec=");
    if (starts_with(name, "-buildmode="))
      buildmode_of_goflags = strchr(name, '=') + 1;
    add(&goflags, raw);
  }
}

static void set_goflags(void) {
  struct buffer all = {NULL, 0};
  append_text(&all, "");
  for (int i = 0; i < goflags.n; i++)
    append_text(&all, text("%s ", goflags.at[i]));
  append_text(&all, text("-overlay=%s", overlay));
  if (!goflags_have_toolexec)
    append_text(&all, text(" -toolexec=%s/%s", cache, as_linker));
  setenv("GOFLAGS", all.at, 1);
  setenv("LIBCGO_GO_ROOT", fact[GOROOT], 1);
  /* Go's own linker notes no path, and links with no archive. */
  if (getenv(extlink) == NULL && library.file != NULL &&
      (library.path != NULL || !library.is_shared)) {
    setenv(extlink, "1", 1);
    setenv(extlink_is_ours, "1", 1);
  }
}

static void make_overlay(void) {
  shim = *environment("LIBCGO_GO_SHIM") != '\0' ? getenv("LIBCGO_GO_SHIM") : SHIM;
  name_go();
  ask_go();
  look_at_go();
  follow_toolchain();
  if (access(shim, R_OK) != 0)
    die("'%s' is missing: is libcgo-go installed as a whole?", shim);
  find_library();
  find_cache();
  leave_module_cache();
  read_goflags();
  /* Of two, Go takes that of the command. */
  take_overlay(call.overlay != NULL ? call.overlay : overlay_of_goflags);
  struct buffer contents = {NULL, 0};
  append_cgo_go(&contents);
  const char *cgo_go = text("%s/cgo-%s.go", cache, hash(contents.at));
  write_file(cgo_go, &contents);
  contents = (struct buffer){NULL, 0};
  append_overlay(&contents, cgo_go);
  overlay = text("%s/overlay-%s.json", cache, hash(contents.at));
  write_file(overlay, &contents);
  make_link(self, text("%s/%s", cache, as_linker));
  make_link(self, text("%s/%s", cache, as_runner));
}

/* ---- the commands ---- */

static void print_overlay(void) {
  struct buffer contents;
  make_overlay();
  if (temporary != NULL)
    die("the overlay needs files that stay: set XDG_CACHE_HOME to a writable directory "
        "with an absolute path without blanks; it is '%s'",
        *environment("XDG_CACHE_HOME") != '\0'
            ? getenv("XDG_CACHE_HOME")
            : text("%s/.cache", environment("HOME")));
  if (tree_of_links != NULL)
    say("this overlay is for '%s'", go);
  if (!read_file(overlay, &contents))
    die("'%s' cannot be read: %s", overlay, strerror(errno));
  fwrite(contents.at, 1, contents.size, stdout);
}

static void print_environment(void) {
  make_overlay();
  printf("libcgo    %s\ninstalled %s: %s\n", PACKAGE_VERSION, library.version,
         library.flags);
  printf("library   %s%s\n", library.file != NULL ? library.file : "not seen",
         library.path != NULL
             ? ", where the loader does not look: programs get an rpath"
             : "");
  printf("shim      %s\ngo        %s, %s\nGOROOT    %s\nGOARCH    %s\noverlay   %s\n",
         shim, go, fact[GOVERSION], fact[GOROOT], fact[GOARCH], overlay);
}

/* A file that a command has made, or that it says is as it would make it. */
static bool check_file(const char *path) {
  struct mapped file;
  if (!map_file(path, &file))
    return true;
  const enum half half = find_half(&file);
  if (half == half_of_go)
    say("'%s' was built with Go's own C files and not on libcgo: another Go than the one "
        "that was asked, %s in '%s', has built it, or it is an older file; name that Go "
        "in GO or GOTOOLCHAIN",
        path, fact[GOVERSION], fact[GOROOT]);
  if (half == half_of_libcgo && library.path != NULL &&
      dynamic_has(&file, DT_NEEDED, DT_NEEDED, "libcgo.so") &&
      !dynamic_has(&file, DT_RUNPATH, DT_RPATH, library.path))
    say("'%s' does not say where libcgo.so.0 is, and the loader does not look in '%s': Go's "
        "own linker has linked it; add -ldflags=-r=%s, or set LD_LIBRARY_PATH when it "
        "runs",
        path, library.path, library.path);
  munmap((void *)file.at, file.size);
  return half != half_of_go;
}

/* The name that Go gives to the program of a package: its path's last part that is no
   version. */
static char *program_name(const char *package_path) {
  char *path = need(strdup(package_path));
  path[strcspn(path, "@")] = '\0';
  char *slash = strrchr(path, '/');
  if (slash != NULL && slash[1] == 'v' && isdigit((unsigned char)slash[2]) &&
      slash[2 + strspn(slash + 2, "0123456789")] == '\0' &&
      strcmp(slash, "/v1") != 0)
    *slash = '\0';
  return (char *)base_name(path);
}

/* Where `go install` puts programs. */
static char *bin_directory(void) {
  if (*fact[GOBIN] != '\0')
    return (char *)fact[GOBIN];
  const char *first =
      text("%.*s/bin", (int)strcspn(fact[GOPATH], ":"), fact[GOPATH]);
  return strcmp(fact[GOARCH], fact[GOHOSTARCH]) == 0
             ? (char *)first
             : text("%s/%s_%s", first, fact[GOOS], fact[GOARCH]);
}

/* All that the directory has got since then. */
static void add_new_files(struct list *files, const char *directory,
                          time_t since) {
  DIR *dir = opendir(directory);
  for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
    const char *file = text("%s/%s", directory, entry->d_name);
    struct stat s;
    if (stat(file, &s) == 0 && S_ISREG(s.st_mode) && s.st_ctime >= since)
      add(files, file);
  }
}

/* Asks Go which programs the packages are: for each, the file that `go install` would
   make, and the path of the package. */
static void ask_for_programs(struct list *targets, struct list *paths) {
  struct list command = {NULL, 0};
  struct buffer answer;
  add(&command, go);
  add(&command, "list");
  add(&command, "-find");
  add(&command, "-f={{.Name}}\t{{.Target}}\t{{.ImportPath}}");
  for (int i = 0; i < call.listed.n; i++)
    add(&command, call.listed.at[i]);
  for (int i = 0; i < call.packages.n; i++)
    add(&command, call.packages.at[i]);
  if (run_and_wait(command.at, call.directory, &answer, false) != 0)
    return;
  for (char *rest = answer.at, *line; (line = strsep(&rest, "\n")) != NULL;) {
    const char *name = strsep(&line, "\t"), *target = strsep(&line, "\t");
    if (line == NULL || (strcmp(name, "main") != 0 && !call.compiles_tests))
      continue;
    add(targets, target);
    add(paths, line);
  }
}

/* What the name of such a file ends with. */
static const char *suffix(void) {
  const char *mode =
      call.buildmode != NULL ? call.buildmode : buildmode_of_goflags;
  if (mode == NULL || call.compiles_tests)
    return "";
  return strcmp(mode, "c-archive") == 0 ? ".a"
         : strcmp(mode, "plugin") == 0  ? ".so"
                                        : "";
}

/* The files that a successful command has made, or has found to be right. */
static void find_made(struct list *files, time_t since) {
  struct list targets = {NULL, 0}, paths = {NULL, 0};
  const char *here = clean_path(current_directory(), call.directory);
  if (is_command("install") && call.packages.n > 0 &&
      strchr(call.packages.at[0], '@') != NULL) {
    for (int i = 0; i < call.packages.n; i++)
      if (strstr(call.packages.at[i], "...") != NULL)
        add_new_files(files, bin_directory(), since);
      else
        add(files,
            text("%s/%s", bin_directory(), program_name(call.packages.at[i])));
    return;
  }
  const char *output = call.output != NULL ? clean_path(here, call.output) : NULL;
  const bool into_directory =
      output != NULL &&
      (is_directory(output) || call.output[strlen(call.output) - 1] == '/');
  if (output != NULL && !into_directory) {
    add(files, output);
    return;
  }
  ask_for_programs(&targets, &paths);
  for (int i = 0; i < targets.n; i++) {
    const char *name = base_name(targets.at[i]);
    if (is_command("install")) {
      add(files, targets.at[i]);
      continue;
    }
    if (call.compiles_tests)
      name = text("%s.test", program_name(paths.at[i]));
    else if (strcmp(paths.at[i], "command-line-arguments") == 0)
      name = text("%.*s", (int)strcspn(base_name(call.packages.at[0]), "."),
                  base_name(call.packages.at[0]));
    else if (*name == '\0')
      name = program_name(paths.at[i]);
    if (call.compiles_tests || into_directory || targets.n == 1) {
      add(files, text("%s/%s%s", into_directory ? output : here, name,
                      ends_with(name, suffix()) ? "" : suffix()));
    }
  }
}

static void run_go(char **arguments) {
  struct list command = {NULL, 0};
  read_arguments(arguments);
  make_overlay();
  set_goflags();
  add(&command, go);
  for (int i = 0; i < call.before.n; i++)
    add(&command, call.before.at[i]);
  if (is_command("run") && !call.has_exec && !goflags_have_exec &&
      strcmp(fact[GOARCH], fact[GOHOSTARCH]) == 0)
    add(&command, text("-exec=%s/%s", cache, as_runner));
  for (int i = 0; i < call.after.n; i++)
    add(&command, call.after.at[i]);
  const bool makes_files =
      !call.is_dry && (is_command("build") || is_command("install") ||
                       (is_command("test") && call.compiles_tests));
  if (!makes_files && temporary == NULL) {
    execv(go, command.at);
    die("'%s' cannot be run: %s", go, strerror(errno));
  }
  const time_t since = time(NULL);
  const int status = run_and_wait(command.at, ".", NULL, false);
  if (!makes_files || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    end_like(status);
  struct list files = {NULL, 0};
  bool right = true;
  find_made(&files, since);
  for (int i = 0; i < files.n; i++)
    right &= check_file(files.at[i]);
  exit(right ? 0 : 1);
}

static void print_usage(FILE *to) {
  fputs(
      "usage: libcgo-go COMMAND [ARGUMENT...]   runs `go COMMAND ARGUMENT...` with libcgo\n"
      "       libcgo-go overlay                 prints the overlay for go build -overlay\n"
      "       libcgo-go env                     prints what was found\n"
      "       libcgo-go --help | --version\n"
      "\n"
      "The environment variable GO names the go command to use (default: go).\n",
      to);
}

/* If standard input, output or error is closed, the next file that is opened gets its
   number, and is taken for it. So something takes these numbers, which can be written as
   little as what is closed, and which other programs do not get. */
static void fill_standard_files(void) {
  int fd;
  do
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0)
    close(fd);
}

int main(int argc, char **argv) {
  const char *first = argc > 1 ? argv[1] : "";
  signal(SIGCHLD, SIG_DFL); /* where it is ignored, no status can be asked for */
  fill_standard_files();
  find_self();
  if (argc > 0 && strcmp(base_name(argv[0]), as_linker) == 0)
    be_the_linker(argv + 1);
  if (argc > 0 && strcmp(base_name(argv[0]), as_runner) == 0)
    be_the_runner(argv + 1);
  if (argc == 3 && strcmp(first, "--loader") == 0)
    be_the_loader(argv[2]);
  if (getenv(asking) != NULL)
    die("'%s' calls libcgo-go again: name Go's own command in GO",
        getenv(asking));
  if (argc < 2) {
    print_usage(stderr);
    return 2;
  }
  call.directory = ".";
  call.command = "";
  if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)
    print_usage(stdout);
  else if (strcmp(first, "--version") == 0)
    puts("libcgo-go " PACKAGE_VERSION);
  else if (strcmp(first, "overlay") == 0 && argc == 2)
    print_overlay();
  else if (strcmp(first, "env") == 0 && argc == 2)
    print_environment();
  else
    run_go(argv + 1);
  errno = 0;
  if (fflush(stdout) != 0 || ferror(stdout))
    die("standard output cannot be written: %s",
        errno != 0 ? strerror(errno) : "an earlier write failed");
  return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A linker of 2010, in small: it knows R_X86_64_64, PC32, PLT32 and GOTPCREL,
 * sections of type PROGBITS, alignments up to 8 and global and common symbols,
 * and nothing else. It loads libcgo-classic.o beside a client and runs both.
 */
#include "harness.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { most_sections = 64, most_globals = 256, image_bytes = 1 << 20 };

static char *image;      /* where everything is loaded */
static size_t image_end; /* its first free byte */

struct object {
  const char *name;
  char *file;
  Elf64_Ehdr *header;
  Elf64_Shdr *sections;
  const char *section_names;
  char *loaded[most_sections];
  Elf64_Sym *symbols;
  size_t symbol_count;
  const char *strings;
};

/* What is defined, in either object. */
static struct global {
  const char *name;
  char *address;
  int common;
  char **got; /* its word of the offset table, once there is one */
  char *plt;  /* its jump, once there is one */
} globals[most_globals];
static int global_count;

/* Deliberately never 16-aligned. */
static char *allocate(size_t size) {
  image_end = ((image_end + 15) & ~(size_t)15) + 8;
  char *p = image + image_end;
  image_end += size;
  ck_assert_msg(image_end < image_bytes, "the image is full");
  return p;
}

static struct global *find_global(const char *name) {
  for (int i = 0; i < global_count; i++)
    if (strcmp(globals[i].name, name) == 0)
      return &globals[i];
  ck_assert_msg(global_count < most_globals, "too many symbols");
  struct global *g = &globals[global_count++];
  g->name = name;
  return g;
}

static void read_object(struct object *o, const char *path) {
  struct stat status;
  int fd = open(path, O_RDONLY);
  ck_assert_msg(fd >= 0 && fstat(fd, &status) == 0, "cannot open %s", path);
  o->name = path;
  o->file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  ck_assert_ptr_ne(o->file, MAP_FAILED);
  close(fd);
  o->header = (Elf64_Ehdr *)o->file;
  o->sections = (Elf64_Shdr *)(o->file + o->header->e_shoff);
  o->section_names = o->file + o->sections[o->header->e_shstrndx].sh_offset;
  ck_assert_int_lt(o->header->e_shnum, most_sections);
  for (int i = 0; i < o->header->e_shnum; i++)
    if (o->sections[i].sh_type == SHT_SYMTAB) {
      o->symbols = (Elf64_Sym *)(o->file + o->sections[i].sh_offset);
      o->symbol_count = o->sections[i].sh_size / sizeof(Elf64_Sym);
      o->strings = o->file + o->sections[o->sections[i].sh_link].sh_offset;
    }
}

static void load_sections(struct object *o) {
  for (int i = 0; i < o->header->e_shnum; i++) {
    const Elf64_Shdr *s = &o->sections[i];
    if (s->sh_type != SHT_PROGBITS || !(s->sh_flags & SHF_ALLOC) ||
        s->sh_size == 0)
      continue;
    o->loaded[i] = allocate(s->sh_size);
    memcpy(o->loaded[i], o->file + s->sh_offset, s->sh_size);
  }
}

static void define_symbols(struct object *o) {
  for (size_t i = 0; i < o->symbol_count; i++) {
    const Elf64_Sym *s = &o->symbols[i];
    if (ELF64_ST_BIND(s->st_info) != STB_GLOBAL || s->st_shndx == SHN_UNDEF)
      continue;
    struct global *g = find_global(o->strings + s->st_name);
    if (s->st_shndx == SHN_COMMON) {
      if (g->address == NULL) {
        g->address = allocate(s->st_size);
        g->common = 1;
      }
    } else {
      ck_assert_msg(g->address == NULL || g->common, "%s is defined twice",
                    g->name);
      g->address = o->loaded[s->st_shndx] + s->st_value;
      g->common = 0;
    }
  }
}

/* The rest comes from the C library. */
static void define_from_c_library(struct object *o) {
  for (size_t i = 0; i < o->symbol_count; i++) {
    const Elf64_Sym *s = &o->symbols[i];
    if (ELF64_ST_BIND(s->st_info) != STB_GLOBAL || s->st_shndx != SHN_UNDEF)
      continue;
    /* The assembler's note that there are GOTPCREL relocations. */
    if (strcmp(o->strings + s->st_name, "_GLOBAL_OFFSET_TABLE_") == 0)
      continue;
    struct global *g = find_global(o->strings + s->st_name);
    if (g->address == NULL)
      g->address = dlsym(RTLD_DEFAULT, g->name);
    ck_assert_msg(g->address != NULL, "%s: %s is not defined", o->name, g->name);
  }
}

static void store_relative(char *at, char *target) {
  const int64_t distance = target - at;
  ck_assert_msg(distance == (int32_t)distance, "a target is too far away");
  const int32_t word = (int32_t)distance;
  memcpy(at, &word, sizeof word);
}

static char *jump_to(struct global *g) {
  /* jmp *0(%rip), and the address. */
  static const unsigned char jump[6] = {0xff, 0x25, 0, 0, 0, 0};
  if (g->plt == NULL) {
    g->plt = allocate(14);
    memcpy(g->plt, jump, 6);
    memcpy(g->plt + 6, &g->address, 8);
  }
  return g->plt;
}

static void relocate_one(struct object *o, char *section, const Elf64_Rela *r) {
  const Elf64_Sym *s = &o->symbols[ELF64_R_SYM(r->r_info)];
  const int local = ELF64_ST_BIND(s->st_info) == STB_LOCAL;
  struct global *g = local ? NULL : find_global(o->strings + s->st_name);
  char *symbol = local ? o->loaded[s->st_shndx] + s->st_value : g->address;
  char *at = section + r->r_offset;
  switch (ELF64_R_TYPE(r->r_info)) {
  case R_X86_64_64: {
    char *value = symbol + r->r_addend;
    memcpy(at, &value, sizeof value);
    break;
  }
  case R_X86_64_PLT32:
    if (!local)
      symbol = jump_to(g);
    /* fall through */
  case R_X86_64_PC32:
    store_relative(at, symbol + r->r_addend);
    break;
  case R_X86_64_GOTPCREL:
    ck_assert_msg(!local, "GOTPCREL of a local symbol");
    if (g->got == NULL) {
      g->got = (char **)allocate(sizeof *g->got);
      *g->got = g->address;
    }
    store_relative(at, (char *)g->got + r->r_addend);
    break;
  default:
    ck_assert_msg(0, "%s: relocation type %d", o->name,
                  (int)ELF64_R_TYPE(r->r_info));
  }
}

static void relocate(struct object *o) {
  for (int i = 0; i < o->header->e_shnum; i++) {
    const Elf64_Shdr *s = &o->sections[i];
    if (s->sh_type != SHT_RELA || o->loaded[s->sh_info] == NULL)
      continue;
    const Elf64_Rela *r = (Elf64_Rela *)(o->file + s->sh_offset);
    for (size_t n = 0; n < s->sh_size / sizeof *r; n++)
      relocate_one(o, o->loaded[s->sh_info], &r[n]);
  }
}

/* From here on: the claims. */

static struct object library, client;

static const char *path_of(const char *variable) {
  const char *path = getenv(variable);
  ck_assert_msg(path != NULL, "%s is not set", variable);
  return path;
}

TEST(the_object_has_no_section_that_a_linker_of_2010_does_not_know) {
  read_object(&library, path_of("CLASSIC_OBJECT"));
  for (int i = 0; i < library.header->e_shnum; i++) {
    const Elf64_Shdr *s = &library.sections[i];
    const char *name = library.section_names + s->sh_name;
    ck_assert_msg(s->sh_addralign <= 8, "%s is aligned to %lu", name,
                  (unsigned long)s->sh_addralign);
    ck_assert_msg(s->sh_type != SHT_GROUP, "%s is a COMDAT group", name);
    ck_assert_msg(s->sh_type != SHT_NOBITS, "%s has no bits", name);
    ck_assert_msg((s->sh_flags & SHF_TLS) == 0, "%s is thread-local", name);
    ck_assert_msg(s->sh_type != SHT_INIT_ARRAY && s->sh_type != SHT_FINI_ARRAY &&
                      strncmp(name, ".ctors", 6) != 0,
                  "%s holds constructors", name);
  }
}

TEST(the_object_has_no_symbol_that_a_linker_of_2010_does_not_know) {
  int globals_seen = 0;
  read_object(&library, path_of("CLASSIC_OBJECT"));
  for (size_t i = 0; i < library.symbol_count; i++) {
    const Elf64_Sym *s = &library.symbols[i];
    const char *name = library.strings + s->st_name;
    const int bind = ELF64_ST_BIND(s->st_info);
    ck_assert_msg(bind == STB_LOCAL || bind == STB_GLOBAL, "%s has binding %d",
                  name, bind);
    ck_assert_msg(s->st_other == STV_DEFAULT, "%s has visibility %d", name,
                  s->st_other);
    ck_assert_msg(ELF64_ST_TYPE(s->st_info) != STT_TLS, "%s is thread-local",
                  name);
    globals_seen += bind == STB_GLOBAL && s->st_shndx != SHN_UNDEF;
  }
  /* Those of the map: no name of the inside is visible. */
  ck_assert_int_eq(globals_seen, 10);
}

TEST(the_object_runs_beside_a_client_of_2010) {
  /* Near the code of this program: 32 bits must reach from part to part. */
  image = mmap(NULL, image_bytes, PROT_READ | PROT_WRITE | PROT_EXEC,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ck_assert_ptr_ne(image, MAP_FAILED);
  read_object(&client, path_of("FOREIGN_CLIENT"));
  read_object(&library, path_of("CLASSIC_OBJECT"));
  load_sections(&client);
  load_sections(&library);
  define_symbols(&client);
  define_symbols(&library);
  define_from_c_library(&client);
  define_from_c_library(&library);
  relocate(&client);
  relocate(&library);

  void (*client_main)(void) =
      (void (*)(void))(uintptr_t)find_global("client_main")->address;
  int *result = (int *)find_global("client_result")->address;
  int *done = (int *)find_global("client_done")->address;
  client_main();
  while (!__atomic_load_n(done, __ATOMIC_ACQUIRE))
    sched_yield();
  ck_assert_int_eq(*result, 0);
  wait_for_other_threads();
}

int main(void) {
  suite_begin("foreign-loader");
  ADD_TEST(the_object_has_no_section_that_a_linker_of_2010_does_not_know);
  ADD_TEST(the_object_has_no_symbol_that_a_linker_of_2010_does_not_know);
  ADD_TEST(the_object_runs_beside_a_client_of_2010);
  return suite_run();
}

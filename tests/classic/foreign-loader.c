/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A linker of 2010, in small. It knows R_X86_64_64, PC32, PLT32 and GOTPCREL; on 386
 * R_386_32, PC32, PLT32, GOT32, GOTOFF and GOTPC; sections of type PROGBITS, alignments
 * up to 8, global, common and local symbols, and nothing else. A local symbol is known
 * by its name within the object, not by its index. It loads libcgo-classic.o beside a
 * client and runs both.
 */
#include "support/harness.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { most_sections = 64, most_symbols = 2048, image_bytes = 1 << 20 };

typedef ElfW(Sym) symbol;
#ifdef __LP64__
typedef Elf64_Rela relocation;
#define RELOCATIONS SHT_RELA
#define R_TYPE ELF64_R_TYPE
#define R_SYM ELF64_R_SYM
#else
typedef Elf32_Rel relocation;
#define RELOCATIONS SHT_REL
#define R_TYPE ELF32_R_TYPE
#define R_SYM ELF32_R_SYM
#endif
/* The same on both. */
#define BIND ELF64_ST_BIND
#define TYPE ELF64_ST_TYPE

static char *image;      /* where everything is loaded */
static size_t image_end; /* its first free byte */

struct object {
  const char *name;
  char *file;
  const ElfW(Ehdr) * header;
  const ElfW(Shdr) * sections;
  const char *section_names;
  char *loaded[most_sections];
  const symbol *symbols;
  size_t symbol_count;
  const char *strings;
};

/* A name: of both objects, or within one. */
static struct named {
  const char *name;
  const struct object *within; /* NULL: a global one */
  char *address;
  int common;
  int ours;      /* of an object, not of the C library */
  int entered;   /* is in the list of its section */
  char **offset; /* its word of the offset table, once there is one */
  char *jump;    /* its jump, once there is one */
} names[most_symbols];
static int name_count;

/* The offset table: offsets count from it. */
enum { table_words = 256 };
static char **table;
static int table_used;

/* Deliberately never 16-aligned. */
static char *allocate(size_t size) {
  image_end = ((image_end + 15) & ~(size_t)15) + 8;
  char *p = image + image_end;
  image_end += size;
  ck_assert_msg(image_end < image_bytes, "the image is full");
  return p;
}

static struct named *find(const char *name, const struct object *within) {
  for (int i = 0; i < name_count; i++)
    if (names[i].within == within && strcmp(names[i].name, name) == 0)
      return &names[i];
  ck_assert_msg(name_count < most_symbols, "too many symbols");
  struct named *n = &names[name_count++];
  n->name = name;
  n->within = within;
  return n;
}

static const char *name_of(const struct object *o, const symbol *s) {
  return o->strings + s->st_name;
}

static int is_local(const symbol *s) { return BIND(s->st_info) == STB_LOCAL; }

static int is_named(const symbol *s) {
  const int type = TYPE(s->st_info);
  return type == STT_NOTYPE || type == STT_OBJECT || type == STT_FUNC;
}

static struct named *named_by(const struct object *o, const symbol *s) {
  return find(name_of(o, s), is_local(s) ? o : NULL);
}

static void read_object(struct object *o, const char *path) {
  struct stat status;
  int fd = open(path, O_RDONLY);
  ck_assert_msg(fd >= 0 && fstat(fd, &status) == 0, "cannot open %s", path);
  o->name = path;
  o->file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  ck_assert_ptr_ne(o->file, MAP_FAILED);
  close(fd);
  o->header = (const void *)o->file;
  o->sections = (const void *)(o->file + o->header->e_shoff);
  o->section_names = o->file + o->sections[o->header->e_shstrndx].sh_offset;
  ck_assert_int_lt(o->header->e_shnum, most_sections);
  for (int i = 0; i < o->header->e_shnum; i++)
    if (o->sections[i].sh_type == SHT_SYMTAB) {
      o->symbols = (const void *)(o->file + o->sections[i].sh_offset);
      o->symbol_count = o->sections[i].sh_size / sizeof(symbol);
      o->strings = o->file + o->sections[o->sections[i].sh_link].sh_offset;
    }
}

static int is_loaded(const ElfW(Shdr) * s) {
  return s->sh_type == SHT_PROGBITS && (s->sh_flags & SHF_ALLOC);
}

static void load_sections(struct object *o) {
  for (int i = 0; i < o->header->e_shnum; i++) {
    const ElfW(Shdr) *s = &o->sections[i];
    if (!is_loaded(s))
      continue;
    o->loaded[i] = allocate(s->sh_size);
    memcpy(o->loaded[i], o->file + s->sh_offset, s->sh_size);
  }
}

static void define_symbols(struct object *o) {
  for (size_t i = 1; i < o->symbol_count; i++) {
    const symbol *s = &o->symbols[i];
    if (!is_named(s) || s->st_shndx == SHN_UNDEF)
      continue;
    struct named *n = named_by(o, s);
    if (s->st_shndx == SHN_COMMON) {
      if (n->address == NULL) {
        n->address = allocate(s->st_size);
        n->common = n->ours = 1;
      }
      continue;
    }
    ck_assert_msg(s->st_shndx < o->header->e_shnum &&
                      o->loaded[s->st_shndx] != NULL,
                  "%s: %s is in a section that is not loaded", o->name, n->name);
    /* The linker puts it in front of the section's list, by its name. The second time
       the list becomes a circle. */
    ck_assert_msg(!n->entered,
                  "%s: %s is entered twice: here a linker that knows "
                  "symbols by name goes round for ever",
                  o->name, n->name);
    n->entered = 1;
    n->address = o->loaded[s->st_shndx] + s->st_value;
    n->common = 0;
    n->ours = 1;
  }
}

/* The assembler's note that the offset table is used. */
static int is_table(const char *name) {
  return strcmp(name, "_GLOBAL_OFFSET_TABLE_") == 0;
}

/* The rest comes from the C library. */
static void define_from_c_library(struct object *o) {
  for (size_t i = 1; i < o->symbol_count; i++) {
    const symbol *s = &o->symbols[i];
    if (s->st_shndx != SHN_UNDEF || is_table(name_of(o, s)))
      continue;
    struct named *n = named_by(o, s);
    if (n->address == NULL)
      n->address = dlsym(RTLD_DEFAULT, n->name);
    ck_assert_msg(n->address != NULL, "%s: %s is not defined", o->name, n->name);
  }
}

static void store_32(char *at, intptr_t value) {
  ck_assert_msg(value == (int32_t)value, "a target is too far away");
  const int32_t word = (int32_t)value;
  memcpy(at, &word, sizeof word);
}

static char *jump_to(struct named *n) {
  /* jmp through a word: the CPUs differ in how its place is given. */
  static const unsigned char jump[6] = {0xff, 0x25, 0, 0, 0, 0};
  if (n->jump == NULL) {
    n->jump = allocate(6 + sizeof(char *));
    memcpy(n->jump, jump, 6);
    memcpy(n->jump + 6, &n->address, sizeof(char *));
#ifndef __LP64__
    char *word = n->jump + 6;
    memcpy(n->jump + 2, &word, sizeof word);
#endif
  }
  return n->jump;
}

/* The place of the symbol's word in the offset table. One of ours has none: what loads
   its word is made to compute the address, and must be a mov. */
static char *offset_of(struct object *o, struct named *n, char *at) {
  ck_assert_msg(n != NULL && n->within == NULL,
                "%s: a local symbol's word of the offset table", o->name);
  if (n->ours) {
    ck_assert_msg((unsigned char)at[-2] == 0x8b,
                  "%s: the word of %s, which is ours, is not loaded with mov",
                  o->name, n->name);
    at[-2] = (char)0x8d;
    return n->address;
  }
  if (n->offset == NULL) {
    ck_assert_int_lt(table_used, table_words);
    n->offset = &table[table_used++];
    *n->offset = n->address;
  }
  return (char *)n->offset;
}

static void relocate_one(struct object *o, char *section, const relocation *r) {
  const symbol *s = &o->symbols[R_SYM(r->r_info)];
  char *at = section + r->r_offset;
  struct named *n = NULL;
  char *value;
  if (TYPE(s->st_info) == STT_SECTION) {
    value = o->loaded[s->st_shndx];
    ck_assert_msg(value != NULL, "%s: a section that is not loaded is used",
                  o->name);
  } else if (is_table(name_of(o, s)))
    value = (char *)table;
  else {
    n = named_by(o, s);
    value = n->address;
  }
#ifdef __LP64__
  const intptr_t addend = r->r_addend;
#else
  int32_t addend;
  memcpy(&addend, at, sizeof addend);
#endif
  switch (R_TYPE(r->r_info)) {
#ifdef __LP64__
  case R_X86_64_64: {
    ck_assert_msg(n == NULL || n->ours, "%s: the address of %s, as data",
                  o->name, n->name);
    value += addend;
    memcpy(at, &value, sizeof value);
    break;
  }
  case R_X86_64_PLT32:
    if (n != NULL && n->within == NULL)
      value = jump_to(n);
    store_32(at, value + addend - at);
    break;
  case R_X86_64_PC32:
    ck_assert_msg(n == NULL || n->ours, "%s: %s without a table", o->name,
                  n->name);
    store_32(at, value + addend - at);
    break;
  case R_X86_64_GOTPCREL:
    store_32(at, offset_of(o, n, at) + addend - at);
    break;
#else
  case R_386_32:
    ck_assert_msg(n == NULL || n->ours, "%s: the address of %s, as data",
                  o->name, n->name);
    store_32(at, (intptr_t)value + addend);
    break;
  case R_386_PLT32:
    if (n != NULL && n->within == NULL)
      value = jump_to(n);
    store_32(at, value + addend - at);
    break;
  case R_386_PC32:
    ck_assert_msg(n == NULL || n->ours, "%s: %s without a table", o->name,
                  n->name);
    store_32(at, value + addend - at);
    break;
  case R_386_GOT32:
    store_32(at, offset_of(o, n, at) + addend - (char *)table);
    break;
  case R_386_GOTOFF:
    store_32(at, value + addend - (char *)table);
    break;
  case R_386_GOTPC:
    store_32(at, (char *)table + addend - at);
    break;
#endif
  default:
    ck_assert_msg(0, "%s: relocation type %d", o->name, (int)R_TYPE(r->r_info));
  }
}

static void each_relocation(struct object *o,
                            void (*look)(struct object *, char *,
                                         const relocation *)) {
  for (int i = 0; i < o->header->e_shnum; i++) {
    const ElfW(Shdr) *s = &o->sections[i];
    if ((s->sh_type != SHT_RELA && s->sh_type != SHT_REL) ||
        !is_loaded(&o->sections[s->sh_info]))
      continue;
    ck_assert_int_eq(s->sh_type, RELOCATIONS);
    const relocation *r = (const void *)(o->file + s->sh_offset);
    for (size_t n = 0; n < s->sh_size / sizeof *r; n++)
      look(o, o->loaded[s->sh_info], &r[n]);
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
    const ElfW(Shdr) *s = &library.sections[i];
    const char *name = library.section_names + s->sh_name;
    ck_assert_msg(s->sh_addralign <= 8, "%s is aligned to %lu", name,
                  (unsigned long)s->sh_addralign);
    ck_assert_msg(s->sh_type != SHT_GROUP, "%s is a COMDAT group", name);
    /* Assemblers make one that is empty. */
    ck_assert_msg(s->sh_type != SHT_NOBITS || s->sh_size == 0, "%s has no bits",
                  name);
    ck_assert_msg((s->sh_flags & SHF_TLS) == 0, "%s is thread-local", name);
    ck_assert_msg(s->sh_type != SHT_INIT_ARRAY && s->sh_type != SHT_FINI_ARRAY &&
                      strncmp(name, ".ctors", 6) != 0,
                  "%s holds constructors", name);
    if (!is_loaded(s))
      continue;
    ck_assert_msg(!(s->sh_flags & SHF_WRITE) || !(s->sh_flags & SHF_EXECINSTR),
                  "%s is code and data", name);
  }
}

TEST(the_object_has_no_symbol_that_a_linker_of_2010_does_not_know) {
  int globals_seen = 0;
  read_object(&library, path_of("CLASSIC_OBJECT"));
  for (size_t i = 0; i < library.symbol_count; i++) {
    const symbol *s = &library.symbols[i];
    const char *name = name_of(&library, s);
    const int bind = BIND(s->st_info);
    ck_assert_msg(bind == STB_LOCAL || bind == STB_GLOBAL, "%s has binding %d",
                  name, bind);
    ck_assert_msg(s->st_other == STV_DEFAULT, "%s has visibility %d", name,
                  s->st_other);
    ck_assert_msg(is_named(s) || TYPE(s->st_info) == STT_SECTION,
                  "%s has type %d", name, TYPE(s->st_info));
    globals_seen += bind == STB_GLOBAL && s->st_shndx != SHN_UNDEF;
  }
  /* Those of the map: no name of the inside is visible. */
  ck_assert_int_eq(globals_seen, 11);
}

TEST(no_local_name_occurs_twice) {
  read_object(&library, path_of("CLASSIC_OBJECT"));
  for (size_t i = 1; i < library.symbol_count; i++)
    for (size_t j = 1; j < i; j++) {
      const symbol *a = &library.symbols[i], *b = &library.symbols[j];
      ck_assert_msg(!is_local(a) || !is_local(b) || !is_named(a) || !is_named(b) ||
                        strcmp(name_of(&library, a), name_of(&library, b)) != 0,
                    "%s", name_of(&library, a));
    }
}

TEST(the_flag_also_has_the_name_that_old_compilers_write) {
  int seen = 0;
  read_object(&library, path_of("CLASSIC_OBJECT"));
  for (size_t i = 1; i < library.symbol_count; i++) {
    const symbol *s = &library.symbols[i];
    seen += strcmp(name_of(&library, s), "runtime.iscgo") == 0 &&
            !is_local(s) && s->st_shndx != SHN_UNDEF;
  }
  ck_assert_int_eq(seen, 1);
}

static void look_for_inner_jump(struct object *o, char *section,
                                const relocation *r) {
  (void)section;
  const symbol *s = &o->symbols[R_SYM(r->r_info)];
  const unsigned type = R_TYPE(r->r_info);
#ifdef __LP64__
  const int through_table = type == R_X86_64_PLT32 || type == R_X86_64_GOTPCREL;
#else
  const int through_table = type == R_386_PLT32 || type == R_386_GOT32;
#endif
  ck_assert_msg(!through_table || s->st_shndx == SHN_UNDEF, "%s", name_of(o, s));
}

TEST(no_function_of_the_object_is_called_through_a_table) {
  read_object(&library, path_of("CLASSIC_OBJECT"));
  each_relocation(&library, look_for_inner_jump);
}

TEST(the_object_runs_beside_a_client_of_2010) {
  /* 32 bits must reach from part to part. */
  image = mmap(NULL, image_bytes, PROT_READ | PROT_WRITE | PROT_EXEC,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ck_assert_ptr_ne(image, MAP_FAILED);
  table = (char **)allocate(table_words * sizeof *table);
  read_object(&client, path_of("FOREIGN_CLIENT"));
  read_object(&library, path_of("CLASSIC_OBJECT"));
  load_sections(&client);
  load_sections(&library);
  define_symbols(&client);
  define_symbols(&library);
  define_from_c_library(&client);
  define_from_c_library(&library);
  each_relocation(&client, relocate_one);
  each_relocation(&library, relocate_one);

  void (*client_main)(void) =
      (void (*)(void))(uintptr_t)find("client_main", NULL)->address;
  int *result = (int *)find("client_result", NULL)->address;
  int *done = (int *)find("client_done", NULL)->address;
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
  ADD_TEST(no_local_name_occurs_twice);
  ADD_TEST(the_flag_also_has_the_name_that_old_compilers_write);
  ADD_TEST(no_function_of_the_object_is_called_through_a_table);
  ADD_TEST(the_object_runs_beside_a_client_of_2010);
  return suite_run();
}

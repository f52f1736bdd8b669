/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of crossings need in assembly, for each CPU.
 */
#ifndef LIBCGO_TESTS_ARCH_H
#define LIBCGO_TESTS_ARCH_H

#include <libcgo.h>
#include <stdint.h>

#include "config.h"
#include "cpu.h"

/* The crossing without arguments, crosscall_<cpu>. */
#ifdef LIBCGO_CLASSIC
#define ARCH_CONCAT_(a, b) a##b
#define ARCH_CONCAT(a, b) ARCH_CONCAT_(a, b)
#define crosscall ARCH_CONCAT(crosscall_, LIBCGO_CPU)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Where the classic face does not exist: the kit's crossing, by another type. */
#ifndef crosscall
void crosscall(void (*fn)(void)) __asm__("libcgo_crosscall");
#endif

#ifndef MOST_KEPT
#define MOST_KEPT 24
#endif
enum { most_kept = MOST_KEPT };

/* The values of the registers that a C callee keeps, before and after. */
struct kept_registers {
  uintptr_t before[most_kept];
  uintptr_t after[most_kept];
};
/* How many of them the CPU has, and their names. */
extern const int kept_count;
extern const char *const kept_names[];

/* Their numbers in the C++ unwinder's tables. */
extern const int kept_dwarf_numbers[];

/* From now on each instruction raises SIGTRAP; no longer. Where a program cannot
   have that of the CPU, nothing happens. */
void start_stepping(void);
void stop_stepping(void);

/* Loads the kept registers from r->before, calls target(a, b, n, c) and stores
   them to r->after. LLVM's unwinder ends below a frame without unwind tables, libgcc's
   shows it: where the former may be, the tables say that this is the last frame. */
void call_with_registers(struct kept_registers *r, void *target, void *a,
                         void *b, uintptr_t n, void *c);

/* A callback that changes every general register but the stack pointer. */
void change_all_registers(void);

/* A callback for crosscall2: changes the registers that a C callee keeps and
   calls fn, which may throw. Its frame description covers no more than its
   stack, as that of a runtime's code: only the crossing knows their values. */
void change_registers_and_call(void *fn, int32_t unused);

/* A callback that notes what it was called with. */
void note_entry(void);
struct entry {
  uintptr_t sp;          /* the stack pointer at its first instruction */
  uintptr_t on_stack[2]; /* the two words above that of the return address */
  uintptr_t in_registers[2]; /* the argument registers, if there are any */
};
extern struct entry entry;

/* As a runtime's code sets and finds g: the first leaves it in a register that a C
   callee keeps, and changes the argument registers; the second notes sp, and that
   register as its first argument. */
void set_g(void *g);
void note_g(void);

/* What sp % stack_alignment is at a function's first instruction, by the C ABI. */
extern const unsigned stack_alignment;
extern const unsigned entry_alignment;
extern const int has_argument_registers;

#ifdef __cplusplus
}
#endif

#endif

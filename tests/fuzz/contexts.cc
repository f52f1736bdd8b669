// SPDX-License-Identifier: BSD-3-Clause
//
// Signal contexts of stopped code. Frames are made up on a stack with pages around it that
// fault, and registers that point to them or anywhere. The traceback is that of a model; where
// the model does not know what is mapped, nothing faults, and the first address is that of the
// registers.
#include "kit/traceback.cc"

#include <libcgo.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "input.h"

namespace {

libcgo_thread *nobody(const libcgo_runtime *) { return nullptr; }
void nothing(libcgo_thread *) {}
const libcgo_ops ops =
    LIBCGO_OPS(nothing, nothing, nullptr, nullptr, nobody, nullptr);
libcgo_runtime runtime = LIBCGO_RUNTIME_INIT(&ops);

// Two stacks, each between pages that cannot be read.
constexpr uintptr_t page = 4096, pages = 4,
                    words = pages * page / sizeof(uintptr_t);
uintptr_t stacks[2];

void map_stacks() {
  if (stacks[0] != 0)
    return;
  for (auto &stack : stacks) {
    void *const all = mmap(nullptr, (pages + 2) * page, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(all != MAP_FAILED);
    stack = reinterpret_cast<uintptr_t>(all) + page;
    CHECK(mprotect(reinterpret_cast<void *>(stack), pages * page,
                   PROT_READ | PROT_WRITE) == 0);
  }
}

// The stack in which an address lies, or NULL.
const uintptr_t *stack_of(uintptr_t address) {
  for (const auto &stack : stacks)
    if (address >= stack && address < stack + pages * page)
      return &stack;
  return nullptr;
}
// The pages around a stack are mapped, but cannot be read.
bool beside_a_stack(uintptr_t address) {
  for (const auto &stack : stacks)
    if (address >= stack - page && address < stack + (pages + 1) * page)
      return stack_of(address) == nullptr;
  return false;
}
uintptr_t word_at(uintptr_t address) {
  uintptr_t word;
  memcpy(&word, reinterpret_cast<const void *>(address), sizeof word);
  return word;
}

// An address: mostly one on a stack.
uintptr_t draw_address(fuzz::input &in) {
  const unsigned how = in.byte();
  const uintptr_t stack = stacks[how & 1];
  switch (how >> 1 & 15) {
  case 0:
    return in.number(8);
  case 1:
    return in.number(2);
  case 2:
    return stack + pages * page - in.number(1);
  case 3:
    return stack - in.number(2) % page;
  case 4:
    return stack + in.number(2) % (pages * page);
  default:
    return stack + in.number(2) % words * sizeof(uintptr_t);
  }
}

// What a frame says of its caller: mostly the next one.
uintptr_t draw_caller(fuzz::input &in, uintptr_t at, uintptr_t next) {
  switch (in.byte() % 16) {
  case 0:
    return draw_address(in);
  case 1:
    return at;
  case 2:
    return at - in.byte();
  case 3:
    return next + in.byte() % 8;
  case 4:
    return 0;
  default:
    return next;
  }
}

// Frames from the lowest to the highest.
uintptr_t make_frames(fuzz::input &in) {
  const uintptr_t stack = stacks[in.byte() & 1];
  uintptr_t at = stack + in.byte() * sizeof(uintptr_t);
  const uintptr_t first = at;
  for (unsigned n = in.byte() % 40 + 1u; n > 0; n--) {
    const uintptr_t next = at + (2 + in.byte() % 60) * sizeof(uintptr_t);
    if (next + 16 > stack + pages * page)
      break;
    const uintptr_t frame[2] = {draw_caller(in, at, next), in.number(2)};
    memcpy(reinterpret_cast<void *>(at), frame, sizeof frame);
    at = next;
  }
  return first;
}

// What the library should find: of a thread that has no record, callers are above, and in the
// mapping in which the walk has begun.
size_t expect(uintptr_t pc, uintptr_t sp, uintptr_t fp, uintptr_t *pcs,
              size_t max) {
  size_t count = 0;
  pcs[count++] = pc;
  const uintptr_t *stack = stack_of(sp);
  uintptr_t lo = sp;
  if (stack == nullptr) {
    stack = fp >= sp ? stack_of(fp) : nullptr;
    if (stack == nullptr || (*stack > sp && *stack - sp > 1024 * 1024))
      return count;
    lo = *stack > sp ? *stack : sp;
  }
  const uintptr_t hi = *stack + pages * page;
  while (count < max && fp % sizeof(uintptr_t) == 0 && fp >= lo && fp < hi &&
         hi - fp >= 16 && word_at(fp + 8) != 0) {
    pcs[count++] = word_at(fp + 8);
    lo = fp + 1;
    fp = word_at(fp);
  }
  return count;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz::input in(data, size);
  map_stacks();
  // First what decides most.
  const unsigned how = in.byte(), max = in.byte() % 64 + 1u, below = in.byte();
  for (const auto &stack : stacks)
    memset(reinterpret_cast<void *>(stack), how & 8 ? 0 : 255, pages * page);
  const uintptr_t first = make_frames(in);
  const uintptr_t pc = in.number(8);
  const uintptr_t fp = how & 16 ? draw_address(in) : first;
  const uintptr_t sp = how & 32   ? draw_address(in)
                       : how & 64 ? first - below * page / 16
                                  : first - below % 8 * sizeof(uintptr_t);
  ucontext_t context;
  memset(&context, in.byte(), sizeof context);
  context.uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(pc);
  context.uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>(sp);
  context.uc_mcontext.gregs[REG_RBP] = static_cast<greg_t>(fp);
  uintptr_t found[64], expected[64];
  errno = 4711;
  const size_t count = libcgo_traceback(&runtime, 0, &context, found, max);
  CHECK(errno == 4711);
  CHECK(count >= 1 && count <= max && found[0] == pc);
  // Elsewhere something may be mapped.
  const bool known_sp =
      stack_of(sp) != nullptr || beside_a_stack(sp) || sp < page;
  const bool known_fp =
      stack_of(fp) != nullptr || beside_a_stack(fp) || fp < page;
  if (known_sp && known_fp) {
    CHECK(count == expect(pc, sp, fp, expected, max));
    CHECK(memcmp(found, expected, count * sizeof *found) == 0);
  }
  return 0;
}

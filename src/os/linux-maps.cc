// SPDX-License-Identifier: BSD-3-Clause
//
// Linux: where stacks end, by the C library and by the kernel's table of mappings.
#include "os/linux.h"

#include <pthread.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "os/objects.h"

namespace cgo::os {

namespace {

class own_attributes {
public:
  own_attributes() : err_(pthread_getattr_np(pthread_self(), &attr_)) {}
  ~own_attributes() {
    if (err_ == 0)
      pthread_attr_destroy(&attr_);
  }
  own_attributes(const own_attributes &) = delete;
  own_attributes &operator=(const own_attributes &) = delete;
  int error() const { return err_; }
  const pthread_attr_t *get() const { return &attr_; }

private:
  pthread_attr_t attr_;
  int err_;
};

// What the mappings say, and where there is no /proc, what can be read: where a stack
// begins that contains the address. Below it is what guards it, in the same mapping
// where it is only marked (MADV_GUARD_INSTALL), or one that cannot be read.
uintptr_t lowest_of_stack(uintptr_t inside) {
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  auto can_be_read = [](uintptr_t at) {
    char byte;
    return copy_readable(at, &byte, 1);
  };
  stack_bounds mapping;
  uintptr_t lo = inside & ~(page - 1);
  if (mapping_bounds(inside, &mapping) != 0) {
    while (can_be_read(lo - page))
      lo -= page;
    return lo;
  }
  for (lo = mapping.lo; lo < inside && !can_be_read(lo);)
    lo += page;
  return lo;
}

} // namespace

// glibc asks for the thread's CPUs, too, which a sandbox may refuse, and allocates.
int thread_stack_bounds(uintptr_t here, stack_bounds *bounds) {
  own_attributes attr;
  void *lo;
  size_t size;
  // glibc and musl leave the guard pages out. glibc counts the thread's control
  // block and its thread-local variables, which lie above the first frame.
  if (attr.error() == 0 && pthread_attr_getstack(attr.get(), &lo, &size) == 0)
    bounds->lo = reinterpret_cast<uintptr_t>(lo);
  else
    bounds->lo = lowest_of_stack(here);
  bounds->hi = here;
  return 0;
}

namespace {

bool any_mappings() {
  maps_names names;
  stack_bounds mapping;
  for (int i = 0; i < maps_names::count; i++)
    if (mappings(names.get(i)).next(&mapping))
      return true;
  return false;
}

// The mapping in which an address lies, and the one below. ENOENT if a table says that
// there is none, and else why the first table cannot be read.
int find_in_maps(uintptr_t address, stack_bounds *mapping, stack_bounds *below) {
  int first_error = 0;
  maps_names names;
  for (int i = 0; i < maps_names::count; i++) {
    mappings all(names.get(i));
    *below = {};
    bool any = false;
    for (; all.next(mapping); any = true) {
      if (address < mapping->hi)
        return address >= mapping->lo ? 0 : ENOENT;
      *below = *mapping;
    }
    const int err = all.error();
    if (any)
      return err != 0 ? err : ENOENT;
    if (first_error == 0)
      first_error = err;
  }
  return first_error != 0 ? first_error : ENOENT;
}

// PROCMAP_QUERY of <linux/fs.h>, Linux 6.11: one mapping, without a text of all.
struct procmap_query {
  uint64_t size;
  uint64_t query_flags;
  uint64_t query_addr;
  uint64_t vma_start;
  uint64_t vma_end;
  uint64_t not_asked[8];
};
static_assert(sizeof(procmap_query) == 104, "");
constexpr long ask_mapping = static_cast<long>(_IOWR('f', 17, procmap_query));
constexpr uint64_t covering = 0;
constexpr uint64_t covering_or_next = 0x10; // PROCMAP_QUERY_COVERING_OR_NEXT_VMA

// Returns 0 or a negative errno value: -ESRCH of a thread that has ended, -ENOTTY if the
// kernel is older.
long query_mapping(long fd, uintptr_t address, uint64_t flags,
                   stack_bounds *mapping) {
  if (fd < 0)
    return -ESRCH;
  procmap_query query = {};
  query.size = sizeof query;
  query.query_flags = flags;
  query.query_addr = address;
  const long err = call_system(SYS_ioctl, fd, ask_mapping, &query);
  if (err == 0)
    *mapping = {static_cast<uintptr_t>(query.vma_start),
                static_cast<uintptr_t>(query.vma_end)};
  return err;
}

bool query_mapping(uintptr_t address, stack_bounds *mapping) {
  maps_names names;
  for (int i = 0; i < maps_names::count; i++) {
    file_descriptor fd(names.get(i));
    const long err = query_mapping(fd.get(), address, covering, mapping);
    if (err != -ESRCH)
      return err == 0;
  }
  return false;
}

// Both the kernel's: what lies on the initial thread's stack, and how far a
// growing stack keeps from the mapping below it, in pages (proc(5) has no way to
// ask: the default of the boot parameter stack_guard_gap).
uintptr_t initial_stack_address() { return getauxval(AT_RANDOM); }
constexpr uintptr_t stack_guard_gap = 256;

// Without /proc: the pages above have the arguments and the environment, and the kernel
// keeps others at least so far away from the stack.
constexpr uintptr_t kept_free = 128 * 1024 * 1024;

uintptr_t end_of_initial_stack(uintptr_t inside, uintptr_t page) {
  uintptr_t at = inside & ~(page - 1);
  char byte;
  while (copy_readable(at, &byte, 1))
    at += page;
  return at;
}

// The most that a stack with this end may take, by the limit; 0 if there is none.
uintptr_t lowest_by_limit(uintptr_t hi, uintptr_t page) {
  rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= hi)
    return 0;
  return (hi - static_cast<uintptr_t>(limit.rlim_cur) + page - 1) & ~(page - 1);
}

// What find_in_maps finds, without a text: the kernel answers for one mapping, or the next
// one above. So the mapping below can be found only from where the limit is. What lies
// lower does not matter. Returns false if the kernel does not answer so.
bool query_initial_stack(uintptr_t inside, uintptr_t page,
                         stack_bounds *mapping, stack_bounds *below) {
  constexpr int enough = 8; // normally nothing is there
  maps_names names;
  for (int i = 0; i < maps_names::count; i++) {
    file_descriptor fd(names.get(i));
    long err = query_mapping(fd.get(), inside, covering, mapping);
    if (err == -ESRCH)
      continue;
    const uintptr_t limit = err == 0 ? lowest_by_limit(mapping->hi, page) : 0;
    const uintptr_t gap = stack_guard_gap * page;
    uintptr_t at = limit > gap ? limit - gap : 0;
    *below = {};
    for (int n = 0; n < enough && at != 0; n++) {
      stack_bounds next;
      err = query_mapping(fd.get(), at, covering_or_next, &next);
      if (err != 0)
        return false;
      if (next.hi > inside)
        return true;
      *below = next;
      at = next.hi;
    }
    return false;
  }
  return false;
}

int initial_stack_bounds(stack_bounds *bounds) {
  const uintptr_t inside = initial_stack_address();
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  stack_bounds mapping, below;
  if (!query_initial_stack(inside, page, &mapping, &below)) {
    const int err = find_in_maps(inside, &mapping, &below);
    if (err != 0 && !any_mappings()) {
      mapping = {inside & ~(page - 1), end_of_initial_stack(inside, page)};
      below.hi = mapping.hi - kept_free;
    } else if (err != 0) {
      return err;
    }
  }
  uintptr_t lowest = below.hi + stack_guard_gap * page;
  const uintptr_t by_limit = lowest_by_limit(mapping.hi, page);
  if (lowest < by_limit)
    lowest = by_limit;
  // What has grown stays usable, whatever the limit has become.
  bounds->lo = lowest < mapping.lo ? lowest : mapping.lo;
  // Above are the auxiliary vector, the arguments and the environment.
  bounds->hi = inside;
  return 0;
}

// Where the thread-local variables of the program end that lie below the thread pointer,
// and so on the stack (ELF Handling for Thread-Local Storage, variant II). Where they lie
// above it the control block is below both.
[[maybe_unused]] constexpr bool below_pointer_on_amd64 = true;
[[maybe_unused]] constexpr bool below_pointer_on_386 = true;
[[maybe_unused]] constexpr bool below_pointer_on_s390x = true;
[[maybe_unused]] constexpr bool below_pointer_on_sparc64 = true;
[[maybe_unused]] constexpr bool below_pointer_on_arm64 = false;
[[maybe_unused]] constexpr bool below_pointer_on_arm = false;
[[maybe_unused]] constexpr bool below_pointer_on_riscv64 = false;
[[maybe_unused]] constexpr bool below_pointer_on_mips32 = false;
[[maybe_unused]] constexpr bool below_pointer_on_mips64 = false;
[[maybe_unused]] constexpr bool below_pointer_on_ppc = false;
[[maybe_unused]] constexpr bool below_pointer_on_ppc64 = false;
[[maybe_unused]] constexpr bool below_pointer_on_alpha = false;
[[maybe_unused]] constexpr bool below_pointer_on_m68k = false;
[[maybe_unused]] constexpr bool below_pointer_on_loong64 = false;
constexpr bool variables_are_below = LIBCGO_CONCAT(below_pointer_on_, LIBCGO_CPU);

uintptr_t variables_of_program() {
  const uintptr_t pointer = libcgo_thread_pointer();
  const auto *header = reinterpret_cast<const ElfW(Phdr) *>(getauxval(AT_PHDR));
  size_t count = header == nullptr ? 0 : getauxval(AT_PHNUM);
  for (; count > 0; count--, header++)
    if (header->p_type == PT_TLS) {
      // Addresses are, modulo the alignment, what the file says.
      const uintptr_t mask = header->p_align > 1 ? header->p_align - 1 : 0;
      return pointer - header->p_memsz -
             ((0 - header->p_vaddr - header->p_memsz) & mask);
    }
  return pointer;
}

// The C library puts a thread's control block and its thread-local variables at the
// high end of its stack. The variables of other objects lie between those of the program
// and of the C library, which is loaded last; which there are only the loader knows, and
// it has a lock.
void leave_out_variables(stack_bounds *own) {
  auto lower = [own](uintptr_t to) {
    if (to > own->lo && to < own->hi)
      own->hi = to;
  };
  // In glibc and musl a pthread_t is its address. The thread pointer is not where
  // the thread-local variables lie above it, as on arm64: there it is its end.
  lower((uintptr_t)pthread_self());
  if (variables_are_below) {
    lower(variables_of_program());
    lower(reinterpret_cast<uintptr_t>(&errno));
  }
}

} // namespace

int own_stack_bounds(stack_bounds *bounds) {
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  const uintptr_t control_block = (uintptr_t)pthread_self();
  // A process's first thread is mostly the initial one, and then nothing is asked of
  // the C library.
  const bool first = own_thread() == static_cast<long>(getpid());
  stack_bounds initial = {};
  const int err = first ? initial_stack_bounds(&initial) : 0;
  if (here >= initial.lo && here < initial.hi) {
    *bounds = initial;
    return 0;
  }
  own_attributes attr;
  void *address;
  size_t size;
  const bool told = attr.error() == 0 &&
                    pthread_attr_getstack(attr.get(), &address, &size) == 0;
  if (told) {
    bounds->lo = reinterpret_cast<uintptr_t>(address);
    bounds->hi = bounds->lo + size;
  } else {
    bounds->lo = lowest_of_stack(control_block);
    bounds->hi = control_block;
  }
  // The child of a fork may be a first thread on another one's stack: then the control
  // block is there.
  const bool has_block = control_block > bounds->lo && control_block < bounds->hi;
  if (first && told && !has_block) {
    if (err != 0)
      return err;
    if (bounds->lo < initial.hi && initial.lo < bounds->hi) {
      *bounds = initial;
      return 0;
    }
  } else if (first && !told && err == 0 &&
             (here < bounds->lo || here >= bounds->hi)) {
    *bounds = initial;
    return 0;
  }
  leave_out_variables(bounds);
  return 0;
}

int mapping_bounds(uintptr_t address, stack_bounds *bounds) {
  stack_bounds below;
  return query_mapping(address, bounds) ? 0
                                        : find_in_maps(address, bounds, &below);
}

} // namespace cgo::os

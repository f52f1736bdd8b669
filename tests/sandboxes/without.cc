// SPDX-License-Identifier: BSD-3-Clause
//
// Prints what the library does for each thing that a system may refuse, a line each. It
// includes the library's sources, and so sees which way they have gone.
#include "os/linux.cc"
#include "os/linux-fence.cc"
#include "os/linux-maps.cc"

#include <semaphore.h>
#include <stdio.h>

using namespace cgo;
using namespace cgo::os;

namespace {

sem_t done;
int own_error, attributes_error;

void *in_thread(void *) {
  stack_bounds bounds;
  own_error = own_stack_bounds(&bounds);
  attributes_error = own_attributes().error();
  char here;
  const auto address = reinterpret_cast<uintptr_t>(&here);
  if (own_error == 0 && (address < bounds.lo || address >= bounds.hi))
    own_error = ERANGE;
  sem_post(&done);
  return nullptr;
}

void say_threads() {
  sem_init(&done, 0, 0);
  const int err = create_thread({}, in_thread, nullptr);
  if (err != 0) {
    printf("no thread can be started (%s): an error or a message says so\n",
           err == EPERM ? "EPERM" : strerror(err));
    return;
  }
  while (sem_wait(&done) != 0)
    ;
  puts("threads are started");
  puts(own_error != 0          ? "A THREAD'S STACK IS NOT FOUND"
       : attributes_error != 0 ? "a thread's stack is found without the C library"
                               : "a thread's stack is found by the C library");
}

void say_mappings() {
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  stack_bounds one, below;
  const bool asked = query_mapping(here, &one);
  puts(asked ? "one mapping is asked for"
       : find_in_maps(here, &one, &below) == 0
           ? "the table of all mappings is read for one"
           : "mappings are found by which pages can be read");
  stack_bounds initial;
  if (own_stack_bounds(&initial) != 0 || here < initial.lo || here >= initial.hi)
    puts("THE INITIAL STACK IS NOT FOUND");
}

} // namespace

int main() {
  char byte, copy;
  setvbuf(stdout, nullptr, _IOLBF, 0);
  copy_readable(reinterpret_cast<uintptr_t>(&byte), &copy, 1);
  puts(no_copy ? "memory that may be gone is read after a look at its page"
               : "memory that may be gone is read by the system");
  if (copy_readable(16, &copy, 1))
    puts("MEMORY THAT IS NOT THERE IS READ");
  puts(find_fence() == fence_kind::others
           ? "the system makes the fences of a world"
           : "threads make the fences of a world themselves");
  puts(find_identity_page() != no_page ? "a forked child is known by its memory"
                                       : "a forked child is known by its number");
  say_mappings();
  say_threads();
  puts(file_bytes("/proc/self/status").next() == -1
           ? "of limits, those of memory, of users and of control groups are not named"
           : "limits are named");
  return 0;
}

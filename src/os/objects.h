/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What src/os/objects.cc tells the others of ELF objects.
 */
#ifndef LIBCGO_OS_OBJECTS_H
#define LIBCGO_OS_OBJECTS_H

#include <link.h>

#include "core/platform.h"

namespace cgo::os {

/* Whether the first object of dl_iterate_phdr(3) is the main program. Not in a namespace
   of dlmopen(3), which has its own list: there it is what was opened, and has a name. A
   system without namespaces may have a name for its program. */
bool is_program(const dl_phdr_info *first);

/* Opens the object that contains the address, in the namespace in which it is: not the
   library's. False where there are none. */
bool keep_in_namespace(const void *address, int flags);

} // namespace cgo::os

#endif

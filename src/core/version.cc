// SPDX-License-Identifier: BSD-3-Clause
#include <libcgo/version.h>

extern "C" int libcgo_version(void) { return LIBCGO_VERSION; }

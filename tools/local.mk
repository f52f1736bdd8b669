# SPDX-License-Identifier: BSD-3-Clause
#
# Programs that are installed.

# What it looks at, Windows has otherwise.
bin_PROGRAMS =
if !WINDOWS
bin_PROGRAMS += libcgo-info
endif
libcgo_info_SOURCES = tools/libcgo-info.c
libcgo_info_CPPFLAGS = $(include_cppflags) \
	-DLIBCGO_INFO_OS='"@os@"' -DLIBCGO_INFO_CPU='"@cpu@"' \
	-DLIBCGO_INFO_HOST='"$(host)"' -DLIBCGO_INFO_PROBES='"@have_probes@"'
# -fPIC, so that the address of a function is the library's and no stub's.
libcgo_info_CFLAGS = -std=gnu11 -Wall -Wextra -fPIC $(LIBCGO_WERROR)
libcgo_info_LDADD = libcgo.la

# libcgo-go, and what it puts into Go's package runtime/cgo. It is not linked with the
# library: it asks the loader where that is.
if GO_FACE
bin_PROGRAMS += tools/libcgo-go
endif
tools_libcgo_go_SOURCES = tools/libcgo-go.c
tools_libcgo_go_CPPFLAGS = $(include_cppflags) -DLIBDIR='"$(libdir)"' \
	-DSHIM='"$(godir)/shim.c"'
tools_libcgo_go_CFLAGS = -std=gnu11 -Wall -Wextra $(LIBCGO_WERROR)
tools_libcgo_go_LDADD = $(LIBCGO_DL_LIBS)
godir = $(pkgdatadir)/go
dist_go_DATA = src/go/shim.c

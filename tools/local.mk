# SPDX-License-Identifier: BSD-3-Clause
#
# Programs that are installed.

# What it looks at, Windows has otherwise.
bin_PROGRAMS =
if !WINDOWS
bin_PROGRAMS += libcgo-info
endif
libcgo_info_SOURCES = tools/libcgo-info.c
libcgo_info_CPPFLAGS = $(AM_CPPFLAGS) \
	-DLIBCGO_INFO_OS='"@os@"' -DLIBCGO_INFO_CPU='"@cpu@"' \
	-DLIBCGO_INFO_HOST='"$(host)"' -DLIBCGO_INFO_PROBES='"@have_probes@"'
# -fPIC, so that the address of a function is the library's and no stub's.
libcgo_info_CFLAGS = -std=gnu11 -Wall -Wextra -fPIC $(LIBCGO_WERROR)
libcgo_info_LDADD = libcgo.la

# libcgo-go, and what it puts into Go's package runtime/cgo.
bin_SCRIPTS =
if GO_FACE
bin_SCRIPTS += tools/libcgo-go
endif
godir = $(pkgdatadir)/go
dist_go_DATA = src/go/shim.c

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

# gdb's, named as the file to which libcgo.so leads. Not beside the library: ldconfig
# reads all files there that begin as its name does, and gdb asks to be allowed. gdb
# looks in $(datadir)/gdb/auto-load of its own prefix.
EXTRA_DIST += tools/libcgo-gdb.py
gdbdir = $(datadir)/gdb/auto-load
gdb_script = "$(DESTDIR)$(gdbdir)$(libdir)/$$name-gdb.py"
gdb_name = name=`$(SED) -n "s/^library_names='\([^ ']*\).*/\1/p" libcgo.la`
install-data-local: install-gdb
install-gdb: libcgo.la
	@$(gdb_name); case $$name in *.so.*) ;; *) exit 0 ;; esac; \
	set -x; $(MKDIR_P) "$(DESTDIR)$(gdbdir)$(libdir)" && \
	$(INSTALL_DATA) $(srcdir)/tools/libcgo-gdb.py $(gdb_script)
# Directories too, which other packages may share.
uninstall-local: uninstall-gdb
uninstall-gdb:
	$(gdb_name); case $$name in *.so.*) ;; *) exit 0 ;; esac; rm -f $(gdb_script); \
	d="$(gdbdir)$(libdir)"; until test "$$d" = "$(datadir)"; do \
	  rmdir "$(DESTDIR)$$d" 2>/dev/null || exit 0; d=`dirname "$$d"`; \
	done
.PHONY: install-gdb uninstall-gdb

# lldb's, which the user loads.
lldbdir = $(pkgdatadir)
dist_lldb_DATA = tools/libcgo_lldb.py


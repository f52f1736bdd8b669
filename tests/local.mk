# SPDX-License-Identifier: BSD-3-Clause
#
# The tests: programs with Check (or minicheck.h), and shell scripts for what
# is seen from outside. All print the Test Anything Protocol.
#
# Cross builds: make check TEST_EMU="./libtool --mode=execute EMULATOR".

tests_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -I$(top_srcdir)/src
tests_cflags = -std=gnu11 -Wall -Wextra -fno-omit-frame-pointer \
	$(LIBCGO_WERROR) $(CHECK_CFLAGS)
tests_cxxflags = -std=gnu++17 -Wall -Wextra \
	-fno-omit-frame-pointer $(LIBCGO_WERROR) $(CHECK_CFLAGS)
tests_harness = tests/harness.c tests/harness.h tests/minicheck.h
tests_client = $(tests_harness) tests/client.c
tests_kit = $(tests_harness) tests/kit.c tests/kit.h
tests_ldadd = libcgo.la $(CHECK_LIBS)

check_PROGRAMS += tests/attributes tests/crossing tests/handle tests/init tests/limits \
	tests/memory tests/retry tests/symbols \
	tests/stepping tests/threads tests/unwind tests/darwin-keys

tests_crossing_SOURCES = tests/crossing.c tests/arch/arch.h $(tests_client)
nodist_tests_crossing_SOURCES = tests/arch/@cpu@.S
tests_crossing_CPPFLAGS = $(tests_cppflags)
tests_crossing_CFLAGS = $(tests_cflags)
tests_crossing_LDADD = $(tests_ldadd)

tests_attributes_SOURCES = tests/attributes.c $(tests_client)
tests_attributes_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_attributes_CFLAGS = $(tests_cflags)
tests_attributes_LDADD = $(tests_ldadd)

# With a pair, without, and (below) with one in a shared object.
check_PROGRAMS += tests/defined-slots tests/no-slots
tests_defined_slots_SOURCES = tests/defined-slots.c $(tests_harness)
tests_defined_slots_CPPFLAGS = $(tests_cppflags) -DIN_EXECUTABLE
tests_defined_slots_CFLAGS = $(tests_cflags)
tests_defined_slots_LDADD = $(tests_ldadd)
tests_no_slots_SOURCES = tests/defined-slots.c $(tests_harness)
tests_no_slots_CPPFLAGS = $(tests_cppflags)
tests_no_slots_CFLAGS = $(tests_cflags)
tests_no_slots_LDADD = $(tests_ldadd)

tests_handle_SOURCES = tests/handle.c $(tests_harness)
tests_handle_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_handle_CFLAGS = $(tests_cflags)
tests_handle_LDADD = $(tests_ldadd)

tests_init_SOURCES = tests/init.c $(tests_harness)
tests_init_CPPFLAGS = $(tests_cppflags)
tests_init_CFLAGS = $(tests_cflags)
tests_init_LDADD = $(tests_ldadd)

tests_limits_SOURCES = tests/limits.c $(tests_client)
tests_limits_CPPFLAGS = $(tests_cppflags)
tests_limits_CFLAGS = $(tests_cflags)
tests_limits_LDADD = $(tests_ldadd)

tests_memory_SOURCES = tests/memory.c $(tests_client)
tests_memory_CPPFLAGS = $(tests_cppflags)
tests_memory_CFLAGS = $(tests_cflags)
tests_memory_LDADD = $(tests_ldadd)

# As a client of 2010 is compiled: its variables are common symbols.
tests_symbols_SOURCES = tests/symbols.c $(tests_client)
tests_symbols_CPPFLAGS = $(tests_cppflags)
tests_symbols_CFLAGS = $(tests_cflags) -fcommon
tests_symbols_LDADD = $(tests_ldadd)

tests_threads_SOURCES = tests/threads.c $(tests_client)
tests_threads_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_threads_CFLAGS = $(tests_cflags)
tests_threads_LDADD = $(tests_ldadd)

if ENABLE_SHARED
check_PROGRAMS += tests/object-slots tests/tls
check_LTLIBRARIES = tests/libbig-tls.la tests/libobject-with-slots.la
tests_libobject_with_slots_la_SOURCES = tests/object-with-slots.c
tests_libobject_with_slots_la_CPPFLAGS = $(tests_cppflags)
tests_libobject_with_slots_la_LIBADD = libcgo.la
tests_libobject_with_slots_la_LDFLAGS = -avoid-version -shared \
	-rpath $(abs_top_builddir)/tests
tests_object_slots_SOURCES = tests/defined-slots.c $(tests_harness)
tests_object_slots_CPPFLAGS = $(tests_cppflags) -DIN_SHARED_OBJECT
tests_object_slots_CFLAGS = $(tests_cflags)
tests_object_slots_LDADD = tests/libobject-with-slots.la $(tests_ldadd)
# -rpath makes libtool build a shared library that is not installed.
tests_libbig_tls_la_SOURCES = tests/big-tls.c
tests_libbig_tls_la_LDFLAGS = -avoid-version -shared \
	-rpath $(abs_top_builddir)/tests
tests_tls_SOURCES = tests/tls.c $(tests_client)
tests_tls_CPPFLAGS = $(tests_cppflags)
tests_tls_CFLAGS = $(tests_cflags)
tests_tls_LDADD = tests/libbig-tls.la $(tests_ldadd)
endif

# A client whose own crosscall2 stands before the library's.
check_PROGRAMS += tests/own-crosscall2
tests_own_crosscall2_SOURCES = tests/own-crosscall2.c $(tests_client)
tests_own_crosscall2_CPPFLAGS = $(tests_cppflags)
tests_own_crosscall2_CFLAGS = $(tests_cflags)
tests_own_crosscall2_LDADD = $(tests_ldadd)

tests_retry_SOURCES = tests/retry.c $(tests_client)
tests_retry_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_retry_CFLAGS = $(tests_cflags)
tests_retry_LDADD = $(tests_ldadd)

tests_stepping_SOURCES = tests/stepping.cc tests/arch/arch.h $(tests_client)
nodist_tests_stepping_SOURCES = tests/arch/@cpu@.S
tests_stepping_CPPFLAGS = $(tests_cppflags)
tests_stepping_CFLAGS = $(tests_cflags)
tests_stepping_CXXFLAGS = $(tests_cxxflags)
tests_stepping_LDADD = $(tests_ldadd)

check_PROGRAMS += tests/traceback tests/unwinder
tests_unwinder_SOURCES = tests/unwinder.c $(tests_kit)
tests_unwinder_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_unwinder_CFLAGS = $(tests_cflags)
tests_unwinder_LDADD = $(tests_ldadd)
tests_traceback_SOURCES = tests/traceback.cc $(tests_kit)
tests_traceback_CPPFLAGS = $(tests_cppflags)
tests_traceback_CFLAGS = $(tests_cflags)
tests_traceback_CXXFLAGS = $(tests_cxxflags)
tests_traceback_LDADD = $(tests_ldadd)

tests_unwind_SOURCES = tests/unwind.cc tests/arch/arch.h $(tests_client)
nodist_tests_unwind_SOURCES = tests/arch/@cpu@.S
tests_unwind_CPPFLAGS = $(tests_cppflags)
tests_unwind_CFLAGS = $(tests_cflags)
tests_unwind_CXXFLAGS = $(tests_cxxflags)
tests_unwind_LDADD = $(tests_ldadd)

# src/os/darwin.cc against a model of Darwin's keys.
tests_darwin_keys_SOURCES = tests/darwin-keys.cc src/report.cc $(tests_harness)
nodist_tests_darwin_keys_SOURCES = src/os/darwin.cc
tests_darwin_keys_CPPFLAGS = $(tests_cppflags) \
	-Dpthread_key_create=model_key_create \
	-Dpthread_key_delete=model_key_delete \
	-Dpthread_setspecific=model_setspecific \
	-Dpthread_getspecific=model_getspecific
tests_darwin_keys_CFLAGS = $(tests_cflags)
tests_darwin_keys_CXXFLAGS = $(tests_cxxflags)
tests_darwin_keys_LDADD = $(CHECK_LIBS)

# The same programs with the archive.
if ENABLE_STATIC
check_PROGRAMS += tests/defined-slots-static tests/own-crosscall2-static \
	tests/symbols-static tests/threads-static
tests_defined_slots_static_SOURCES = $(tests_defined_slots_SOURCES)
tests_defined_slots_static_CPPFLAGS = $(tests_defined_slots_CPPFLAGS)
tests_defined_slots_static_CFLAGS = $(tests_defined_slots_CFLAGS)
tests_defined_slots_static_LDADD = $(tests_defined_slots_LDADD)
tests_defined_slots_static_LDFLAGS = -static
tests_own_crosscall2_static_SOURCES = $(tests_own_crosscall2_SOURCES)
tests_own_crosscall2_static_CPPFLAGS = $(tests_own_crosscall2_CPPFLAGS)
tests_own_crosscall2_static_CFLAGS = $(tests_own_crosscall2_CFLAGS)
tests_own_crosscall2_static_LDADD = $(tests_own_crosscall2_LDADD)
tests_own_crosscall2_static_LDFLAGS = -static
tests_symbols_static_SOURCES = $(tests_symbols_SOURCES)
tests_symbols_static_CPPFLAGS = $(tests_symbols_CPPFLAGS)
tests_symbols_static_CFLAGS = $(tests_symbols_CFLAGS)
tests_symbols_static_LDADD = $(tests_symbols_LDADD)
tests_symbols_static_LDFLAGS = -static
tests_threads_static_SOURCES = $(tests_threads_SOURCES)
tests_threads_static_CPPFLAGS = $(tests_threads_CPPFLAGS)
tests_threads_static_CFLAGS = $(tests_threads_CFLAGS)
tests_threads_static_LDADD = $(tests_threads_LDADD)
tests_threads_static_LDFLAGS = -static
endif

# The Go face, without Go.
check_PROGRAMS += tests/go-face
tests_go_face_SOURCES = tests/go-face.c $(tests_harness)
tests_go_face_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_go_face_CFLAGS = $(tests_cflags)
tests_go_face_LDADD = $(tests_ldadd)

if CLASSIC_OBJECT
check_PROGRAMS += tests/foreign-loader
tests_foreign_loader_SOURCES = tests/foreign-loader.c tests/classic-segment.S \
	$(tests_harness)
tests_foreign_loader_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_foreign_loader_CFLAGS = $(tests_cflags)
tests_foreign_loader_LDADD = $(CHECK_LIBS)

check_DATA = tests/foreign-client.o
CLEANFILES += tests/foreign-client.o
tests/foreign-client.o: tests/foreign-client.c tests/$(am__dirstamp)
	$(AM_V_CC)$(CC) $(CFLAGS) -std=gnu11 -Wall $(src_classic_flags) -fcommon \
	  -c $(srcdir)/tests/foreign-client.c -o $@
endif

tests_scripts = tests/configure.sh tests/elf.sh tests/gdb.sh tests/headers.sh tests/info.sh \
	tests/prefix.sh tests/probes.sh tests/slots.sh tests/stack-chk.sh

TESTS += $(check_PROGRAMS) $(tests_scripts)
EXTRA_DIST += $(tests_scripts) tests/tap.sh tests/faults.sh tests/installcheck.sh \
	tests/arch/386.S tests/arch/amd64.S tests/classic-segment.S \
	tests/foreign-client.c tests/valgrind.supp

TEST_EMU =
TEST_EXTENSIONS = .sh
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
LOG_COMPILER = $(TEST_EMU)
SH_LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_COMPILER = $(SHELL)

# The compilers that the shell tests build programs with: the configured one,
# and, in native builds, those that are there.
EACH_CC = $(CC)
AM_TESTS_ENVIRONMENT = \
	CC='$(CC)' CXX='$(CXX)' CFLAGS='$(CFLAGS)' CXXFLAGS='$(CXXFLAGS)' \
	NM='$(NM)' READELF='$(READELF)' AR='$(AR)' EACH_CC='$(EACH_CC)' \
	CPU='@cpu@' HOST='$(host)' VERSION='$(PACKAGE_VERSION)' \
	TEST_EMU='$(TEST_EMU)' PROBES='@have_probes@' \
	ASAN_OPTIONS='handle_segv=0:handle_sigbus=0:allocator_may_return_null=1' \
	TSAN_OPTIONS='handle_segv=0:handle_sigbus=0:allocator_may_return_null=1' \
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
	CLASSIC_OBJECT='$(abs_top_builddir)/src/libcgo-classic.o' \
	FOREIGN_CLIENT='$(abs_top_builddir)/tests/foreign-client.o'; \
	export CC CXX CFLAGS CXXFLAGS NM READELF AR EACH_CC CPU HOST VERSION \
	TEST_EMU PROBES ASAN_OPTIONS TSAN_OPTIONS top_srcdir top_builddir CLASSIC_OBJECT FOREIGN_CLIENT;

# Clients of the *installed* library, by pkg-config.
installcheck-local:
	$(AM_TESTS_ENVIRONMENT) \
	PKG_CONFIG='$(PKG_CONFIG)' DESTDIR='$(DESTDIR)' libdir='$(libdir)' \
	pkgconfigdir='$(pkgconfigdir)' \
	have_shared='@enable_shared@' have_static='@enable_static@' \
	$(SHELL) $(srcdir)/tests/installcheck.sh

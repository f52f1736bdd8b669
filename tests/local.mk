# SPDX-License-Identifier: BSD-3-Clause
#
# The tests: programs with Check (or minicheck.h), and shell scripts for what is
# seen from outside. All print the Test Anything Protocol.
#
# A new test of the kit, tests/kit/NAME.c, is one line: its name in kit_tests. The
# same with the other faces, and with scripts. What a test needs beyond that stands
# with its folder below.
#
# Cross builds: make check TEST_EMU="./libtool --mode=execute EMULATOR".

# ---- how each program is built ----

# Every program of this package that says nothing else is a test, made of one
# file of C.
#
# Unwind tables also of C and of what throws nothing: compilers for some CPUs
# leave them out. A call in last place has a frame. Many calls cannot fail in a
# test, or are seen to.
AM_CPPFLAGS = $(include_cppflags) -DLIBCGO_NO_TOOLS -iquote $(top_srcdir)/tests -iquote $(top_srcdir)/src \
	-D_GNU_SOURCE -DTEST_MODULES='"$(abs_top_builddir)/tests/kit/"'
tests_flags = -Wall -Wextra -Wno-unused-result -fno-omit-frame-pointer \
	-fno-optimize-sibling-calls -fasynchronous-unwind-tables $(LIBCGO_FRAMES) \
	$(LIBCGO_WERROR) $(CHECK_CFLAGS)
AM_CFLAGS = -std=gnu11 $(tests_flags)
AM_CXXFLAGS = -std=gnu++17 $(tests_flags)
LDADD = tests/support/libsupport.a libcgo.la $(CHECK_LIBS)

# What the programs share. The linker takes from it what a program uses.
check_LIBRARIES = tests/support/libsupport.a
tests_support_libsupport_a_SOURCES = tests/support/harness.c tests/support/harness.h \
	tests/support/minicheck.h tests/support/client.h tests/support/contexts.c \
	tests/support/four.c tests/support/four.h \
	tests/support/kit.c tests/support/kit.h tests/support/pthread-exit.h \
	tests/support/real-create.h \
	tests/support/sandbox.h tests/support/stacks.h tests/ports/arch/arch.h tests/ports/arch/cpu.h
EXTRA_DIST += tests/support/client.c
nodist_tests_support_libsupport_a_SOURCES = tests/ports/arch/@cpu_file@.S

# Shared objects that tests load. -rpath: libtool makes none without, nobody
# installs them.
check_LTLIBRARIES =
tests_module_ldflags = -avoid-version -shared -rpath $(LIBCGO_TESTS_RPATH)

check_PROGRAMS = $(kit_tests) $(classic_tests) $(go_tests) $(ports_tests)
kit_tests =
classic_tests =
go_tests =
ports_tests =
# Scripts. The second list does not depend on how the library was built:
# scripts/variants runs it once, but for the scripts that ask the compiler.
tests_scripts =
tests_once =

# ---- tests/kit ----

kit_tests += tests/kit/context tests/kit/defined-slots tests/kit/depth tests/kit/handle \
	tests/kit/hooks tests/kit/init tests/kit/mailbox \
	tests/kit/no-slots tests/kit/runtime tests/kit/stack tests/kit/thread tests/kit/world
tests_scripts += tests/kit/growth.sh
EXTRA_DIST += tests/kit/growth-client.c tests/kit/no-lua.sh

# What these are about, Windows does not have or does otherwise.
if !WINDOWS
kit_tests += tests/kit/bounds tests/kit/calls tests/kit/calls-fuzz tests/kit/contract \
	tests/kit/hot-paths tests/kit/libunwind tests/kit/longjmp tests/kit/unwinder \
	tests/kit/world-memory tests/kit/world-steps
endif

# It stands between the library and the C library, which nothing can in a static program.
if !WINDOWS
if ENABLE_SHARED
kit_tests += tests/kit/signals
endif
endif

# In C++: its library brings the unwinder, too.
if CXX_LIBRARY
kit_tests += tests/kit/context-unwind tests/kit/unwind-stacks tests/kit/world-unwind
if !WINDOWS
kit_tests += tests/kit/hpp tests/kit/stepping tests/kit/traceback
endif
endif
tests_kit_context_LDADD = $(LDADD) -lm
tests_kit_context_unwind_SOURCES = tests/kit/context-unwind.cc
tests_kit_context_unwind_LDFLAGS = $(AM_LDFLAGS) $(LIBCGO_TESTS_LDFLAGS)
tests_kit_hpp_SOURCES = tests/kit/hpp.cc
tests_kit_hpp_CXXFLAGS = $(AM_CXXFLAGS) -Wshadow -Wconversion
tests_kit_stepping_SOURCES = tests/kit/stepping.cc
tests_kit_traceback_SOURCES = tests/kit/traceback.cc
tests_kit_traceback_LDFLAGS = $(AM_LDFLAGS) $(LIBCGO_TESTS_LDFLAGS)
tests_kit_world_unwind_SOURCES = tests/kit/world-unwind.cc
tests_kit_unwind_stacks_SOURCES = tests/kit/unwind-stacks.cc
tests_kit_unwind_stacks_LDFLAGS = $(AM_LDFLAGS) $(LIBCGO_TESTS_LDFLAGS) $(tests_same_addresses)

# Random programs against a model. Without a C++ library they throw nothing.
tests_kit_calls_fuzz_SOURCES = tests/kit/calls-fuzz.cc
if CXX_LIBRARY
tests_kit_calls_fuzz_CXXFLAGS = $(AM_CXXFLAGS)
else
tests_kit_calls_fuzz_CXXFLAGS = $(AM_CXXFLAGS) -fno-exceptions -fno-rtti
endif

# A program of its own: libunwind takes the place of C++'s unwinder.
tests_kit_libunwind_LDADD = $(LDADD) $(LIBUNWIND_LIBS)
# On 32-bit Arm a program with unwind tables would load the unwinder for them.
tests_kit_unwinder_LDFLAGS = -XCClinker -static-libgcc

# One source: a pair of slots in the executable, none, and one in a shared object.
tests_kit_defined_slots_CPPFLAGS = $(AM_CPPFLAGS) -DIN_EXECUTABLE
tests_kit_no_slots_SOURCES = tests/kit/defined-slots.c
if ENABLE_STATIC
kit_tests += tests/kit/defined-slots-static
tests_kit_defined_slots_static_SOURCES = tests/kit/defined-slots.c
tests_kit_defined_slots_static_CPPFLAGS = $(tests_kit_defined_slots_CPPFLAGS)
tests_kit_defined_slots_static_LDFLAGS = -static
endif
if ENABLE_SHARED
check_LTLIBRARIES += tests/kit/libobject-with-slots.la
tests_kit_libobject_with_slots_la_SOURCES = tests/kit/object-with-slots.c
tests_kit_libobject_with_slots_la_LIBADD = $(LIBCGO_TESTS_LIBRARY)
tests_kit_libobject_with_slots_la_DEPENDENCIES = libcgo.la
tests_kit_libobject_with_slots_la_LDFLAGS = $(tests_module_ldflags) $(tests_module)
if !WINDOWS
kit_tests += tests/kit/object-slots
tests_kit_object_slots_SOURCES = tests/kit/defined-slots.c
tests_kit_object_slots_CPPFLAGS = $(AM_CPPFLAGS) -DIN_SHARED_OBJECT
tests_kit_object_slots_LDADD = tests/kit/libobject-with-slots.la $(LDADD)
endif
endif

# A runtime in an object that is unloaded: with the shared library, and with the
# archive in it, linked as libcgo.pc says: it stays loaded. -Bsymbolic: the archive may be
# compiled for programs, in which no other object takes the place of a function.
if ENABLE_SHARED
if !WINDOWS
kit_tests += tests/kit/unload
check_LTLIBRARIES += tests/kit/libunloaded.la
endif
tests_kit_libunloaded_la_SOURCES = tests/kit/unloaded.c
tests_kit_libunloaded_la_LIBADD = $(LIBCGO_TESTS_LIBRARY)
tests_kit_libunloaded_la_DEPENDENCIES = libcgo.la
tests_kit_libunloaded_la_LDFLAGS = $(tests_module_ldflags)
tests_kit_unload_LDADD = tests/support/libsupport.a $(CHECK_LIBS)
tests_kit_unload_DEPENDENCIES = tests/support/libsupport.a tests/kit/libunloaded.la \
	$(unloaded_archive)
if ENABLE_STATIC
# unmarked: as if its client did not know that.
unloaded_archive = tests/kit/unloaded-archive.so tests/kit/unloaded-unmarked.so
CLEANFILES += tests/kit/unloaded-archive.so tests/kit/unloaded-unmarked.so
link_unloaded = case '$(CFLAGS)' in *-fsanitize=*) exit 0 ;; esac; \
	$(CC) $(CFLAGS) -dM -E -x c /dev/null | grep '__PI[CE]__' >/dev/null || exit 0; \
	$(CC) $(AM_CPPFLAGS) $(CPPFLAGS) $(DEFS) $(AM_CFLAGS) \
	  $(CFLAGS) -fPIC -shared -Wl,-Bsymbolic $(LDFLAGS) $(srcdir)/tests/kit/unloaded.c -o $@ \
	  .libs/libcgo.a
tests/kit/unloaded-archive.so: tests/kit/unloaded.c libcgo.la libcgo.pc tests/kit/$(am__dirstamp)
	$(AM_V_CCLD)$(link_unloaded) `$(SED) -n 's/^Libs.private: //p' libcgo.pc`
tests/kit/unloaded-unmarked.so: tests/kit/unloaded.c libcgo.la libcgo.pc tests/kit/$(am__dirstamp)
	$(AM_V_CCLD)$(link_unloaded) `$(SED) -n 's/^Libs.private: //; s/-Wl,-z,nodelete//p' libcgo.pc`
endif
endif

# Two objects with a runtime each, loaded while the program runs.
if ENABLE_SHARED
kit_tests += tests/kit/two-runtimes
check_LTLIBRARIES += tests/kit/libruntime-a.la tests/kit/libruntime-b.la
tests_runtime_object = tests/kit/runtime-object.c tests/kit/runtime-object.h $(tests_memory)
tests_runtime_ldflags = -module $(tests_module_ldflags) $(tests_module)
tests_kit_libruntime_a_la_SOURCES = $(tests_runtime_object)
tests_kit_libruntime_a_la_CPPFLAGS = $(AM_CPPFLAGS) -DSMALL_BYTES=262144
tests_kit_libruntime_a_la_LIBADD = $(LIBCGO_TESTS_LIBRARY)
tests_kit_libruntime_a_la_DEPENDENCIES = libcgo.la
tests_kit_libruntime_a_la_LDFLAGS = $(tests_runtime_ldflags)
tests_kit_libruntime_b_la_SOURCES = $(tests_runtime_object)
tests_kit_libruntime_b_la_CPPFLAGS = $(AM_CPPFLAGS) -DSMALL_BYTES=524288
tests_kit_libruntime_b_la_LIBADD = $(LIBCGO_TESTS_LIBRARY)
tests_kit_libruntime_b_la_DEPENDENCIES = libcgo.la
tests_kit_libruntime_b_la_LDFLAGS = $(tests_runtime_ldflags)
tests_kit_two_runtimes_DEPENDENCIES = tests/support/libsupport.a libcgo.la \
	tests/kit/libruntime-a.la tests/kit/libruntime-b.la
endif

# What is asked of Linux, by a program and by an object of its own.
if OS_LINUX
if ENABLE_SHARED
kit_tests += tests/kit/lookups
check_LTLIBRARIES += tests/kit/liblooked-up.la
endif
endif
tests_kit_liblooked_up_la_SOURCES = tests/kit/looked-up.c
tests_kit_liblooked_up_la_LIBADD = $(LIBCGO_TESTS_LIBRARY)
tests_kit_liblooked_up_la_DEPENDENCIES = libcgo.la
tests_kit_liblooked_up_la_LDFLAGS = $(tests_module_ldflags)
tests_kit_lookups_LDFLAGS = -export-dynamic

# The client of examples/lua, where configure has found Lua.
tests_lua_sources = tests/kit/lua.c examples/lua/c_side.c examples/lua/c_side.h \
	examples/lua/luaborder.c examples/lua/luaborder.h
tests_lua_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/examples/lua
if HAVE_LUA
kit_tests += tests/kit/lua
tests_kit_lua_SOURCES = $(tests_lua_sources)
tests_kit_lua_CPPFLAGS = $(tests_lua_cppflags) $(LUA_CFLAGS)
tests_kit_lua_LDADD = $(LDADD) $(LUA_LIBS)
else
TESTS += tests/kit/no-lua.sh
endif
if HAVE_LUA_CXX
kit_tests += tests/kit/lua-exceptions
tests_kit_lua_exceptions_SOURCES = $(tests_lua_sources)
tests_kit_lua_exceptions_CPPFLAGS = $(tests_lua_cppflags) $(LUA_CXX_CFLAGS) \
	-DLUA_ERRORS_ARE_EXCEPTIONS=1
tests_kit_lua_exceptions_CFLAGS = $(AM_CFLAGS) -fexceptions
tests_kit_lua_exceptions_LDADD = $(LDADD) $(LUA_CXX_LIBS)
endif

# ---- tests/classic ----

tests_scripts += tests/classic/object.sh
if CLASSIC
tests_support_libsupport_a_SOURCES += tests/support/client.c
classic_tests += tests/classic/attributes tests/classic/limits tests/classic/memory \
	tests/classic/own-crosscall2 tests/classic/retry tests/classic/symbols \
	tests/classic/threads
# As a client of 2010 is compiled: its variables are common symbols.
tests_classic_symbols_CFLAGS = $(AM_CFLAGS) -fcommon
# The same programs with the archive.
if ENABLE_STATIC
classic_tests += tests/classic/own-crosscall2-static tests/classic/symbols-static \
	tests/classic/threads-static
tests_classic_own_crosscall2_static_SOURCES = tests/classic/own-crosscall2.c
tests_classic_own_crosscall2_static_LDFLAGS = -static
tests_classic_symbols_static_SOURCES = tests/classic/symbols.c
tests_classic_symbols_static_CFLAGS = $(tests_classic_symbols_CFLAGS)
tests_classic_symbols_static_LDFLAGS = -static
tests_classic_threads_static_SOURCES = tests/classic/threads.c
tests_classic_threads_static_LDFLAGS = -static
endif
if ENABLE_SHARED
classic_tests += tests/classic/tls
check_LTLIBRARIES += tests/classic/libbig-tls.la
tests_classic_libbig_tls_la_SOURCES = tests/classic/big-tls.c
tests_classic_libbig_tls_la_LDFLAGS = $(tests_module_ldflags)
tests_classic_tls_LDADD = tests/classic/libbig-tls.la $(LDADD)
endif
endif

# src/classic/slots-darwin.cc against a model of Darwin's keys; and the same with a
# segment of the CPU's, where %gs is free.
tests_darwin_keys_sources = tests/classic/darwin-keys.cc src/core/report.cc
tests_classic_darwin_keys_SOURCES = $(tests_darwin_keys_sources)
nodist_tests_classic_darwin_keys_SOURCES = src/classic/slots-darwin.cc
tests_classic_darwin_keys_CPPFLAGS = $(AM_CPPFLAGS) \
	-Dpthread_key_create=model_key_create \
	-Dpthread_key_delete=model_key_delete \
	-Dpthread_setspecific=model_setspecific \
	-Dpthread_getspecific=model_getspecific
tests_classic_darwin_keys_LDADD = tests/support/libsupport.a $(CHECK_LIBS)
tests_classic_darwin_segment_SOURCES = $(tests_darwin_keys_sources)
nodist_tests_classic_darwin_segment_SOURCES = $(nodist_tests_classic_darwin_keys_SOURCES)
tests_classic_darwin_segment_CPPFLAGS = $(tests_classic_darwin_keys_CPPFLAGS) -DREAL_SEGMENT
tests_classic_darwin_segment_LDADD = src/libslot.la $(tests_classic_darwin_keys_LDADD)
if CXX_LIBRARY
if !WINDOWS
classic_tests += tests/classic/darwin-keys
endif
if LINUX_AMD64
classic_tests += tests/classic/darwin-segment
endif
endif

# A model of the loader of 2010, and what it loads.
EXTRA_DIST += tests/classic/segment.S tests/classic/foreign-client.c
if CLASSIC_LINUX
classic_tests += tests/classic/foreign-loader
tests_classic_foreign_loader_SOURCES = tests/classic/foreign-loader.c tests/classic/segment.S
tests_classic_foreign_loader_LDADD = tests/support/libsupport.a $(CHECK_LIBS)
check_DATA = tests/classic/foreign-client.o
CLEANFILES += tests/classic/foreign-client.o
tests/classic/foreign-client.o: tests/classic/foreign-client.c tests/classic/$(am__dirstamp)
	$(AM_V_CC)case @cpu@ in 386) pic=-fno-pic ;; *) pic=-fPIC ;; esac; \
	$(CC) $(CFLAGS) -std=gnu11 -Wall $(src_classic_flags) -fvisibility=default \
	  -fno-asynchronous-unwind-tables -fcommon $$pic $(LIBCGO_CLASSIC_OBJECT_ASFLAGS) \
	  -c $(srcdir)/tests/classic/foreign-client.c -o $@
endif

# ---- tests/go: the Go face, mostly without Go ----

tests_once += tests/go/libcgo-go.sh
if GO_FACE
go_tests += tests/go/face tests/go/stacks
# The crossing of the Go face, which no shared object exports.
if ENABLE_STATIC
go_tests += tests/go/crossing
tests_go_crossing_LDFLAGS = -static
endif
endif

# ---- tests/object: what is read from finished files ----

tests_scripts += tests/object/elf.sh tests/object/gdb.sh tests/object/gdb-layout.sh \
	tests/object/info.sh \
	tests/object/probes.sh tests/object/security.sh tests/object/slots.sh \
	tests/object/stack-chk.sh tests/object/static.sh
tests_once += tests/object/gc.sh tests/object/gdb-script.sh tests/object/headers.sh tests/object/lldb.sh \
	tests/object/prefix.sh tests/object/tools.sh tests/object/configure.sh \
	tests/object/html.sh tests/object/man.sh tests/object/release.sh \
	tests/object/rust.sh tests/object/tutorial.sh tests/object/zig.sh
EXTRA_DIST += tests/object/installcheck.sh tests/object/no-cxx.sh tests/object/security-client.c \
	tests/object/tasks.c tests/object/tools-client.c tests/object/tools-throw.cc

# ---- tests/hosts: the headers for runtimes that exist ----

tests_once += tests/hosts/jni.sh tests/hosts/mailbox.sh tests/hosts/ocaml.sh \
	tests/hosts/parse.sh tests/hosts/python.sh
EXTRA_DIST += tests/hosts/JniTest.java tests/hosts/jni.c tests/hosts/ocaml_other.c \
	tests/hosts/ocaml_stubs.c tests/hosts/ocaml_test.ml tests/hosts/parse-cffi.py \
	tests/hosts/parse-swig.py tests/hosts/parse.c tests/hosts/parse.h tests/hosts/parse.i tests/hosts/parse.lua tests/hosts/parse.rs \
	tests/hosts/python-embed.cc tests/hosts/python-module.c tests/hosts/python-tests.py

# ---- tests/models: what threads do without a lock, in every order ----

tests_once += tests/models/models.sh
EXTRA_DIST += tests/models/close.model tests/models/explore.cc tests/models/handles.model \
	tests/models/litmus.model tests/models/machine.h tests/models/parse.h \
	tests/models/program.h tests/models/start.model tests/models/world.model

# All of it: one minute.
check-models:
	$(AM_TESTS_ENVIRONMENT) MODELS=all $(SHELL) $(srcdir)/tests/models/models.sh
.PHONY: check-models

# ---- tests/ports: CPUs, systems, emulators ----

ports_tests += tests/ports/crossing
if CXX_LIBRARY
ports_tests += tests/ports/unwind
else
TESTS += tests/object/no-cxx.sh
endif
tests_ports_unwind_SOURCES = tests/ports/unwind.cc

# What the tests use of POSIX, where the system does not have it.
if WINDOWS
AM_CPPFLAGS += -I$(top_srcdir)/tests/ports/windows -D__USE_MINGW_ANSI_STDIO=1
AM_LDFLAGS = -XCClinker -static-libgcc -XCClinker -static-libstdc++
LDADD += $(WINPTHREADS)
tests_memory = tests/ports/windows/memory.c
tests_support_libsupport_a_SOURCES += tests/ports/windows/posix.c $(tests_memory)
# Where a test compares addresses of the library's functions: a program has stubs for
# those of a DLL.
tests_same_addresses = -static
tests_module = -no-undefined -XCClinker -static-libgcc -XCClinker $(WINPTHREADS)
ports_tests += tests/ports/win32
tests_ports_win32_SOURCES = tests/ports/win32.cc
endif
if OPENBSD
AM_CPPFLAGS += -I$(top_srcdir)/tests/ports/openbsd
endif
# One by one: of a directory, automake takes what configure puts there, too.
EXTRA_DIST += tests/ports/windows/dlfcn.h tests/ports/windows/imports.sh tests/ports/windows/memory.c \
	tests/ports/windows/minicheck-process.h tests/ports/windows/posix.c tests/ports/windows/pthread.h \
	tests/ports/windows/run.sh tests/ports/windows/sched.h tests/ports/windows/signal.h \
	tests/ports/windows/sys/mman.h tests/ports/windows/sys/prctl.h tests/ports/windows/sys/ptrace.h \
	tests/ports/windows/sys/resource.h tests/ports/windows/sys/syscall.h \
	tests/ports/windows/sys/wait.h tests/ports/windows/ucontext.h tests/ports/windows/unistd.h \
	tests/ports/openbsd/ucontext.h

# ---- how they are run ----

TESTS += $(check_PROGRAMS)
if WINDOWS
TESTS += tests/ports/windows/imports.sh
else
TESTS += $(tests_scripts) $(tests_once)
endif
EXTRA_DIST += $(tests_scripts) $(tests_once) tests/support/errors.sh tests/support/facts.sh tests/support/run.sh \
	tests/support/tap.sh tests/support/faults.sh tests/support/native.faults \
	tests/support/hosts.sh tests/support/sanitizers.sh \
	tests/support/valgrind.supp

TEST_EMU =
TEST_EXTENSIONS = .sh
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/support/run.sh
SH_LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_COMPILER = $(SHELL)

# The compilers that the shell tests build programs with: the configured one,
# and, in native builds, those that are there.
EACH_CC = $(CC)

# What the C library or the test reads there: the initial thread's stack, the number of
# threads, mappings. Where it is not mounted these are skipped.
need_proc = tests/classic/attributes tests/classic/limits tests/classic/threads \
	tests/classic/threads-static tests/go/libcgo-go.sh tests/go/stacks tests/kit/calls-fuzz \
	tests/kit/hot-paths tests/kit/hpp tests/kit/lua tests/kit/lua-exceptions tests/kit/stack \
	tests/kit/traceback tests/kit/two-runtimes tests/object/gdb.sh tests/object/gdb-script.sh \
	tests/object/info.sh tests/object/probes.sh

# Tools are read in the language of the tests.
AM_TESTS_ENVIRONMENT = LC_ALL=C; export LC_ALL; \
	CC='$(CC)' CXX='$(CXX)' CFLAGS='$(CFLAGS)' CXXFLAGS='$(CXXFLAGS)' \
	NM='$(NM)' OBJDUMP='$(OBJDUMP)' READELF='$(READELF)' AR='$(AR)' EACH_CC='$(EACH_CC)' CXX_LIBRARY='@have_cxx_library@' \
	CPU='@cpu@' CLASSIC='@classic@' HOST='$(host)' VERSION='$(PACKAGE_VERSION)' \
	TEST_EMU='$(TEST_EMU)' PRIVATE_LIBS='$(LIBCGO_PRIVATE_LIBS)' PROBES='@have_probes@' NEED_PROC='$(need_proc)' \
	TEST_PROGRAMS='$(check_PROGRAMS)' \
	ASAN_OPTIONS='handle_segv=0:handle_sigbus=0:allocator_may_return_null=1:use_sigaltstack=0' \
	TSAN_OPTIONS='handle_segv=0:handle_sigbus=0:allocator_may_return_null=1' \
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
	CLASSIC_OBJECT='$(abs_top_builddir)/src/libcgo-classic.o' \
	FOREIGN_CLIENT='$(abs_top_builddir)/tests/classic/foreign-client.o'; \
	export CC CXX CXX_LIBRARY CFLAGS CXXFLAGS NM OBJDUMP READELF AR EACH_CC CPU CLASSIC HOST VERSION \
	TEST_EMU PRIVATE_LIBS PROBES NEED_PROC TEST_PROGRAMS ASAN_OPTIONS TSAN_OPTIONS top_srcdir top_builddir CLASSIC_OBJECT FOREIGN_CLIENT;

# Clients of the *installed* library, by pkg-config.
installcheck-local:
	$(AM_TESTS_ENVIRONMENT) \
	PKG_CONFIG='$(PKG_CONFIG)' DESTDIR='$(DESTDIR)' libdir='$(libdir)' \
	pkgconfigdir='$(pkgconfigdir)' \
	have_shared='@enable_shared@' have_static='@enable_static@' \
	$(SHELL) $(srcdir)/tests/object/installcheck.sh

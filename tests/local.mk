# SPDX-License-Identifier: BSD-3-Clause
#
# The tests: programs with Check (or minicheck.h), and shell scripts for what
# is seen from outside. All print the Test Anything Protocol.
#
# Cross builds: make check TEST_EMU="./libtool --mode=execute EMULATOR".

tests_cppflags = $(AM_CPPFLAGS) -iquote $(top_srcdir)/tests -iquote $(top_srcdir)/src
# Unwind tables, also of C, and of what throws nothing: compilers for some CPUs leave
# them out.
# Many calls cannot fail in a test, or are to be seen to.
tests_cflags = -std=gnu11 -Wall -Wextra -Wno-unused-result -fno-omit-frame-pointer \
	-fasynchronous-unwind-tables $(LIBCGO_WERROR) $(CHECK_CFLAGS)
tests_cxxflags = -std=gnu++17 -Wall -Wextra -Wno-unused-result \
	-fno-omit-frame-pointer -fasynchronous-unwind-tables $(LIBCGO_WERROR) $(CHECK_CFLAGS)
tests_harness = tests/harness.c tests/contexts.c tests/harness.h tests/minicheck.h
tests_client = $(tests_harness) tests/client.c
tests_kit = $(tests_harness) tests/kit.c tests/kit.h
tests_ldadd = libcgo.la $(CHECK_LIBS)
# It makes libtool build a shared library, which is not installed.
tests_rpath = $(LIBCGO_TESTS_RPATH)

# What the tests use of POSIX, where the system has it not.
if WINDOWS
tests_cppflags += -I$(top_srcdir)/tests/windows -D__USE_MINGW_ANSI_STDIO=1
tests_memory = tests/windows/memory.c
tests_harness += tests/windows/posix.c $(tests_memory)
# Where a test compares addresses of the library's functions: a program has stubs for
# those of a DLL.
tests_same_addresses = -static
tests_module = -no-undefined -XCClinker -static-libgcc -XCClinker $(WINPTHREADS)
tests_ldadd += $(WINPTHREADS)
AM_LDFLAGS = -XCClinker -static-libgcc -XCClinker -static-libstdc++
check_PROGRAMS += tests/win32
tests_win32_SOURCES = tests/win32.cc $(tests_kit) tests/stacks.h
tests_win32_CPPFLAGS = $(tests_cppflags)
tests_win32_CFLAGS = $(tests_cflags)
tests_win32_CXXFLAGS = $(tests_cxxflags)
tests_win32_LDADD = $(tests_ldadd)
endif
if OPENBSD
tests_cppflags += -I$(top_srcdir)/tests/openbsd
endif
# One by one: of a directory, automake takes what configure puts there, too.
EXTRA_DIST += tests/windows/dlfcn.h tests/windows/imports.sh tests/windows/memory.c \
	tests/windows/minicheck-process.h tests/windows/posix.c tests/windows/pthread.h \
	tests/windows/run.sh tests/windows/sched.h tests/windows/signal.h tests/windows/sys/mman.h \
	tests/windows/sys/prctl.h tests/windows/sys/ptrace.h tests/windows/sys/resource.h \
	tests/windows/sys/syscall.h tests/windows/sys/wait.h tests/windows/ucontext.h \
	tests/windows/unistd.h \
	tests/openbsd/ucontext.h

check_PROGRAMS += tests/crossing tests/handle tests/init
# Those in C++: its library brings the unwinder, too.
if CXX_LIBRARY
check_PROGRAMS += tests/context-unwind tests/unwind tests/unwind-stacks
# Those about what Windows has not, or has otherwise.
if !WINDOWS
check_PROGRAMS += tests/darwin-keys tests/hpp tests/stepping tests/traceback
endif
else
TESTS += tests/no-cxx.sh
endif
EXTRA_DIST += tests/no-cxx.sh
# Those of the classic face, where it exists.
if CLASSIC
check_PROGRAMS += tests/attributes tests/limits tests/memory tests/retry tests/symbols \
	tests/threads
endif

tests_crossing_SOURCES = tests/crossing.c tests/arch/arch.h $(tests_harness)
nodist_tests_crossing_SOURCES = tests/arch/@cpu_file@.S
tests_crossing_CPPFLAGS = $(tests_cppflags)
tests_crossing_CFLAGS = $(tests_cflags)
tests_crossing_LDADD = $(tests_ldadd)

tests_attributes_SOURCES = tests/attributes.c $(tests_client)
tests_attributes_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_attributes_CFLAGS = $(tests_cflags)
tests_attributes_LDADD = $(tests_ldadd)

# With a pair, without, and (below) with one in a shared object.
check_PROGRAMS += tests/defined-slots tests/no-slots
tests_defined_slots_SOURCES = tests/defined-slots.c tests/arch/cpu.h $(tests_harness)
tests_defined_slots_CPPFLAGS = $(tests_cppflags) -DIN_EXECUTABLE
tests_defined_slots_CFLAGS = $(tests_cflags)
tests_defined_slots_LDADD = $(tests_ldadd)
tests_no_slots_SOURCES = tests/defined-slots.c $(tests_harness)
tests_no_slots_CPPFLAGS = $(tests_cppflags)
tests_no_slots_CFLAGS = $(tests_cflags)
tests_no_slots_LDADD = $(tests_ldadd)

if !WINDOWS
check_PROGRAMS += tests/calls tests/contract tests/signals
endif
tests_calls_SOURCES = tests/calls.c $(tests_four)
tests_calls_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_calls_CFLAGS = $(tests_four_cflags)
tests_calls_LDADD = $(tests_ldadd)
tests_signals_SOURCES = tests/signals.c $(tests_kit)
tests_signals_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_signals_CFLAGS = $(tests_cflags)
tests_signals_LDADD = $(tests_ldadd)
tests_contract_SOURCES = tests/contract.c $(tests_kit)
tests_contract_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_contract_CFLAGS = $(tests_cflags)
tests_contract_LDADD = $(tests_ldadd)

tests_handle_SOURCES = tests/handle.c $(tests_harness)
tests_handle_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_handle_CFLAGS = $(tests_cflags)
tests_handle_LDADD = $(tests_ldadd)

tests_init_SOURCES = tests/init.c $(tests_harness)
tests_init_CPPFLAGS = $(tests_cppflags)
tests_init_CFLAGS = $(tests_cflags)
tests_init_LDADD = $(tests_ldadd)

tests_limits_SOURCES = tests/limits.c tests/kit.c tests/kit.h $(tests_client)
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

# Runtimes and their threads.
check_PROGRAMS += tests/runtime tests/thread
tests_runtime_SOURCES = tests/runtime.c $(tests_kit)
tests_runtime_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_runtime_CFLAGS = $(tests_cflags)
tests_runtime_LDADD = $(tests_ldadd)
tests_thread_SOURCES = tests/thread.c $(tests_kit)
tests_thread_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_thread_CFLAGS = $(tests_cflags)
tests_thread_LDADD = $(tests_ldadd)

check_PROGRAMS += tests/depth
tests_depth_SOURCES = tests/depth.c $(tests_kit)
tests_depth_CPPFLAGS = $(tests_cppflags)
tests_depth_CFLAGS = $(tests_cflags)
tests_depth_LDADD = $(tests_ldadd)

if ENABLE_SHARED
if !WINDOWS
check_PROGRAMS += tests/object-slots
endif
check_LTLIBRARIES = tests/libobject-with-slots.la
if CLASSIC
check_PROGRAMS += tests/tls
check_LTLIBRARIES += tests/libbig-tls.la
endif
tests_libobject_with_slots_la_SOURCES = tests/object-with-slots.c
tests_libobject_with_slots_la_CPPFLAGS = $(tests_cppflags)
tests_libobject_with_slots_la_LIBADD = $(LIBCGO_TESTS_LIBRARY)
tests_libobject_with_slots_la_DEPENDENCIES = libcgo.la
tests_libobject_with_slots_la_LDFLAGS = -avoid-version -shared \
	-rpath $(tests_rpath) $(tests_module)
tests_object_slots_SOURCES = tests/defined-slots.c $(tests_harness)
tests_object_slots_CPPFLAGS = $(tests_cppflags) -DIN_SHARED_OBJECT
tests_object_slots_CFLAGS = $(tests_cflags)
tests_object_slots_LDADD = tests/libobject-with-slots.la $(tests_ldadd)
tests_libbig_tls_la_SOURCES = tests/big-tls.c
tests_libbig_tls_la_LDFLAGS = -avoid-version -shared \
	-rpath $(tests_rpath)
tests_tls_SOURCES = tests/tls.c $(tests_client) tests/kit.c tests/kit.h
tests_tls_CPPFLAGS = $(tests_cppflags)
tests_tls_CFLAGS = $(tests_cflags)
tests_tls_LDADD = tests/libbig-tls.la $(tests_ldadd)
endif

# A runtime in an object that is unloaded: with the shared library, and with the
# archive in it, linked as libcgo.pc says. -Bsymbolic: the archive may be compiled
# for programs, in which no other object takes the place of a function.
if ENABLE_SHARED
if !WINDOWS
check_PROGRAMS += tests/unload
check_LTLIBRARIES += tests/libunloaded.la
endif
tests_libunloaded_la_SOURCES = tests/unloaded.c
tests_libunloaded_la_CPPFLAGS = $(tests_cppflags)
tests_libunloaded_la_CFLAGS = $(tests_cflags)
tests_libunloaded_la_LDFLAGS = -avoid-version -shared \
	-rpath $(tests_rpath)
tests_libunloaded_la_LIBADD = $(LIBCGO_TESTS_LIBRARY)
tests_libunloaded_la_DEPENDENCIES = libcgo.la
tests_unload_SOURCES = tests/unload.c $(tests_harness)
tests_unload_CPPFLAGS = $(tests_cppflags) \
	-DTEST_MODULES='"$(abs_top_builddir)/tests/"'
tests_unload_CFLAGS = $(tests_cflags)
tests_unload_LDADD = $(CHECK_LIBS)
tests_unload_DEPENDENCIES = tests/libunloaded.la $(unloaded_archive)
if ENABLE_STATIC
unloaded_archive = tests/unloaded-archive.so
CLEANFILES += tests/unloaded-archive.so
tests/unloaded-archive.so: tests/unloaded.c libcgo.la libcgo.pc tests/$(am__dirstamp)
	$(AM_V_CCLD)case '$(CFLAGS)' in *-fsanitize=*) exit 0 ;; esac; \
	$(CC) $(CFLAGS) -dM -E -x c /dev/null | grep '__PI[CE]__' >/dev/null || exit 0; \
	$(CC) $(tests_cppflags) $(CPPFLAGS) $(DEFS) $(tests_cflags) \
	  $(CFLAGS) -fPIC -shared -Wl,-Bsymbolic $(LDFLAGS) $(srcdir)/tests/unloaded.c -o $@ \
	  .libs/libcgo.a `$(SED) -n 's/^Libs.private: //p' libcgo.pc`
endif
endif

# A client whose own crosscall2 stands before the library's.
if CLASSIC
check_PROGRAMS += tests/own-crosscall2
endif
tests_own_crosscall2_SOURCES = tests/own-crosscall2.c $(tests_client)
tests_own_crosscall2_CPPFLAGS = $(tests_cppflags)
tests_own_crosscall2_CFLAGS = $(tests_cflags)
tests_own_crosscall2_LDADD = $(tests_ldadd)

tests_retry_SOURCES = tests/retry.c tests/kit.c tests/kit.h $(tests_client)
tests_retry_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_retry_CFLAGS = $(tests_cflags)
tests_retry_LDADD = $(tests_ldadd)

tests_stepping_SOURCES = tests/stepping.cc tests/arch/arch.h $(tests_kit) \
	tests/stacks.h
nodist_tests_stepping_SOURCES = tests/arch/@cpu_file@.S
tests_stepping_CPPFLAGS = $(tests_cppflags)
tests_stepping_CFLAGS = $(tests_cflags)
tests_stepping_CXXFLAGS = $(tests_cxxflags)
tests_stepping_LDADD = $(tests_ldadd)

if !WINDOWS
check_PROGRAMS += tests/unwinder
endif
tests_unwinder_SOURCES = tests/unwinder.c tests/arch/cpu.h $(tests_kit)
tests_unwinder_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_unwinder_CFLAGS = $(tests_cflags)
tests_unwinder_LDADD = $(tests_ldadd)
# On 32-bit Arm a program with unwind tables would load the unwinder for them.
tests_unwinder_LDFLAGS = -XCClinker -static-libgcc
tests_traceback_SOURCES = tests/traceback.cc tests/arch/cpu.h $(tests_kit)
tests_traceback_CPPFLAGS = $(tests_cppflags)
tests_traceback_CFLAGS = $(tests_cflags) $(LIBCGO_FRAMES)
tests_traceback_CXXFLAGS = $(tests_cxxflags) $(LIBCGO_FRAMES)
tests_traceback_LDADD = $(tests_ldadd)
tests_traceback_LDFLAGS = $(LIBCGO_TESTS_LDFLAGS)

if GO_FACE
check_PROGRAMS += tests/go-stacks
endif
tests_go_stacks_SOURCES = tests/go-stacks.c $(tests_harness)
tests_go_stacks_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_go_stacks_CFLAGS = $(tests_cflags)
tests_go_stacks_LDADD = $(tests_ldadd)

tests_unwind_SOURCES = tests/unwind.cc tests/arch/arch.h $(tests_kit)
nodist_tests_unwind_SOURCES = tests/arch/@cpu_file@.S
tests_unwind_CPPFLAGS = $(tests_cppflags)
tests_unwind_CFLAGS = $(tests_cflags)
tests_unwind_CXXFLAGS = $(tests_cxxflags)
tests_unwind_LDADD = $(tests_ldadd)

# The C++ face.
tests_hpp_SOURCES = tests/hpp.cc $(tests_harness) tests/pthread-exit.h
tests_hpp_CPPFLAGS = $(tests_cppflags)
tests_hpp_CFLAGS = $(tests_cflags)
tests_hpp_CXXFLAGS = $(tests_cxxflags) -Wshadow -Wconversion
tests_hpp_LDADD = $(tests_ldadd)
# Calls between stacks. A call in last place is to have a frame.
tests_four = $(tests_kit) tests/four.c tests/four.h tests/stacks.h
tests_four_cflags = $(tests_cflags) -fno-optimize-sibling-calls
check_PROGRAMS += tests/stack
if !WINDOWS
check_PROGRAMS += tests/libunwind
endif
tests_stack_SOURCES = tests/stack.c tests/arch/arch.h $(tests_four)
nodist_tests_stack_SOURCES = tests/arch/@cpu_file@.S
tests_stack_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_stack_CFLAGS = $(tests_four_cflags)
tests_stack_LDADD = $(tests_ldadd)

check_PROGRAMS += tests/context
tests_context_SOURCES = tests/context.c tests/arch/arch.h $(tests_four)
nodist_tests_context_SOURCES = tests/arch/@cpu_file@.S
tests_context_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_context_CFLAGS = $(tests_four_cflags)
tests_context_LDADD = $(tests_ldadd) -lm

tests_context_unwind_SOURCES = tests/context-unwind.cc tests/arch/cpu.h $(tests_four)
tests_context_unwind_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_context_unwind_CFLAGS = $(tests_four_cflags)
tests_context_unwind_CXXFLAGS = $(tests_cxxflags) -fno-optimize-sibling-calls
tests_context_unwind_LDADD = $(tests_ldadd)
tests_context_unwind_LDFLAGS = $(AM_LDFLAGS) $(LIBCGO_TESTS_LDFLAGS)

tests_unwind_stacks_SOURCES = tests/unwind-stacks.cc tests/arch/arch.h tests/pthread-exit.h \
	$(tests_four)
nodist_tests_unwind_stacks_SOURCES = tests/arch/@cpu_file@.S
tests_unwind_stacks_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_unwind_stacks_CFLAGS = $(tests_four_cflags) $(LIBCGO_FRAMES)
tests_unwind_stacks_CXXFLAGS = $(tests_cxxflags) -fno-optimize-sibling-calls $(LIBCGO_FRAMES)
tests_unwind_stacks_LDADD = $(tests_ldadd)
tests_unwind_stacks_LDFLAGS = $(AM_LDFLAGS) $(LIBCGO_TESTS_LDFLAGS) $(tests_same_addresses)

# Not in the program above: libunwind would take the place of C++'s unwinder.
tests_libunwind_SOURCES = tests/libunwind.c $(tests_four)
tests_libunwind_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_libunwind_CFLAGS = $(tests_four_cflags)
tests_libunwind_LDADD = $(tests_ldadd) $(LIBUNWIND_LIBS)

# Random programs against a model. Where there is no C++ library they throw nothing.
if !WINDOWS
check_PROGRAMS += tests/calls-fuzz
endif
tests_calls_fuzz_SOURCES = tests/calls-fuzz.cc tests/arch/arch.h $(tests_harness)
nodist_tests_calls_fuzz_SOURCES = tests/arch/@cpu_file@.S
tests_calls_fuzz_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_calls_fuzz_CFLAGS = $(tests_cflags)
if CXX_LIBRARY
tests_calls_fuzz_CXXFLAGS = $(tests_cxxflags)
else
tests_calls_fuzz_CXXFLAGS = $(tests_cxxflags) -fno-exceptions -fno-rtti
endif
tests_calls_fuzz_LDADD = $(tests_ldadd)

# src/os/darwin-classic.cc against a model of Darwin's keys.
tests_darwin_keys_SOURCES = tests/darwin-keys.cc src/report.cc $(tests_harness)
nodist_tests_darwin_keys_SOURCES = src/os/darwin-classic.cc
tests_darwin_keys_CPPFLAGS = $(tests_cppflags) \
	-Dpthread_key_create=model_key_create \
	-Dpthread_key_delete=model_key_delete \
	-Dpthread_setspecific=model_setspecific \
	-Dpthread_getspecific=model_getspecific
tests_darwin_keys_CFLAGS = $(tests_cflags)
tests_darwin_keys_CXXFLAGS = $(tests_cxxflags)
tests_darwin_keys_LDADD = $(CHECK_LIBS)

# The same with a segment of the CPU's, where %gs is free.
if LINUX_AMD64
if CXX_LIBRARY
check_PROGRAMS += tests/darwin-segment
endif
tests_darwin_segment_SOURCES = $(tests_darwin_keys_SOURCES)
nodist_tests_darwin_segment_SOURCES = $(nodist_tests_darwin_keys_SOURCES)
tests_darwin_segment_CPPFLAGS = $(tests_darwin_keys_CPPFLAGS) -DREAL_SEGMENT
tests_darwin_segment_CFLAGS = $(tests_darwin_keys_CFLAGS)
tests_darwin_segment_CXXFLAGS = $(tests_darwin_keys_CXXFLAGS)
tests_darwin_segment_LDADD = src/libslot.la $(tests_darwin_keys_LDADD)
endif

# The same programs with the archive.
if ENABLE_STATIC
check_PROGRAMS += tests/defined-slots-static
if CLASSIC
check_PROGRAMS += tests/own-crosscall2-static tests/symbols-static tests/threads-static
endif
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
if GO_FACE
check_PROGRAMS += tests/go-face
endif
tests_go_face_SOURCES = tests/go-face.c $(tests_harness)
tests_go_face_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_go_face_CFLAGS = $(tests_cflags)
tests_go_face_LDADD = $(tests_ldadd)

if CLASSIC_LINUX
check_PROGRAMS += tests/foreign-loader
tests_foreign_loader_SOURCES = tests/foreign-loader.c tests/classic-segment.S \
	$(tests_harness)
tests_foreign_loader_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_foreign_loader_CFLAGS = $(tests_cflags)
tests_foreign_loader_LDADD = $(CHECK_LIBS)

check_DATA = tests/foreign-client.o
CLEANFILES += tests/foreign-client.o
tests/foreign-client.o: tests/foreign-client.c tests/$(am__dirstamp)
	$(AM_V_CC)case @cpu@ in 386) pic=-fno-pic ;; *) pic=-fPIC ;; esac; \
	$(CC) $(CFLAGS) -std=gnu11 -Wall $(src_classic_flags) -fvisibility=default \
	  -fno-asynchronous-unwind-tables -fcommon $$pic $(LIBCGO_CLASSIC_OBJECT_ASFLAGS) \
	  -c $(srcdir)/tests/foreign-client.c -o $@
endif

if !WINDOWS
check_PROGRAMS += tests/longjmp
endif
tests_longjmp_SOURCES = tests/longjmp.c $(tests_kit)
tests_longjmp_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_longjmp_CFLAGS = $(tests_cflags)
tests_longjmp_LDADD = $(tests_ldadd)

# The client of examples/lua, where configure has found Lua.
tests_lua_sources = tests/lua.c examples/lua/c_side.c examples/lua/c_side.h \
	examples/lua/luaborder.c examples/lua/luaborder.h $(tests_harness)
tests_lua_cppflags = $(tests_cppflags) -I$(top_srcdir)/examples/lua -D_GNU_SOURCE
if HAVE_LUA
check_PROGRAMS += tests/lua
tests_lua_SOURCES = $(tests_lua_sources)
tests_lua_CPPFLAGS = $(tests_lua_cppflags) $(LUA_CFLAGS)
tests_lua_CFLAGS = $(tests_cflags)
tests_lua_LDADD = $(tests_ldadd) $(LUA_LIBS)
else
TESTS += tests/no-lua.sh
endif
if HAVE_LUA_CXX
check_PROGRAMS += tests/lua-exceptions
tests_lua_exceptions_SOURCES = $(tests_lua_sources)
tests_lua_exceptions_CPPFLAGS = $(tests_lua_cppflags) $(LUA_CXX_CFLAGS) \
	-DLUA_ERRORS_ARE_EXCEPTIONS=1
tests_lua_exceptions_CFLAGS = $(tests_cflags) -fexceptions
tests_lua_exceptions_LDADD = $(tests_ldadd) $(LUA_CXX_LIBS)
endif
EXTRA_DIST += tests/no-lua.sh

tests_scripts = tests/classic-object.sh tests/elf.sh tests/gdb.sh tests/info.sh tests/probes.sh tests/security.sh \
	tests/slots.sh tests/stack-chk.sh tests/static.sh
# What does not depend on how the library was built: scripts/variants has it run once, but
# for those of the compiler.
tests_once = tests/headers.sh tests/prefix.sh \
	tests/configure.sh tests/html.sh tests/libcgo-go.sh tests/man.sh tests/release.sh \
	tests/tutorial.sh

# The kit as a whole: growing records, prices, two runtimes.
tests_scripts += tests/growth.sh
EXTRA_DIST += tests/growth-client.c

if !WINDOWS
check_PROGRAMS += tests/hot-paths
endif
tests_hot_paths_SOURCES = tests/hot-paths.c tests/arch/arch.h tests/arch/cpu.h $(tests_harness)
nodist_tests_hot_paths_SOURCES = tests/arch/@cpu_file@.S
tests_hot_paths_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE
tests_hot_paths_CFLAGS = $(tests_cflags)
tests_hot_paths_LDADD = $(tests_ldadd)

if ENABLE_SHARED
check_PROGRAMS += tests/two-runtimes
check_LTLIBRARIES += tests/libruntime-a.la tests/libruntime-b.la
tests_runtime_object = tests/runtime-object.c tests/runtime-object.h $(tests_memory)
tests_runtime_ldflags = -module -avoid-version -shared $(tests_module) \
	-rpath $(tests_rpath)
tests_libruntime_a_la_SOURCES = $(tests_runtime_object)
tests_libruntime_a_la_CPPFLAGS = $(tests_cppflags) -DSMALL_BYTES=262144
tests_libruntime_a_la_CFLAGS = $(tests_cflags)
tests_libruntime_a_la_LDFLAGS = $(tests_runtime_ldflags)
tests_libruntime_a_la_LIBADD = $(LIBCGO_TESTS_LIBRARY)
tests_libruntime_a_la_DEPENDENCIES = libcgo.la
tests_libruntime_b_la_SOURCES = $(tests_runtime_object)
tests_libruntime_b_la_CPPFLAGS = $(tests_cppflags) -DSMALL_BYTES=524288
tests_libruntime_b_la_CFLAGS = $(tests_cflags)
tests_libruntime_b_la_LDFLAGS = $(tests_runtime_ldflags)
tests_libruntime_b_la_LIBADD = $(LIBCGO_TESTS_LIBRARY)
tests_libruntime_b_la_DEPENDENCIES = libcgo.la
tests_two_runtimes_SOURCES = tests/two-runtimes.c tests/runtime-object.h \
	$(tests_harness)
tests_two_runtimes_CPPFLAGS = $(tests_cppflags)
tests_two_runtimes_CFLAGS = $(tests_cflags)
tests_two_runtimes_LDADD = $(tests_ldadd)
# It loads them while it runs.
tests_two_runtimes_DEPENDENCIES = libcgo.la $(check_LTLIBRARIES)
endif

TESTS += $(check_PROGRAMS)
if WINDOWS
TESTS += tests/windows/imports.sh
else
TESTS += $(tests_scripts) $(tests_once)
endif
EXTRA_DIST += $(tests_scripts) $(tests_once) tests/facts.sh tests/run.sh tests/tap.sh tests/faults.sh tests/native.faults tests/installcheck.sh \
	tests/classic-segment.S tests/foreign-client.c tests/security-client.c \
	tests/valgrind.supp

TEST_EMU =
TEST_EXTENSIONS = .sh
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/run.sh
SH_LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_COMPILER = $(SHELL)

# The compilers that the shell tests build programs with: the configured one,
# and, in native builds, those that are there.
EACH_CC = $(CC)

# What the C library or the test reads there: the initial thread's stack, the number of
# threads, mappings. Where it is not mounted these are skipped.
need_proc = tests/gdb.sh tests/go-stacks tests/hot-paths tests/hpp tests/info.sh \
	tests/libcgo-go.sh tests/limits tests/lua tests/lua-exceptions tests/probes.sh \
	tests/stack tests/threads tests/threads-static tests/traceback tests/two-runtimes

# Tools are read in the language of the tests.
AM_TESTS_ENVIRONMENT = LC_ALL=C; export LC_ALL; \
	CC='$(CC)' CXX='$(CXX)' CFLAGS='$(CFLAGS)' CXXFLAGS='$(CXXFLAGS)' \
	NM='$(NM)' OBJDUMP='$(OBJDUMP)' READELF='$(READELF)' AR='$(AR)' EACH_CC='$(EACH_CC)' CXX_LIBRARY='@have_cxx_library@' \
	CPU='@cpu@' CLASSIC='@classic@' HOST='$(host)' VERSION='$(PACKAGE_VERSION)' \
	TEST_EMU='$(TEST_EMU)' PRIVATE_LIBS='$(LIBCGO_PRIVATE_LIBS)' PROBES='@have_probes@' NEED_PROC='$(need_proc)' \
	ASAN_OPTIONS='handle_segv=0:handle_sigbus=0:allocator_may_return_null=1:use_sigaltstack=0' \
	TSAN_OPTIONS='handle_segv=0:handle_sigbus=0:allocator_may_return_null=1' \
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
	CLASSIC_OBJECT='$(abs_top_builddir)/src/libcgo-classic.o' \
	FOREIGN_CLIENT='$(abs_top_builddir)/tests/foreign-client.o'; \
	export CC CXX CXX_LIBRARY CFLAGS CXXFLAGS NM OBJDUMP READELF AR EACH_CC CPU CLASSIC HOST VERSION \
	TEST_EMU PRIVATE_LIBS PROBES NEED_PROC ASAN_OPTIONS TSAN_OPTIONS top_srcdir top_builddir CLASSIC_OBJECT FOREIGN_CLIENT;

# Clients of the *installed* library, by pkg-config.
installcheck-local:
	$(AM_TESTS_ENVIRONMENT) \
	PKG_CONFIG='$(PKG_CONFIG)' DESTDIR='$(DESTDIR)' libdir='$(libdir)' \
	pkgconfigdir='$(pkgconfigdir)' \
	have_shared='@enable_shared@' have_static='@enable_static@' \
	$(SHELL) $(srcdir)/tests/installcheck.sh

# The crossing of the Go face, which no shared object exports.
if ENABLE_STATIC
if GO_FACE
check_PROGRAMS += tests/go-crossing
endif
tests_go_crossing_SOURCES = tests/go-crossing.c tests/arch/arch.h $(tests_harness)
nodist_tests_go_crossing_SOURCES = tests/arch/@cpu_file@.S
tests_go_crossing_CPPFLAGS = $(tests_cppflags)
tests_go_crossing_CFLAGS = $(tests_cflags)
tests_go_crossing_LDADD = $(tests_ldadd)
tests_go_crossing_LDFLAGS = -static
endif

if !WINDOWS
check_PROGRAMS += tests/bounds
endif
tests_bounds_SOURCES = tests/bounds.c $(tests_kit)
tests_bounds_CPPFLAGS = $(tests_cppflags)
tests_bounds_CFLAGS = $(tests_cflags)
tests_bounds_LDADD = $(tests_ldadd)

# What is asked of Linux, by a program and by an object of its own.
if OS_LINUX
if ENABLE_SHARED
check_PROGRAMS += tests/lookups
check_LTLIBRARIES += tests/liblooked-up.la
endif
endif
tests_liblooked_up_la_SOURCES = tests/looked-up.c
tests_liblooked_up_la_CPPFLAGS = $(tests_cppflags)
tests_liblooked_up_la_CFLAGS = $(tests_cflags)
tests_liblooked_up_la_LDFLAGS = -avoid-version -shared \
	-rpath $(tests_rpath)
tests_liblooked_up_la_LIBADD = $(LIBCGO_TESTS_LIBRARY)
tests_liblooked_up_la_DEPENDENCIES = libcgo.la
tests_lookups_SOURCES = tests/lookups.c tests/arch/cpu.h $(tests_kit)
tests_lookups_CPPFLAGS = $(tests_cppflags) -D_GNU_SOURCE \
	-DTEST_MODULES='"$(abs_top_builddir)/tests/"'
tests_lookups_CFLAGS = $(tests_cflags) $(LIBCGO_FRAMES) -fno-optimize-sibling-calls
tests_lookups_LDADD = $(tests_ldadd)
tests_lookups_LDFLAGS = -export-dynamic

# Random programs of calls for FUZZ_SECONDS, from a seed of the time of day.
FUZZ_SECONDS = 3600
check-fuzz: tests/calls-fuzz$(EXEEXT)
	$(TEST_EMU) tests/calls-fuzz$(EXEEXT) --seed `date +%s` --seconds $(FUZZ_SECONDS) --keep-going
.PHONY: check-fuzz

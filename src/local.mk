# SPDX-License-Identifier: BSD-3-Clause
#
# The library.

lib_LTLIBRARIES = libcgo.la

# The language: C++17 without its library, neither headers nor run time. Frames
# can be unwound, by unwind tables and by frame pointers.
src_language = -std=c++17 -nostdinc++ -fno-exceptions -fno-rtti -fno-threadsafe-statics \
	-funwind-tables -fasynchronous-unwind-tables -fno-omit-frame-pointer
src_warnings = -Wall -Wextra -Wpedantic -Wconversion -Wshadow \
	-Wmissing-declarations $(LIBCGO_WERROR)
src_cppflags = $(include_cppflags) -DLIBCGO_NO_TOOLS -iquote $(top_srcdir)/src -I$(top_srcdir)/src/cxx

# By face. Direction: os, arch <- core <- kit <- go, and core <- classic;
# scripts/include-graph.sh looks at it.
src_core = src/core/report.cc src/core/start.cc src/core/version.cc
src_kit = src/kit/calls.cc src/kit/handle.cc src/kit/hooks.cc src/kit/init.cc \
	src/kit/keep.cc src/kit/key.cc src/kit/mailbox.cc \
	src/kit/runtime.cc src/kit/slots.cc src/kit/stack.cc src/kit/thread.cc \
	src/kit/traceback.cc src/kit/world.cc
src_go = src/go/go.cc
src_classic = src/classic/classic.cc src/classic/slots.cc src/classic/memory.cc
src_headers = src/core/arch.h src/core/asm.h src/core/layout.h src/core/platform.h \
	src/core/probe.h src/core/report.h src/core/start.h src/kit/calls.h src/kit/init.h \
	src/kit/keep.h src/kit/key.h src/kit/record.h src/kit/runtime.h src/kit/stack.h \
	src/kit/traceback.h src/kit/world.h src/classic/memory.h \
	src/classic/slots.h

# The system's part: of every face, of the kit, and of the classic face.
src_port = src/os/@os@.cc
if OS_SHARED
src_port += src/os/@os_shared@.cc
endif
if OS_POSIX_CLOCK
src_port += src/os/clock.cc
endif
if OS_ELF_TLS
src_port += src/os/elf-tls.cc
endif
src_kit_port = src/os/@os_objects@.cc
if OS_SHARED
src_kit_port += src/os/fork.cc src/os/keys.cc
endif
if OS_BSD
src_kit_port += src/os/bsd.cc
endif
if OS_LINUX
src_port += src/os/linux-limits.cc src/os/linux-maps.cc
src_kit_port += src/os/linux-fence.cc src/os/linux-objects.cc
endif
src_classic_port = src/classic/slots-@os@.cc

libcgo_la_SOURCES = $(src_core) $(src_kit) $(src_headers)
nodist_libcgo_la_SOURCES = $(src_port) $(src_kit_port)
libcgo_la_CPPFLAGS = $(src_cppflags)
libcgo_la_CXXFLAGS = $(src_language) $(src_warnings) $(LIBCGO_PROTECTION) $(LIBCGO_ATOMICS) \
	$(LIBCGO_FRAMES) -fvisibility=hidden
libcgo_la_LIBADD = $(src_arch_parts)
libcgo_la_LDFLAGS = -version-info $(LIBCGO_ABI) $(LIBCGO_LDFLAGS) $(src_ldflags)
libcgo_la_DEPENDENCIES = $(src_arch_parts) $(src_exports)
# What is exported, to ELF linkers and to those of Mach-O.
src_map_names = $(SED) -n 's/^	"*\([^;"]*\)"*;.*/\1/p' $(top_srcdir)/src/libcgo.map
if EXPORT_LIST
src_exports = src/libcgo.exports
src_ldflags = -Wl,-exported_symbols_list,src/libcgo.exports
CLEANFILES += src/libcgo.exports
# The last character as a pattern: the list may name what this library has not.
src/libcgo.exports: src/libcgo.map src/$(am__dirstamp)
	$(AM_V_GEN)$(src_map_names) | grep -v '^\*' | $(SED) 's/\(.*\)\(.\)/_\1[\2]/' >$@
else
src_exports = src/libcgo.map
if WINDOWS
# libtool makes the linker's list of those that there are. No library of the compiler
# is needed at run time.
src_ldflags = -no-undefined -XCClinker -static-libgcc \
	-export-symbols-regex "^(`$(src_map_names) | grep '^[a-z_]*2*$$' | tr '\n' '|'`)$$"
else
src_ldflags = -XCClinker -nostartfiles -Wl,--version-script=$(top_srcdir)/src/libcgo.map
endif
endif
# The C driver links, so that no C++ library is needed at run time; and without
# the start files, of which the library, having no constructors, needs nothing,
# and whose crti.o would clear the CET property on Debian.
libcgo_la_LINK = $(LIBTOOL) $(AM_V_lt) --tag=CC $(AM_LIBTOOLFLAGS) \
	$(LIBTOOLFLAGS) --mode=link $(CCLD) $(CFLAGS) $(libcgo_la_LDFLAGS) \
	$(LDFLAGS) -o $@

if GO_FACE
libcgo_la_SOURCES += $(src_go)
endif

if CLASSIC
libcgo_la_SOURCES += $(src_classic)
nodist_libcgo_la_SOURCES += $(src_classic_port)
endif

# One file per CPU, one object per routine: see src/core/asm.h.
src_arch_parts = src/libcall_on_stack.la src/libcall_on_system.la \
	src/libcrosscall_g.la src/libcrosscall2.la src/libcrosscall_word.la \
	src/libframe.la src/libthread_pointer.la
nodist_src_libcall_on_stack_la_SOURCES = src/arch/@cpu_file@.S
src_libcall_on_stack_la_CPPFLAGS = $(src_cppflags) -DPART_call_on_stack
nodist_src_libcall_on_system_la_SOURCES = src/arch/@cpu_file@.S
src_libcall_on_system_la_CPPFLAGS = $(src_cppflags) -DPART_call_on_system
noinst_LTLIBRARIES += $(src_arch_parts)
nodist_src_libcrosscall_g_la_SOURCES = src/arch/@cpu_file@.S
src_libcrosscall_g_la_CPPFLAGS = $(src_cppflags) -DPART_crosscall_g
nodist_src_libcrosscall2_la_SOURCES = src/arch/@cpu_file@.S
src_libcrosscall2_la_CPPFLAGS = $(src_cppflags) -DPART_crosscall2
nodist_src_libcrosscall_word_la_SOURCES = src/arch/@cpu_file@.S
src_libcrosscall_word_la_CPPFLAGS = $(src_cppflags) -DPART_crosscall_word
nodist_src_libframe_la_SOURCES = src/arch/@cpu_file@.S
src_libframe_la_CPPFLAGS = $(src_cppflags) -DPART_frame
nodist_src_libthread_pointer_la_SOURCES = src/arch/@cpu_file@.S
src_libthread_pointer_la_CPPFLAGS = $(src_cppflags) -DPART_thread_pointer

if CLASSIC
src_arch_parts += src/libcrosscall.la src/libentry.la src/libslot.la
nodist_src_libcrosscall_la_SOURCES = src/arch/@cpu_file@.S
src_libcrosscall_la_CPPFLAGS = $(src_cppflags) -DPART_crosscall
nodist_src_libentry_la_SOURCES = src/arch/@cpu_file@.S
src_libentry_la_CPPFLAGS = $(src_cppflags) -DPART_entry
nodist_src_libslot_la_SOURCES = src/arch/@cpu_file@.S
src_libslot_la_CPPFLAGS = $(src_cppflags) -DPART_slot
endif

if CONTEXTS
libcgo_la_SOURCES += src/kit/context.cc
src_arch_parts += src/libswitch.la
nodist_src_libswitch_la_SOURCES = src/arch/@cpu_file@.S
src_libswitch_la_CPPFLAGS = $(src_cppflags) -DPART_switch
else
EXTRA_DIST += src/kit/context.cc
endif

# The world: a CPU has both, the first alone, or none of them.
if GUARD
src_arch_parts += src/libguard.la
nodist_src_libguard_la_SOURCES = src/arch/@cpu_file@.S
src_libguard_la_CPPFLAGS = $(src_cppflags) -DPART_guard
endif
if CALL_PARKED
src_arch_parts += src/libcall_parked.la
nodist_src_libcall_parked_la_SOURCES = src/arch/@cpu_file@.S
src_libcall_parked_la_CPPFLAGS = $(src_cppflags) -DPART_call_parked
src_arch_parts += src/libcall_parked_anywhere.la
nodist_src_libcall_parked_anywhere_la_SOURCES = src/arch/@cpu_file@.S
src_libcall_parked_anywhere_la_CPPFLAGS = $(src_cppflags) -DPART_call_parked_anywhere
endif

if STACK_CHK_FAIL_LOCAL
src_arch_parts += src/libstack_chk_fail.la
nodist_src_libstack_chk_fail_la_SOURCES = src/arch/@cpu_file@.S
src_libstack_chk_fail_la_CPPFLAGS = $(src_cppflags) -DPART_stack_chk_fail
endif

EXTRA_DIST += src/cxx/cstddef src/libcgo.map src/classic/slots-darwin.cc \
	src/classic/slots-linux.cc src/os/bsd.cc src/os/bsd.h src/os/clock.cc src/os/darwin.cc \
	src/os/elf-tls.cc src/os/fork.cc src/os/freebsd.cc src/os/keys.cc src/os/linux.cc \
	src/os/linux.h \
	src/os/linux-fence.cc src/os/linux-limits.cc src/os/linux-maps.cc src/os/linux-objects.cc \
	src/os/macho.cc src/os/netbsd.cc src/os/objects.cc src/os/objects.h src/os/openbsd.cc \
	src/os/pe.cc src/os/posix.cc src/os/windows.cc

# A CPU: its source, and what the tests have of it.
EXTRA_DIST += src/arch/386.S tests/ports/arch/386.S tests/ports/arch/386.h tests/ports/arch/386.faults
EXTRA_DIST += src/arch/alpha.S tests/ports/arch/alpha.S tests/ports/arch/alpha.h tests/ports/arch/alpha.faults
EXTRA_DIST += src/arch/amd64.S tests/ports/arch/amd64.S tests/ports/arch/amd64.h
EXTRA_DIST += src/arch/amd64-ms.S tests/ports/arch/amd64-ms.S tests/ports/arch/amd64-ms.faults
EXTRA_DIST += src/arch/arm64.S tests/ports/arch/arm64.S tests/ports/arch/arm64.h tests/ports/arch/arm64.faults
EXTRA_DIST += src/arch/arm.S tests/ports/arch/arm.S tests/ports/arch/arm.h tests/ports/arch/arm.faults
EXTRA_DIST += src/arch/mips32.S tests/ports/arch/mips32.S tests/ports/arch/mips32.h tests/ports/arch/mips32.faults
EXTRA_DIST += src/arch/mips64.S tests/ports/arch/mips64.S tests/ports/arch/mips64.h tests/ports/arch/mips64.faults
EXTRA_DIST += src/arch/ppc.S tests/ports/arch/ppc.S tests/ports/arch/ppc.h tests/ports/arch/ppc.faults
EXTRA_DIST += src/arch/ppc64.S tests/ports/arch/ppc64.S tests/ports/arch/ppc64.h tests/ports/arch/ppc64.faults
EXTRA_DIST += src/arch/m68k.S tests/ports/arch/m68k.S tests/ports/arch/m68k.h tests/ports/arch/m68k.faults
EXTRA_DIST += src/arch/riscv64.S tests/ports/arch/riscv64.S tests/ports/arch/riscv64.h tests/ports/arch/riscv64.faults
EXTRA_DIST += src/arch/sparc64.S tests/ports/arch/sparc64.S tests/ports/arch/sparc64.h tests/ports/arch/sparc64.faults
EXTRA_DIST += src/arch/loong64.S tests/ports/arch/loong64.S tests/ports/arch/loong64.h tests/ports/arch/loong64.faults
EXTRA_DIST += src/arch/s390x.S tests/ports/arch/s390x.S tests/ports/arch/s390x.h tests/ports/arch/s390x.faults

# The classic face as one relocatable object, for linkers of 2010: libcgo-classic(7)
# has what they know. The compilers' assembly is made one file, in which all but the
# public names are local. The flags stand last, because this object has no choice.
# -D__NO_INLINE__: headers of glibc before 2.34 have functions of floating-point numbers
# in line.
EXTRA_DIST += src/classic/object.awk
if CLASSIC
classicdir = $(libdir)
classic_DATA = src/libcgo-classic.o
CLEANFILES += src/libcgo-classic.o src/libcgo-classic.s src/libcgo-classic.s-t \
	src/libcgo-classic.exports src/classic-*.s

src_classic_flags = -O2 -DLIBCGO_CLASSIC_OBJECT $(LIBCGO_CLASSIC_OBJECT_PIC) -fvisibility=hidden \
	-g0 -fno-lto -fno-stack-protector -mgeneral-regs-only -D__NO_INLINE__ -U_FORTIFY_SOURCE \
	$(LIBCGO_CLASSIC_OBJECT_FLAGS)

src_classic_sources = $(src_core) $(src_classic) $(src_port) $(src_classic_port)
src_classic_parts = -DPART_crosscall -DPART_crosscall2 -DPART_entry -DPART_slot \
	-DPART_thread_pointer

src/libcgo-classic.s: $(src_classic_sources) $(libcgo_la_SOURCES) \
		$(include_HEADERS) $(topic_HEADERS) $(nodist_topic_HEADERS) \
		src/arch/@cpu_file@.S src/classic/object.awk src/libcgo.map config.h \
		src/$(am__dirstamp)
	$(AM_V_GEN)parts=; \
	for f in $(src_classic_sources); do \
	  s=src/classic-`echo $$f | tr / -`.s; \
	  src=$$f; test -f $$src || src=$(srcdir)/$$f; \
	  $(CXX) $(DEFS) -I. $(src_cppflags) $(CPPFLAGS) \
	    $(src_language) $(src_warnings) $(LIBCGO_PROTECTION) \
	    $(CXXFLAGS:--coverage=) $(src_classic_flags) -S $$src -o $$s || exit 1; \
	  parts="$$parts $$s"; \
	done; \
	s=src/classic-arch.s; \
	$(CC) $(DEFS) -I. $(src_cppflags) $(CPPFLAGS) $(src_classic_parts) $(CFLAGS) \
	  -DLIBCGO_CLASSIC_OBJECT -E $(srcdir)/src/arch/@cpu_file@.S >$$s && \
	$(src_map_names) | $(SED) 's/^/@symbol_prefix@/' >src/libcgo-classic.exports && \
	LC_ALL=C $(AWK) -v format=@object_format@ -v cpu=@cpu@ -v exports=src/libcgo-classic.exports \
	  -f $(srcdir)/src/classic/object.awk pass=1 $$parts $$s pass=2 $$parts $$s >$@-t && \
	rm -f $$parts $$s src/libcgo-classic.exports && mv $@-t $@

src/libcgo-classic.o: src/libcgo-classic.s
	$(AM_V_GEN)$(CC) $(CFLAGS) -g0 $(LIBCGO_CLASSIC_OBJECT_ASFLAGS) -c src/libcgo-classic.s -o $@
endif

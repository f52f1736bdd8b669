# SPDX-License-Identifier: BSD-3-Clause
#
# make check-emulated: a library for Darwin, a BSD, or Windows on 386, executed on an emulated
# CPU. Not a part of make check: it needs Python with unicorn; and for Darwin lief, and Zig,
# which links.
#
#     make check-emulated PYTHON3=... ZIG=... [EMULATED_CASE=...]

EXTRA_DIST += tests/ports/emulated/bsd.faults tests/ports/emulated/bsd.py tests/ports/emulated/bsd.sh \
	tests/ports/emulated/bsdlibc.py tests/ports/emulated/cases.py tests/ports/emulated/client.c \
	tests/ports/emulated/darwin.faults tests/ports/emulated/darwin.py tests/ports/emulated/darwin.sh \
	tests/ports/emulated/darwin_classic.py \
	tests/ports/emulated/elf.py tests/ports/emulated/libsystem.py tests/ports/emulated/machine.py \
	tests/ports/emulated/macho.py tests/ports/emulated/oldlinker.py tests/ports/emulated/pe.py tests/ports/emulated/posixlibc.py \
	tests/ports/emulated/unwind.py tests/ports/emulated/windows.faults \
	tests/ports/emulated/windows.sh tests/ports/emulated/windows_386.py

PYTHON3 = python3

check-emulated: libcgo.la $(classic_DATA)
	@case '@os@-@cpu@' in \
	  darwin-*) script=darwin ;; \
	  freebsd-* | netbsd-* | openbsd-*) script=bsd ;; \
	  windows-386) script=windows ;; \
	  *) echo "check-emulated: no model of the system of @os@-@cpu@" >&2; exit 1 ;; \
	esac; \
	CC='$(CC)' CFLAGS='$(CFLAGS)' AR='$(AR)' CPU='@cpu@' OS='@os@' \
	  PYTHON3='$(PYTHON3)' ZIG="$${ZIG:-zig}" top_srcdir='$(abs_top_srcdir)' \
	  top_builddir='$(abs_top_builddir)' EMULATED_CASE='$(EMULATED_CASE)' \
	  $(SHELL) $(srcdir)/tests/ports/emulated/$$script.sh

mostlyclean-local:
	rm -rf tests/ports/emulated/work
.PHONY: check-emulated

# SPDX-License-Identifier: BSD-3-Clause
#
# make check-emulated: a library for Darwin or a BSD, executed on an emulated CPU. Not a
# part of make check: it needs Python with unicorn; and for Darwin lief, and Zig, which
# links.
#
#     make check-emulated PYTHON3=... ZIG=... [EMULATED_CASE=...]

EXTRA_DIST += tests/emulated/bsd.faults tests/emulated/bsd.py tests/emulated/bsd.sh \
	tests/emulated/bsdlibc.py tests/emulated/cases.py tests/emulated/client.c \
	tests/emulated/darwin.faults tests/emulated/darwin.py tests/emulated/darwin.sh \
	tests/emulated/darwin_classic.py \
	tests/emulated/elf.py tests/emulated/libsystem.py tests/emulated/machine.py \
	tests/emulated/macho.py tests/emulated/oldlinker.py tests/emulated/pe.py tests/emulated/posixlibc.py \
	tests/emulated/unwind.py tests/emulated/windows_386.py

PYTHON3 = python3
ZIG = zig

check-emulated: libcgo.la $(classic_DATA)
	@case '@os@' in \
	  darwin) script=darwin ;; \
	  freebsd | netbsd | openbsd) script=bsd ;; \
	  *) echo "check-emulated: no model of the system of @os@" >&2; exit 1 ;; \
	esac; \
	CC='$(CC)' CFLAGS='$(CFLAGS)' AR='$(AR)' CPU='@cpu@' OS='@os@' \
	  PYTHON3='$(PYTHON3)' ZIG='$(ZIG)' top_srcdir='$(abs_top_srcdir)' \
	  top_builddir='$(abs_top_builddir)' EMULATED_CASE='$(EMULATED_CASE)' \
	  $(SHELL) $(srcdir)/tests/emulated/$$script.sh

mostlyclean-local:
	rm -rf tests/emulated/work
.PHONY: check-emulated

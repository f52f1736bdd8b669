# SPDX-License-Identifier: BSD-3-Clause
#
# make check-emulated: a library for Darwin, executed on an emulated CPU. Not a part
# of make check: it needs Python with unicorn and lief, and Zig, which links.
#
#     make check-emulated PYTHON3=... ZIG=... [EMULATED_CASE=...]

EXTRA_DIST += tests/emulated/cases.py tests/emulated/client.c tests/emulated/darwin.faults \
	tests/emulated/darwin.py tests/emulated/darwin.sh tests/emulated/libsystem.py \
	tests/emulated/machine.py tests/emulated/macho.py tests/emulated/posixlibc.py \
	tests/emulated/unwind.py

PYTHON3 = python3
ZIG = zig

check-emulated: libcgo.la
	@CC='$(CC)' CFLAGS='$(CFLAGS)' AR='$(AR)' CPU='@cpu@' OS='@os@' \
	  PYTHON3='$(PYTHON3)' ZIG='$(ZIG)' top_srcdir='$(abs_top_srcdir)' \
	  top_builddir='$(abs_top_builddir)' EMULATED_CASE='$(EMULATED_CASE)' \
	  $(SHELL) $(srcdir)/tests/emulated/darwin.sh

mostlyclean-local:
	rm -rf tests/emulated/work
.PHONY: check-emulated

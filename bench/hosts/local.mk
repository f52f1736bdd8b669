# SPDX-License-Identifier: BSD-3-Clause
#
# Calls into runtimes that exist: make bench-hosts. docs/hosts.md says how to read it.

EXTRA_DIST += bench/hosts/Bench.java bench/hosts/bench.js bench/hosts/bench.ml \
	bench/hosts/bench.rb bench/hosts/jni.c bench/hosts/node.c bench/hosts/ocaml_stubs.c \
	bench/hosts/questions.h bench/hosts/ruby.c bench/hosts/run.sh

.PHONY: bench-hosts
bench-hosts: all
	CC='$(CC)' top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
	  $(SHELL) $(srcdir)/bench/hosts/run.sh

clean-local: clean-bench-hosts
.PHONY: clean-bench-hosts
clean-bench-hosts:
	rm -rf bench/hosts-results

# SPDX-License-Identifier: BSD-3-Clause
#
# Calls into runtimes that exist: make bench-hosts. docs/hosts.md says how to read it.

EXTRA_DIST += bench/hosts/Bench.java bench/hosts/bench.js bench/hosts/bench.ml \
	bench/hosts/bench.rb bench/hosts/chart.gp bench/hosts/jni.c bench/hosts/node.c bench/hosts/ocaml_stubs.c \
	bench/hosts/questions.h bench/hosts/ruby.c bench/hosts/run.sh

.PHONY: bench-hosts bench-hosts-chart
bench-hosts: all
	CC='$(CC)' top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
	  $(SHELL) $(srcdir)/bench/hosts/run.sh

# Puts the last table, if there is one, in docs/hosts.md of the source tree, and draws the table
# that is there: docs/hosts.svg.
bench-hosts-chart:
	@command -v gnuplot >/dev/null || \
	  { echo 'make bench-hosts-chart needs gnuplot (Debian: gnuplot-nox).' >&2; exit 1; }
	@if test -s bench/hosts-results/table.md; then \
	  $(SED) -e '/^<!-- results -->$$/,/^<!-- end of results -->$$/ { /^<!-- results/!{ /^<!-- end/!d; }; }' \
	    -e '/^<!-- results -->$$/ r bench/hosts-results/table.md' \
	    $(srcdir)/docs/hosts.md >bench/hosts-results/hosts.md && \
	  mv bench/hosts-results/hosts.md $(srcdir)/docs/hosts.md; \
	fi
	gnuplot -e "data='$(srcdir)/docs/hosts.md'; chart='$(srcdir)/docs/hosts.svg'" \
	  $(srcdir)/bench/hosts/chart.gp

clean-local: clean-bench-hosts
.PHONY: clean-bench-hosts
clean-bench-hosts:
	rm -rf bench/hosts-results

# SPDX-License-Identifier: BSD-3-Clause
#
# Go without libcgo and with it: make bench-go. docs/go-benchmarks.md says how to
# read it.

EXTRA_DIST += bench/go/c.c bench/go/c.h bench/go/go.mod bench/go/host/host.c \
	bench/go/lib/main.go bench/go/main.go bench/go/run.sh

.PHONY: bench-go
bench-go: all
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
	  $(SHELL) $(srcdir)/bench/go/run.sh

clean-local: clean-bench-go
.PHONY: clean-bench-go
clean-bench-go:
	rm -rf bench/go-results

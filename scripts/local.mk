# SPDX-License-Identifier: BSD-3-Clause
EXTRA_DIST += scripts/bench-instructions.sh scripts/bench.sh scripts/check-go.sh \
	scripts/check.sh scripts/darwin.sh scripts/include-graph.sh scripts/mini-debuginfo.sh scripts/packages.sh

# The tests of Go's own runtime/cgo, stock and on libcgo; all but a few minutes of
# them take hours. GO, CHECK_GO_SUITES and the like: see the script.
check-go: all
	rm -rf check-go.root
	mkdir check-go.root
	$(MAKE) install DESTDIR=$(abs_builddir)/check-go.root \
	  >check-go.root/install.log 2>&1 || { cat check-go.root/install.log; exit 1; }
	$(srcdir)/scripts/check-go.sh check-go.root

clean-local: clean-check-go
clean-check-go:
	rm -rf check-go.root check-go.work

.PHONY: check-go clean-check-go

# SPDX-License-Identifier: BSD-3-Clause
EXTRA_DIST += scripts/bench-instructions.sh scripts/bench.sh scripts/check-go.py scripts/check.sh \
	scripts/cross-package.sh scripts/darwin.sh scripts/farm.sh scripts/flaky.sh \
	scripts/include-graph.sh scripts/local-library.sh scripts/mini-debuginfo.sh \
	scripts/newcomer.sh scripts/platforms.sh scripts/ports scripts/prepare.sh scripts/release.sh \
	scripts/seeds.sh scripts/ticks.c scripts/variants scripts/versions.sh scripts/zig-cc.sh \
	scripts/zig-ports tests/go/link.sh tests/go/check-go.suites

# The tests of Go's own runtime/cgo, stock and on libcgo; all but a few minutes of
# them take hours. GO, CHECK_GO_SUITES and the like: see the script.
check-go: all
	rm -rf check-go.root
	mkdir check-go.root
	$(MAKE) install DESTDIR=$(abs_builddir)/check-go.root \
	  >check-go.root/install.log 2>&1 || { cat check-go.root/install.log; exit 1; }
	$(srcdir)/scripts/check-go.py check-go.root

# The whole suite again and again: RUNS times beside busy loops, and up to 5 times otherwise.
RUNS = 30
SERIES = busy j1 j8 one-cpu nice user
check-flaky: all
	$(MAKE) check TESTS=
	RUNS='$(RUNS)' $(srcdir)/scripts/flaky.sh $(SERIES)
.PHONY: check-flaky
CLEANFILES += flaky.table

# Every port of the library, and docs/platforms.md, the table of what ran.
check-ports:
	rm -rf $(srcdir)/build/check/platforms
	status=0; WHOLE=yes $(srcdir)/scripts/check.sh ports || status=1; \
	  $(srcdir)/scripts/platforms.sh && exit $$status
.PHONY: check-ports

# The whole suite in each variant, also where the gate has a selection, because another
# variant has the same.
check-whole:
	WHOLE=yes $(srcdir)/scripts/check.sh native clang musl sanitizers onekind distcheck distro
.PHONY: check-whole

# Other machines. Needs root for the bare systems.
check-conditions:
	WHOLE=yes $(srcdir)/scripts/check.sh fewtools ubuntu systems
.PHONY: check-conditions

# What distributions check: all of it, or one.
check-distro:
	$(srcdir)/scripts/variants/distro.sh all
distro_checks = check-lintian check-blhc check-hardening check-autopkgtest check-piuparts \
	check-reproducible check-cross check-abi check-consumers check-farm check-rpm check-apk
$(distro_checks):
	$(srcdir)/scripts/variants/distro.sh $(@:check-%=%)
.PHONY: check-distro $(distro_checks)

# The description of the interface, for check-abi: after a change that is meant.
abi:
	$(srcdir)/scripts/variants/distro.sh describe
.PHONY: abi

# The tarball of a tag: make release TAG=v0.1.0
release:
	@test -n '$(TAG)' || { echo 'usage: make release TAG=vVERSION' >&2; exit 2; }
	$(srcdir)/scripts/release.sh '$(TAG)' release
.PHONY: release

clean-local: clean-check-go
clean-check-go:
	rm -rf check-go.root check-go.work flaky.bin flaky.logs

.PHONY: check-go clean-check-go

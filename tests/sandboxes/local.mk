# SPDX-License-Identifier: BSD-3-Clause
#
# Where the system refuses something: see tests/sandboxes/sandboxes.sh. make check has a
# selection.
#
#     make check-sandboxes      all profiles, and the table of docs/reliability.md

tests_once += tests/sandboxes/sandboxes.sh
EXTRA_DIST += tests/sandboxes/profiles tests/sandboxes/sandbox.c tests/sandboxes/without.cc

check-sandboxes: all
	rm -f sandboxes.table
	$(MAKE) check TESTS=
	$(AM_TESTS_ENVIRONMENT) SANDBOXES=all $(SHELL) $(srcdir)/tests/sandboxes/sandboxes.sh
	test ! -f sandboxes.table || $(srcdir)/scripts/reliability.sh sandboxes <sandboxes.table
.PHONY: check-sandboxes
CLEANFILES += sandboxes.table

# SPDX-License-Identifier: BSD-3-Clause
#
# Every failure once. make check has the first call of each kind fail; make check-failures has
# all, which takes some minutes, and writes its table into docs/reliability.md.

if !WINDOWS
tests_once += tests/failures/failures.sh
endif
EXTRA_DIST += tests/failures/build.sh tests/failures/drive.c tests/failures/failures.faults \
	tests/failures/failures.h tests/failures/failures.sh tests/failures/interpose.c \
	tests/failures/libc.calls tests/failures/scenario.c tests/failures/system.calls \
	scripts/reliability.sh

check-failures: all
	rm -f failures.table
	$(AM_TESTS_ENVIRONMENT) FAILURES=all $(SHELL) $(srcdir)/tests/failures/failures.sh
	test ! -f failures.table || $(srcdir)/scripts/reliability.sh failures <failures.table
.PHONY: check-failures
CLEANFILES += failures.table

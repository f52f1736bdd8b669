# SPDX-License-Identifier: BSD-3-Clause
#
# Everything at once: see tests/soak/soak.c. make check has some seconds of it.
#
#     make soak HOURS=1        or a part of an hour: 0.05
#
# The figures go into docs/reliability.md.

if !WINDOWS
TESTS += tests/soak/soak.sh
endif
EXTRA_DIST += tests/soak/client.c tests/soak/soak.c tests/soak/soak.sh

HOURS = 1
soak: all
	rm -f soak.table
	$(AM_TESTS_ENVIRONMENT) SOAK_SECONDS=`$(AWK) 'BEGIN { printf "%d", $(HOURS) * 3600 }'`; \
	  export SOAK_SECONDS; nice -n 19 $(SHELL) $(srcdir)/tests/soak/soak.sh
	test ! -f soak.table || $(srcdir)/scripts/reliability.sh soak <soak.table
.PHONY: soak
CLEANFILES += soak.table

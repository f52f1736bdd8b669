# SPDX-License-Identifier: BSD-3-Clause
#
# Fuzzing: see tests/fuzz/fuzz.sh. make check tries the kept inputs and some thousand more.
#
#     make fuzz FUZZ_SECONDS=3600      each so long; a minute by default
#
# The figures go into docs/reliability.md. An input that fails is kept in the build directory,
# and becomes a file of tests/fuzz/corpus when the fault is mended.

if !WINDOWS
tests_once += tests/fuzz/fuzz.sh
endif
EXTRA_DIST += tests/fuzz/contexts.cc tests/fuzz/corpus tests/fuzz/fuzz.sh tests/fuzz/handles.cc tests/fuzz/input.h \
	tests/fuzz/limits.cc tests/fuzz/maps.cc tests/fuzz/system.h

fuzz: all tests/kit/calls-fuzz$(EXEEXT)
	rm -f fuzz.table
	$(AM_TESTS_ENVIRONMENT) FUZZ_SECONDS='$(FUZZ_SECONDS)' $(SHELL) $(srcdir)/tests/fuzz/fuzz.sh
	$(MAKE) check-fuzz
	test ! -f fuzz.table || $(srcdir)/scripts/reliability.sh fuzz <fuzz.table
.PHONY: fuzz
CLEANFILES += fuzz.table

# Random programs of calls for FUZZ_SECONDS, from a seed of the time of day.
FUZZ_SECONDS = 60
check-fuzz: tests/kit/calls-fuzz$(EXEEXT)
	$(TEST_EMU) tests/kit/calls-fuzz$(EXEEXT) --seed `date +%s` --seconds $(FUZZ_SECONDS) --keep-going
.PHONY: check-fuzz

clean-local: clean-fuzz
clean-fuzz:
	rm -rf fuzz-contexts fuzz-handles fuzz-limits fuzz-maps
.PHONY: clean-fuzz

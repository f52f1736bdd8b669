# SPDX-License-Identifier: BSD-3-Clause
#
# Go programs on libcgo: make check-go-programs. Not part of make check, because Go
# builds its library again for each way of linking, and fetches modules of others;
# tests/go/run.sh and tests/go/modules.sh tell how to choose.

go_programs = \
	tests/go/callbacks/callbacks.c tests/go/callbacks/callbacks.h \
	tests/go/callbacks/main.go tests/go/fibers/fibers.c \
	tests/go/fibers/fibers.h tests/go/fibers/main.go tests/go/go.mod \
	tests/go/limits/main.go tests/go/process/main.go tests/go/resolver/main.go \
	tests/go/shared/both/main.go tests/go/shared/host.c \
	tests/go/shared/lib/main.go tests/go/shared/plugin/main.go \
	tests/go/signals/main.go tests/go/signals/signals.c \
	tests/go/signals/signals.h tests/go/sqlite/go.mod \
	tests/go/sqlite/go.sum tests/go/sqlite/main.go tests/go/tracebacks/tracebacks.c \
	tests/go/tracebacks/tracebacks.go tests/go/tracebacks/tracebacks.h \
	tests/go/tracebacks/tracebacks_test.go tests/go/users/main.go
EXTRA_DIST += $(go_programs) tests/go/modules.sh tests/go/run.sh

.PHONY: check-go-programs
check-go-programs: all
	$(AM_TESTS_ENVIRONMENT) status=0; $(SHELL) $(srcdir)/tests/go/run.sh || status=1; \
	  $(SHELL) $(srcdir)/tests/go/modules.sh || status=1; exit $$status

# SPDX-License-Identifier: BSD-3-Clause
#
# Benchmarks: make bench, make bench-chart. Built by neither make nor make check.
# docs/benchmarks.md says how to read them.

EXTRA_PROGRAMS += bench/bench
bench_sources = bench/bench.h bench/callbacks.cc bench/calls.cc bench/coroutine.cc \
	bench/handles.cc bench/kit.cc bench/kit.h bench/main.cc bench/nothing.c \
	bench/peer-boost.cc bench/peer-ffi.cc bench/shared.cc bench/stacks.cc \
	bench/threads.cc bench/world.cc
bench_bench_SOURCES = $(bench_sources)
bench_bench_CPPFLAGS = $(include_cppflags) $(BENCHMARK_CFLAGS) $(BENCH_FFI_CFLAGS) \
	-DLIBCGO_BENCH_FLAGS='"$(CXXFLAGS)"'
bench_bench_CFLAGS = -falign-functions=64
bench_bench_CXXFLAGS = -std=gnu++20 -Wall -Wextra -falign-functions=64 -falign-loops=1 \
	$(LIBCGO_WERROR)
# The archive: the baseline and what is compared with it are then equally far.
bench_bench_LDFLAGS = -static
bench_bench_LDADD = libcgo.la $(BENCHMARK_LIBS) $(BENCH_FFI_LIBS) $(BENCH_BOOST_LIBS)

CLEANFILES += bench/bench$(EXEEXT) bench/results.json bench/table.md bench/chart.tsv \
	bench/bench.svg
EXTRA_DIST += bench/chart.gp bench/hosts/python.c

# Others than the defaults: make bench BENCH_FLAGS=--benchmark_filter=call/
BENCH_REPETITIONS = 15
BENCH_FLAGS =

.PHONY: bench bench-chart
if HAVE_BENCHMARK
bench: bench/bench$(EXEEXT)
	LIBCGO_BENCH_OUT=bench LIBCGO_BENCH_SHARED=.libs/libcgo.so bench/bench$(EXEEXT) --benchmark_min_time=0.1 \
	  --benchmark_repetitions=$(BENCH_REPETITIONS) \
	  --benchmark_enable_random_interleaving=true $(BENCH_FLAGS)
else
bench:
	@echo 'make bench needs Google Benchmark, which configure did not find' \
	  '(Debian: libbenchmark-dev). Install it and run configure again.' >&2
	@exit 1
endif

# A call into CPython, in three ways, beside the library that was built.
PYTHON_CONFIG = python3-config
.PHONY: bench-python
bench-python: libcgo.la
	@$(MKDIR_P) bench/hosts
	$(CC) -std=gnu11 -O2 $(include_cppflags) $(CPPFLAGS) \
	  `$(PYTHON_CONFIG) --includes` $(srcdir)/bench/hosts/python.c -o bench/hosts/python \
	  `$(PYTHON_CONFIG) --embed --ldflags 2>/dev/null || $(PYTHON_CONFIG) --ldflags` \
	  -L.libs -lcgo -Wl,-rpath,`pwd`/.libs -Wl,-rpath,`$(PYTHON_CONFIG) --prefix`/lib -pthread
	bench/hosts/python
CLEANFILES += bench/hosts/python

# Draws the last results, and puts them in the documentation: writes docs/bench.svg
# and the table in docs/benchmarks.md, in the source tree.
bench-chart:
	@test -s bench/chart.tsv || \
	  { echo 'make bench-chart draws what make bench has measured: run that first.' >&2; exit 1; }
	@command -v gnuplot >/dev/null || \
	  { echo 'make bench-chart needs gnuplot (Debian: gnuplot-nox).' >&2; exit 1; }
	gnuplot -e "data='bench/chart.tsv'; chart='bench/bench.svg'" $(srcdir)/bench/chart.gp
	cp bench/bench.svg $(srcdir)/docs/bench.svg
	$(SED) -e '/^<!-- results -->$$/,/^<!-- end of results -->$$/ { /^<!-- results/!{ /^<!-- end/!d; }; }' \
	  -e '/^<!-- results -->$$/ r bench/table.md' \
	  $(srcdir)/docs/benchmarks.md > bench/benchmarks.md
	mv bench/benchmarks.md $(srcdir)/docs/benchmarks.md

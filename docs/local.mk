# SPDX-License-Identifier: BSD-3-Clause
dist_doc_DATA = NEWS README.md docs/bench.svg docs/benchmarks.md docs/design.md \
	docs/go-benchmarks.md docs/go-programs.md docs/go.md docs/porting.md docs/tutorial.md

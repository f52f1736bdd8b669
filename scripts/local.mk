# SPDX-License-Identifier: BSD-3-Clause
EXTRA_DIST += scripts/bench-instructions.sh scripts/bench.sh scripts/check.sh \
	scripts/include-graph.sh scripts/mini-debuginfo.sh scripts/packages.sh

# SPDX-License-Identifier: BSD-3-Clause
EXTRA_DIST += scripts/check.sh scripts/include-graph.sh scripts/packages.sh

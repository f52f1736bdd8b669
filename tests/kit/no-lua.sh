#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# In the place of tests/kit/lua where configure has not found Lua.
echo '1..0 # SKIP configure found no Lua 5.4 to link with (Debian: liblua5.4-dev)'

#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# make check-emulated for Windows on 386: runs libcgo-0.dll on an emulated CPU.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
exec "$PYTHON3" "$here/windows_386.py" "$top_builddir/.libs/libcgo-0.dll" ${EMULATED_CASE:+"$EMULATED_CASE"}

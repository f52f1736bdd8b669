# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
#
# What tests/ports/emulated needs to execute a library. $top is the source tree.

# emulator_python: sets $python to one that has the package unicorn, which comes into
# build/emulator if it is not here; false, if it cannot be had. PIP_ARGUMENTS: for
# packages that are here.
emulator_python() {
  for python in "${PYTHON3:-python3}" "${top:?}/build/emulator/bin/python"; do
    ! "$python" -c 'import unicorn' 2>/dev/null || return 0
  done
  # shellcheck disable=SC2086
  python3 -m venv "$top/build/emulator" >/dev/null 2>&1 &&
    "$python" -m pip install -q ${PIP_ARGUMENTS:-} unicorn >/dev/null 2>&1 &&
    "$python" -c 'import unicorn'
}

#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# style: how the sources are written: .clang-format, .editorconfig, shellcheck, seeds; in a clone
#
# Exceptions stand beside the code, or in tests/.shellcheckrc. To format all C and C++:
#
#     git ls-files '*.c' '*.cc' '*.h' '*.hpp' | xargs clang-format -i
set -eu
# shellcheck source=scripts/variants/lib.sh
. "$(dirname "$0")/lib.sh"
needs clang-format editorconfig git shellcheck

files() { git -C "$top" ls-files "$@"; }

files >/dev/null 2>&1 || {
  skip 'style: this is no clone'
  exit 0
}
enter style

# in_top COMMAND...: with the files of standard input, as their names begin at the top.
in_top() { (cd "$top" && exec xargs "$@"); }

formatted() { files '*.c' '*.cc' '*.h' '*.hpp' | in_top clang-format --dry-run -Werror; }

# Scripts, and what they read.
shell_files() {
  files | in_top awk 'FNR == 1 && /^#!.*sh$/ || FNR < 6 && /^# shellcheck shell=/ {
    print FILENAME
    nextfile
  }'
}

# With what they source, whose places they name from the top.
shells() { shell_files | in_top shellcheck -x -P "$top:$top/scripts:$top/tests/go"; }

# Lines of PATH: KEY=VALUE, what .editorconfig wants of each file.
properties() {
  files | sed "s|^|$top/|" |
    tr '\n' '\0' | xargs -0 editorconfig | awk '
    /^\[.*\]$/ { path = substr($0, 2, length($0) - 2); next }
    { print path ": " $0 }'
}

of_property() { sed -n "s/: $1\$//p" wanted; }

lines() {
  properties >wanted
  of_property trim_trailing_whitespace=true | tr '\n' '\0' |
    xargs -0 grep -InE '[[:space:]]+$' >wrong || true
  of_property insert_final_newline=true | while read -r path; do
    test -z "$(tail -c 1 "$path")" || echo "$path: no newline at its end"
  done >>wrong
  cat wrong
  grep -q insert_final_newline wanted && ! grep -q . wrong
}

version=$(clang-format --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
if test "$version" = "$(sed -n 's/^# For clang-format \([0-9]*\).*/\1/p' "$top/.clang-format")"; then
  step 'C and C++ as .clang-format has it' formatted || true
else
  skip "clang-format: here is version ${version:-none}, which formats in another way"
fi
if command -v shellcheck >/dev/null 2>&1; then
  step 'shellcheck' shells || true
else
  skip 'there is no shellcheck'
fi
if command -v editorconfig >/dev/null 2>&1; then
  step 'ends of lines as .editorconfig has them' lines || true
else
  skip 'there is no editorconfig'
fi
step 'each seed changes the file that it is for' "$top/scripts/seeds.sh" || true

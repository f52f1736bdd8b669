#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2154,SC2317
#
# The tutorial, of two parts, quotes the examples: what it shows as code is there, word for
# word. What a program prints stands in blocks marked as text.
. "$(dirname "$0")/../support/tap.sh"


# A file for each block, NUMBER.LANGUAGE, and the rest as `prose`.
awk '
  /^```/ && file == "" { file = sprintf("%03d.%s", ++n, substr($0, 4)); printf "" >file; next }
  /^```/ { close(file); file = ""; next }
  file != "" { print >file; next }
  { print >"prose" }
  END { if (file != "") print "a block has no end" >"unfinished" }
' "$srcdir/docs/tutorial.md" "$srcdir/docs/tutorial-gc.md"

has_blocks() {
  test ! -e unfinished && test "$(find . -name '*.c' | wc -l)" -ge 20
}

marked() {
  for block in [0-9]*; do
    case $block in
    *.c | *.sh | *.text) ;;
    *) echo "unknown mark: $block" && return 1 ;;
    esac
  done
  ! grep -n '^    \|^	' prose
}

quoted() { # BLOCK FILE: whether the file has the block's lines, one after another
  awk 'NR == FNR { block = block $0 "\n"; next } { text = text $0 "\n" }
    END { exit index("\n" text, "\n" block) == 0 }' "$1" "$2"
}

each_is_quoted() {
  bad=0
  for block in [0-9]*.c [0-9]*.sh; do
    found=no
    for file in "$srcdir"/examples/* "$srcdir"/examples/gc/*; do
      if test -f "$file" && quoted "$block" "$file"; then
        found=yes
      fi
    done
    if test $found = no; then
      echo "in no example:"
      cat "$block"
      bad=1
    fi
  done
  return $bad
}

# A word in backquotes that looks like a function of the library is one.
functions_exist() {
  grep -o 'libcgo_[a-z_]*`' prose | tr -d '`' | sort -u >functions
  test -s functions || return 1
  while read -r name; do
    grep -q "[ *]$name(" "$srcdir"/include/libcgo/*.h || {
      echo "no header declares $name"
      return 1
    }
  done <functions
}

ok the_tutorial_has_code_blocks has_blocks
ok code_stands_in_marked_blocks_only marked
ok each_code_block_is_in_an_example each_is_quoted
ok each_function_that_it_names_is_declared functions_exist
done_testing

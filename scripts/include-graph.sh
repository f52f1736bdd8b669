#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/include-graph.sh: prints which file of the library includes which others.
# Each file comes after all that it includes. Fails if there is a circle, or if a
# folder includes a file of a folder that is not in its row:
#
#     os, arch   core                 (core/ declares what they must offer)
#     core       core
#     kit        core, kit
#     go         core, kit, go
#     classic    core, classic
#
# All folders may include public headers, but not those of another face. One exception:
# go may include those of the kit.
#
# A header that ends with its second half, NAME-tools.h, counts before that: the half includes
# NAME.h only for who includes the half itself.
set -eu
cd "$(dirname "$0")/.."

edges=$(mktemp) || exit 1
trap 'rm -f "$edges"' EXIT

for file in $(git ls-files 'src/*.cc' 'src/*.h' 'src/*.S' 'include/*.h' 'include/*.hpp' 2>/dev/null ||
  find src include -name '*.cc' -o -name '*.h' -o -name '*.hpp' -o -name '*.S'); do
  sed -n 's/^#include ["<]\(.*\)[">].*/\1/p' "$file" | while read -r name; do
    for there in "src/$name" "include/$name" "include/$name.in"; do
      test ! -f "$there" || test "$file" = "${there%.h}-tools.h" || echo "$there $file"
    done
  done
done | LC_ALL=C sort -u >"$edges"

# tsort says "input contains a loop" and names its files if there is one.
order=$(tsort "$edges")
for file in $order; do
  awk -v f="$file" '$2 == f { printf " %s", $1 } END { print "" }' "$edges" | sed "s|^|$file:|"
done

awk '
  function folder(file) { split(file, part, "/"); return part[1] == "src" ? part[2] : "include" }
  BEGIN {
    may["os core"] = may["arch core"] = may["core core"] = may["kit core"] = may["kit kit"] = 1
    may["go core"] = may["go kit"] = may["go go"] = may["classic core"] = may["classic classic"] = 1
    may["os os"] = 1
  }
  { to = folder($1); from = folder($2) }
  to == "include" && $1 ~ /classic\.h$/ && from != "classic" && from != "include" { wrong = 1 }
  to == "include" && $1 ~ /go\.h$/ && from != "go" && from != "include" { wrong = 1 }
  to != "include" && !((from " " to) in may) { wrong = 1 }
  wrong { print $2 " may not include " $1; bad = 1; wrong = 0 }
  END { exit bad }' "$edges" >&2

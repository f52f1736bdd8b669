#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2154,SC2317
#
# The manual is true, and with it the table in docs/design.md: it has every name of the interface, the errors of the
# headers, and examples that run. A new header, symbol or page is found by
# itself; nothing is listed here.
. "$(dirname "$0")/../support/tap.sh"

man=$srcdir/man
include=$srcdir/include

# ---- what there is ----

# The version header is made by configure.
headers="$include/libcgo.h $(echo $include/libcgo/*.h) $include/libcgo/version.h.in"

pages() {
  ls "$man"/*.[1-9]
}

# Lines of PAGE.SECTION NAME.SECTION: how man(1) reaches a page by a name.
reachable() {
  for page in $(pages); do
    echo "${page##*/} ${page##*/}"
  done
  sed 's/\\$//' "$man/local.mk" | awk '
    /^man_links =/ { section = 3 } /^man7_links =/ { section = 7 }
    /^$/ { section = 0 }
    section && split($1, link, ":") == 2 {
      print link[1] "." section, link[2] "." section
    }'
}

# Lines of PAGE.SECTION NAME.SECTION: what the NAME sections say.
named() {
  for page in $(pages); do
    awk -v page="${page##*/}" '
      /^\.Sh / { in_name = $2 == "NAME" }
      in_name && $1 == ".Nm" { print page, $2 substr(page, length(page) - 1) }
    ' "$page"
  done
}

symbols() {
  sed -n 's/^	"*\([^;"#]*\)"*;.*/\1/p' "$srcdir/src/libcgo.map" | grep -v '^\*$'
}

# No include guard, and none that only a header uses, which end in "_".
macros() {
  sed -n 's/^ *# *define \(LIBCGO_[A-Za-z0-9_]*\).*/\1/p' $headers |
    grep -v '_H$\|_$' | LC_ALL=C sort -u
}

# ---- names ----

links_are_what_the_pages_name() {
  reachable | LC_ALL=C sort >reachable.txt
  named | LC_ALL=C sort >named.txt
  grep -q . named.txt && diff named.txt reachable.txt
}

# Data symbols that no header can name stand in the table of libcgo-classic(7).
every_symbol_has_a_page() {
  reachable >reachable.txt
  missing=0
  for symbol in $(symbols); do
    grep -q " $symbol\.3\$" reachable.txt ||
      grep -q "^\.It Va $(echo $symbol | sed 's/·/\\\\(pc/') " $man/libcgo-classic.7 || {
      echo "no page: $symbol"
      missing=1
    }
  done
  return $missing
}

# A macro that no call takes, such as one that tells the CPU, stands in a page of
# section 7.
every_macro_has_a_page() {
  reachable >reachable.txt
  missing=0
  for macro in $(macros); do
    grep -q " $macro\.[37]\$" reachable.txt ||
      grep -q "^\.Dv $macro\( \|\$\)" $man/*.7 || {
      echo "no page: $macro"
      missing=1
    }
  done
  return $missing
}

every_header_is_in_the_index() {
  missing=0
  for h in $headers; do
    h=${h#"$include"/}
    grep -q "^\.\(It \)*In ${h%.in}\$" $man/libcgo.7 || {
      echo "not in libcgo(7): ${h%.in}"
      missing=1
    }
  done
  return $missing
}

every_page_is_in_the_index() {
  missing=0
  for page in $(pages); do
    page=${page##*/}
    test $page = libcgo.7 || grep -q "^\.It Xr ${page%.*} ${page##*.}\$" $man/libcgo.7 || {
      echo "not in libcgo(7): $page"
      missing=1
    }
  done
  return $missing
}

# In pages, and in comments of headers. What is not ours is the system's.
references_lead_somewhere() {
  reachable | sed 's/.* //' >targets
  {
    sed 's/[()]//g' $(pages) | sed -n 's/.*Xr \([^ ]*\) \([0-9]\).*/\1.\2/p'
    sed -n 's/.*[ (]\([A-Za-z_][A-Za-z0-9_-]*\)(\([1-9]\)).*/\1.\2/p' $headers
  } | grep '^\(libcgo\|LIBCGO\|_cgo\|crosscall\|initcgo\)' | sort -u >references
  grep -q . references && ! grep -vxFf targets references
}

every_probe_is_listed() {
  missing=0
  probes=$(sed -n 's/.*LIBCGO_PROBE(\([a-z_]*\),.*/\1/p' $srcdir/src/*/*.cc | sort -u)
  for probe in ${probes:-none}; do
    grep -q "^\.It Li $probe\$" $man/libcgo-runtime.7 || {
      echo "not in libcgo-runtime(7): $probe"
      missing=1
    }
  done
  return $missing
}

# ---- safety ----

# Lines of FUNCTION THREADS SIGNALS, from the sentence "Safe ..." or "Not safe ..." of the
# comment above each function: THREADS is yes or alone, SIGNALS is yes, no or if. Go's
# functions have a page of their own, and some are for macros only, as are inline functions
# whose name ends in "_".
safety_of_headers() {
  cat $(echo $headers | tr ' ' '\n' | grep -v '/go\.h$') | awk '
    /^\/\*/ { comment = "" }
    { comment = comment " " $0 }
    /^(extern )?LIBCGO_API |^static inline [a-z_0-9]+ libcgo_[a-z_0-9]*[a-z]\(/ {
      if (!/\(/) { getline line; $0 = $0 " " line }
      gsub(/[ *]+/, " ", comment)
      if (comment ~ /Do not call it/) next
      if (!match($0, /\*const [a-z_0-9]+/)) match($0, /[a-z_0-9]+\(/)
      name = substr($0, RSTART, RLENGTH)
      gsub(/\*const |\(/, "", name)
      threads = "untold"
      if (comment ~ /Safe in any thread/) threads = "yes"
      if (comment ~ /Safe in any thread while no other/ || comment ~ /Not safe beside/)
        threads = "alone"
      signals = "untold"
      if (comment ~ /in signal handlers/) signals = "if"
      if (comment ~ /Safe in any thread and in signal handlers\./) signals = "yes"
      if (comment ~ /not safe in signal handlers/) signals = "no"
      print name, threads, signals
    }' | LC_ALL=C sort -u
}

# The same from the table in libcgo(7).
safety_of_the_table() {
  awk '
    /^\.Ss / { in_table = $2 == "Safety" }
    in_table && /^\.It (Fn|Va) / && / Ta / {
      split($0, cell, " Ta ")
      sub(/\\~.*/, "", cell[3])
      print $3, cell[2], cell[3]
    }' $man/libcgo.7 | LC_ALL=C sort -u
}

the_table_of_safety_is_that_of_the_headers() {
  safety_of_headers >headers.safety
  safety_of_the_table >table.safety
  grep -q . headers.safety && diff headers.safety table.safety
}

# ---- errors ----

# Lines of FUNCTION ERRNO, from the comment above each function that returns an
# int.
errors_of_headers() {
  cat $headers | awk '
    /\/\*/ { comment = "" }
    { comment = comment " " $0 }
    /^LIBCGO_API int$/ { getline line; $0 = $0 " " line }
    /^LIBCGO_API int / {
      match($0, /int [a-z_0-9]+/)
      name = substr($0, RSTART + 4, RLENGTH - 4)
      n = split(comment, words, /[^A-Z0-9a-z_]+/)
      for (i = 1; i <= n; i++)
        if (words[i] ~ /^E[A-Z0-9]+$/ && length(words[i]) > 3)
          print name, words[i]
    }' | LC_ALL=C sort -u
}

# shellcheck source=tests/support/errors.sh
. "$srcdir/tests/support/errors.sh"

errors_are_those_of_the_headers() {
  errors_of_headers >headers.errors
  errors_of_pages >pages.errors
  grep -q . headers.errors && diff headers.errors pages.errors
}

# ---- examples ----

# Each block of a page's EXAMPLES that is a C file, as PAGE-N.c.
extract_examples() {
  awk -v page="${1##*/}" '
    /^\.Sh / { examples = $2 == "EXAMPLES" }
    /^\.Ed/ { if (file != "") close(file); in_block = 0; file = "" }
    in_block {
      if (file == "" && $1 == "#include") file = page "-" ++n ".c"
      else if (file == "") in_block = 0
      if (file != "") {
        gsub(/\\e/, "\\")
        gsub(/\\&/, "")
        print >file
      }
    }
    examples && /^\.Bd -literal/ { in_block = 1 }
  ' "$1"
}

if test -f "$builddir/.libs/libcgo.so"; then
  libs=$shared_libs
else
  libs="$static_lib -pthread $PRIVATE_LIBS"
fi

# Whether a page's examples are about the classic face, which does not exist here.
of_another_cpu() {
  test "$CLASSIC" = no && rm -f ./*.c && extract_examples "$1" &&
    grep -q 'initcgo\|_cgo_malloc' ./*.c
}

# Whether they are C++, and there is no C++ library.
of_no_cxx_library() {
  test "$CXX_LIBRARY" = no && rm -f ./*.c && extract_examples "$1" &&
    grep -q '#include <libcgo\.hpp>' ./*.c
}

# The flags for the headers of the runtime that a page is about, or fails.
host_of() {
  case $1 in
  */libcgo-jni.7)
    for dir in ${JAVA_HOME:+"$JAVA_HOME"} /usr/lib/jvm/*; do
      test ! -e "$dir/include/jni.h" || {
        echo "-isystem $dir/include -isystem $dir/include/linux"
        return 0
      }
    done
    return 1 ;;
  */libcgo-ocaml.7) have ocamlopt && echo "-isystem $(ocamlopt -where)" ;;
  esac
}

# One with main runs and returns 0; the others are parts, which compile.
examples_run() {
  rm -f ./*.c ./*.cc
  extract_examples "$1"
  for example in ./*.c; do
    test -f "$example" || return 1
    echo "$example"
    compile="$CC -std=gnu11 -Wall -Wextra -Wpedantic -Werror $cppflags $(host_of $1) $CFLAGS"
    case $2 in common) compile="$compile -fcommon" ;; esac
    if grep -q '#include <libcgo\.hpp>' "$example"; then
      compile="$CXX -std=gnu++17 -Wall -Wextra -Wpedantic -Werror $cppflags $CXXFLAGS"
      mv "$example" "$example.cc"
      example=$example.cc
    fi
    if grep -q '^int main(' "$example"; then
      $compile "$example" -o example $libs && run_program example || return 1
    else
      $compile -c "$example" -o example.o || return 1
    fi
  done
}

# ---- form ----

# That a page which it refers to is not installed is not the page's fault, nor that the
# machine's clock is behind its date.
# What mandoc writes to either of its outputs can begin in the middle of a line of the other.
lint() {
  mandoc -Tlint -W style "$1" >lint.out 2>lint.err
  cat lint.out lint.err |
    grep -v 'referenced manual not found\|outdated mandoc\.db\|date in the future' >lint
  cat lint
  ! grep -q . lint
}

the_readme_s_example_runs() {
  rm -f ./*.c ./*.cc
  sed -n '/^```c$/,/^```$/{/^```/!p;}' "$srcdir/README.md" >readme.c
  $CC -std=gnu11 -Wall -Wextra -Wpedantic -Werror $cppflags $CFLAGS readme.c \
    -o example $libs && run_program example >out || return 1
  cat out
  test "$(cat out)" = 'called back'
}

# The table in docs/design.md names tests: FILE or FILE: NAME.
tests_of_the_design_exist() {
  sed -n '/^## What the kit must offer/,$p' "$srcdir/docs/design.md" | awk -F '|' '
    NF > 4 { n = split($5, part, "`"); for (i = 2; i <= n; i += 2) print part[i] }' >tests.txt
  grep -q : tests.txt || return 1
  missing=0
  while read -r wanted; do
    file=${wanted%%:*} name=${wanted#*: }
    ls "$srcdir"/tests/*/"$file".[cs]* >/dev/null 2>&1 || {
      echo "no test file: $file"
      missing=1
    }
    test "$file" = "$wanted" || cat "$srcdir"/tests/*/*.[cs]* "$srcdir"/tests/*/*.faults "$srcdir"/tests/ports/arch/*.faults | grep -qw "$name" || {
      echo "no test: $wanted"
      missing=1
    }
  done <tests.txt
  return $missing
}

ok the_readme_s_example_runs the_readme_s_example_runs
ok tests_that_the_design_names_exist tests_of_the_design_exist
ok names_of_pages_and_links_are_those_of_the_name_sections links_are_what_the_pages_name
ok every_exported_symbol_has_a_page every_symbol_has_a_page
ok every_macro_of_the_headers_has_a_page every_macro_has_a_page
ok every_header_is_in_the_index_of_libcgo_7 every_header_is_in_the_index
ok every_page_is_in_the_index_of_libcgo_7 every_page_is_in_the_index
ok every_probe_is_in_libcgo_runtime_7 every_probe_is_listed
ok every_reference_leads_to_a_page references_lead_somewhere
ok the_table_of_safety_is_that_of_the_headers the_table_of_safety_is_that_of_the_headers
ok errors_of_pages_are_those_of_the_headers errors_are_those_of_the_headers
for page in $(pages); do
  name=$(basename $page | tr .- __)
  # Those of section 1 are commands.
  if test "${page%.1}" = $page && grep -q '^\.Sh EXAMPLES' $page; then
    # Clients of 2010 define the library's variables without a value.
    case $page in *classic.7) how=common ;; *) how=plain ;; esac
    if of_another_cpu "$page"; then
      skip "the_examples_of_${name}_run" "the classic face does not exist on $CPU"
    elif test "$name" = libcgo_stack_bounds_3 && ! test -r /proc/self/maps; then
      skip "the_examples_of_${name}_run" "there is no /proc"
    elif ! host_of "$page" >host; then
      skip "the_examples_of_${name}_run" "the headers of that runtime are not here"
    elif of_no_cxx_library "$page"; then
      skip "the_examples_of_${name}_run" "the compiler of C++ has no C++ library"
    else
      ok "the_examples_of_${name}_run" examples_run $page $how
    fi
  fi
  if have mandoc; then
    ok "${name}_is_clean_mdoc" lint $page
  else
    skip "${name}_is_clean_mdoc" "there is no mandoc"
  fi
done
done_testing

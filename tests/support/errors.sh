# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
#
# The errors that man pages have, for scripts that set srcdir.

# Lines of FUNCTION ERRNO from the ERRORS sections. An item is about the functions that stand
# before its colon,
#     .It Bq Er EPERM
#     .Fn this ,
#     .Fn that :
# or else about all of the page that return an int.
errors_of_pages() {
  for page in "$srcdir"/man/*.[1-9]; do
    awk '
      function flush() {
        if (error != "")
          for (f in heading) print f, error
        error = ""
      }
      /^\.Sh / { flush(); section = $2 }
      section == "SYNOPSIS" && $1 == ".Ft" { int_next = $2 == "int" && NF == 2 }
      section == "SYNOPSIS" && ($1 == ".Fn" || $1 == ".Fo") && int_next {
        all[$2] = 1
        int_next = 0
      }
      section != "ERRORS" { next }
      /^\.It / {
        flush()
        if (match($0, /Er E[A-Z0-9]+/)) {
          error = substr($0, RSTART + 3, RLENGTH - 3)
          for (f in heading) delete heading[f]
          for (f in all) heading[f] = 1
          reading = 1
          count = 0
        }
        next
      }
      /^\.El/ { flush(); next }
      error != "" && reading {
        if ($1 == ".Fn" && ($3 == "," || $3 == ":")) {
          listed[++count] = $2
          if ($3 == ":") {
            for (f in heading) delete heading[f]
            while (count > 0) heading[listed[count--]] = 1
            reading = 0
          }
        } else {
          reading = 0
        }
      }' "$page"
  done | LC_ALL=C sort -u
}

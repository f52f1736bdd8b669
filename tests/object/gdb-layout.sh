#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# tools/libcgo-gdb.py: where it looks for registers of a suspended context is where the frame
# description of libcgo_context_look has them.
. "$(dirname "$0")/../support/tap.sh"

script=$srcdir/tools/libcgo-gdb.py
routine=$builddir/src/.libs/libswitch.a

# Of that routine, which is the last, the row with the most registers.
described() {
  $READELF --debug-dump=frames-interp "$routine" >frames || return 1
  awk '
    / (FDE|CIE) / { columns = 0; next }
    $1 == "LOC" {
      columns = NF
      for (i = 1; i <= NF; i++)
        name[i] = $i
      most = 0
      next
    }
    columns && NF == columns {
      count = 0
      for (i = 3; i <= NF; i++)
        count += $i ~ /^c[-+]/
      if (count <= most)
        next
      most = count
      cfa = $2
      sub(/.*\+/, "", cfa)
      found = "cfa " cfa "\n"
      for (i = 3; i <= NF; i++)
        if ($i ~ /^c[-+]/) {
          sub(/^c\+*/, "", $i)
          found = found name[i] " " $i "\n"
        }
    }
    END { printf "%s", found }' frames | LC_ALL=C sort >description
  cat description
  test -s description
}

# What the script says of this CPU, in the same form.
told() {
  awk -v cpu="$CPU" '
    /^FRAMES = / { reading = 1 }
    reading && $1 == cpu {
      if ($6 != "chain")
        print "cfa", $6
      for (i = 8; i <= NF; i++) {
        split($i, place, "=")
        if (place[2] >= 0 && $6 != "chain") # of a window
          continue
        name = place[1]
        sub(/.*:/, "", name)
        print name == $4 ? "ra" : name, place[2]
      }
    }' "$script" | LC_ALL=C sort >told
  cat told
  test -s told
}

as_described() {
  described && told && test -z "$(comm -23 told description)"
}

# General registers, whose names are in the table: none is left out.
all_are_told() {
  awk 'NR == FNR { told[$1] = 1; next }
    $1 in told || $1 == "cfa" { next }
    $1 ~ /^(f|v|d)/ { next }                                # floating-point registers
    $1 ~ /^r[0-9]+$/ && substr($1, 2) + 0 > 31 { next }
    cpu == "m68k" && substr($1, 2) + 0 >= 16 { next }
    { print "not told:", $0; bad = 1 }
    END { exit bad }' cpu="$CPU" told description
}

if ! grep -q "^$CPU  *[48] " "$script"; then
  skip the_script_for_gdb_knows_the_frame_of_a_suspended_context "not on $CPU"
elif ! test -f "$routine" || ! $READELF --version 2>/dev/null | grep -q GNU ||
  ! $READELF -h "$routine" 2>/dev/null | grep -q ELF; then
  skip the_script_for_gdb_knows_the_frame_of_a_suspended_context \
    'no object in ELF, or no readelf of GNU'
elif test "$CPU" = arm && described >/dev/null && ! grep -q '^r264 ' description; then
  skip the_script_for_gdb_knows_the_frame_of_a_suspended_context 'no floating-point registers'
else
  ok the_script_for_gdb_knows_the_frame_of_a_suspended_context as_described
  ok the_script_for_gdb_knows_every_general_register all_are_told
fi
done_testing

# SPDX-License-Identifier: BSD-3-Clause
#
# gnuplot -e "data='chart.tsv'; chart='bench.svg'" chart.gp
#
# A bar for each ratio (median) with a line from its lowest to its highest
# repetition; one plot for each data set, with its name above it and its unit below.
set terminal svg size 900,1270 font 'sans-serif,13' background '#ffffff' noenhanced
set output chart
set datafile separator "\t"
set multiplot
set style fill solid 0.85 noborder
set key off
set border 1
set tics nomirror out
set ytics scale 0
set grid xtics lc rgb '#dddddd'
set lmargin at screen 0.4
set rmargin at screen 0.93

# A set is a line "name (unit)" and its rows, of which the first is the unit.
set_of(i, print) = system(sprintf("awk -v want=%d 'BEGIN { RS = \"\"; FS = \"\\n\" } NR == want + 1 { gsub(/\"/, \"\", $1); %s }' %s", i, print, data))
rows(i) = int(set_of(i, "print NF - 1"))
name(i) = set_of(i, "sub(/ \\(.*/, \"\", $1); print toupper(substr($1, 1, 1)) substr($1, 2)")

brief(x) = sprintf(x < 10 ? '  %.2f' : x < 100 ? '  %.1f' : '  %.0f', x)

stats data using 0 nooutput
sets = STATS_blocks
all = 0.0
do for [i = 0:sets - 1] { all = all + rows(i) + 6 }
top = 1.0
do for [i = 0:sets - 1] {
  n = rows(i)
  set tmargin at screen top - 2.0 / all
  set bmargin at screen top - (n + 2.0) / all
  set label 1 name(i) at screen 0.02, screen top - 1.2 / all left font ',16'
  top = top - (n + 6.0) / all
  set yrange [n - 0.4:-0.6]
  if (i == 0) { set logscale x; set xrange [0.4:*] } else { unset logscale x; set xrange [0:*] }
  set xlabel 'multiples of the first line' . (i == 0 ? ', on a logarithmic scale: ten times as much at each number' : '') offset 0,0.7
  plot data index i every ::1 using (i == 0 ? 0.4 : 0):0:(i == 0 ? 0.4 : 0):2:($0 - 0.36):($0 + 0.36):ytic(1) \
         with boxxyerror lc rgb '#4878a8', \
       '' index i every ::1 using 2:0:3:4 with xerrorbars pt 0 lc rgb '#203040', \
       '' index i every ::1 using 4:0:(brief($2)) with labels left
}
unset multiplot
set output

# Names are bold; dark where the reader's screen is.
style = "<style>[font-size=\"16.00\"] { font-weight: bold } @media (prefers-color-scheme: dark) {" \
  . " [fill=\"#ffffff\"] { fill: #0f1319 } [fill=\"black\"] { fill: #e6edf3 }" \
  . " [stroke=\"black\"], [stroke=\"rgb( 32,  48,  64)\"] { stroke: #b1bac4 }" \
  . " [stroke=\"rgb(221, 221, 221)\"] { stroke: #353d48 } }</style>"
system(sprintf("sed -i.gnuplot -e 's|^<title>.*|<title>Benchmarks</title>|' -e 's|^<defs>$|%s&|' '%s' && rm '%s.gnuplot'", style, chart, chart))

# SPDX-License-Identifier: BSD-3-Clause
#
# gnuplot -e "data='chart.tsv'; chart='bench.svg'" chart.gp
#
# A bar for each ratio (median) with a line from its lowest to its highest
# repetition; one plot for each data set.
set terminal svg size 900,1180 font 'sans-serif,13' background 'white' noenhanced
set output chart
set datafile separator "\t"
set multiplot
set style fill solid 0.85 noborder
set yrange [*:*] reverse
set key off
set border 1
set tics nomirror
set ytics scale 0
set grid xtics lc rgb '#dddddd'
set lmargin at screen 0.4
set rmargin at screen 0.93

rows(i) = int(system(sprintf("awk -v want=%d 'BEGIN { RS = \"\"; FS = \"\\n\" } NR == want + 1 { print NF - 1 }' %s", i, data)))
heading(i) = system(sprintf("awk -v want=%d 'BEGIN { RS = \"\"; FS = \"\\n\" } NR == want + 1 { gsub(/\"/, \"\", $1); print $1 }' %s", i, data))

brief(x) = sprintf(x < 10 ? '  %.2f' : x < 100 ? '  %.1f' : '  %.0f', x)

stats data using 0 nooutput
sets = STATS_blocks
all = 1.0 # for the last axis
do for [i = 0:sets - 1] { all = all + rows(i) + 3 }
top = 1.0
do for [i = 0:sets - 1] {
  n = rows(i)
  set tmargin at screen top - 2.0 / all
  set bmargin at screen top - (n + 2.0) / all
  top = top - (n + 3.0) / all
  set title heading(i) offset 0,-0.5
  set yrange [n - 0.4:-0.6]
  if (i == 0) { set logscale x; set xrange [0.4:*] } else { unset logscale x; set xrange [0:*] }
  plot data index i every ::1 using (i == 0 ? 0.4 : 0):0:(i == 0 ? 0.4 : 0):2:($0 - 0.36):($0 + 0.36):ytic(1) \
         with boxxyerror lc rgb '#4878a8', \
       '' index i every ::1 using 2:0:3:4 with xerrorbars pt 0 lc rgb '#203040', \
       '' index i every ::1 using 4:0:(brief($2)) with labels left
}
unset multiplot

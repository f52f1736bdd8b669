# SPDX-License-Identifier: BSD-3-Clause
#
# gnuplot -e "data='table.md'; chart='hosts.svg'" chart.gp
#
# Three bars for each runtime, in nanoseconds, on a logarithmic scale: the usual way, the best
# way by hand, libcgo. data is the table that run.sh prints.
set terminal svg size 900,720 font 'sans-serif,13' background '#ffffff' noenhanced
set output chart
rows = "< sed -n 's/^| *\\([^|]*[0-9][^|]*[^ |]\\) *| *\\([0-9]*\\) *| *\\([0-9]*\\) *| *\\([0-9]*\\) *|.*/\"\\1\" \\2 \\3 \\4/p' " . data
set style fill solid 0.85 noborder
set border 1
set tics nomirror out
set ytics scale 0
set grid xtics lc rgb '#dddddd'
set lmargin at screen 0.31
set rmargin at screen 0.94
stats rows using 2 nooutput
set yrange [STATS_records - 0.4:-0.6]
set logscale x
set xrange [30:60000]
set xlabel 'nanoseconds for one call, on a logarithmic scale: ten times as much at each number'
set key outside top center horizontal width 2
array name[3] = ['the usual way', 'the best way by hand', 'libcgo']
array colour[3] = ['#b0b0b0', '#d09040', '#4878a8']
plot for [i = 1:3] rows using (30):0:(30):i + 1:($0 + 0.26 * (i - 2) - 0.12):($0 + 0.26 * (i - 2) + 0.12):ytic(1) \
       with boxxyerror lc rgb colour[i] title name[i], \
     for [i = 1:3] rows using i + 1:($0 + 0.26 * (i - 2)):(sprintf('  %d', column(i + 1))) \
       with labels left font ',10' notitle
set output

# Dark where the reader's screen is.
style = "<style>@media (prefers-color-scheme: dark) {" \
  . " [fill=\"#ffffff\"] { fill: #0f1319 } [fill=\"black\"] { fill: #e6edf3 }" \
  . " [stroke=\"black\"] { stroke: #b1bac4 }" \
  . " [stroke=\"rgb(221, 221, 221)\"] { stroke: #353d48 } }</style>"
system(sprintf("sed -i.gnuplot -e 's|^<title>.*|<title>One call into a runtime</title>|' -e 's|^<defs>$|%s&|' '%s' && rm '%s.gnuplot'", style, chart, chart))

# SPDX-License-Identifier: BSD-3-Clause
#
# bench.rb ROUNDS: see ruby.c. A tenth of the rounds took less than what is printed.
require './bench'

rounds = ARGV[0].to_i
ways = %w[usual hand libcgo]
ns = ways.map { [] }
rounds.times do |r|
  3.times do |i|
    way = (i + r) % 3
    ns[way] << Bench.round(way, 500) { |n| n + 1 }
  end
end
ways.each_with_index { |way, i| puts format("ruby #{way} %.1f", ns[i].sort[rounds / 10]) }

# SPDX-License-Identifier: BSD-3-Clause
#
# Four threads of C ask 1,000 questions each; the answers are the squares. Meanwhile another
# thread of Ruby runs. Then a block raises, a thread is killed, and the program ends while
# threads of C still ask.
require './asker'

others = 0
other = Thread.new { loop { others += 1; Thread.pass } }
asked = 0
sum = Asker.run(4, 1000) { |n| asked += 1; n * n }
puts "asked: #{asked} sum: #{sum} others ran: #{others.positive?}"

begin
  Asker.run(2, 1000) { |n| raise 'no answer' if n == 500; 0 }
rescue RuntimeError => e
  puts "raised: #{e.message}"
end

started = Queue.new
asking = Thread.new { Asker.run(2, 1_000_000_000) { |_| started << 1 if started.empty?; 0 } }
started.pop
asking.kill.join
puts "killed: #{!asking.alive?}"

other.kill
Thread.new { Asker.run(2, 1_000_000_000) { |_| started << 1 if started.empty?; 0 } }
started.pop

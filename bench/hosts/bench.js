// SPDX-License-Identifier: BSD-3-Clause
//
// bench.js MODULE ROUNDS: see node.c. A tenth of the rounds took less than what is printed.
const bench = require(process.argv[2]);
const rounds = Number(process.argv[3]);
const ways = ['usual', 'hand', 'libcgo'];
const ns = ways.map(() => []);
let turn = 0;
function next() {
  if (turn === rounds * ways.length) {
    ways.forEach((way, i) => {
      ns[i].sort((a, b) => a - b);
      console.log(`node ${way} ${ns[i][Math.floor(rounds / 10)].toFixed(1)}`);
    });
    process.exit(0);
  }
  bench.round((turn + Math.floor(turn / ways.length)) % ways.length, 500);
}
bench.set((n) => n + 1, (took) => {
  ns[(turn + Math.floor(turn / ways.length)) % ways.length].push(took);
  turn++;
  next();
});
next();

// SPDX-License-Identifier: BSD-3-Clause
//
// Four threads of C ask 1,000 questions each; the answers are the squares. Then the program
// ends while others still ask.
const asker = require(process.argv[2] || './build/Release/asker.node');

let asked = 0;
asker.run(4, 1000, (n) => { asked++; return n * n; }).then((sum) => {
  console.log(`asked: ${asked} sum: ${sum}`);
  asker.run(2, 1e9, () => { if (++asked === 5000) process.exit(0); return 0; });
});

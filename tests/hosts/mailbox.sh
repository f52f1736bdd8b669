#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086,SC2317
#
# Mailboxes on machines that cannot adopt a thread: examples/ruby and examples/node, built as
# their READMEs say. RUBY, NODE: these instead of those in PATH. HOSTS_EXITS: how often each
# ends under fire.
. "$(dirname "$0")/../support/tap.sh"
hosts='Ruby and Node'
# shellcheck source=tests/support/hosts.sh
. "$srcdir/tests/support/hosts.sh"

have pkg-config || skip_all 'there is no pkg-config'

: "${RUBY:=ruby}" "${NODE:=node}"
sed 's/-uninstalled//' "$builddir/libcgo-uninstalled.pc" >libcgo.pc
PKG_CONFIG_PATH=$scratch LD_LIBRARY_PATH=$builddir/.libs
export PKG_CONFIG_PATH LD_LIBRARY_PATH
unset MAKEFLAGS MFLAGS MAKELEVEL
cp -r "$srcdir/examples/ruby" "$srcdir/examples/node" . && chmod -R u+w ruby node || exit 1

one_library() { cmp ruby/asker.c node/asker.c && cmp ruby/asker.h node/asker.h; }

ruby_is_built() {
  (cd ruby && $RUBY extconf.rb && make) >log 2>&1
  status=$?
  cat log
  test $status = 0 && ! grep -i warning log
}
# Each run also ends while threads of C ask.
says() { # EXPECTED COMMAND...
  expected=$1
  shift
  i=0
  while test $i -lt ${HOSTS_EXITS:-3}; do
    timeout -k 1 120 "$@" >said 2>&1
    status=$?
    cat said
    if test $status != 0 || ! printf %b "$expected" | cmp - said; then
      echo "exit status $status in run $i"
      return 1
    fi
    i=$((i + 1))
  done
}
run_ruby() { (cd ruby && says 'asked: 4000 sum: 1331334000 others ran: true\nraised: no answer\nkilled: true\n' $RUBY demo.rb); }

ok the_examples_have_one_library one_library
if ! have $RUBY; then
  skip ruby_asks 'there is no Ruby here (Debian: ruby-dev)'
elif ! $RUBY -e 'require "mkmf"; exit find_header("ruby.h")' >log 2>&1; then
  skip ruby_asks 'this Ruby has no headers (Debian: ruby-dev)'
else
  ok "the_example_for_ruby_$($RUBY -e 'print RUBY_VERSION')_is_built" ruby_is_built
  ok threads_of_c_ask_ruby_until_it_raises_is_killed_or_ends run_ruby
fi

# ---- Node ----

# Its node-gyp would fetch the headers, which are here.
node_gyp() {
  for gyp in "$node_prefix/lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js" \
    "$node_prefix/share/nodejs/node-gyp/bin/node-gyp.js"; do
    if test -f "$gyp"; then
      echo "$gyp"
      return
    fi
  done
}
node_is_built() {
  if test -n "$gyp"; then
    (cd node && timeout -k 1 300 $NODE "$gyp" rebuild --nodedir="$node_prefix") >log 2>&1
  else
    mkdir -p node/build/Release && (cd node && $CC -std=gnu11 -Wall -Wextra -O2 -fPIC -shared $cppflags \
      -isystem "$node_prefix/include/node" asker.c asker_node.c -o build/Release/asker.node $shared_libs) >log 2>&1
  fi
  status=$?
  cat log
  test $status = 0 && ! grep -i 'warning:' log
}
run_node() { (cd node && says 'asked: 4000 sum: 1331334000\n' $NODE demo.js); }
# What the function throws ends the thread that asked, and is Node's uncaughtException.
cat >node/throws.js <<'C'
const asker = require('./build/Release/asker.node');
let thrown = 0;
process.on('uncaughtException', () => { thrown++; });
asker.run(3, 10, (n) => { if (n === 5) throw new Error('no answer'); return 1; })
  .then((sum) => console.log(`thrown: ${thrown} sum: ${sum}`));
C
node_throws() { (cd node && HOSTS_EXITS=1 says 'thrown: 3 sum: 15\n' $NODE throws.js); }
# A second thread of JavaScript has no mailbox, and is told so.
cat >node/worker.js <<'C'
const { Worker } = require('worker_threads');
require('./build/Release/asker.node');
new Worker("require('./build/Release/asker.node')", { eval: true })
  .on('error', (e) => console.log(e.message));
C
node_worker() { (cd node && HOSTS_EXITS=1 says 'asker cannot be loaded here\n' $NODE worker.js); }

if ! have $NODE; then
  skip node_asks 'there is no Node here (Debian: nodejs, libnode-dev)'
else
  node_prefix=$(dirname "$(dirname "$(readlink -f "$(command -v $NODE)")")")
  gyp=$(node_gyp)
  if ! test -f "$node_prefix/include/node/node_api.h"; then
    skip node_asks 'this Node has no headers (Debian: libnode-dev)'
  else
    ok "the_example_for_node_$($NODE --version)_is_built" node_is_built
    ok threads_of_c_ask_node_until_it_ends run_node
    ok what_the_function_throws_is_nodes node_throws
    ok a_worker_of_node_is_refused node_worker
  fi
fi
done_testing

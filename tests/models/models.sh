#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The models of what threads do without a lock: the world, handles, and hand-shakes at the
# start. Builds the explorer, which visits every state that they can reach, and runs it:
# a fast selection, or all of it with MODELS=all (make check-models). docs/world.md tells
# about the models, tests/models/machine.h about the memory model.
. "$(dirname "$0")/../support/tap.sh"

models=$srcdir/tests/models
selection=--fast
test "${MODELS:-fast}" != all || selection=

# -O2 would compile longer than it saves. The flags of the library's build do not matter here.
# CXX may be several words.
build() {
  # shellcheck disable=SC2086
  $CXX -std=c++17 -O1 -o explorer "$models/explore.cc"
}

comes_to_its_end() {
  tail -n 1 results | grep '^1\.\.[1-9]'
}

# explore NAME: with the numbers of this script.
explore() {
  # shellcheck disable=SC2086
  ./explorer $selection "$models/$1.model" >results 2>&1
  ok "the_explorer_comes_to_the_end_of_$1" comes_to_its_end
  awk -v n="$tests" '/^(not )?ok / { sub(/ok [0-9]+/, "ok " ++n) } !/^1\.\./' results
  tests=$((tests + $(grep -cE '^(not )?ok ' results)))
  failed=$((failed + $(grep -c '^not ok ' results)))
}

if test "$CXX_LIBRARY" != yes; then
  skip the_models 'there is no C++ library'
elif test -n "$TEST_EMU"; then
  skip the_models 'they are the same on each host, and an emulated CPU is slow'
else
  ok the_explorer_can_be_built build
  for model in litmus handles start world close; do
    explore $model
  done
fi
done_testing

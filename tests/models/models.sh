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

# They are the same on each host, and an emulated CPU would be slow.
if test "$CXX_LIBRARY" != yes; then
  skip the_models 'no C++ library'
elif test -n "$TEST_EMU"; then
  skip the_models 'the explorer is not run by an emulator'
else
  # CXX may be several words. The flags of the library's build do not matter here.
  # shellcheck disable=SC2086
  ok the_explorer_can_be_built $CXX -std=c++17 -O2 -o explore "$models/explore.cc"
  for model in litmus handles start world; do
    # shellcheck disable=SC2086
    ./explore $selection "$models/$model.model" >results 2>errors || ok "$model" cat errors results false
    awk -v n="$tests" '/^(not )?ok / { sub(/ok [0-9]+/, "ok " ++n) } !/^1\.\./' results
    tests=$((tests + $(grep -cE '^(not )?ok ' results)))
    failed=$((failed + $(grep -c '^not ok ' results)))
    test -s results || ok "$model" false
  done
fi
done_testing

// SPDX-License-Identifier: BSD-3-Clause
//
// Boost.Context: another stack, and back.
#include "config.h"

#include "bench.h"

#ifdef HAVE_BENCH_BOOST
#include <boost/context/fiber.hpp>

#include <utility>

namespace {

using boost::context::fiber;

void switch_there_and_back(benchmark::State &state) {
  bool stop = false;
  fiber other([&](fiber &&back) {
    while (!stop)
      back = std::move(back).resume();
    return std::move(back);
  });
  repeat(state, [&] { other = std::move(other).resume(); });
  stop = true;
  other = std::move(other).resume();
}
CALL("Boost.Context: fiber there and back", switch_there_and_back);

} // namespace
#else
LEFT_OUT("Boost.Context: fiber there and back", "no Boost.Context (Debian: libboost-context-dev)");
#endif

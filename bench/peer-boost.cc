// SPDX-License-Identifier: BSD-3-Clause
//
// Boost.Context: another stack, and back.
#include "config.h"

#include "bench.h"

#ifdef HAVE_BENCH_BOOST
#include <boost/context/detail/fcontext.hpp>
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

// What a fiber is made of.
namespace detail = boost::context::detail;

void jump_there_and_back(benchmark::State &state) {
  static char memory[64 * 1024];
  detail::fcontext_t other = detail::make_fcontext(
      memory + sizeof memory, sizeof memory, [](detail::transfer_t from) {
        for (;;)
          from = detail::jump_fcontext(from.fctx, nullptr);
      });
  repeat(state, [&] { other = detail::jump_fcontext(other, nullptr).fctx; });
}
CALL("Boost.Context: jump_fcontext", jump_there_and_back);

} // namespace
#else
LEFT_OUT("Boost.Context: fiber there and back",
         "no Boost.Context (Debian: libboost-context-dev)");
#endif

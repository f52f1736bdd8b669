// SPDX-License-Identifier: BSD-3-Clause
//
// cpp - a language runtime in C++, on <libcgo.hpp>
//
// Its tasks run on small stacks. One sorts words with C's qsort_r, which runs
// on the system stack. qsort_r calls back into the runtime, and the comparison
// runs on the small stack again. When the comparison throws, the exception
// passes all three: the small stack, qsort_r on the system stack, the small
// stack. (glibc compiles qsort_r so that exceptions pass.)
#include <libcgo.hpp>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

// The runtime's record of a thread. Foreign threads get one, too.
struct worker : cgo::thread {
  cgo::stack small{64 << 10};
  int comparisons = 0;
};

using strings = std::vector<std::string>;
using order = bool (*)(const std::string &, const std::string &);

// Both are initialised statically, before any constructor runs.
static cgo::runtime<worker> runtime;
static cgo::handle_table<const order> orders;

// C calls this on the system stack. `word` is a handle: if the order is gone,
// that is found out here. A pointer would dangle.
static int compare(const void *a, const void *b, void *word) {
  return cgo::callback(runtime, [&](worker &self) {
    return cgo::on_stack(self, self.small, [&] {
      const order *before = orders.get(word);
      if (before == nullptr)
        throw std::logic_error("the handle is stale");
      self.comparisons++;
      auto &left = *static_cast<const std::string *const *>(a);
      auto &right = *static_cast<const std::string *const *>(b);
      return (*before)(*left, *right) ? -1 : (*before)(*right, *left) ? 1 : 0;
    });
  });
}

// A task: runs on a small stack, and lets C sort.
static strings sort(worker &self, const strings &words, order before) {
  return cgo::on_stack(self, self.small, [&] {
    std::vector<const std::string *> sorted; // C may move pointers as bytes
    for (const std::string &word : words)
      sorted.push_back(&word);
    const cgo::handle<const order> handle = orders.make(before);
    cgo::on_system_stack(self, [&] {
      qsort_r(sorted.data(), sorted.size(), sizeof sorted[0], compare,
              handle.pointer());
    });
    strings result;
    for (const std::string *word : sorted)
      result.push_back(*word);
    return result;
  });
}

static bool by_text(const std::string &a, const std::string &b) {
  if (a.empty() || b.empty())
    throw std::invalid_argument("a word is empty");
  return a < b;
}

int main() try {
  // Callbacks wait until done(). If main threw before that, the claim on the
  // start-up would be given back, and another thread could try.
  cgo::init start_up(runtime.init);
  start_up.done();

  // On a created thread. The future has the result, or the exception.
  std::packaged_task<strings(worker &)> task([](worker &self) {
    return sort(self, {"to", "be", "or", "not", "to", "be"}, by_text);
  });
  std::future<strings> result = task.get_future();
  runtime.start(cgo::thread_options().name("sorter").stack_size(1 << 20),
                std::move(task));
  for (const std::string &word : result.get())
    std::printf("%s ", word.c_str());
  std::printf("\n");

  // On a foreign thread, attached for as long as `here` lives.
  std::thread([] {
    cgo::attachment here(runtime);
    try {
      sort(here.thread(), {"full", ""}, by_text);
    } catch (const std::invalid_argument &e) {
      std::printf("caught: %s, after %d comparisons\n", e.what(),
                  here.thread().comparisons);
    }
  }).join();
  return 0;
} catch (const std::exception &e) { // cgo::error names the call, and the limit
  std::fprintf(stderr, "cpp: %s\n", e.what());
  return 1;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// cpp - a language runtime in C++, on <libcgo.hpp>
//
// Its tasks run on small stacks, and take turns. Each sorts words with C's
// qsort_r, which runs on the system stack. qsort_r calls back into the runtime,
// and the comparison runs on the small stack again. When the comparison throws,
// the exception passes all three: the small stack, qsort_r on the system stack,
// the small stack. (glibc compiles qsort_r so that exceptions pass.) It is caught
// in the task: there its stack begins.
#include <libcgo.hpp>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

// A task: a small stack, and the context that runs there.
struct task {
  cgo::stack small{64 << 10};
  cgo::context context;
};

// The runtime's record of a thread. Foreign threads get one, too.
struct worker : cgo::thread {
  cgo::context scheduler = cgo::context::of_caller();
  task *running = nullptr;
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
    return cgo::on_stack(self, self.running->small, [&] {
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

// Prepares a task, which runs fn(self).
template <class F> static void make(worker &self, task &t, F fn) {
  t.context = cgo::context(
      t.small,
      [&self, fn = std::move(fn)](libcgo_context &,
                                  std::uintptr_t) mutable -> cgo::context & {
        fn(self);
        return self.scheduler; // the task is over
      });
}

// Runs the tasks in turn, until all are over.
static void run(worker &self, std::vector<task> &tasks) {
  for (bool more = true; more;) {
    more = false;
    for (task &t : tasks) {
      if (t.context.over())
        continue;
      self.running = &t;
      cgo::switch_to(self, self.scheduler, t.context);
      more = true;
    }
  }
}

// For a task: lets the others run.
static void yield(worker &self) {
  cgo::switch_to(self, self.running->context, self.scheduler);
}

// For a task: lets C sort.
static strings sort(worker &self, const strings &words, order before) {
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
}

// For a task: says words in their order, each in a turn of its own.
static void say(worker &self, const strings &words, order before) {
  for (const std::string &word : sort(self, words, before)) {
    cgo::on_system_stack(self, [&] { std::printf("%s ", word.c_str()); });
    yield(self);
  }
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

  // On a created thread. The future tells when it is done, or has the exception.
  std::packaged_task<void(worker &)> two([](worker &self) {
    std::vector<task> tasks(2);
    make(self, tasks[0], [](worker &on) {
      say(on, {"to", "be", "or", "not", "to", "be"}, by_text);
    });
    make(self, tasks[1], [](worker &on) {
      say(on, {"that", "is", "the", "question"}, by_text);
    });
    run(self, tasks);
  });
  std::future<void> done = two.get_future();
  runtime.start(cgo::thread_options().name("sorter").stack_size(1 << 20),
                std::move(two));
  done.get();
  std::printf("\n");

  // On a foreign thread, attached for as long as `here` lives.
  std::thread([] {
    cgo::attachment here(runtime);
    std::vector<task> tasks(1);
    make(here.thread(), tasks[0], [](worker &on) {
      try {
        say(on, {"full", ""}, by_text);
      } catch (const std::invalid_argument &e) {
        std::printf("caught: %s, after %d comparisons\n", e.what(),
                    on.comparisons);
      }
    });
    run(here.thread(), tasks);
  }).join();
  return 0;
} catch (const std::exception &e) { // cgo::error names the call, and the limit
  std::fprintf(stderr, "cpp: %s\n", e.what());
  return 1;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Usage: bench/bench [--benchmark_...]
//
// Runs all benchmarks on one processor, prints the table, and writes it, the
// chart's data and Google Benchmark's JSON (with a "ratio" in each run) to the
// directory LIBCGO_BENCH_OUT, by default the working directory.
#include "bench.h"

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <sched.h>
#include <sstream>
#include <stdlib.h>
#include <string>
#include <sys/utsname.h>
#include <time.h>
#include <vector>

#include <libcgo.h>

#ifdef LIBCGO_CLASSIC
LIBCGO_RESERVE_SLOTS;
#endif

namespace bench {
namespace {

struct entry {
  const group *in;
  std::string title;
};

std::vector<entry> &entries() {
  static std::vector<entry> all;
  return all;
}

std::vector<std::string> &left_out() {
  static std::vector<std::string> all;
  return all;
}

std::string full_name(const group &in, const std::string &title) {
  return std::string(in.prefix) + "/" + title;
}

} // namespace

benchmark::internal::Benchmark *add(const group &in, const char *title,
                                    void (*function)(benchmark::State &)) {
  entries().push_back({&in, title});
  auto *b = benchmark::RegisterBenchmark(full_name(in, title).c_str(), function);
  // For what counts instructions: scripts/bench-instructions.sh.
  if (const char *iterations = getenv("LIBCGO_BENCH_ITERATIONS"))
    b->Iterations(atol(iterations));
  return b;
}

int leave_out(const char *what, const char *why) {
  left_out().push_back(std::string(what) + ": " + why);
  return 0;
}

namespace {

using Run = benchmark::BenchmarkReporter::Run;

// Nanoseconds of an iteration. Processor time, where the clock is not ours:
// other processes then disturb less.
double time_of(const Run &run, const group &in) {
  const double t =
      &in == &calls ? run.cpu_accumulated_time : run.real_accumulated_time;
  return run.iterations == 0 ? 0 : 1e9 * t / static_cast<double>(run.iterations);
}

#ifdef __clang__
constexpr char compiler[] = __VERSION__;
#else
constexpr char compiler[] = "gcc " __VERSION__;
#endif

struct figures {
  double median, min, max;
};

figures figures_of(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  const size_t n = times.size();
  return {(times[(n - 1) / 2] + times[n / 2]) / 2, times.front(), times.back()};
}

std::string first_value(const char *path, const std::string &key) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);)
    if (line.compare(0, key.size(), key) == 0)
      return line.substr(line.find_first_not_of(" \t:=\"", key.size()));
  return "unknown";
}

constexpr int title_width = 40;

// Three significant digits.
std::string brief(double x) {
  std::ostringstream s;
  s << std::fixed << std::setprecision(x < 10 ? 2 : x < 100 ? 1 : 0) << x;
  return s.str();
}

class reporter : public benchmark::BenchmarkReporter {
public:
  explicit reporter(std::string directory)
      : directory_(std::move(directory)),
        json_file_(directory_ + "/results.json") {}

  bool ReportContext(const Context &context) override {
    json_.SetOutputStream(&json_file_);
    json_.SetErrorStream(&std::cerr);
    context_ = context_text(context);
    return json_.ReportContext(context);
  }

  // Called for a benchmark when its last repetition is done, in any order.
  void ReportRuns(const std::vector<Run> &runs) override {
    for (const Run &run : runs)
      if (run.run_type == Run::RT_Iteration) {
        runs_[run.run_name.function_name] = runs;
        std::cerr << '.' << std::flush;
        break;
      }
  }

  void Finalize() override {
    std::cerr << '\n';
    std::ofstream table(directory_ + "/table.md"),
        chart(directory_ + "/chart.tsv");
    std::ostringstream text;
    text << context_ << '\n';
    for (const group *in : {&calls, &first, &ended, &stops})
      section(*in, text, chart);
    for (const std::string &what : left_out())
      text << "Left out: " << what << ".\n";
    table << text.str();
    std::cout << text.str();
    json_.Finalize();
  }

private:
  struct row {
    std::string title;
    figures nanoseconds;
  };

  std::string context_text(const Context &context) {
    utsname system = {};
    uname(&system);
    const std::string release = system.release;
    char date[16] = "";
    const time_t t = time(nullptr);
    strftime(date, sizeof date, "%Y-%m-%d", gmtime(&t));
    std::ostringstream s;
    s << date << ", " << first_value("/proc/cpuinfo", "model name") << ", "
      << context.cpu_info.num_cpus << " processors, pinned to one; "
      << first_value("/etc/os-release", "PRETTY_NAME=") << ", " << system.sysname
      << ' ' << release.substr(0, release.find('-')) << ", " << system.machine
      << "; " << compiler << ", " << LIBCGO_BENCH_FLAGS << '\n';
    std::string text = s.str();
    text.erase(std::remove(text.begin(), text.end(), '"'), text.end());
    return text;
  }

  void section(const group &in, std::ostream &text, std::ofstream &chart) {
    std::vector<row> rows;
    double base = 0;
    for (const entry &e : entries()) {
      const auto found = runs_.find(full_name(in, e.title));
      if (e.in != &in || found == runs_.end())
        continue;
      std::vector<double> times;
      for (const Run &run : found->second)
        if (run.run_type == Run::RT_Iteration && run.iterations > 0)
          times.push_back(time_of(run, in));
      if (times.empty())
        continue;
      rows.push_back({e.title, figures_of(times)});
      if (e.title == in.baseline)
        base = rows.back().nanoseconds.median;
    }
    if (rows.empty())
      return;
    std::sort(rows.begin(), rows.end(), [&](const row &a, const row &b) {
      if ((a.title == in.baseline) != (b.title == in.baseline))
        return a.title == in.baseline;
      return a.nanoseconds.median < b.nanoseconds.median;
    });

    text << std::left << "| " << std::setw(title_width) << in.heading << " | "
         << std::right << std::setw(7) << "ns"
         << " | " << std::setw(17) << "from - to"
         << " | " << in.ratio << " |\n|-" << std::string(title_width, '-')
         << "-|-" << std::string(7, '-') << ":|-" << std::string(17, '-')
         << ":|-" << std::string(std::string(in.ratio).size(), '-') << ":|\n";
    chart << (chart.tellp() > 0 ? "\n\n" : "") /* a data set each */ << '"'
          << in.heading << " (" << in.ratio << ")\"\n";
    for (const row &r : rows) {
      const figures &ns = r.nanoseconds;
      text << std::left << "| " << std::setw(title_width) << r.title << " | "
           << std::right << std::setw(7) << brief(ns.median) << " | "
           << std::setw(17) << brief(ns.min) + " - " + brief(ns.max) << " | "
           << std::setw(static_cast<int>(std::string(in.ratio).size()))
           << (base > 0 ? brief(ns.median / base) : "no baseline") << " |\n";
      if (base > 0)
        chart << '"' << r.title << "\"\t" << ns.median / base << '\t'
              << ns.min / base << '\t' << ns.max / base << '\n';
      json(in, r.title, base);
    }
    text << '\n';
  }

  void json(const group &in, const std::string &title, double base) {
    std::vector<Run> runs = runs_[full_name(in, title)];
    for (Run &run : runs)
      if (base > 0 &&
          (run.run_type == Run::RT_Iteration || run.aggregate_name == "median"))
        run.counters["ratio"] = time_of(run, in) / base;
    json_.ReportRuns(runs);
  }

  std::string directory_;
  std::ofstream json_file_;
  benchmark::JSONReporter json_;
  std::string context_;
  std::map<std::string, std::vector<Run>> runs_;
};

// Thread starts vary by half when the new thread may run beside its creator.
bool pin() {
  cpu_set_t allowed, one;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
    return false;
  CPU_ZERO(&one);
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
    if (CPU_ISSET(cpu, &allowed)) {
      CPU_SET(cpu, &one);
      return sched_setaffinity(0, sizeof one, &one) == 0;
    }
  return false;
}

} // namespace
} // namespace bench

int main(int argc, char **argv) {
#ifdef LIBCGO_CLASSIC
  initcgo();
#endif
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 1;
  const char *directory = getenv("LIBCGO_BENCH_OUT");
  bench::reporter reporter(directory != nullptr ? directory : ".");
  if (!bench::pin())
    std::cerr << "bench: not pinned to one processor: the figures of threads vary\n";
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}

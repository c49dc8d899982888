// simulate SEED [--trace]                one world, as often as wanted the same
// simulate --seconds N [--from SEED]     as many as there is time for, and what was met
//          [--until-failure]             ... or until the first that fails
//
// A seed gives a world and a schedule (what happens when, and what fails). Each seed is lived
// through with its schedule, and some with a second one, which must leave the same objects.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>

#include "base/text.h"
#include "simulator/story.h"

namespace sluice::simulator {
namespace {

struct Sums {
  uint64_t seeds = 0, runs = 0, calls = 0, happened = 0;
  Nanoseconds virtual_time = 0;
};

struct Options {
  std::optional<uint64_t> seed;
  uint64_t from = 1;
  uint64_t seconds = 0;
  uint64_t failures_most = 10;  // Enough to see what they have in common
  Telling telling = Telling::silent;
};

volatile uint64_t seed_now = 0;

// A bug that ends the process must name its seed as well.
void on_abort(int) {
  char words[64];
  const int length = std::snprintf(words, sizeof words, "seed %llu ABORTS\n",
                                   static_cast<unsigned long long>(seed_now));
  if (::write(1, words, static_cast<size_t>(length)) < 0) return;
}

uint64_t second_schedule(uint64_t seed) {
  return ~seed;
}

void add(const Outcome& outcome, Sums& sums) {
  sums.runs += outcome.runs;
  sums.calls += outcome.calls;
  sums.happened += outcome.happened;
  sums.virtual_time += outcome.virtual_time;
}

bool lives_well(uint64_t seed, const Options& options, Tally& tally, Sums& sums) {
  seed_now = seed;
  const World world = make_world(seed);
  if (options.telling == Telling::aloud) std::printf("%s\n", world.job.c_str());
  Outcome outcome = live(world, seed, tally, options.telling);
  add(outcome, sums);
  ++sums.seeds;
  // A listing that changes does so at times of the schedule's.
  if (outcome.complaints.empty() && !world.words.late && seed % 4 == 0) {
    Outcome other = live(world, second_schedule(seed), tally, options.telling);
    add(other, sums);
    for (std::string& what : other.complaints)
      outcome.complaints.push_back("by its second schedule: " + what);
    if (other.complaints.empty() && other.objects != outcome.objects)
      outcome.complaints.emplace_back("another schedule has left other objects");
    if (outcome.complaints.empty()) tally.met(Met::same_twice);
  }
  // Two lives of the same seed must be one: else it can't be looked at again.
  if (options.seed || seed % 64 == 0) {
    Tally ignored;
    if (live(world, seed, ignored, Telling::silent).fingerprint != outcome.fingerprint)
      outcome.complaints.emplace_back("it does not replay: chance has come from elsewhere");
  }
  if (outcome.complaints.empty()) return true;
  std::printf("seed %llu FAILS\n", static_cast<unsigned long long>(seed));
  for (const std::string& what : outcome.complaints) std::printf("  %s\n", what.c_str());
  std::printf("  again, with its story:  simulate %llu --trace\n",
              static_cast<unsigned long long>(seed));
  return false;
}

void print(const Tally& tally, const Sums& sums, double seconds) {
  std::printf("met:\n");
  for (size_t i = 0; i < met_count; ++i) {
    const uint64_t times = tally.of(static_cast<Met>(i));
    std::printf("%12llu  %s%s\n", static_cast<unsigned long long>(times),
                std::string(met_names[i]).c_str(), times == 0 ? "   <- a hole" : "");
  }
  std::printf(
      "%llu seeds, %llu runs, %llu calls, %.1f days of virtual time in %.1f s: %.1f seeds/s\n",
      static_cast<unsigned long long>(sums.seeds), static_cast<unsigned long long>(sums.runs),
      static_cast<unsigned long long>(sums.calls),
      static_cast<double>(sums.virtual_time) / 86'400e9, seconds,
      static_cast<double>(sums.seeds) / seconds);
}

int simulate(const Options& options) {
  Tally tally;
  Sums sums;
  if (options.seed) return lives_well(*options.seed, options, tally, sums) ? 0 : 1;
  const auto begun = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  };
  uint64_t failed = 0;
  for (uint64_t seed = options.from;
       seconds() < static_cast<double>(options.seconds) && failed < options.failures_most; ++seed) {
    failed += lives_well(seed, options, tally, sums) ? 0 : 1;
  }
  print(tally, sums, seconds());
  std::printf("%llu seeds failed\n", static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}

std::optional<Options> read_options(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto number = parse_number<uint64_t>(i + 1 < count ? words[i + 1] : "");
    if (word == "--trace") {
      options.telling = Telling::aloud;
    } else if (word == "--until-failure") {
      options.failures_most = 1;
    } else if (word == "--seconds" && number) {
      options.seconds = *number, ++i;
    } else if (word == "--from" && number) {
      options.from = *number, ++i;
    } else if (const auto seed = parse_number<uint64_t>(word)) {
      options.seed = seed;
    } else {
      return std::nullopt;
    }
  }
  if (!options.seed && options.seconds == 0) return std::nullopt;
  return options;
}

}  // namespace
}  // namespace sluice::simulator

int main(int count, char** words) {
  const auto options = sluice::simulator::read_options(count, words);
  if (!options) {
    std::fprintf(stderr, "simulate SEED [--trace] | simulate --seconds N [--from SEED]\n");
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 1 << 16);
  std::signal(SIGABRT, sluice::simulator::on_abort);
  return sluice::simulator::simulate(*options);
}

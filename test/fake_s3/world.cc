#include "world.h"

#include <algorithm>
#include <cstdlib>

#include "base/text.h"

namespace sluice::fake_s3 {
namespace {

Result<Nanoseconds> read_milliseconds(std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  const double number = std::strtod(copy.c_str(), &end);
  if (copy.empty() || *end != 0 || number < 0) {
    return Error{ErrorKind::invalid, "latency: " + copy + ": not a number of milliseconds"};
  }
  return static_cast<Nanoseconds>(number * 1e6);
}

}  // namespace

Status Latency::read(std::string_view text) {
  for (const std::string_view word : split(text, ',')) {
    const size_t equals = word.find('=');
    if (equals == word.npos) {
      latency_.fill(TRY(read_milliseconds(word)));
      continue;
    }
    const auto verb = verb_named(word.substr(0, equals));
    if (!verb) {
      return Error{ErrorKind::invalid,
                   "latency: " + std::string(word.substr(0, equals)) + ": no such verb"};
    }
    latency_[static_cast<size_t>(*verb)] = TRY(read_milliseconds(word.substr(equals + 1)));
  }
  return {};
}

Status Latency::read_tail(std::string_view text) {
  const size_t colon = text.find("%:");
  if (colon == text.npos) {
    return Error{ErrorKind::invalid, "latency-tail: " + std::string(text) + ": not like 1%:500"};
  }
  Tail tail;
  tail.percent = std::strtod(std::string(text.substr(0, colon)).c_str(), nullptr);
  tail.latency = TRY(read_milliseconds(text.substr(colon + 2)));
  tails_.push_back(tail);
  return {};
}

Nanoseconds Latency::next(Verb verb) {
  const Nanoseconds usual = latency_[static_cast<size_t>(verb)];
  if (tails_.empty()) return usual;
  double at = static_cast<double>(chance_.below(1'000'000)) / 10'000;
  for (const Tail& tail : tails_) {
    if (at < tail.percent) return std::max(usual, tail.latency);
    at -= tail.percent;
  }
  return usual;
}

void RateCap::set(uint64_t per_second) {
  per_second_ = static_cast<double>(per_second);
  in_hand_ = std::max(per_second_ / 10, 1.0);
  filled_ = now();
}

bool RateCap::admits() {
  if (per_second_ == 0) return true;
  const Instant at = now();
  in_hand_ = std::min(in_hand_ + static_cast<double>(at - filled_) / 1e9 * per_second_,
                      std::max(per_second_ / 10, 1.0));
  filled_ = at;
  if (in_hand_ < 1) return false;
  in_hand_ -= 1;
  return true;
}

}  // namespace sluice::fake_s3

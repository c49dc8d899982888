// When a rule of a fault plan is due, as the fakes' plans say it: of the requests that fit it every
// Nth, the Nth alone, all behind the Nth, a share by seeded chance, at most so often. What fits and
// what then goes wrong is each fake's own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace sluice::http_server {

// `what` is wrong in a plan, and why.
Error wrong_fault(std::string_view what, std::string_view why);

class FaultSchedule {
 public:
  // every=N, nth=N, after=N, times=N, percent=P, seed=S. False: not one of these words.
  Result<bool> read_word(std::string_view name, std::string_view value);
  // A request fits: counts it, and says whether it is one that goes wrong.
  bool is_due();
  uint64_t done() const { return done_; }
  // {"spec":..., "fitted":..., "done":...}
  void append_json(std::string_view spec, std::string& out) const;

 private:
  uint64_t every_ = 0, nth_ = 0, after_ = 0, times_ = UINT64_MAX;
  double percent_ = 0;
  Chance chance_{1};
  uint64_t fitted_ = 0, done_ = 0;
};

// Of all rules of a plan, as a JSON array; each has a `spec` and a `schedule`.
template <class Rules>
void append_schedules(const Rules& rules, std::string& out) {
  out += '[';
  bool first = true;
  for (const auto& rule : rules) {
    if (!first) out += ", ";
    first = false;
    rule.schedule.append_json(rule.spec, out);
  }
  out += ']';
}

}  // namespace sluice::http_server

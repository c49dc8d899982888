#include "http_server/fault_schedule.h"

#include <array>
#include <cstdlib>
#include <utility>

#include "base/text.h"
#include "http_server/url.h"

namespace sluice::http_server {

Error wrong_fault(std::string_view what, std::string_view why) {
  return {ErrorKind::invalid, "fault: " + std::string(what) + ": " + std::string(why)};
}

Result<bool> FaultSchedule::read_word(std::string_view name, std::string_view value) {
  if (name == "percent") {
    percent_ = std::strtod(std::string(value).c_str(), nullptr);
    if (percent_ <= 0) return wrong_fault(value, "not a share in percent");
    return true;
  }
  uint64_t seed = 0;
  const std::array<std::pair<std::string_view, uint64_t*>, 5> counts = {{{"every", &every_},
                                                                         {"nth", &nth_},
                                                                         {"after", &after_},
                                                                         {"times", &times_},
                                                                         {"seed", &seed}}};
  for (const auto& [known, count] : counts) {
    if (known != name) continue;
    const auto number = parse_number<uint64_t>(value);
    if (!number) return wrong_fault(value, "not a number");
    *count = *number;
    if (count == &seed) chance_ = Chance(seed);
    return true;
  }
  return false;
}

bool FaultSchedule::is_due() {
  ++fitted_;
  if (done_ >= times_) return false;
  if (every_ > 0 && fitted_ % every_ != 0) return false;
  if (nth_ > 0 && fitted_ != nth_) return false;
  if (after_ > 0 && fitted_ <= after_) return false;
  const auto share = percent_ * 10'000;
  if (percent_ > 0 && static_cast<double>(chance_.below(1'000'000)) >= share) return false;
  ++done_;
  return true;
}

void FaultSchedule::append_json(std::string_view spec, std::string& out) const {
  out += "{\"spec\": ";
  http_server::append_json(spec, out);
  out += ", \"fitted\": " + std::to_string(fitted_);
  out += ", \"done\": " + std::to_string(done_) + "}";
}

}  // namespace sluice::http_server

#include "report/costs.h"

#include <cstdio>

namespace sluice::report {

Tally total(const RunReport& run) {
  Tally sum;
  for (const UnitReport& unit : run.units) sum += unit.tally;
  return sum;
}

double request_dollars(const std::vector<Gauge::Snapshot>& calls) {
  double dollars = 0;
  for (const Gauge::Snapshot& call : calls) {
    const std::string_view verb =
        std::string_view(call.name).substr(call.name.find_last_of(" .") + 1);
    if (verb == "delete" || verb == "abort") continue;
    const bool reads = verb == "get" || verb == "head";
    dollars += static_cast<double>(call.count) * (reads ? get_dollars : put_dollars);
  }
  return dollars;
}

double gigabyte_seconds(const RunReport& run) {
  constexpr double gigabyte = 1 << 30, second = 1e9;
  return static_cast<double>(run.memory_bytes) / gigabyte * static_cast<double>(run.wall) / second;
}

std::string decimal(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", digits, value);
  std::string out = text;
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out;
}

}  // namespace sluice::report

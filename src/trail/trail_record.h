// One invented CloudTrail record as a line of JSON: keys, nesting and sizes as CloudTrail's, among
// them what a careless copy would spoil (1.10, integers beyond 2^53, escaped slashes, an umlaut).
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace sluice {

// Where and when something happened. Times are RFC 3339.
struct TrailScene {
  std::string_view account, region;  // Of whoever calls; for the call only.
  std::string time, session_start;
};

void append_record(std::string& out, const TrailScene& scene, Chance& chance);

// A digest file's text: JSON, and no records in it.
void append_digest(std::string& out, const TrailScene& scene, Chance& chance);

}  // namespace sluice

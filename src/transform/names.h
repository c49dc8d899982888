// How transforms name fields where a job file has them as words before a colon.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "json/path.h"

namespace sluice {

// `.a.b`, `/a/b`, and also `a.b`, which is `.a.b`.
inline Result<json::Path> parse_field_name(std::string_view name) {
  if (name.starts_with('.') || name.starts_with('/')) return json::parse_path(name);
  return json::parse_path("." + std::string(name));
}

}  // namespace sluice

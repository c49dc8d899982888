// YAML (and so JSON) as a tree with marks. The only door to libyaml.
//
// What a job file has no use for is refused with a clear error: anchors, aliases, tags, more than
// one document, a key that comes twice.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "flow/settings.h"

namespace sluice {

inline constexpr size_t yaml_bytes_max = 1 << 20;
inline constexpr size_t yaml_depth_max = 64;

// The whole text as one tree. `invalid`: "<file>:3:7: ...".
Result<Node> parse_yaml(std::string_view file_name, std::string_view text);

}  // namespace sluice

// As much of reading XML as S3's request bodies need: elements that don't nest in themselves,
// without attributes that matter. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::fake_s3 {

// What stands between the next <name> and its </name>; `text` goes on behind it. Nothing if there
// is none.
std::optional<std::string_view> next_element(std::string_view& text, std::string_view name);
// The text of the first such element, its entities resolved.
std::optional<std::string> element_text(std::string_view text, std::string_view name);

}  // namespace sluice::fake_s3

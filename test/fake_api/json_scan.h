// Where the values of a JSON text lie, without a tree: for bodies that come, documents to serve and
// recorded exchanges. It trusts the text to be JSON; of anything else it finds less. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::fake_api {

// The value at a path of names with dots between, as it stands in the text; empty if there is none.
// "", "." : the text's own value. ".a.b" is "a.b".
std::string_view json_at(std::string_view text, std::string_view path);
std::vector<std::string_view> json_elements(std::string_view array);
std::vector<std::pair<std::string, std::string_view>> json_members(std::string_view object);
// A string decoded; anything else as it stands; null and nothing: "".
std::string json_text(std::string_view value);

}  // namespace sluice::fake_api

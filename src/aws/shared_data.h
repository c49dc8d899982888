// For this room's tests only (shared_data_test.cc has the bodies): published cases, read where the
// environment says they are, never copied; and just enough JSON to walk through them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::aws {

// Of a path below the data folder of $SLUICE_SHARED. Nothing where there is no such file.
std::optional<std::string> read_shared(const std::string& path);
// The names in a folder there, sorted. Without $SLUICE_SHARED none, and a line on the terminal says
// so.
std::vector<std::string> list_shared(const std::string& folder);
// All files below a folder there, by their paths in it.
std::map<std::string, std::string> read_shared_tree(const std::string& folder);

// Raw values of a valid JSON text; empty where it is something else.
std::vector<std::string> json_elements(std::string_view array);
std::map<std::string, std::string> json_members(std::string_view object);
// The value at a field path (".a.b"): a string decoded, a number or a boolean as its text.
std::optional<std::string> json_text(std::string_view text, std::string_view path);
std::optional<std::string> json_raw(std::string_view text, std::string_view path);

}  // namespace sluice::aws

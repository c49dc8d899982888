// The process's environment as a value. Only `app` reads the real one; everything else is handed
// this, so that tests can say what is in it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

struct Environment {
  std::map<std::string, std::string, std::less<>> variables;

  std::optional<std::string> get(std::string_view name) const {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  }
};

}  // namespace sluice

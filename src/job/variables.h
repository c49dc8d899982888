// ${NAME} in a job file: filled in from --var NAME=value, then from the environment, before
// anything else is read, and never looked at again. What was filled in is secret: it never prints.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "flow/settings.h"

namespace sluice {

using Variables = std::map<std::string, std::string, std::less<>>;

// What was filled in, for hiding it again.
class Secrets {
 public:
  void add(std::string_view name, std::string_view value);
  // The text with every secret value replaced by its "${NAME}".
  std::string hide(std::string_view text) const;
  bool empty() const { return values_.empty(); }

 private:
  std::vector<std::pair<std::string, std::string>> values_;  // Value, name; the longest first
};

// Fills in all scalars below `node`. "$${" is a literal "${". Mistakes: a name that isn't set, "${"
// without its end.
void fill_in_variables(Node& node, const Environment& environment, const Variables& variables,
                       Secrets& secrets, std::vector<Mistake>& mistakes);

}  // namespace sluice

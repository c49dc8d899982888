// The first line is a pattern, the others are keys. Walking down a tree of the keys step by step
// must find exactly the keys that match as a whole.
#include <map>
#include <set>

#include "base/text.h"
#include "flow/path_pattern.h"

namespace sluice {
namespace {

class Walk {
 public:
  Walk(const BoundPattern& pattern, const std::set<std::string>& keys)
      : pattern_(pattern), keys_(keys) {}

  void below(const std::string& prefix, size_t depth, BoundPattern::Alive alive) {
    const BoundPattern::Step step = pattern_.step(alive, depth);
    if (step.everything) {
      for (const auto& key : keys_) {
        if (key.size() > prefix.size() && key.starts_with(prefix)) found_.insert(key);
      }
      return;
    }
    if (step.listing) {
      level(prefix, depth, alive, step.begins);
      return;
    }
    for (const auto& name : step.names) {
      const std::string path = prefix + name.text;
      if (!name.directory) {
        if (keys_.count(path) > 0) found_.insert(path);
        continue;
      }
      const std::string_view segment(name.text.data(), name.text.size() - 1);
      below(path, depth + 1, pattern_.into(alive, depth, segment));
    }
  }
  const std::set<std::string>& found() const { return found_; }

 private:
  void level(const std::string& prefix, size_t depth, BoundPattern::Alive alive,
             const std::string& begins) {
    std::set<std::string> names;
    for (const auto& key : keys_) {
      if (!key.starts_with(prefix + begins)) continue;
      const std::string rest = key.substr(prefix.size());
      const size_t slash = rest.find('/');
      if (slash != std::string::npos) {
        names.insert(rest.substr(0, slash));
      } else if (!rest.empty() && pattern_.ending(alive, depth, rest) != 0) {
        found_.insert(key);
      }
    }
    for (const auto& name : names) {
      const auto next = pattern_.into(alive, depth, name);
      if (next != 0) below(prefix + name + "/", depth + 1, next);
    }
  }

  const BoundPattern& pattern_;
  const std::set<std::string>& keys_;
  std::set<std::string> found_;
};

void check(std::string_view input) {
  const auto lines = split(input, '\n');
  const auto pattern = PathPattern::parse(lines[0]);
  if (!pattern.ok()) {
    ENSURE(pattern.error().kind == ErrorKind::invalid);
    ENSURE(pattern.error().message.starts_with("at "));
    return;
  }
  const UnitNames unit{.id = "2024-02-08", .start = WallTime{1'707'350'400'000'000'000}};
  const auto bound = pattern->bind(unit);
  ENSURE(bound.ok());
  std::set<std::string> keys;
  for (size_t i = 1; i < lines.size() && i < 32; ++i) {
    if (!lines[i].empty()) keys.emplace(lines[i]);
  }
  Walk walk(*bound, keys);
  walk.below("", 0, bound->all());
  std::set<std::string> matching;
  for (const auto& key : keys) {
    const auto values = bound->match(key);
    if (!values) continue;
    ENSURE(values->size() == pattern->names().size());
    matching.insert(key);
  }
  ENSURE(walk.found() == matching);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::check({reinterpret_cast<const char*>(data), size});
  return 0;
}

#include "job/variables.h"

#include <algorithm>

#include "base/nearest.h"
#include "base/text.h"

namespace sluice {
namespace {

bool is_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), fits);
}

struct Filler {
  const Environment& environment;
  const Variables& variables;
  Secrets& secrets;
  std::vector<Mistake>& mistakes;

  const std::string* find(std::string_view name) const {
    if (const auto found = variables.find(name); found != variables.end()) return &found->second;
    const auto found = environment.variables.find(name);
    return found == environment.variables.end() ? nullptr : &found->second;
  }

  // The nearest name that is set by --var; the environment's names are nobody's business.
  std::string nearest_name(std::string_view name) const {
    std::vector<std::string_view> names;
    for (const auto& [known, value] : variables) names.push_back(known);
    const auto meant = nearest(name, names);
    return meant ? "; did you mean ${" + std::string(*meant) + "}?" : "";
  }

  void fill(Node& node) {
    const std::string_view text = node.text;
    std::string out;
    size_t at = 0;
    for (;;) {
      const size_t found = text.find("${", at);
      if (found == text.npos) break;
      if (found > at && text[found - 1] == '$') {  // "$${"
        out += text.substr(at, found - at);
        out += '{';
        at = found + 2;
        continue;
      }
      out += text.substr(at, found - at);
      const size_t end = text.find('}', found);
      if (end == text.npos) {
        mistakes.push_back({node.mark, "${ without its }; write $${ for the text ${"});
        return;
      }
      const std::string_view name = text.substr(found + 2, end - found - 2);
      at = end + 1;
      if (!is_name(name)) {
        mistakes.push_back({node.mark, "${" + excerpt(name) +
                                           "}: a name has letters, digits and _ only; write $${ "
                                           "for the text ${"});
        return;
      }
      const std::string* value = find(name);
      if (value == nullptr) {
        mistakes.push_back({node.mark, "${" + std::string(name) +
                                           "} is not set: export it, or say --var " +
                                           std::string(name) + "=..." + nearest_name(name)});
        return;
      }
      out += *value;
      secrets.add(name, *value);
      node.secret = true;
    }
    if (at == 0) return;
    out += text.substr(at);
    node.text = std::move(out);
  }

  void walk(Node& node) {
    if (node.kind == Node::Kind::scalar) fill(node);
    for (Node& item : node.items) walk(item);
    for (Node::Entry& entry : node.entries) walk(entry.value);
  }
};

}  // namespace

void Secrets::add(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  const std::pair<std::string, std::string> entry(value, name);
  if (std::find(values_.begin(), values_.end(), entry) != values_.end()) return;
  values_.push_back(entry);
  std::stable_sort(values_.begin(), values_.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
}

std::string Secrets::hide(std::string_view text) const {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const auto here = std::find_if(values_.begin(), values_.end(), [&](const auto& entry) {
      return text.substr(at).starts_with(entry.first);
    });
    if (here == values_.end()) {
      out += text[at++];
    } else {
      out += "${" + here->second + "}";
      at += here->first.size();
    }
  }
  return out;
}

void fill_in_variables(Node& node, const Environment& environment, const Variables& variables,
                       Secrets& secrets, std::vector<Mistake>& mistakes) {
  Filler{environment, variables, secrets, mistakes}.walk(node);
}

}  // namespace sluice

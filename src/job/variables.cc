#include "job/variables.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
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

constexpr std::array<std::pair<std::string_view, SecretReference::Kind>, 3> kinds = {{
    {"file", SecretReference::Kind::file},
    {"secretsmanager", SecretReference::Kind::secretsmanager},
    {"ssm", SecretReference::Kind::ssm},
}};

// What only requests to a source hold. A client's certificate (mtls) is read before the first.
bool is_of_requests(const std::vector<std::string_view>& path) {
  constexpr std::array<std::string_view, 5> words = {"auth", "headers", "query", "body", "params"};
  const auto has = [&](std::string_view word) {
    return std::find(path.begin(), path.end(), word) != path.end();
  };
  return !path.empty() && path[0] == "source" && !has("mtls") &&
         std::any_of(words.begin(), words.end(), has);
}

class Filler {
 public:
  Filler(const Environment& environment, const Variables& variables, const ResolveSecret& resolve,
         Secrets& secrets, std::vector<Mistake>& mistakes)
      : environment_(environment),
        variables_(variables),
        resolve_(resolve),
        secrets_(secrets),
        mistakes_(mistakes) {}

  void walk(Node& node) {
    if (node.kind == Node::Kind::scalar) fill(node);
    for (Node& item : node.items) walk(item);
    for (Node::Entry& entry : node.entries) {
      path_.push_back(entry.key);
      walk(entry.value);
      path_.pop_back();
    }
  }
  FilledReferences take() { return std::move(filled_); }

 private:
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
        mistakes_.push_back({node.mark, "${ without its }; write $${ for the text ${"});
        return;
      }
      const std::string_view inside = text.substr(found + 2, end - found - 2);
      at = end + 1;
      const auto value = inside.find(':') == inside.npos ? variable(inside, node.mark)
                                                         : reference(inside, node.mark);
      if (!value) return;
      out += *value;
      if (is_secret(inside, *value)) secrets_.add(inside, *value);
      node.secret = true;
    }
    if (at == 0) return;
    out += text.substr(at);
    node.text = std::move(out);
  }

  // Else SHARD=1 would hide every 1 that is shown. Where it stands and what it is called tell that
  // a short value is secret all the same.
  bool is_secret(std::string_view inside, std::string_view value) const {
    if (value.size() >= Secrets::whole_from || inside.find(':') != inside.npos) return true;
    const auto is_in = [&](std::string_view word) {
      return std::find(path_.begin(), path_.end(), word) != path_.end();
    };
    return is_secret_name(inside) || is_in("auth") ||
           (!path_.empty() && (is_secret_name(path_.back()) || is_secret_word(path_.back())));
  }

  std::optional<std::string> variable(std::string_view name, SourceMark mark) {
    if (!is_name(name)) {
      mistakes_.push_back({mark, "${" + excerpt(name) +
                                     "}: a name has letters, digits and _ only; write $${ for the "
                                     "text ${"});
      return std::nullopt;
    }
    const auto by_hand = variables_.find(name);
    if (by_hand != variables_.end()) return by_hand->second;
    auto value = environment_.get(name);
    if (!value) {
      mistakes_.push_back({mark, "${" + std::string(name) +
                                     "} is not set: export it, or say --var " + std::string(name) +
                                     "=..." + nearest_name(name)});
    }
    return value;
  }

  // The nearest name that is set by --var; the environment's names are nobody's business.
  std::string nearest_name(std::string_view name) const {
    std::vector<std::string_view> names;
    for (const auto& [known, value] : variables_) names.push_back(known);
    const auto meant = nearest(name, names);
    return meant ? "; did you mean ${" + std::string(*meant) + "}?" : "";
  }

  std::optional<std::string> reference(std::string_view inside, SourceMark mark) {
    const auto read = read_reference(inside);
    if (!read.ok()) {
      mistakes_.push_back({mark, "${" + excerpt(inside) + "}: " + read.error().message});
      return std::nullopt;
    }
    const bool is_known =
        std::any_of(filled_.references.begin(), filled_.references.end(),
                    [&](const SecretReference& one) { return one.text == inside; });
    if (!is_known) filled_.references.push_back(*read);
    if (!is_of_requests(path_)) filled_.are_needed_early = true;
    if (!resolve_) return "secret-" + to_hex(hash128(inside)).substr(0, 16);
    if (filled_.failure) return std::nullopt;  // One is enough: others may take their time.
    Result<std::string> value = resolve_(*read);
    if (value.ok() && !value->empty()) return std::move(*value);
    const Error why = value.ok() ? Error{ErrorKind::invalid, "it is empty"} : value.error();
    filled_.failure = Error{why.kind, "${" + excerpt(inside, 200) + "}: " + why.message};
    filled_.failed_at = mark;
    return std::nullopt;
  }

  static Result<SecretReference> read_reference(std::string_view inside) {
    const size_t colon = inside.find(':');
    const std::string_view word = inside.substr(0, colon);
    std::vector<std::string_view> words;
    for (const auto& [known, kind] : kinds) {
      words.push_back(known);
      if (known != word) continue;
      SecretReference read{.kind = kind,
                           .name = std::string(inside.substr(colon + 1)),
                           .key = {},
                           .text = std::string(inside)};
      const size_t hash = read.name.find('#');
      if (kind != SecretReference::Kind::file && hash != read.name.npos) {
        read.key = read.name.substr(hash + 1);
        read.name.resize(hash);
        if (read.key.empty()) return Error{ErrorKind::invalid, "a key is missing after #"};
      }
      if (read.name.empty()) return Error{ErrorKind::invalid, "a name is missing after :"};
      return read;
    }
    return Error{ErrorKind::invalid, "no such kind of reference" + suggestion(word, words) +
                                         "; write $${ for the text ${"};
  }

  const Environment& environment_;
  const Variables& variables_;
  const ResolveSecret& resolve_;
  Secrets& secrets_;
  std::vector<Mistake>& mistakes_;
  std::vector<std::string_view> path_;  // Keys of the nodes around, which outlive the walk
  FilledReferences filled_;
};

}  // namespace

FilledReferences fill_in_variables(Node& node, const Environment& environment,
                                   const Variables& variables, const ResolveSecret& resolve,
                                   Secrets& secrets, std::vector<Mistake>& mistakes) {
  Filler filler(environment, variables, resolve, secrets, mistakes);
  filler.walk(node);
  return filler.take();
}

}  // namespace sluice

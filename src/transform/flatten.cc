#include "transform/flatten.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "flow/settings.h"
#include "json/items.h"
#include "json/path.h"
#include "json/value.h"

namespace sluice {
namespace {

constexpr size_t doubled_bytes_max = 1 << 20;

enum class Arrays : uint8_t { keep, stringify };

struct Options {
  std::vector<std::string> fields;  // Keys of the record; none: all of them
  std::string separator;            // As it stands in a JSON string
  uint64_t depth = std::numeric_limits<uint64_t>::max();
  Arrays arrays = Arrays::keep;
};

std::string decoded(std::string_view raw_key) {
  return raw_key.find('\\') == std::string_view::npos ? std::string(raw_key)
                                                      : json::unescape(raw_key);
}

// One record on its way. Which names there are is kept as hashes of 4 bytes: of a large record of
// tiny members anything more would be many times the record. Where two are the same the record is
// gone through once more, to see whether their names are, and whether they come from two paths.
class Flattening {
 public:
  Flattening(const Options& options, std::string_view record, size_t bytes_max, std::string& out)
      : options_(options), record_(record), bytes_max_(bytes_max), out_(out) {}

  Result<Verdict> run() {
    const size_t open = json::skip_blanks(record_, 0);
    out_.clear();
    if (open >= record_.size() || record_[open] != '{' || !has_work(open)) {
      return Verdict::unchanged;
    }
    out_ += '{';
    members(open, 0);
    out_ += '}';
    if (too_long_) return Verdict::unchanged;  // Nothing will come of it
    std::sort(names_.begin(), names_.end());
    if (std::adjacent_find(names_.begin(), names_.end()) == names_.end()) return Verdict::changed;
    only_doubled(names_);
    pass_ = Pass::compare;
    members(open, 0);
    if (!second_) return Verdict::changed;
    return Error{ErrorKind::corrupt, "flatten: " + json::to_string(first_) + " and " +
                                         json::to_string(*second_) + " would both be " +
                                         json::quote(doubled_name_)};
  }

  bool too_long() const { return too_long_; }

 private:
  bool wanted(std::string_view raw_key) const {
    return options_.fields.empty() || std::find(options_.fields.begin(), options_.fields.end(),
                                                decoded(raw_key)) != options_.fields.end();
  }
  bool comes_apart(std::string_view raw, uint64_t depth) const {
    return raw[0] == '{' && depth < options_.depth &&
           raw[json::skip_blanks(raw, 1)] != '}';  // An empty one has nothing to give
  }
  bool has_work(size_t open) const {
    bool found = false;
    json::for_each_item(record_, open, [&](const json::Item& item) {
      const std::string_view raw = item.value_of(record_);
      const bool array = raw[0] == '[' && options_.arrays == Arrays::stringify;
      found = found || ((comes_apart(raw, 0) || array) && wanted(item.key));
    });
    return found;
  }

  // Of the object at `open`, which lies `depth` objects below the record.
  void members(size_t open, uint64_t depth) {
    json::for_each_item(record_, open, [&](const json::Item& item) {
      if (!too_long_ && !second_) member(item, depth);
    });
  }

  void member(const json::Item& item, uint64_t depth) {
    const std::string_view raw = item.value_of(record_);
    const bool ours = depth > 0 || wanted(item.key);
    const size_t name_bytes = name_.size();
    const size_t steps = keys_.size();
    if (depth > 0) name_ += options_.separator;
    name_ += item.key;
    keys_.push_back(item.key);
    if (ours && comes_apart(raw, depth)) {
      members(item.value_begin, depth + 1);
    } else if (pass_ == Pass::write) {
      names_.push_back(static_cast<uint32_t>(hash64(decoded(name_))));
      put(raw, ours && options_.arrays == Arrays::stringify);
    } else {
      compare();
    }
    name_.resize(name_bytes);
    keys_.resize(steps);
  }

  void put(std::string_view raw, bool arrays_to_text) {
    too_long_ = out_.size() + name_.size() + raw.size() > bytes_max_;
    if (too_long_) return;
    // Not twice as much again and again: a long one may be as long as is allowed, and no longer.
    if (out_.size() > doubled_bytes_max && out_.capacity() <= bytes_max_) {
      out_.reserve(bytes_max_ + 1);
    }
    if (out_.size() > 1) out_ += ',';
    out_ += '"';
    out_ += name_;
    out_ += "\":";
    if (arrays_to_text && raw[0] == '[') {
      json::append_quoted(raw, out_);
    } else {
      out_ += raw;
    }
  }

  static void only_doubled(std::vector<uint32_t>& sorted) {
    size_t kept = 0;
    for (size_t i = 0; i + 1 < sorted.size(); ++i) {
      if (sorted[i] == sorted[i + 1]) sorted[kept++] = sorted[i];
    }
    sorted.resize(kept);
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  }

  // The member at hand, with those whose name has the same hash.
  void compare() {
    const std::string name = decoded(name_);
    if (pass_ == Pass::search) {
      if (name == doubled_name_) second_ = path_here();
      return;
    }
    const uint64_t hash = hash64(name);
    if (!std::binary_search(names_.begin(), names_.end(), static_cast<uint32_t>(hash))) return;
    const json::Path path = path_here();
    const uint64_t from = hash64(json::to_string(path));
    const auto [found, added] = from_.try_emplace(hash, from);
    if (added || found->second == from) return;
    doubled_name_ = name;
    second_ = path;
    first_ = first_of(name);
  }

  json::Path path_here() const {
    json::Path path;
    for (const std::string_view key : keys_) path.steps.push_back(json::Step::member(decoded(key)));
    return path;
  }

  // The path of the first member that has this name.
  json::Path first_of(const std::string& name) const {
    Flattening search(options_, record_, bytes_max_, out_);
    search.pass_ = Pass::search;
    search.doubled_name_ = name;
    search.members(json::skip_blanks(record_, 0), 0);
    return search.second_.value_or(json::Path());
  }

  enum class Pass : uint8_t { write, compare, search };

  const Options& options_;
  const std::string_view record_;
  const size_t bytes_max_;
  std::string& out_;
  Pass pass_ = Pass::write;
  bool too_long_ = false;
  std::string name_;                    // Of the member at hand, as it stands in a JSON string
  std::vector<std::string_view> keys_;  // Where it comes from
  std::vector<uint32_t> names_;         // Hashes; to compare: only those that are there twice
  std::unordered_map<uint64_t, uint64_t> from_;  // Of those: of the name, to that of the path
  std::string doubled_name_;
  json::Path first_;
  std::optional<json::Path> second_;
};

class Flatten : public Transform {
 public:
  explicit Flatten(Options options) : options_(std::move(options)) {}

  Result<Verdict> apply(std::string_view record, const RecordContext& context,
                        std::string& out) const override {
    Flattening flattening(options_, record, context.text_bytes_max, out);
    auto verdict = flattening.run();
    if (flattening.too_long()) return longer_than(context.text_bytes_max).in("flatten");
    return verdict;
  }

 private:
  const Options options_;
};

}  // namespace

const PartDoc& flatten_doc() {
  static const PartDoc doc = {
      .name = "flatten",
      .role = Role::transform,
      .summary =
          "Turns objects inside a record into members of the record, under their keys joined: "
          "{\"a\":{\"b\":1}} becomes {\"a_b\":1}. Two members of one name set the record aside.",
      .fields = {{.name = "fields",
                  .type = FieldType::field,
                  .help = "The members of the record that are taken apart; all of them if none is "
                          "named.",
                  .many = Many::list,
                  .example = "[ .detail, .user ]"},
                 {.name = "separator", .help = "What stands between keys.", .default_text = "_"},
                 {.name = "arrays",
                  .type = FieldType::choice,
                  .help = "What becomes of arrays: they stay, or become JSON strings.",
                  .default_text = "keep",
                  .choices = {"keep", "stringify"}},
                 {.name = "depth",
                  .type = FieldType::count,
                  .help = "How many objects inside each other are taken apart; all without it."}},
      .example =
          "transform:\n"
          "  - flatten: { fields: [ .detail ], separator: \".\", depth: 2 }\n"};
  return doc;
}

Result<std::unique_ptr<Transform>> make_flatten(const Settings& settings) {
  Options options;
  for (const auto& item : settings.items("fields")) {
    const auto& steps = item.path().steps;
    if (steps.empty()) continue;  // A lone "." is the whole record
    if (steps.size() != 1 || steps[0].kind == json::Step::Kind::index) {
      return settings.error_at("fields", json::to_string(item.path()) +
                                             " is no member of the record itself, and only those "
                                             "can be taken apart");
    }
    options.fields.push_back(steps[0].key);
  }
  if (options.fields.size() < settings.items("fields").size()) options.fields.clear();
  const std::string& separator = settings.text("separator");
  if (!json::is_utf8(separator)) return settings.error_at("separator", "not UTF-8");
  const std::string quoted = json::quote(separator);
  options.separator = quoted.substr(1, quoted.size() - 2);
  if (settings.text("arrays") == "stringify") options.arrays = Arrays::stringify;
  if (settings.has("depth")) options.depth = settings.count("depth");
  if (options.depth == 0) return settings.error_at("depth", "at least 1 was expected");
  return std::unique_ptr<Transform>(std::make_unique<Flatten>(std::move(options)));
}

}  // namespace sluice

#include "transform/flatten.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "flow/settings.h"
#include "json/items.h"
#include "json/path.h"
#include "json/value.h"

namespace sluice {
namespace {

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

// One record on its way.
class Flattening {
 public:
  Flattening(const Options& options, std::string_view record, std::string& out)
      : options_(options), record_(record), out_(out) {}

  Result<Verdict> run() {
    const size_t open = json::skip_blanks(record_, 0);
    out_.clear();
    if (open >= record_.size() || record_[open] != '{' || !has_work(open)) {
      return Verdict::unchanged;
    }
    out_ += '{';
    TRY(members(open, 0));
    out_ += '}';
    return Verdict::changed;
  }

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
  Status members(size_t open, uint64_t depth) {
    Status status;
    json::for_each_item(record_, open, [&](const json::Item& item) {
      if (status.ok()) status = member(item, depth);
    });
    return status;
  }

  Status member(const json::Item& item, uint64_t depth) {
    const std::string_view raw = item.value_of(record_);
    const bool ours = depth > 0 || wanted(item.key);
    const size_t name_bytes = name_.size();
    const size_t steps = path_.steps.size();
    if (depth > 0) name_ += options_.separator;
    name_ += item.key;
    path_.steps.push_back(json::Step::member(decoded(item.key)));
    Status status;
    if (ours && comes_apart(raw, depth)) {
      status = members(item.value_begin, depth + 1);
    } else {
      status = put(raw, ours && options_.arrays == Arrays::stringify);
    }
    name_.resize(name_bytes);
    path_.steps.resize(steps);
    return status;
  }

  Status put(std::string_view raw, bool arrays_to_text) {
    const auto [found, added] = taken_.try_emplace(decoded(name_), path_);
    if (!added && found->second != path_) {
      return Error{ErrorKind::corrupt, "flatten: " + json::to_string(found->second) + " and " +
                                           json::to_string(path_) + " would both be " +
                                           json::quote(found->first)};
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
    return {};
  }

  const Options& options_;
  const std::string_view record_;
  std::string& out_;
  std::string name_;  // Of the member at hand, as it stands in a JSON string
  json::Path path_;   // Where it comes from
  std::unordered_map<std::string, json::Path> taken_;
};

class Flatten : public Transform {
 public:
  explicit Flatten(Options options) : options_(std::move(options)) {}

  Result<Verdict> apply(std::string_view record, const UnitNames&, const Document&,
                        std::string& out) const override {
    return Flattening(options_, record, out).run();
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

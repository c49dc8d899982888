#include "transform/filter.h"

#include <algorithm>

#include "flow/path_pattern.h"
#include "flow/settings.h"
#include "json/value.h"
#include "transform/field_reader.h"

namespace sluice {
namespace {

struct Condition {
  std::optional<std::vector<std::string>> in;       // `equals` is one of one
  std::optional<std::vector<std::string>> matches;  // Any of these globs
  std::optional<bool> exists;
  bool negated = false;
};

// The value's text; nothing if it has none.
std::optional<std::string> text_of(const std::optional<std::string_view>& raw) {
  if (!raw) return std::nullopt;
  switch (json::kind(*raw)) {
    case json::Kind::string:
      return json::unescape(raw->substr(1, raw->size() - 2));
    case json::Kind::number:
    case json::Kind::boolean:
      return std::string(*raw);
    default:
      return std::nullopt;
  }
}

class Filter : public Transform {
 public:
  Filter(json::Path path, Condition condition)
      : condition_(std::move(condition)), reader_({std::move(path)}) {}

  Result<Verdict> apply(std::string_view record, const RecordContext&,
                        std::string& out) const override {
    out.clear();
    return reader_.read(record, [&](FieldValues values) -> Result<Verdict> {
      return fits(values[0]) != condition_.negated ? Verdict::unchanged : Verdict::dropped;
    });
  }

 private:
  bool fits(const std::optional<std::string_view>& raw) const {
    if (condition_.exists) {
      const bool exists = raw && json::kind(*raw) != json::Kind::null;
      if (exists != *condition_.exists) return false;
    }
    if (!condition_.in && !condition_.matches) return true;
    const auto text = text_of(raw);
    if (!text) return false;
    const auto any = [](const auto& all, const auto& fits) {
      return !all || std::any_of(all->begin(), all->end(), fits);
    };
    return any(condition_.in, [&](const std::string& one) { return one == *text; }) &&
           any(condition_.matches, [&](const std::string& glob) { return glob_fits(glob, *text); });
  }

  const Condition condition_;
  const FieldReader reader_;
};

}  // namespace

const PartDoc& filter_doc() {
  static const PartDoc doc = {
      .name = "filter",
      .role = Role::transform,
      .summary =
          "Lets only those records through that fit. All conditions given must hold; a "
          "field alone asks whether it is there.",
      .fields = {{.name = "field",
                  .type = FieldType::field,
                  .help = "The field that is looked at.",
                  .required = true,
                  .example = ".eventName"},
                 {.name = "equals",
                  .help = "Its value, as text: true, 1.10, GetObject.",
                  .example = "GetObject"},
                 {.name = "in",
                  .help = "Any of these values.",
                  .many = Many::list,
                  .example = "[ GetObject, PutObject ]"},
                 {.name = "matches",
                  .help = "Any of these patterns: * is any text, ? any one character.",
                  .many = Many::list,
                  .example = "\"*.amazonaws.com\""},
                 {.name = "exists",
                  .type = FieldType::flag,
                  .help = "Whether there is a value at all; null is none."},
                 {.name = "not",
                  .type = FieldType::flag,
                  .help = "The other way round: lets those through that do not fit.",
                  .default_text = "false"}},
      .example =
          "transform:\n"
          "  - filter: { field: .eventName, in: [ GetObject, PutObject ] }\n"};
  return doc;
}

Result<std::unique_ptr<Transform>> make_filter(const Settings& settings) {
  Condition condition{.negated = settings.flag("not")};
  if (settings.has("equals")) condition.in = {settings.text("equals")};
  if (settings.given("in")) {
    if (condition.in) return settings.error_at("in", "`equals` or `in`, not both");
    condition.in = settings.texts("in");
  }
  if (settings.given("matches")) condition.matches = settings.texts("matches");
  if (settings.has("exists")) condition.exists = settings.flag("exists");
  if (condition.exists == false && (condition.in || condition.matches)) {
    return settings.error_at("exists", "what is not there has no value to look at");
  }
  if (!condition.in && !condition.matches && !condition.exists) condition.exists = true;
  return std::unique_ptr<Transform>(
      std::make_unique<Filter>(settings.path("field"), std::move(condition)));
}

}  // namespace sluice

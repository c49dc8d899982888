#include "transform/stringify.h"

#include "flow/settings.h"
#include "json/edit.h"
#include "json/value.h"
#include "transform/edit_pass.h"
#include "transform/edits.h"

namespace sluice {
namespace {

class Stringify : public EditTransform {
 public:
  explicit Stringify(std::vector<json::Path> paths) : paths_(std::move(paths)) {}

  Result<Verdict> apply(std::string_view record, const RecordContext& context,
                        std::string& out) const override {
    Edits edits(record, context.text_bytes_max, out);
    for (const json::Path& path : paths_) {
      TRY_IN(edits.apply([&](std::string_view text, std::string& to) {
        return json::stringify(text, path, to);
      }),
             "stringify " + json::to_string(path));
    }
    return edits.verdict();
  }

  std::vector<json::EditWord> words() const override {
    const auto rewriter = [](std::string_view raw) -> Result<std::optional<std::string>> {
      const json::Kind kind = json::kind(raw);
      if (kind == json::Kind::string || kind == json::Kind::null) {
        return std::optional<std::string>();
      }
      return std::optional(json::quote(raw));
    };
    std::vector<json::EditWord> words;
    words.reserve(paths_.size());
    for (const json::Path& path : paths_) {
      words.push_back({.verb = json::EditWord::Verb::rewrite, .path = path, .rewriter = rewriter});
    }
    return words;
  }

 private:
  const std::vector<json::Path> paths_;
};

}  // namespace

const PartDoc& stringify_doc() {
  static const PartDoc doc = {.name = "stringify",
                              .role = Role::transform,
                              .summary =
                                  "Turns values into JSON strings of their own text: {\"a\":1} "
                                  "becomes \"{\\\"a\\\":1}\". Strings and null stay as they "
                                  "are; so does what is not there.",
                              .fields = {{.name = "fields",
                                          .type = FieldType::field,
                                          .help = "The fields.",
                                          .required = true,
                                          .many = Many::list,
                                          .example = ".requestParameters"}},
                              .example = "transform:\n  - stringify: .requestParameters\n"};
  return doc;
}

Result<std::unique_ptr<Transform>> make_stringify(const Settings& settings) {
  std::vector<json::Path> paths;
  for (const auto& item : settings.items("fields")) {
    if (item.path().whole()) {
      return settings.error_at("fields", "a field was expected, not the whole record");
    }
    paths.push_back(item.path());
  }
  return std::unique_ptr<Transform>(std::make_unique<Stringify>(std::move(paths)));
}

}  // namespace sluice

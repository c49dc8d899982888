#include "transform/drop.h"

#include "flow/settings.h"
#include "json/edit.h"
#include "transform/edit_pass.h"
#include "transform/edits.h"

namespace sluice {
namespace {

class Drop : public EditTransform {
 public:
  explicit Drop(std::vector<json::Path> paths) : paths_(std::move(paths)) {}

  Result<Verdict> apply(std::string_view record, const RecordContext& context,
                        std::string& out) const override {
    Edits edits(record, context.text_bytes_max, out);
    for (const json::Path& path : paths_) {
      TRY_IN(edits.apply([&](std::string_view text, std::string& to) {
        return json::drop(text, path, to);
      }),
             "drop " + json::to_string(path));
    }
    return edits.verdict();
  }

  std::vector<json::EditWord> words() const override {
    std::vector<json::EditWord> words;
    words.reserve(paths_.size());
    for (const json::Path& path : paths_) {
      words.push_back({.verb = json::EditWord::Verb::drop, .path = path});
    }
    return words;
  }

 private:
  const std::vector<json::Path> paths_;
};

}  // namespace

const PartDoc& drop_doc() {
  static const PartDoc doc = {
      .name = "drop",
      .role = Role::transform,
      .summary = "Takes fields out of records. One that is not there is fine.",
      .fields = {{.name = "fields",
                  .type = FieldType::field,
                  .help = "The fields that go.",
                  .required = true,
                  .many = Many::list,
                  .example = ".requestParameters"}},
      .example = "transform:\n  - drop: [ .requestParameters, .responseElements ]\n"};
  return doc;
}

Result<std::unique_ptr<Transform>> make_drop(const Settings& settings) {
  std::vector<json::Path> paths;
  for (const auto& item : settings.items("fields")) {
    if (item.path().whole()) {
      return settings.error_at("fields", "a field was expected, not the whole record");
    }
    paths.push_back(item.path());
  }
  return std::unique_ptr<Transform>(std::make_unique<Drop>(std::move(paths)));
}

}  // namespace sluice

#include "transform/rename.h"

#include "flow/settings.h"
#include "json/edit.h"
#include "json/value.h"
#include "transform/edit_pass.h"
#include "transform/edits.h"
#include "transform/names.h"

namespace sluice {
namespace {

struct Renaming {
  json::Path path;
  std::string key;
};

class Rename : public EditTransform {
 public:
  explicit Rename(std::vector<Renaming> renamings) : renamings_(std::move(renamings)) {}

  Result<Verdict> apply(std::string_view record, const RecordContext& context,
                        std::string& out) const override {
    Edits edits(record, context.text_bytes_max, out);
    for (const Renaming& one : renamings_) {
      TRY_IN(edits.apply([&](std::string_view text, std::string& to) {
        return json::rename(text, one.path, one.key, to);
      }),
             "rename " + json::to_string(one.path));
    }
    return edits.verdict();
  }

  std::vector<json::EditWord> words() const override {
    std::vector<json::EditWord> words;
    words.reserve(renamings_.size());
    for (const Renaming& one : renamings_) {
      words.push_back({.verb = json::EditWord::Verb::rename, .path = one.path, .key = one.key});
    }
    return words;
  }

 private:
  const std::vector<Renaming> renamings_;
};

}  // namespace

const PartDoc& rename_doc() {
  static const PartDoc doc = {
      .name = "rename",
      .role = Role::transform,
      .summary =
          "Gives members another key; they keep their place. One that is not there is fine. "
          "Where there is a member of the new name already the record is set aside.",
      .fields = {{.name = "names",
                  .type = FieldType::text,
                  .help = "Fields and their new keys. A key is a name, not a path.",
                  .required = true,
                  .many = Many::map,
                  .example = "{ eventID: event_id, userIdentity.type: kind }"}},
      .example =
          "transform:\n"
          "  - rename: { eventID: event_id }\n"};
  return doc;
}

Result<std::unique_ptr<Transform>> make_rename(const Settings& settings) {
  std::vector<Renaming> renamings;
  for (const auto& item : settings.items("names")) {
    auto path = parse_field_name(item.name);
    if (!path.ok()) {
      return settings.error_at("names", "`" + item.name + "` is no field: " + path.error().message);
    }
    if (path->whole() || path->steps.back().kind == json::Step::Kind::index) {
      return settings.error_at("names", "`" + item.name + "` is no member of an object");
    }
    std::string key = item.text();
    // `.a: .b` is easily written, and means a key as much as `a: b` does.
    if (key.starts_with('.')) {
      auto to = json::parse_path(key);
      if (!to.ok() || to->steps.size() != 1 || to->steps[0].kind != json::Step::Kind::key) {
        return settings.error_at("names",
                                 "the new name is one key, not a path; members are not "
                                 "moved");
      }
      key = to->steps[0].key;
    }
    if (!json::is_utf8(key)) return settings.error_at("names", "a key must be UTF-8");
    renamings.push_back({std::move(*path), std::move(key)});
  }
  return std::unique_ptr<Transform>(std::make_unique<Rename>(std::move(renamings)));
}

}  // namespace sluice

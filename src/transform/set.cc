#include "transform/set.h"

#include <algorithm>

#include "base/text.h"
#include "flow/settings.h"
#include "json/bytes_text.h"
#include "json/edit.h"
#include "json/scan.h"
#include "json/value.h"
#include "transform/edit_pass.h"
#include "transform/edits.h"
#include "transform/field_reader.h"
#include "transform/names.h"

namespace sluice {
namespace {

struct Assignment {
  json::Path path;
  std::string raw;                    // Given as a number, true, false or null
  Template templ;                     // Else this
  bool copies = false;                // It is one field and nothing else
  size_t fields_begin = 0;            // Of its fields among all
  std::vector<size_t> captures = {};  // Of its paths, indexes into Document::captures
};

bool is_plain_json(std::string_view text) {
  if (text.empty() || text.find_first_of("\"[{") != std::string_view::npos) return false;
  return !json::find_fault(text).has_value();
}

bool is_one_field(const Template& templ) {
  const auto& pieces = templ.pieces();
  return pieces.size() == 1 && pieces[0].kind == Template::Piece::Kind::field && !pieces[0].format;
}

std::vector<json::Path> all_fields(const std::vector<Assignment>& assignments) {
  std::vector<json::Path> fields;
  for (const Assignment& one : assignments) {
    fields.insert(fields.end(), one.templ.fields().begin(), one.templ.fields().end());
  }
  return fields;
}

class Set : public EditTransform {
 public:
  explicit Set(std::vector<Assignment> assignments)
      : assignments_(std::move(assignments)), reader_(all_fields(assignments_)) {}

  Status use_paths(const std::vector<std::string>& names) override {
    for (Assignment& one : assignments_) {
      one.captures.clear();
      for (const std::string& name : one.templ.path_names()) {
        const auto found = std::find(names.begin(), names.end(), name);
        if (found == names.end()) {
          return Error{ErrorKind::invalid, "set: the source's path has no {path." + name + "}"};
        }
        one.captures.push_back(static_cast<size_t>(found - names.begin()));
      }
    }
    return {};
  }

  Result<Verdict> apply(std::string_view record, const RecordContext& context,
                        std::string& out) const override {
    return reader_.read(record, [&](FieldValues fields) -> Result<Verdict> {
      Edits edits(record, context.text_bytes_max, out);
      std::string made;
      for (const Assignment& one : assignments_) {
        const FieldValues own = own_fields(one, fields);
        const auto there = lies_there(one, own);
        made.clear();
        if (!there) {
          TRY_IN(append_made(one, own, context, UINT64_MAX, made),
                 "set " + json::to_string(one.path));
        }
        TRY_IN(edits.apply([&](std::string_view text, std::string& to) {
          return json::set(text, one.path, there.value_or(made), to);
        }),
               "set " + json::to_string(one.path));
      }
      return edits.verdict();
    });
  }

  std::vector<json::EditWord> words() const override {
    std::vector<json::EditWord> words;
    words.reserve(assignments_.size());
    for (const Assignment& one : assignments_) {
      words.push_back({.verb = json::EditWord::Verb::set, .path = one.path});
    }
    return words;
  }
  std::vector<json::Path> reads() const override { return all_fields(assignments_); }
  Status append_value(size_t which, FieldValues fields, const RecordContext& context,
                      uint64_t bytes_max, std::string& out) const override {
    const Assignment& one = assignments_[which];
    const FieldValues own = own_fields(one, fields);
    if (const auto raw = lies_there(one, own)) {
      if (out.size() + raw->size() > bytes_max) return longer_than(bytes_max);
      out += *raw;
      return {};
    }
    return append_made(one, own, context, bytes_max, out);
  }
  // What a field has escaped gets no longer.
  size_t value_bytes_about(FieldValues fields) const override {
    size_t bytes = 0;
    for (const Assignment& one : assignments_) {
      bytes += one.raw.size() + one.templ.text().size() + 2;
      for (const auto& raw : own_fields(one, fields)) bytes += raw ? raw->size() : 0;
    }
    return bytes;
  }

 private:
  static FieldValues own_fields(const Assignment& one, FieldValues fields) {
    return fields.subspan(one.fields_begin, one.templ.fields().size());
  }

  // A value that needn't be made.
  static std::optional<std::string_view> lies_there(const Assignment& one, FieldValues own) {
    if (!one.raw.empty()) return one.raw;
    if (one.copies && own[0] && copyable(*own[0])) return *own[0];
    return std::nullopt;
  }

  static Status append_made(const Assignment& one, FieldValues own, const RecordContext& context,
                            uint64_t bytes_max, std::string& out) {
    std::vector<std::string> paths;
    for (const size_t capture : one.captures) {
      ENSURE(capture < context.document.captures.size());
      paths.push_back(context.document.captures[capture]);
    }
    std::string text;
    TRY(one.templ.render({.fields = own, .paths = paths, .unit = &context.unit},
                         Template::Escape::none, text));
    // A path may have any bytes.
    if (!paths.empty() && !json::is_utf8(text)) text = json::text_of_bytes(text);
    // In quotes it only gets longer.
    if (out.size() + text.size() + 2 > bytes_max) return longer_than(bytes_max);
    json::append_quoted(text, out);
    return {};
  }
  static bool copyable(std::string_view raw) {
    const json::Kind kind = json::kind(raw);
    return kind == json::Kind::number || kind == json::Kind::boolean ||
           (kind == json::Kind::string && raw.size() > 2);
  }

  std::vector<Assignment> assignments_;  // Constant once use_paths() was called
  const FieldReader reader_;
};

}  // namespace

const PartDoc& set_doc() {
  static const PartDoc doc = {
      .name = "set",
      .role = Role::transform,
      .summary =
          "Gives fields a value, made of a template. A template that is one field copies "
          "it as it is; everything else becomes a string, but for a number, true, false or "
          "null without quotes. A field that is missing sets the record aside.",
      .fields = {{.name = "values",
                  .type = FieldType::templ,
                  .help = "Field names and their values.",
                  .required = true,
                  .many = Many::map,
                  .use = TemplateUse::value,
                  .example = "{ ingest_date: \"{unit:%F}\", account: \"{path.account}\" }"}},
      .example =
          "transform:\n"
          "  - set: { ingest_date: \"{unit:%F}\", ingest_ts: \"{run.started}\" }\n"};
  return doc;
}

Result<std::unique_ptr<Transform>> make_set(const Settings& settings) {
  std::vector<Assignment> assignments;
  size_t fields = 0;
  for (const auto& item : settings.items("values")) {
    auto path = parse_field_name(item.name);
    if (!path.ok()) {
      return settings.error_at("values",
                               "`" + item.name + "` is no field: " + path.error().message);
    }
    if (path->whole()) return settings.error_at("values", "the whole record can't be set");
    Assignment one{.path = std::move(*path), .raw = {}, .templ = item.templ()};
    // Without blanks around it, which a variable may bring: a line break would end the record.
    if (!item.quoted && is_plain_json(one.templ.text())) one.raw = trim(one.templ.text());
    one.copies = is_one_field(one.templ);
    one.fields_begin = fields;
    fields += one.templ.fields().size();
    assignments.push_back(std::move(one));
  }
  return std::unique_ptr<Transform>(std::make_unique<Set>(std::move(assignments)));
}

}  // namespace sluice

#include "job/explain.h"

#include <algorithm>
#include <array>

#include "base/nearest.h"
#include "base/text.h"
#include "job/words.h"

namespace sluice {
namespace {

constexpr size_t width_bytes_max = 88;
constexpr std::array<Role, 5> roles = {Role::source, Role::decode, Role::transform, Role::format,
                                       Role::sink};

std::string_view title_of(Role role) {
  switch (role) {
    case Role::source:
      return "Sources: where documents come from";
    case Role::decode:
      return "Decoders: how a document's bytes become records";
    case Role::transform:
      return "Transforms: what is done to each record";
    case Role::format:
      return "Formats: what objects are made of";
    case Role::sink:
      return "Sinks: where records go";
  }
  return "";
}

std::string type_of(const FieldDoc& field) {
  std::string type;
  switch (field.type) {
    case FieldType::text:
      type = "text";
      break;
    case FieldType::templ:
      type = "template";
      break;
    case FieldType::pattern:
      type = "path";
      break;
    case FieldType::field:
      type = "field";
      break;
    case FieldType::bytes:
      type = "bytes";
      break;
    case FieldType::duration:
      type = "duration";
      break;
    case FieldType::count:
      type = "number";
      break;
    case FieldType::flag:
      type = "true or false";
      break;
    case FieldType::choice:
      type = join(field.choices, " | ");
      break;
    case FieldType::part:
      type = "a " + std::string(to_string(field.role));
      break;
    case FieldType::group:
      type = "words";
      break;
  }
  if (field.many == Many::list) type = "list of " + type;
  if (field.many == Many::map) type = "names to " + type;
  return type;
}

// "bytes, default 24MiB"
std::string nature_of(const FieldDoc& field) {
  std::string nature = type_of(field);
  if (field.required) nature += ", required";
  if (!field.default_text.empty()) nature += ", default " + field.default_text;
  if (!field.example.empty()) nature += ", as in " + field.example;
  return nature;
}

void append_wrapped(std::string_view text, size_t indent, std::string& out) {
  size_t column = 0;
  for (const std::string_view word : split(text, ' ')) {
    if (word.empty()) continue;
    if (column > 0 && column + 1 + word.size() > width_bytes_max) {
      out += '\n';
      column = 0;
    }
    if (column == 0) {
      out.append(indent, ' ');
      column = indent;
    } else {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  if (column > 0) out += '\n';
}

void append_fields(const std::vector<FieldDoc>& fields, size_t indent, std::string& out) {
  for (const FieldDoc& field : fields) {
    out.append(indent, ' ');
    out += field.name + "  (" + nature_of(field) + ")\n";
    append_wrapped(field.help, indent + 4, out);
    if (field.type == FieldType::group) append_fields(field.fields, indent + 4, out);
  }
}

std::string first_sentence(std::string_view text) {
  const size_t end = text.find(". ");
  return std::string(text.substr(0, end == text.npos ? end : end + 1));
}

bool stands_alone(const PartDoc& doc) {
  return &doc == &job_words() || &doc == &units_words();
}

void append_lines_of(Role role, const Catalog& catalog, std::string& out) {
  size_t widest = 0;
  for (const auto name : catalog.names(role)) widest = std::max(widest, name.size());
  for (const Part& part : catalog.parts()) {
    if (part.doc.role != role) continue;
    out += "  " + part.doc.name + std::string(widest + 2 - part.doc.name.size(), ' ') +
           first_sentence(part.doc.summary) + "\n";
  }
}

void append_markdown(const std::vector<FieldDoc>& fields, size_t indent, std::string& out) {
  for (const FieldDoc& field : fields) {
    out.append(indent, ' ');
    out += "- `" + field.name + "` (" + nature_of(field) + "): " + field.help + "\n";
    if (field.type == FieldType::group) append_markdown(field.fields, indent + 2, out);
  }
}

void append_markdown(const PartDoc& doc, std::string& out) {
  out += "### " + doc.name + "\n\n" + doc.summary + "\n\n";
  append_markdown(doc.fields, 0, out);
  if (!doc.fields.empty()) out += "\n";
  if (doc.example.empty()) return;
  out += "```yaml\n" + doc.example + (doc.example.back() == '\n' ? "" : "\n") + "```\n\n";
}

}  // namespace

std::string explain(const PartDoc& doc) {
  std::string out = doc.name;
  if (!stands_alone(doc)) out += "  (" + std::string(to_string(doc.role)) + ")";
  out += "\n\n";
  append_wrapped(doc.summary, 2, out);
  if (!doc.fields.empty()) out += "\n";
  append_fields(doc.fields, 2, out);
  if (doc.example.empty()) return out;
  out += "\nExample\n\n";
  for (const std::string_view line : split(trim(doc.example), '\n')) {
    out += "  " + std::string(line) + "\n";
  }
  return out;
}

Result<std::string> explain(const Catalog& catalog, std::string_view name) {
  if (name == "job") return explain(job_words());
  if (name == "units") return explain(units_words());
  std::string out;
  for (const Part& part : catalog.parts()) {
    if (part.doc.name != name) continue;
    if (!out.empty()) out += "\n";  // A decoder and a format may have one name
    out += explain(part.doc);
  }
  std::vector<std::string_view> known = {"job", "units"};
  for (const Role role : roles) {
    known.push_back(to_string(role));
    for (const std::string_view part : catalog.names(role)) known.push_back(part);
    if (name != to_string(role)) continue;
    out += std::string(title_of(role)) + "\n\n";
    append_lines_of(role, catalog, out);
  }
  if (!out.empty()) return out;
  return Error{ErrorKind::invalid, "nothing is called `" + excerpt(name) + "`" +
                                       (nearest(name, known) ? suggestion(name, known)
                                                             : "; `explain` alone lists all")};
}

std::string overview(const Catalog& catalog) {
  std::string out = "job    " + first_sentence(job_words().summary) + "\nunits  " +
                    first_sentence(units_words().summary) + "\n";
  for (const Role role : roles) {
    out += "\n" + std::string(title_of(role)) + "\n\n";
    append_lines_of(role, catalog, out);
  }
  return out;
}

std::string reference(const Catalog& catalog) {
  std::string out = "# The job file\n\n";
  append_markdown(job_words(), out);
  for (const Role role : roles) {
    out += "## " + std::string(title_of(role)) + "\n\n";
    for (const Part& part : catalog.parts()) {
      if (part.doc.role == role) append_markdown(part.doc, out);
    }
  }
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

}  // namespace sluice

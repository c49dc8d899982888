// The JSON Schema of job/explain.h.
//
// https://json-schema.org/draft/2020-12: a schema is a JSON object. Each role of parts is one
// definition, so that parts may stand within parts.
#include <array>

#include "job/explain.h"
#include "job/words.h"
#include "json/value.h"

namespace sluice {
namespace {

// A JSON object as it grows.
class Object {
 public:
  Object& raw(std::string_view key, std::string_view value) {
    out_ += out_.empty() ? '{' : ',';
    json::append_quoted(key, out_);
    out_ += ':';
    out_ += value;
    return *this;
  }
  Object& text(std::string_view key, std::string_view value) {
    return raw(key, json::quote(value));
  }
  std::string done() const { return out_.empty() ? "{}" : out_ + "}"; }

 private:
  std::string out_;
};

std::string array(const std::vector<std::string>& values) {
  std::string out = "[";
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    out += values[i];
  }
  return out + "]";
}

std::string any_of(const std::vector<std::string>& schemas) {
  return schemas.size() == 1 ? schemas.front() : Object().raw("anyOf", array(schemas)).done();
}

constexpr std::string_view variable = R"({"$ref":"#/$defs/variable"})";

std::string words_schema(const std::vector<FieldDoc>& fields);

// Of one value.
std::string type_schema(const FieldDoc& field) {
  switch (field.type) {
    case FieldType::text:
    case FieldType::templ:
      return R"({"type":["string","number","boolean"]})";
    case FieldType::pattern:
      return R"({"type":"string"})";
    case FieldType::field:
      return R"x({"type":"string","pattern":"^([./]|\\$\\{)"})x";
    case FieldType::bytes:
      return R"({"type":["string","integer"]})";
    case FieldType::duration:
      return R"({"type":["string","integer"]})";
    case FieldType::count:
      return any_of({R"({"type":"integer","minimum":0})", std::string(variable)});
    case FieldType::flag:
      return any_of({R"({"type":"boolean"})", std::string(variable)});
    case FieldType::choice: {
      std::vector<std::string> choices;
      choices.reserve(field.choices.size());
      for (const std::string& choice : field.choices) choices.push_back(json::quote(choice));
      return any_of({Object().raw("enum", array(choices)).done(), std::string(variable)});
    }
    case FieldType::part:
      return Object().text("$ref", "#/$defs/" + std::string(to_string(field.role))).done();
    case FieldType::group:
      return words_schema(field.fields);
  }
  return "{}";
}

// Of what may stand behind the field's name, without words about it.
std::string value_schema(const FieldDoc& field) {
  std::string one = type_schema(field);
  if (field.many == Many::one) return one;
  if (field.many == Many::map) {
    return Object().text("type", "object").raw("additionalProperties", one).done();
  }
  return any_of({one, Object().text("type", "array").raw("items", one).done()});
}

std::string described(const FieldDoc& field) {
  Object out;
  std::string help = field.help;
  if (!field.default_text.empty()) help += " Default: " + field.default_text + ".";
  if (!help.empty()) out.text("description", help);
  return out.raw("allOf", array({value_schema(field)})).done();
}

std::string words_schema(const std::vector<FieldDoc>& fields) {
  Object properties;
  std::vector<std::string> required;
  for (const FieldDoc& field : fields) {
    properties.raw(field.name, described(field));
    if (field.required) required.push_back(json::quote(field.name));
  }
  Object out;
  out.text("type", "object").raw("properties", properties.done());
  if (!required.empty()) out.raw("required", array(required));
  return out.raw("additionalProperties", "false").done();
}

// { PART: value or words, other words }
std::string part_schema(const PartDoc& doc) {
  std::vector<std::string> values = {R"({"type":"null"})"};
  if (!doc.fields.empty()) values.push_back(value_schema(doc.fields.front()));
  const bool has_words = doc.fields.empty() || doc.fields.front().many != Many::map;
  if (has_words) values.push_back(words_schema(doc.fields));
  Object properties;
  properties.raw(doc.name, any_of(values));
  for (const FieldDoc& field : doc.fields) {
    const bool beside = has_words || &field != &doc.fields.front();
    if (beside && field.name != doc.name) properties.raw(field.name, described(field));
  }
  return Object()
      .text("description", doc.summary)
      .text("type", "object")
      .raw("properties", properties.done())
      .raw("required", array({json::quote(doc.name)}))
      .raw("additionalProperties", "false")
      .done();
}

std::string role_schema(Role role, const Catalog& catalog) {
  std::vector<std::string> names, schemas;
  for (const Part& part : catalog.parts()) {
    if (part.doc.role != role) continue;
    names.push_back(json::quote(part.doc.name));
    schemas.push_back(part_schema(part.doc));
  }
  if (names.empty()) return "false";
  schemas.insert(schemas.begin(), Object().raw("enum", array(names)).done());
  return any_of(schemas);
}

}  // namespace

std::string schema(const Catalog& catalog) {
  constexpr std::array<Role, 5> roles = {Role::source, Role::decode, Role::transform, Role::format,
                                         Role::sink};
  Object definitions;
  definitions.raw("variable", R"({"type":"string","pattern":"\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}"})");
  for (const Role role : roles) definitions.raw(to_string(role), role_schema(role, catalog));
  return Object()
             .text("$schema", "https://json-schema.org/draft/2020-12/schema")
             .text("title", "A Sluice job")
             .text("description", job_words().summary)
             .raw("$defs", definitions.done())
             .raw("allOf", array({words_schema(job_words().fields)}))
             .done() +
         "\n";
}

}  // namespace sluice

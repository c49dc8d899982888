#include "flow/settings.h"

#include <algorithm>

#include "json/value.h"

namespace sluice {
namespace {

void append_canonical(const SettingValue& value, std::string& out) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    json::append_quoted(*text, out);
  } else if (const auto* templ = std::get_if<Template>(&value)) {
    json::append_quoted(templ->text(), out);
  } else if (const auto* pattern = std::get_if<PathPattern>(&value)) {
    json::append_quoted(pattern->text(), out);
  } else if (const auto* path = std::get_if<json::Path>(&value)) {
    json::append_quoted(json::to_string(*path), out);
  } else if (const auto* number = std::get_if<uint64_t>(&value)) {
    out += std::to_string(*number);
  } else if (const auto* duration = std::get_if<Nanoseconds>(&value)) {
    out += std::to_string(*duration);
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    out += *flag ? "true" : "false";
  } else if (const auto* inner = std::get_if<std::vector<Settings>>(&value)) {
    for (const Settings& settings : *inner) out += settings.canonical();
  }
}

}  // namespace

Node Node::of(std::string_view text) {
  Node node;
  node.kind = Kind::scalar;
  node.text = text;
  return node;
}

Node Node::of_list(std::vector<Node> items) {
  Node node;
  node.kind = Kind::list;
  node.items = std::move(items);
  return node;
}

Node Node::of_map(std::vector<Entry> entries) {
  Node node;
  node.kind = Kind::map;
  node.entries = std::move(entries);
  return node;
}

const Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

// Here, where Value is whole: clang needs it to copy or destroy the values.
Settings::Settings() = default;
Settings::Settings(const Settings&) = default;
Settings::Settings(Settings&&) noexcept = default;
Settings& Settings::operator=(const Settings&) = default;
Settings& Settings::operator=(Settings&&) noexcept = default;
Settings::~Settings() = default;

const Settings::Value* Settings::find(std::string_view field) const {
  for (const auto& [name, value] : values_) {
    if (name == field) return &value;
  }
  return nullptr;
}

const Settings::Value& Settings::get(std::string_view field) const {
  const Value* value = find(field);
  ENSURE(value != nullptr);
  return *value;
}

bool Settings::has(std::string_view field) const {
  return find(field) != nullptr;
}

bool Settings::given(std::string_view field) const {
  const Value* value = find(field);
  return value != nullptr && value->given;
}

const std::string& Settings::text(std::string_view field) const {
  const SettingValue& value = get(field).value;
  if (const auto* pattern = std::get_if<PathPattern>(&value)) return pattern->text();
  return std::get<std::string>(value);
}

const Template& Settings::templ(std::string_view field) const {
  return std::get<Template>(get(field).value);
}

const PathPattern& Settings::pattern(std::string_view field) const {
  return std::get<PathPattern>(get(field).value);
}

const json::Path& Settings::path(std::string_view field) const {
  return std::get<json::Path>(get(field).value);
}

uint64_t Settings::bytes(std::string_view field) const {
  return std::get<uint64_t>(get(field).value);
}

uint64_t Settings::count(std::string_view field) const {
  return std::get<uint64_t>(get(field).value);
}

Nanoseconds Settings::duration(std::string_view field) const {
  return std::get<Nanoseconds>(get(field).value);
}

bool Settings::flag(std::string_view field) const {
  return std::get<bool>(get(field).value);
}

const Settings& Settings::inner(std::string_view field) const {
  return std::get<std::vector<Settings>>(get(field).value).front();
}

const std::vector<Settings::Item>& Settings::items(std::string_view field) const {
  static const std::vector<Item> none;
  const Value* value = find(field);
  return value == nullptr ? none : value->items;
}

std::vector<std::string> Settings::texts(std::string_view field) const {
  std::vector<std::string> texts;
  for (const Item& item : items(field)) texts.push_back(item.text());
  return texts;
}

SourceMark Settings::mark_of(std::string_view field) const {
  const Value* value = find(field);
  return value != nullptr && value->given ? value->mark : mark_;
}

bool Settings::secret(std::string_view field) const {
  const Value* value = find(field);
  return value != nullptr && value->secret;
}

bool Settings::quoted(std::string_view field) const {
  const Value* value = find(field);
  return value != nullptr && value->quoted;
}

Error Settings::error_at(std::string_view field, std::string_view message) const {
  const SourceMark mark = mark_of(field);
  std::string text;
  if (!file_.empty()) text = file_ + ":";
  if (mark.line > 0) text += std::to_string(mark.line) + ":" + std::to_string(mark.column) + ":";
  if (!text.empty()) text += " ";
  return {ErrorKind::invalid, text + std::string(field) + ": " + std::string(message)};
}

void Settings::for_each(const Visit& visit) const {
  const auto look = [&](std::string_view field, const SettingValue& value, SourceMark mark) {
    visit(field, value, mark);
    if (const auto* inner = std::get_if<std::vector<Settings>>(&value)) {
      for (const Settings& settings : *inner) settings.for_each(visit);
    }
  };
  for (const auto& [field, value] : values_) {
    look(field, value.value, value.mark);
    for (const Item& item : value.items) look(field, item.value, item.mark);
  }
}

std::string Settings::canonical() const {
  std::string out;
  json::append_quoted(name_, out);
  out += '{';
  for (const auto& [name, value] : values_) {
    if (value.like_default || value.says == Says::how) continue;
    json::append_quoted(name, out);
    out += ':';
    append_canonical(value.value, out);
    for (const Item& item : value.items) {
      out += '[';
      json::append_quoted(item.name, out);
      // `set: {x: 1}` is not `set: {x: "1"}`.
      if (!item.name.empty()) out += item.quoted ? '=' : '~';
      append_canonical(item.value, out);
      out += ']';
    }
    out += ';';
  }
  out += '}';
  return out;
}

}  // namespace sluice

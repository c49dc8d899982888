// The checker of flow/settings.h: what a file says against what a description allows.
#include <algorithm>
#include <array>

#include "base/nearest.h"
#include "base/text.h"
#include "flow/settings.h"

namespace sluice {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 9> planned = {{
    {Role::source, "http"},
    {Role::source, "kafka"},
    {Role::source, "sqs"},
    {Role::source, "lake"},
    {Role::decode, "parquet"},
    {Role::format, "parquet"},
    {Role::format, "csv"},
    {Role::sink, "sqs"},
    {Role::format, "raw"},
}};

std::string_view wanted(const FieldDoc& field) {
  switch (field.type) {
    case FieldType::text:
      return "text";
    case FieldType::templ:
      return "a template";
    case FieldType::pattern:
      return "a path, as in s3://logs/{unit:%F}/";
    case FieldType::field:
      return "a field, .like.this";
    case FieldType::bytes:
      return "a number of bytes: 128MiB";
    case FieldType::duration:
      return "a duration: 90s, 2d";
    case FieldType::count:
      return "a whole number";
    case FieldType::flag:
      return "true or false";
    case FieldType::choice:
      return "a word";
    case FieldType::part:
      return "a part";
    case FieldType::group:
      return "words with values";
  }
  return "";
}

std::string_view describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::nothing:
      return "nothing";
    case Node::Kind::scalar:
      return "a single value";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "words with values";
  }
  return "";
}

Error invalid(std::string message) {
  return {ErrorKind::invalid, std::move(message)};
}

Result<SettingValue> parse_choice(const FieldDoc& field, const std::string& text) {
  std::vector<std::string_view> choices(field.choices.begin(), field.choices.end());
  if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
    return invalid("`" + excerpt(text) + "` is not one of " + join(field.choices, ", ") +
                   (nearest(text, choices) ? suggestion(text, choices) : ""));
  }
  return SettingValue(text);
}

Result<SettingValue> parse_scalar(const FieldDoc& field, const std::string& text,
                                  const TimeZone& zone) {
  switch (field.type) {
    case FieldType::text:
      return SettingValue(text);
    case FieldType::templ:
      return SettingValue(TRY(Template::parse(text, field.use, zone)));
    case FieldType::pattern:
      return SettingValue(TRY(PathPattern::parse(text)));
    case FieldType::field:
      return SettingValue(TRY(json::parse_path(text)));
    case FieldType::bytes:
      return SettingValue(std::in_place_type<uint64_t>, TRY(parse_bytes(text)));
    case FieldType::duration:
      return SettingValue(std::in_place_type<Nanoseconds>, TRY(parse_duration(text)));
    case FieldType::count: {
      const auto number = parse_number<uint64_t>(text);
      if (!number) return invalid("`" + excerpt(text) + "` is not a whole number");
      return SettingValue(std::in_place_type<uint64_t>, *number);
    }
    case FieldType::flag:
      if (text != "true" && text != "false") {
        return invalid("`" + excerpt(text) + "` is neither true nor false");
      }
      return SettingValue(std::in_place_type<bool>, text == "true");
    case FieldType::choice:
      return parse_choice(field, text);
    case FieldType::part:
    case FieldType::group:
      break;
  }
  return invalid("not a single value");
}

}  // namespace

class SettingsChecker {
 public:
  SettingsChecker(const CheckContext& context, std::vector<Mistake>& mistakes)
      : context_(context), mistakes_(mistakes) {}

  // `where` is what messages call the place: "unknown word `x` in sink".
  Settings check(std::string_view name, const std::vector<FieldDoc>& fields, const Node& node,
                 std::string_view where) {
    Node words = as_words(fields, node, where);
    words.mark = node.mark;
    return check_words(name, fields, words, where);
  }

  // `words`: as as_words() makes them.
  Settings check_words(std::string_view name, const std::vector<FieldDoc>& fields,
                       const Node& words, std::string_view where) {
    Settings out;
    out.name_ = name;
    out.mark_ = words.mark;
    out.file_ = context_.file;
    for (const Node::Entry& entry : words.entries) {
      const bool known = std::any_of(fields.begin(), fields.end(), [&](const FieldDoc& field) {
        return field.name == entry.key;
      });
      if (!known) unknown_word(fields, entry, where);
    }
    for (const FieldDoc& field : fields) {
      const Node* value = words.find(field.name);
      if (value == nullptr && field.required) {
        mistake(words.mark, std::string(where) + " needs `" + field.name + "`: " + field.help);
      }
      add(out, field, value);
    }
    return out;
  }

  Settings check_part(Role role, const Node& node) {
    if (node.kind == Node::Kind::scalar) {
      const Part* part = find_part(role, node.text, node.mark, node.secret);
      if (part == nullptr) return {};
      Node nothing;
      nothing.mark = node.mark;
      return of_part(*part, nothing, part->doc.name);
    }
    if (node.kind != Node::Kind::map || node.entries.empty()) {
      mistake(node.mark, std::string(to_string(role)) + ": expected a part" +
                             suggestion("", context_.catalog->names(role)) + ", not " +
                             std::string(describe(node)));
      return {};
    }
    return check_entries(role, node);
  }

 private:
  void mistake(SourceMark mark, std::string message) {
    mistakes_.push_back({mark, std::move(message)});
  }

  void unknown_word(const std::vector<FieldDoc>& fields, const Node::Entry& entry,
                    std::string_view where) {
    std::vector<std::string_view> names;
    names.reserve(fields.size());
    for (const FieldDoc& field : fields) names.push_back(field.name);
    mistake(entry.mark, "unknown word `" + excerpt(entry.key) + "` in " + std::string(where) +
                            suggestion(entry.key, names));
  }

  // A value that stands where words belong fills the first field.
  Node as_words(const std::vector<FieldDoc>& fields, const Node& node, std::string_view where) {
    if (node.kind == Node::Kind::nothing) return Node::of_map({});
    if (fields.empty()) {
      if (node.kind != Node::Kind::map || !node.entries.empty()) {
        mistake(node.mark, std::string(where) + " takes no values");
      }
      return Node::of_map({});
    }
    const bool words = node.kind == Node::Kind::map && fields.front().many != Many::map;
    if (words) return node;
    return Node::of_map({{fields.front().name, node, node.mark}});
  }

  const Part* find_part(Role role, std::string_view name, SourceMark mark, bool secret) {
    ENSURE(context_.catalog != nullptr);
    if (const Part* part = context_.catalog->find(role, name)) return part;
    const auto names = context_.catalog->names(role);
    if (secret) {
      mistake(mark,
              "what ${...} says is no " + std::string(to_string(role)) + suggestion("", names));
      return nullptr;
    }
    const bool later = std::any_of(planned.begin(), planned.end(), [&](const auto& entry) {
      return entry.first == role && entry.second == name;
    });
    const std::string what = std::string(to_string(role)) + " `" + excerpt(name) + "`";
    mistake(mark, later ? what + " is not there yet" + suggestion("", names)
                        : "unknown " + what + suggestion(name, names));
    return nullptr;
  }

  Settings of_part(const Part& part, const Node& node, std::string_view where) {
    Settings out = check(part.doc.name, part.doc.fields, node, where);
    out.part_ = &part;
    return out;
  }

  // { PART: value, other words of the part }
  Settings check_entries(Role role, const Node& node) {
    const Node::Entry* named = nullptr;
    const Part* part = nullptr;
    for (const Node::Entry& entry : node.entries) {
      const Part* found = context_.catalog->find(role, entry.key);
      if (found == nullptr) continue;
      if (part != nullptr) {
        mistake(entry.mark, "both `" + named->key + "` and `" + entry.key + "` in one " +
                                std::string(to_string(role)) + "; there is room for one");
        return {};
      }
      part = found;
      named = &entry;
    }
    if (part == nullptr) {
      const auto names = context_.catalog->names(role);
      const Node::Entry* meant = &node.entries.front();
      for (const Node::Entry& entry : node.entries) {
        if (nearest(entry.key, names)) meant = &entry;
      }
      find_part(role, meant->key, meant->mark, false);
      return {};
    }
    if (node.entries.size() == 1) return of_part(*part, named->value, part->doc.name);
    Node words = as_words(part->doc.fields, named->value, part->doc.name);
    words.mark = node.mark;
    for (const Node::Entry& entry : node.entries) {
      if (&entry == named) continue;
      if (words.find(entry.key) != nullptr) {
        mistake(entry.mark, "`" + entry.key + "` comes twice in " + std::string(to_string(role)));
      } else {
        words.entries.push_back(entry);
      }
    }
    Settings out = check_words(part->doc.name, part->doc.fields, words, to_string(role));
    out.part_ = part;
    return out;
  }

  void add(Settings& out, const FieldDoc& field, const Node* node) {
    std::optional<Settings::Value> by_default;
    if (!field.default_text.empty()) by_default = value_of(field, default_node(field));
    if (node == nullptr) {
      if (!by_default) return;
      by_default->given = false;
      by_default->like_default = true;
      out.values_.emplace_back(field.name, std::move(*by_default));
      return;
    }
    if (node->kind == Node::Kind::nothing && field.type != FieldType::group) {
      // YAML's null, where that is one of the words.
      const auto& words = field.choices;
      if (std::find(words.begin(), words.end(), "null") != words.end()) {
        Node null = Node::of("null");
        null.mark = node->mark;
        return add(out, field, &null);
      }
      mistake(node->mark, field.name + ": a value is missing; expected " + expected(field));
      return;
    }
    auto value = value_of(field, *node);
    if (!value) return;
    if (by_default) {
      Settings a, b;
      a.values_.emplace_back(field.name, *value);
      b.values_.emplace_back(field.name, std::move(*by_default));
      value->like_default = a.canonical() == b.canonical();
    }
    value->says = field.says;
    out.values_.emplace_back(field.name, std::move(*value));
  }

  static Node default_node(const FieldDoc& field) {
    if (field.many != Many::list) return Node::of(field.default_text);
    std::vector<Node> items;
    for (const auto text : split(field.default_text, ',')) items.push_back(Node::of(trim(text)));
    return Node::of_list(std::move(items));
  }

  static std::string expected(const FieldDoc& field) {
    std::string text(wanted(field));
    if (field.many == Many::list) text = "a list of such: " + text;
    if (field.many == Many::map) text = "names with such: " + text;
    if (!field.example.empty()) text += ", as in " + field.example;
    return text;
  }

  std::optional<Settings::Value> value_of(const FieldDoc& field, const Node& node) {
    Settings::Value out{.value = {}, .items = {}, .mark = node.mark, .given = true};
    if (field.many == Many::one) {
      auto value = one(field, field.name, node);
      if (!value) return std::nullopt;
      out.value = std::move(*value);
      out.quoted = node.quoted;
      out.secret = node.secret;
      return out;
    }
    if (field.many == Many::map) {
      if (node.kind != Node::Kind::map) {
        mistake(node.mark, field.name + ": expected " + expected(field) + ", not " +
                               std::string(describe(node)));
        return std::nullopt;
      }
      for (const Node::Entry& entry : node.entries) {
        add_item(field, field.name + "." + entry.key, entry.key, entry.value, out);
      }
      return out;
    }
    if (node.kind != Node::Kind::list) {
      add_item(field, field.name, "", node, out);
    } else {
      for (const Node& item : node.items) add_item(field, field.name, "", item, out);
    }
    return out;
  }

  void add_item(const FieldDoc& field, const std::string& shown, const std::string& name,
                const Node& node, Settings::Value& out) {
    auto value = one(field, shown, node);
    if (!value) return;
    out.items.push_back({name, std::move(*value), node.mark, node.quoted, node.secret});
  }

  std::optional<SettingValue> one(const FieldDoc& field, const std::string& shown,
                                  const Node& node) {
    if (field.type == FieldType::part) {
      return SettingValue(std::vector<Settings>{check_part(field.role, node)});
    }
    if (field.type == FieldType::group) {
      return SettingValue(std::vector<Settings>{check(field.name, field.fields, node, shown)});
    }
    if (node.kind != Node::Kind::scalar) {
      mistake(node.mark,
              shown + ": expected " + expected(field) + ", not " + std::string(describe(node)));
      return std::nullopt;
    }
    auto value = parse_scalar(field, node.text, context_.zone);
    if (!value.ok()) {
      mistake(node.mark, node.secret ? shown + ": what ${...} says is not " + expected(field)
                                     : shown + ": " + value.error().message);
      return std::nullopt;
    }
    return std::move(*value);
  }

  const CheckContext& context_;
  std::vector<Mistake>& mistakes_;
};

Settings check_settings(const PartDoc& doc, const Node& node, const CheckContext& context,
                        std::vector<Mistake>& mistakes) {
  return SettingsChecker(context, mistakes).check(doc.name, doc.fields, node, doc.name);
}

Result<Settings> check_settings(const PartDoc& doc, const Node& node, const CheckContext& context) {
  std::vector<Mistake> mistakes;
  Settings settings = check_settings(doc, node, context, mistakes);
  if (!mistakes.empty()) return Error{ErrorKind::invalid, mistakes.front().message};
  return settings;
}

Settings check_part(Role role, const Node& node, const CheckContext& context,
                    std::vector<Mistake>& mistakes) {
  return SettingsChecker(context, mistakes).check_part(role, node);
}

}  // namespace sluice

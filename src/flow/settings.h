// A part's values, checked against its description: typed, with defaults filled in, and each with
// the place it came from so that a later error can point there.
//
// What is checked comes as a Node, the shape that YAML and JSON share; the file's reader is
// elsewhere (job/yaml.h). Tests and built-in jobs write nodes by hand:
//   check_settings(doc, Node::of_map({{"records", Node::of(".Records")}}), {})
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/time.h"
#include "flow/part.h"
#include "flow/path_pattern.h"
#include "flow/template.h"
#include "json/path.h"

namespace sluice {

struct SourceMark {
  uint32_t line = 0, column = 0;  // From 1; 0: not from a file
  auto operator<=>(const SourceMark&) const = default;
};

struct Node {
  enum class Kind : uint8_t { nothing, scalar, list, map };
  struct Entry;

  Kind kind = Kind::nothing;  // nothing: a key without a value
  std::string text = {};      // Of a scalar
  bool quoted = false;        // Of a scalar
  bool secret = false;        // ${...} was filled in: the text is never printed
  std::vector<Node> items = {};
  std::vector<Entry> entries;  // In the file's order; keys are unique
  SourceMark mark = {};

  static Node of(std::string_view text);
  static Node of_list(std::vector<Node> items);
  static Node of_map(std::vector<Entry> entries);
  const Node* find(std::string_view key) const;
};
struct Node::Entry {
  std::string key;
  Node value;
  SourceMark mark = {};
};

// A mistake in a job file, still without the file's name.
struct Mistake {
  SourceMark mark;
  std::string message;
};

class Settings;
using SettingValue = std::variant<std::monostate, std::string, Template, PathPattern, json::Path,
                                  uint64_t, Nanoseconds, bool, std::vector<Settings>>;

class Settings {
 public:
  Settings();
  Settings(const Settings&);
  Settings(Settings&&) noexcept;
  Settings& operator=(const Settings&);
  Settings& operator=(Settings&&) noexcept;
  ~Settings();
  const std::string& name() const { return name_; }  // The part's, or the field's of a group
  const Part* part() const { return part_; }  // Null for words that are no part of the catalogue
  SourceMark mark() const { return mark_; }

  // Is there a value, given or by default? False too where the description has no such field. The
  // getters below need one, of the field's type; all else is a bug.
  bool has(std::string_view field) const;
  bool given(std::string_view field) const;
  const std::string& text(std::string_view field) const;  // Of texts, choices and patterns
  const Template& templ(std::string_view field) const;
  const PathPattern& pattern(std::string_view field) const;
  const json::Path& path(std::string_view field) const;
  uint64_t bytes(std::string_view field) const;
  uint64_t count(std::string_view field) const;
  Nanoseconds duration(std::string_view field) const;
  bool flag(std::string_view field) const;
  const Settings& inner(std::string_view field) const;  // Of parts and groups

  // Of lists and maps; empty where nothing is given. `name` is empty in lists.
  struct Item;
  const std::vector<Item>& items(std::string_view field) const;
  std::vector<std::string> texts(std::string_view field) const;

  // `invalid`, pointing at the field's value: "<file>:7:3: partition: message". Secret values are
  // the caller's to leave out.
  Error error_at(std::string_view field, std::string_view message) const;
  SourceMark mark_of(std::string_view field) const;
  bool secret(std::string_view field) const;
  bool quoted(std::string_view field) const;

  // Every value, those of inner settings and items too.
  using Visit = std::function<void(std::string_view field, const SettingValue&, SourceMark)>;
  void for_each(const Visit& visit) const;

  // The same text for the same meaning, for fingerprints: values that differ from the default and
  // say what is done, in the description's order. So a new field with a default changes nobody's
  // fingerprint. Holds secrets: to be hashed, never printed.
  std::string canonical() const;

 private:
  friend class SettingsChecker;
  struct Value;
  const Value* find(std::string_view field) const;
  const Value& get(std::string_view field) const;

  std::string name_;
  const Part* part_ = nullptr;
  SourceMark mark_;
  std::string file_;
  std::vector<std::pair<std::string, Value>> values_;  // By the description's order
};

struct Settings::Item {
  std::string name;
  SettingValue value;  // As FieldType says; bytes and counts are uint64_t; parts one Settings
  SourceMark mark;
  bool quoted = false, secret = false;
  const std::string& text() const { return std::get<std::string>(value); }
  const Template& templ() const { return std::get<Template>(value); }
  const json::Path& path() const { return std::get<json::Path>(value); }
  const Settings& inner() const { return std::get<std::vector<Settings>>(value).front(); }
};
struct Settings::Value {
  SettingValue value;
  std::vector<Item> items;
  SourceMark mark;
  bool given = false, quoted = false, secret = false;
  bool like_default = false;
  Says says = Says::what;
};

struct CheckContext {
  const Catalog* catalog = nullptr;  // For fields that are parts
  TimeZone zone = {};                // Of templates
  std::string file = {};             // For Settings::error_at
};

// Checks the words of one part. What is wrong is added to `mistakes`, as much as can be told at
// once; the settings are whole only if nothing was.
Settings check_settings(const PartDoc& doc, const Node& node, const CheckContext& context,
                        std::vector<Mistake>& mistakes);
// The same with the first mistake as the error.
Result<Settings> check_settings(const PartDoc& doc, const Node& node, const CheckContext& context);
// Checks what stands where a part of this role belongs: `jsonl`, `{ json: .Records }`,
// `{ json: { records: .Records } }`, `{ lake: "...", partition: "..." }`. Settings::part() is it.
Settings check_part(Role role, const Node& node, const CheckContext& context,
                    std::vector<Mistake>& mistakes);

}  // namespace sluice

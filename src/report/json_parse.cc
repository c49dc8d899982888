// A report from its JSON.
#include <array>
#include <optional>

#include "base/text.h"
#include "base/time.h"
#include "json/bytes_text.h"
#include "json/items.h"
#include "json/scan.h"
#include "json/value.h"
#include "report/json.h"

namespace sluice::report {
namespace {

// Of one object, which has passed a Scanner. After the first fault nothing more is read.
class Parser {
 public:
  Parser(std::string_view object, std::optional<std::string>& fault)
      : object_(object), fault_(fault) {}

  template <class Value>
  void operator()(std::string_view name, Value& value) {
    const auto raw = member(name);
    if (!raw) return fail("`" + std::string(name) + "` is missing");
    if (!read(*raw, value)) fail("`" + std::string(name) + "` is not what it should be");
  }
  template <class Value>
  void if_any(std::string_view name, Value& value) {
    if (member(name)) (*this)(name, value);
  }
  void if_any(std::string_view name, std::optional<Error>& error) {
    if (member(name)) (*this)(name, error.emplace());
  }
  void named(std::string_view name, std::vector<Gauge::Snapshot>& all) {
    const auto raw = member(name);
    if (!raw || json::kind(*raw) != json::Kind::object)
      return fail("`" + std::string(name) + "` is not an object");
    all.clear();
    json::for_each_item(*raw, 0, [&](const json::Item& item) {
      all.push_back({.name = json::bytes_of_text(json::unescape(item.key))});
      if (!read(item.value_of(*raw), all.back())) fail("a gauge is not an object");
    });
  }
  template <class Value>
  void sum(std::string_view, Value) {}

 private:
  void fail(std::string why) {
    if (!fault_) fault_ = std::move(why);
  }
  std::optional<std::string_view> member(std::string_view name) const {
    std::optional<std::string_view> found;
    json::for_each_item(object_, 0, [&](const json::Item& item) {
      if (item.key == name) found = item.value_of(object_);
    });
    return found;
  }

  static bool read(std::string_view raw, uint64_t& number) {
    const auto parsed = parse_number<uint64_t>(raw);
    number = parsed.value_or(0);
    return parsed.has_value();
  }
  static bool read(std::string_view raw, bool& flag) {
    flag = raw == "true";
    return flag || raw == "false";
  }
  // "180.000"
  static bool read(std::string_view raw, Nanoseconds& duration) {
    const size_t point = raw.find('.');
    if (point == raw.npos || raw.size() != point + 4) return false;
    const auto whole = parse_number<uint32_t>(raw.substr(0, point));
    const auto fraction = parse_number<uint32_t>(raw.substr(point + 1));
    if (!whole || !fraction) return false;
    duration = *whole * 1_ms + *fraction * Nanoseconds{1'000};
    return true;
  }
  static bool read(std::string_view raw, std::string& text) {
    if (json::kind(raw) != json::Kind::string) return false;
    text = json::bytes_of_text(json::unescape(raw.substr(1, raw.size() - 2)));
    return true;
  }
  static bool read(std::string_view raw, WallTime& at) {
    std::string text;
    if (!read(raw, text)) return false;
    const auto parsed = parse_time(text);
    at = parsed.value_or(WallTime{});
    return parsed.has_value();
  }
  static bool read(std::string_view raw, UnitOutcome& outcome) {
    return read_name(raw, outcome, UnitOutcome::stopped);
  }
  static bool read(std::string_view raw, ErrorKind& kind) {
    return read_name(raw, kind, ErrorKind::internal);
  }
  // `last`: the last of the enum's values.
  template <class Enum>
  static bool read_name(std::string_view raw, Enum& value, Enum last) {
    std::string text;
    if (!read(raw, text)) return false;
    for (int i = 0; i <= static_cast<int>(last); ++i) {
      value = static_cast<Enum>(i);
      if (to_string(value) == text) return true;
    }
    return false;
  }
  template <class Item>
  bool read(std::string_view raw, std::vector<Item>& all) {
    if (json::kind(raw) != json::Kind::array) return false;
    all.clear();
    bool is_good = true;
    json::for_each_item(raw, 0, [&](const json::Item& item) {
      is_good = read(item.value_of(raw), all.emplace_back()) && is_good;
    });
    return is_good;
  }
  template <class Part>
  bool read(std::string_view raw, Part& part) {
    if (json::kind(raw) != json::Kind::object) return false;
    Parser parser(raw, fault_);
    fields(parser, part);
    return true;
  }

  const std::string_view object_;
  std::optional<std::string>& fault_;
};

}  // namespace

Result<Ended> parse_json(std::string_view text) {
  json::Scanner scanner;
  if (!scanner.scan(text))
    return Error{ErrorKind::invalid, "the report is not JSON: " + scanner.fault().message()};
  const std::string_view object = scanner.value();
  if (json::kind(object) != json::Kind::object)
    return Error{ErrorKind::invalid, "the report is not an object"};
  Ended ended;
  std::optional<std::string> fault;
  Parser parser(object, fault);
  fields(parser, ended);
  if (fault) return Error{ErrorKind::invalid, "the report can't be read: " + *fault};
  return ended;
}

}  // namespace sluice::report

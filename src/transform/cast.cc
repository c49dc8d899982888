#include "transform/cast.h"

#include <limits>

#include "base/text.h"
#include "base/time.h"
#include "flow/settings.h"
#include "json/edit.h"
#include "json/scan.h"
#include "json/value.h"
#include "transform/edit_pass.h"
#include "transform/edits.h"
#include "transform/names.h"

namespace sluice {
namespace {

enum class Type : uint8_t { number, string, boolean, time };
enum class OnError : uint8_t { set_aside, keep, null };

struct Casting {
  json::Path path;
  Type type = Type::string;
  int64_t unit_ns = 0;  // What a number that is a time counts
};

using Value = std::optional<std::string>;  // Nothing: it stays as it is
using Cast = Result<Value>;

Error cant(std::string_view raw, std::string_view why) {
  return {ErrorKind::corrupt, excerpt(raw) + " " + std::string(why)};
}

// The decoded inside of a string; the text of anything else.
std::string text_of(std::string_view raw) {
  return json::kind(raw) == json::Kind::string ? json::unescape(raw.substr(1, raw.size() - 2))
                                               : std::string(raw);
}

bool is_json_number(std::string_view text) {
  if (text.empty() || (text[0] != '-' && (text[0] < '0' || text[0] > '9'))) return false;
  const char last = text.back();  // A number may not have blanks behind it
  return last >= '0' && last <= '9' && !json::find_fault(text).has_value();
}

Cast to_number(std::string_view raw) {
  if (json::kind(raw) == json::Kind::number) return Value();
  if (json::kind(raw) == json::Kind::string) {
    std::string text = text_of(raw);
    if (is_json_number(text)) return Value(std::move(text));
  }
  return cant(raw, "is no number");
}

Cast to_text(std::string_view raw) {
  switch (json::kind(raw)) {
    case json::Kind::string:
      return Value();
    case json::Kind::number:
    case json::Kind::boolean:
      return Value(json::quote(raw));
    default:
      return cant(raw, "is not one value (`stringify` makes text of objects and arrays)");
  }
}

Cast to_boolean(std::string_view raw) {
  if (json::kind(raw) == json::Kind::boolean) return Value();
  if (json::kind(raw) == json::Kind::string || json::kind(raw) == json::Kind::number) {
    const std::string text = text_of(raw);
    if (text == "1" || equal_without_case(text, "true")) return Value("true");
    if (text == "0" || equal_without_case(text, "false")) {
      return Value("false");
    }
  }
  return cant(raw, "is neither true nor false");
}

// "1707386400", "-1.5": so many steps since 1970, exact to the nanosecond. No exponents.
std::optional<WallTime> time_of_number(std::string_view text, int64_t unit_ns) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t point = std::min(text.find('.'), text.size());
  const auto whole = parse_number<uint64_t>(text.substr(0, point));
  constexpr auto ns_max = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  const auto unit = static_cast<uint64_t>(unit_ns);
  if (!whole || *whole > ns_max / unit - 1) return std::nullopt;
  uint64_t ns = *whole * unit;
  uint64_t step = unit;
  for (const char digit : text.substr(std::min(point + 1, text.size()))) {
    if (digit < '0' || digit > '9') return std::nullopt;
    step /= 10;  // 0 once the digits are finer than time is
    ns += static_cast<uint64_t>(digit - '0') * step;
  }
  const auto signed_ns = static_cast<int64_t>(ns);
  return WallTime{negative ? -signed_ns : signed_ns};
}

Cast to_time(std::string_view raw, int64_t unit_ns) {
  if (json::kind(raw) == json::Kind::string || json::kind(raw) == json::Kind::number) {
    const std::string text = text_of(raw);
    const bool digits = is_json_number(text);
    if (digits && unit_ns == 0) return cant(raw, "is a time only with a `unit`: s, ms, us or ns");
    std::optional<WallTime> at;
    if (digits) {
      at = time_of_number(text, unit_ns);
    } else if (const auto date = parse_date(text)) {
      at = to_wall(*date);
    } else {
      at = parse_time(text);
    }
    if (at) {
      std::string time = json::quote(format_rfc3339(*at));
      if (time == raw) return Value();
      return Value(std::move(time));
    }
  }
  return cant(raw, "is no time");
}

Cast cast(const Casting& one, std::string_view raw) {
  if (json::kind(raw) == json::Kind::null) return Value();
  switch (one.type) {
    case Type::number:
      return to_number(raw);
    case Type::string:
      return to_text(raw);
    case Type::boolean:
      return to_boolean(raw);
    case Type::time:
      return to_time(raw, one.unit_ns);
  }
  return Value();
}

class CastFields : public EditTransform {
 public:
  CastFields(std::vector<Casting> castings, OnError on_error)
      : castings_(std::move(castings)), on_error_(on_error) {}

  Result<Verdict> apply(std::string_view record, const RecordContext& context,
                        std::string& out) const override {
    Edits edits(record, context.text_bytes_max, out);
    for (const Casting& one : castings_) {
      const auto rewriter = [&](std::string_view raw) { return rewritten(one, raw); };
      TRY_IN(edits.apply([&](std::string_view text, std::string& to) {
        return json::rewrite(text, one.path, rewriter, to);
      }),
             "cast " + json::to_string(one.path));
    }
    return edits.verdict();
  }

  std::vector<json::EditWord> words() const override {
    std::vector<json::EditWord> words;
    for (const Casting& one : castings_) {
      words.push_back({.verb = json::EditWord::Verb::rewrite, .path = one.path});
      words.back().rewriter = [this, &one](std::string_view raw) { return rewritten(one, raw); };
    }
    return words;
  }

 private:
  Cast rewritten(const Casting& one, std::string_view raw) const {
    auto value = cast(one, raw);
    if (value.ok() || on_error_ == OnError::set_aside) return value;
    if (on_error_ == OnError::keep) return Value();
    return Value("null");
  }

  const std::vector<Casting> castings_;
  const OnError on_error_;
};

int64_t unit_ns(const std::string& unit) {
  if (unit == "s") return 1'000'000'000;
  if (unit == "ms") return 1'000'000;
  return unit == "us" ? 1'000 : 1;
}

Type type_of(const std::string& word) {
  if (word == "number") return Type::number;
  if (word == "boolean") return Type::boolean;
  return word == "time" ? Type::time : Type::string;
}

}  // namespace

const PartDoc& cast_doc() {
  static const PartDoc doc = {
      .name = "cast",
      .role = Role::transform,
      .summary =
          "Gives values another type by editing their text: \"1.10\" becomes 1.10, "
          "12345678901234567890 becomes \"12345678901234567890\". null and what is not there "
          "stay.",
      .fields = {{.name = "fields",
                  .type = FieldType::group,
                  .help = "Field names and their types.",
                  .required = true,
                  .many = Many::map,
                  .fields = {{.name = "to",
                              .type = FieldType::choice,
                              .help =
                                  "The type. A time becomes RFC 3339 in UTC; it is read from RFC "
                                  "3339, a date, or a number with `unit`.",
                              .required = true,
                              .choices = {"number", "string", "boolean", "time"}},
                             {.name = "unit",
                              .type = FieldType::choice,
                              .help = "What a number counts that is a time since 1970.",
                              .choices = {"s", "ms", "us", "ns"}}},
                  .example = "{ .price: number, .seen: { to: time, unit: ms } }"},
                 {.name = "on_error",
                  .type = FieldType::choice,
                  .help = "What becomes of a value that can't be cast: its record is set aside, or "
                          "the value is kept as it is, or becomes null.",
                  .default_text = "set_aside",
                  .choices = {"set_aside", "keep", "null"}}},
      .example =
          "transform:\n"
          "  - cast: { .price: number, .id: string, .flag: boolean }\n"
          "    on_error: keep\n"};
  return doc;
}

Result<std::unique_ptr<Transform>> make_cast(const Settings& settings) {
  std::vector<Casting> castings;
  for (const auto& item : settings.items("fields")) {
    auto path = parse_field_name(item.name);
    if (!path.ok()) {
      return settings.error_at("fields",
                               "`" + item.name + "` is no field: " + path.error().message);
    }
    if (path->whole()) return settings.error_at("fields", "the whole record can't be cast");
    Casting one{.path = std::move(*path), .type = type_of(item.inner().text("to"))};
    if (item.inner().has("unit")) {
      if (one.type != Type::time) {
        return settings.error_at("fields", item.name + ": only a time has a `unit`");
      }
      one.unit_ns = unit_ns(item.inner().text("unit"));
    }
    castings.push_back(std::move(one));
  }
  const std::string& on_error = settings.text("on_error");
  return std::unique_ptr<Transform>(
      std::make_unique<CastFields>(std::move(castings), on_error == "null"   ? OnError::null
                                                        : on_error == "keep" ? OnError::keep
                                                                             : OnError::set_aside));
}

}  // namespace sluice

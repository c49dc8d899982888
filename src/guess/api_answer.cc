#include "guess/api_answer.h"

#include <algorithm>

#include "base/text.h"
#include "json/items.h"
#include "json/scan.h"
#include "json/value.h"

namespace sluice {
namespace {

// Deeper than this nobody hides a cursor.
constexpr size_t depth_max = 6;

struct Array {
  json::Path path;
  uint64_t count = 0, bytes = 0;
  bool of_objects = false;
};

Array array_of(const json::Path& path, std::string_view raw) {
  Array array{.path = path, .bytes = raw.size()};
  json::for_each_item(raw, 0, [&](const json::Item& item) {
    if (array.count++ == 0) array.of_objects = raw[item.value_begin] == '{';
  });
  return array;
}

class Walk {
 public:
  void into(const json::Path& path, std::string_view raw) {
    switch (json::kind(raw)) {
      case json::Kind::array:
        arrays.push_back(array_of(path, raw));
        return;
      case json::Kind::object:
        break;
      default:
        if (!path.whole() && fields.size() < answer_fields_max)
          fields.push_back({path, std::string(raw)});
        return;
    }
    if (path.steps.size() >= depth_max) return;
    json::for_each_item(raw, 0, [&](const json::Item& item) {
      if (fields.size() + arrays.size() >= answer_fields_max) return;
      json::Path below = path;
      below.steps.push_back(json::Step::member(json::unescape(item.key)));
      into(below, item.value_of(raw));
    });
  }

  std::vector<Array> arrays;
  std::vector<AnswerField> fields;
};

AnswerShape shape_of_json(std::string_view value) {
  Walk walk;
  walk.into({}, value);
  AnswerShape shape{.count = 1, .fields = std::move(walk.fields)};
  const Array* best = nullptr;
  for (const Array& array : walk.arrays) {
    const bool is_better = best == nullptr || (array.of_objects && !best->of_objects) ||
                           (array.of_objects && array.bytes > best->bytes);
    if (is_better) best = &array;
  }
  if (best == nullptr) return shape;
  shape.form = AnswerShape::Form::array;
  shape.records = best->path;
  shape.count = best->count;
  for (const Array& array : walk.arrays) {
    if (array.of_objects && &array != best) shape.other_lists.push_back(array.path);
  }
  return shape;
}

// Two lines of JSON or more.
bool is_lines(std::string_view body, uint64_t& count) {
  json::Scanner scanner;
  count = 0;
  for (const std::string_view line : split(body, '\n')) {
    if (trim(line).empty()) continue;
    if (!scanner.scan(line)) return false;
    ++count;
  }
  return count > 0;
}

std::string type_of(const ApiAnswer& answer) {
  return lower_case(header(answer.headers, "Content-Type"));
}

}  // namespace

std::string bare_name(std::string_view name) {
  std::string out;
  for (const char c : lower_case(name)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out += c;
  }
  return out;
}

std::string bare_name(const json::Path& path) {
  return path.whole() ? "" : bare_name(path.steps.back().key);
}

Result<AnswerShape> shape_of(const ApiAnswer& answer) {
  const std::string_view body = trim(answer.body);
  if (body.empty()) return Error{ErrorKind::corrupt, "the answer is empty: no record to go by"};
  if (type_of(answer).starts_with("text/csv")) {
    const auto lines = static_cast<uint64_t>(std::count(body.begin(), body.end(), '\n'));
    return AnswerShape{.form = AnswerShape::Form::csv, .count = lines};
  }
  uint64_t count = 0;
  const std::string type = type_of(answer);
  // One line of JSON is a document too, unless it is said to be lines.
  const bool says_lines = type.find("ndjson") != type.npos || type.find("jsonl") != type.npos;
  if (says_lines && is_lines(body, count))
    return AnswerShape{.form = AnswerShape::Form::lines, .count = count};
  json::Scanner scanner;
  if (scanner.scan(body)) return shape_of_json(scanner.value());
  const json::Fault fault = scanner.fault();
  if (is_lines(body, count)) return AnswerShape{.form = AnswerShape::Form::lines, .count = count};
  return Error{ErrorKind::corrupt, "the answer is neither JSON (" + fault.message() +
                                       ") nor lines of it, nor text/csv; it begins with \"" +
                                       excerpt(body, 40) + "\""};
}

}  // namespace sluice

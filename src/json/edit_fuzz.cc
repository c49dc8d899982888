// A path, a key and a record, each ending with LF but the last: what an edit makes of a valid
// record is valid, does what was asked, and leaves the other members' bytes alone.
#include <simdjson.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/text.h"
#include "json/edit.h"
#include "json/scan.h"
#include "json/value.h"

namespace sluice::json {
namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

std::optional<std::string> read(std::string_view record, const Path& path) {
  Scanner scanner({path});
  if (!scanner.scan(record)) return std::nullopt;
  const auto raw = scanner.raw(0);
  return raw ? std::optional<std::string>(*raw) : std::nullopt;
}

// The record's keys; none where the DOM can't read it (numbers too large).
std::vector<std::string> keys_of(std::string_view record) {
  std::vector<std::string> keys;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(simdjson::padded_string(record)).get(object) != simdjson::SUCCESS) return keys;
  for (const auto& member : object) keys.emplace_back(member.key);
  return keys;
}

// False if the edit has made the record too deep, which it may.
bool check_result(std::string_view before, std::string_view after, const Path& path,
                  std::string_view new_key) {
  if (const auto fault = find_fault(after)) {
    must(fault->reason == "deeper than 1024");
    return false;
  }
  for (const std::string& key : keys_of(before)) {
    if (path.steps[0].is_key(key) || key == new_key) continue;
    const Path other{{Step::member(key)}};
    must(read(before, other) == read(after, other));
  }
  return true;
}

void check_set(std::string_view record, const Path& path, std::string_view raw) {
  std::string out;
  const Result<Edit> edit = set(record, path, raw, out);
  if (!edit.ok()) return must(out.empty());
  must(*edit == Edit::changed);
  if (check_result(record, out, path, {})) must(read(out, path) == raw);
}

void check_drop(std::string_view record, const Path& path) {
  std::string out;
  const Result<Edit> edit = drop(record, path, out);
  must(edit.ok() == !path.whole());
  if (!edit.ok() || *edit == Edit::unchanged) {
    must(out.empty());
    if (edit.ok()) must(!read(record, path));
    return;
  }
  must(out.size() < record.size());
  if (!check_result(record, out, path, {})) return;
  bool indexed = false;
  for (const Step& step : path.steps) indexed |= step.kind != Step::Kind::key;
  if (!indexed) must(!read(out, path));
}

void check_rename(std::string_view record, const Path& path, std::string_view key) {
  std::string out;
  const Result<Edit> edit = rename(record, path, key, out);
  if (!edit.ok() || *edit == Edit::unchanged) return must(out.empty());
  Path renamed = path;
  renamed.steps.back() = Step::member(key);
  if (!check_result(record, out, path, key)) return;
  const auto value = read(record, path);
  if (value) must(read(out, renamed) == value && !read(out, path));
}

void check_stringify(std::string_view record, const Path& path) {
  std::string out;
  const Result<Edit> edit = stringify(record, path, out);
  if (!edit.ok() || *edit == Edit::unchanged) return must(out.empty());
  if (!check_result(record, out, path, {})) return;
  const auto value = read(record, path);
  if (!value) return;
  const Kind was = kind(*value);
  must(read(out, path) == (was == Kind::string || was == Kind::null ? *value : quote(*value)));
}

void check(std::string_view input) {
  const size_t path_end = input.find('\n');
  if (path_end == input.npos) return;
  const size_t key_end = input.find('\n', path_end + 1);
  if (key_end == input.npos) return;
  const Result<Path> path = parse_path(input.substr(0, path_end));
  const std::string_view key = input.substr(path_end + 1, key_end - path_end - 1);
  const std::string_view record = input.substr(key_end + 1);
  if (!path.ok()) return;
  must(parse_path(to_string(*path)).value() == *path);
  if (!is_utf8(key) || find_fault(record)) return;
  // A raw value has no blanks around it.
  check_set(record, *path, find_fault(key) ? quote(key) : std::string(trim(key)));
  check_drop(record, *path);
  check_rename(record, *path, key);
  check_stringify(record, *path);
  std::string line;
  compact(record, line);
  must(!find_fault(line) && line.find('\n') == line.npos);
}

}  // namespace
}  // namespace sluice::json

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<char> exact(data, data + size);
  sluice::json::check({exact.data(), exact.size()});
  return 0;
}

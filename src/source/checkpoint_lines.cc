#include "source/checkpoint_lines.h"

#include <algorithm>
#include <cstring>

#include "json/items.h"
#include "json/value.h"

namespace sluice {
namespace {

constexpr std::string_view word = "\"sluice\"";

// As far as there is text: `{"sluice"`, with blanks between.
bool may_be_checkpoint(std::string_view text) {
  if (text.empty()) return true;
  if (text[0] != '{') return false;
  const std::string_view rest = text.substr(json::skip_blanks(text, 1));
  return word.starts_with(rest.substr(0, word.size()));
}

bool has_one_member(std::string_view object) {
  size_t members = 0;
  json::for_each_item(object, 0, [&](const json::Item&) { ++members; });
  return members == 1;
}

}  // namespace

CheckpointLines::CheckpointLines()
    : scanner_({*json::parse_path(".sluice"), *json::parse_path(".sluice.checkpoint")}) {}

size_t CheckpointLines::pass(char* bytes, size_t size, bool last) {
  size_t at = 0;
  while (at < size) {
    const void* found = std::memchr(bytes + at, '\n', size - at);
    const size_t end =
        found == nullptr ? size : static_cast<size_t>(static_cast<const char*>(found) - bytes);
    const bool whole = found != nullptr || last;
    const bool candidate =
        !inside_line_ && end - at <= line_bytes_max && may_be_checkpoint({bytes + at, end - at});
    if (candidate && !whole) {
      offset_ += at;
      return size - at;
    }
    if (candidate && take(bytes + at, end - at)) {
      new_.back().offset = offset_ + std::min(end + 1, size);
    }
    inside_line_ = found == nullptr;
    at = end + 1;
  }
  offset_ += size;
  return 0;
}

bool CheckpointLines::take(char* line, size_t size) {
  if (size == 0 || !scanner_.scan({line, size})) return false;
  const auto sluice = scanner_.raw(0), cursor = scanner_.raw(1);
  if (!sluice || !cursor) return false;
  const bool is_text = json::kind(*cursor) == json::Kind::string;
  if (!is_text && *cursor != "null") return false;
  if (!has_one_member(scanner_.value()) || !has_one_member(*sluice)) return false;
  LineCheckpoint& made = new_.emplace_back();
  if (is_text) made.cursor = json::unescape(cursor->substr(1, cursor->size() - 2));
  std::memset(line, '\n', size);
  return true;
}

}  // namespace sluice

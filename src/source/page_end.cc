#include "source/page_end.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "json/scan.h"

namespace sluice {
namespace {

constexpr size_t window_bytes_min = 64 << 10;
// A packed page that is larger has something in it.
constexpr size_t packed_blank_bytes_max = 1 << 10;

}  // namespace

bool is_blank(const std::deque<Chunk>& held, bool is_packed, const DecoderMaker* decoder) {
  if (!is_packed) {
    return std::all_of(held.begin(), held.end(),
                       [](const Chunk& one) { return trim(one.bytes.view()).empty(); });
  }
  if (decoder == nullptr || held.size() != 1 || held.front().bytes.size() > packed_blank_bytes_max)
    return false;
  std::string_view input = held.front().bytes.view();
  Buffer window(window_bytes_min);
  std::vector<Span> records;
  std::vector<SetAside> bad;
  const auto step = decoder->make()->step(input, true, window, records, bad);
  return step.ok() && step->next == DecodeStep::Next::finished && records.empty() && bad.empty() &&
         trim(window.view()).empty();
}

bool shows_its_end(const std::deque<Chunk>& held, const DecoderMaker* decoder) {
  if (decoder == nullptr) return false;
  const auto look = decoder->make();
  if (!held.empty()) {
    std::string_view input = held.front().bytes.view();
    Buffer window(std::max(window_bytes_min, input.size()));
    std::vector<Span> records;
    std::vector<SetAside> bad;
    (void)look->step(input, held.size() == 1, window, records, bad).ok();
  }
  return look->spoils() == Spoils::document;
}

bool breaks_off_in_line(const std::deque<Chunk>& held, bool is_all) {
  std::string line;
  bool has_begin = is_all;
  for (auto chunk = held.rbegin(); chunk != held.rend(); ++chunk) {
    const std::string_view text = chunk->bytes.view();
    const size_t end = text.rfind('\n');
    line.insert(0, text.substr(end == text.npos ? 0 : end + 1));
    if (end == text.npos) continue;
    has_begin = true;
    break;
  }
  const bool begins_value = line.starts_with('{') || line.starts_with('[');
  return has_begin && begins_value && json::find_fault(line).has_value();
}

}  // namespace sluice

#include "json/lines.h"

#include <cstring>
#include <utility>

namespace sluice::json {

namespace {

bool is_blank_line(std::string_view line) {
  return line.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

void Lines::reset() {
  *this = Lines(record_max_, blank_);
}

size_t Lines::split(std::string_view window, size_t from, std::vector<Span>& records) {
  offset_ += window.size() - from;
  size_t begin = 0;
  size_t at = from;
  while (at < window.size()) {
    const void* found = std::memchr(window.data() + at, '\n', window.size() - at);
    if (found == nullptr) break;
    const size_t end = static_cast<size_t>(static_cast<const char*>(found) - window.data());
    end_line(window, begin, end, records);
    begin = at = end + 1;
  }
  // One byte more than record_max may yet turn out to be the CR of the line's end.
  if (!skipping_ && window.size() - begin > record_max_ + 1) {
    skipping_ = true;
    skipped_offset_ = offset_ - (window.size() - begin);
  }
  if (!skipping_) return begin;
  if (!window.empty()) skipped_ends_in_cr_ = window.back() == '\r';
  return window.size();
}

void Lines::finish(std::string_view window, std::vector<Span>& records) {
  if (skipping_ || !window.empty()) end_line(window, 0, window.size(), records);
}

// The line is window[begin, end), or if an oversize one is passing ends at `end`.
void Lines::end_line(std::string_view window, size_t begin, size_t end,
                     std::vector<Span>& records) {
  const uint64_t line_offset = skipping_ ? skipped_offset_ : offset_ - (window.size() - begin);
  const bool cr = end > begin ? window[end - 1] == '\r' : skipping_ && skipped_ends_in_cr_;
  const uint64_t bytes = offset_ - (window.size() - end) - line_offset - (cr ? 1 : 0);
  if (skipping_ || bytes > record_max_) {
    skipping_ = false;
    oversize_.push_back({line_offset, bytes});
    return;
  }
  if (cr) --end;
  const bool blank =
      blank_ == BlankLines::left_out && is_blank_line(window.substr(begin, end - begin));
  if (!blank) records.push_back({begin, end});
}

std::vector<Oversize> Lines::take_oversize() {
  return std::exchange(oversize_, {});
}

}  // namespace sluice::json

// The members of an object and the elements of an array, one after the other, for code that walks
// through a record's text. Where a path leads is edit.h's and scan.h's.
//
// The text must have passed Scanner. Of any other text nothing outside is read, but what the items
// are is not defined. Safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::json {

inline constexpr size_t nowhere = std::string_view::npos;

struct Item {
  size_t comma = nowhere;  // Before it; nowhere for the first
  size_t begin = 0;        // Of the key, or of an element
  std::string_view key;    // Raw, without the quotes; of a member
  uint64_t index = 0;
  size_t value_begin = 0, value_end = 0;

  std::string_view value_of(std::string_view text) const {
    return text.substr(value_begin, value_end - value_begin);
  }
};

// The position of the first byte from `at` on that is not blank; the text's size if there is none.
size_t skip_blanks(std::string_view text, size_t at);
// The position behind the value that begins at `at`; never behind the text, whatever it is.
size_t value_end(std::string_view text, size_t at);

// Calls `visit` for each item of the container that begins at `open`.
template <class Visit>
void for_each_item(std::string_view text, size_t open, Visit visit) {
  const bool object = text[open] == '{';
  Item item;
  size_t at = skip_blanks(text, open + 1);
  while (at < text.size() && text[at] != '}' && text[at] != ']') {
    item.begin = at;
    if (object) {
      const size_t key_end = value_end(text, at);
      item.key = text.substr(at + 1, key_end - at > 2 ? key_end - at - 2 : 0);
      at = skip_blanks(text, skip_blanks(text, key_end) + 1);  // Over the colon
    }
    item.value_begin = at;
    item.value_end = value_end(text, at);
    visit(item);
    at = skip_blanks(text, item.value_end);
    if (at >= text.size() || text[at] != ',') return;
    item.comma = at;
    ++item.index;
    at = skip_blanks(text, at + 1);
  }
}

}  // namespace sluice::json

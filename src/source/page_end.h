// What can be told of a page's text without decoding it for good: is there anything in it, and does
// it end by itself? Both of pages as they came; what is packed (gzip, zstd) shows its own end.
#pragma once

#include <deque>

#include "flow/stage.h"

namespace sluice {

// `held`: all of the page, packed or not. Nothing but blanks and line breaks is not a value of
// JSON, and as little as no byte. Of `decoder` only what is packed needs it; null: that is
// something.
bool is_blank(const std::deque<Chunk>& held, bool is_packed, const DecoderMaker* decoder);

// Whether records of such pages show by themselves that there are no more of them: a JSON value
// does, lines don't. `held`: from the page's beginning; some decoders decide by what they see.
bool shows_its_end(const std::deque<Chunk>& held, const DecoderMaker* decoder);

// Whether the last line is the beginning of a JSON value, without its end and a line break. `held`:
// the end of the page, `is_all` of it or not.
bool breaks_off_in_line(const std::deque<Chunk>& held, bool is_all);

}  // namespace sluice

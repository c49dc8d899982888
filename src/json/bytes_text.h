// Keys are bytes; what is written about them is JSON, which is UTF-8. A name that isn't is written
// so that it can be read back: U+0000 in front, which no key has, and then for each byte the
// character of that number ("\u0000caf\u00e9" is "caf" and the byte E9).
#pragma once

#include <string>
#include <string_view>

namespace sluice::json {

// UTF-8 as it is.
std::string text_of_bytes(std::string_view bytes);
std::string bytes_of_text(std::string text);

}  // namespace sluice::json

// What a raw slice of JSON means, and text as JSON. Slices are as Scanner gives them: one valid
// value without blanks around it. Safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::json {

enum class Kind : uint8_t { object, array, string, number, boolean, null };
// By the first byte.
Kind kind(std::string_view raw);
// "an object", "an array", "a string", "a number", "true or false", "null": for messages.
std::string_view describe(Kind kind);

// The design's *value* of a field: a string decoded, a number as its text (1.10), true, false.
// False, and nothing appended, where it counts as missing: null, "", an object, an array.
bool append_text(std::string_view raw, std::string& out);
std::optional<std::string> as_text(std::string_view raw);

// Appends the decoded inside of a string (without its quotes). A lone surrogate ("\ud800") has no
// UTF-8 and becomes U+FFFD; any other bad escape becomes U+FFFD too.
void append_unescaped(std::string_view inside, std::string& out);
std::string unescape(std::string_view inside);

// Appends the text as a JSON string, with quotes. UTF-8 stays as it is; only ", \ and control
// characters are escaped. The text must be UTF-8.
void append_quoted(std::string_view text, std::string& out);
std::string quote(std::string_view text);

// Is the text well-formed UTF-8?
bool is_utf8(std::string_view text);

}  // namespace sluice::json

// Dates as HTTP writes them: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7). The two obsolete
// forms, which nobody has sent for long, are not understood. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace sluice {

// Of Date, Last-Modified, Retry-After. Nothing if the text is anything else.
std::optional<WallTime> parse_http_date(std::string_view text);

}  // namespace sluice

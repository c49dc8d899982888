// How long a server that refuses wants to be left alone: its Retry-After (RFC 9110, 10.2.3).
// Headers that only some servers send for it are read by who knows those servers. Pure.
#pragma once

#include <optional>

#include "http/http.h"

namespace sluice {

// Seconds, or a date, by the clock that the answer's own Date shows; `wall` if it shows none. A
// date that has passed is no wait at all. Nothing if the header isn't there or can't be read.
std::optional<Nanoseconds> retry_after(const Headers& headers, WallTime wall);

}  // namespace sluice

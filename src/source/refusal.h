// What an API's answer that is no 2xx means for whoever asked: to wait, to try again, or that it
// won't be had. Pure.
#pragma once

#include <optional>

#include "http/http.h"

namespace sluice {

struct Refusal {
  // `throttled`: asked too often; `transient`: may pass; `denied`; `not_found`; else `invalid`.
  ErrorKind kind = ErrorKind::invalid;
  // How long it wants to be left alone, if it has named a time that is still to come.
  std::optional<Nanoseconds> wait = {};
};

// A limit is told as a 429 or a 420 (Twitter's), as a 403 with Retry-After, with a budget that is
// used up or with words only (GitHub's secondary limits, Google), as a 409 with Retry-After, or as
// AWS's 400 ThrottlingException. `wall`: ours, where the answer doesn't say what time it is there.
Refusal refusal_of(const HttpResponse& response, WallTime wall);

}  // namespace sluice

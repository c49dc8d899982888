// What an answer of AWS that isn't the one hoped for means, and what to do next: from status, code,
// message and headers to an Error and to what a retry needs. Pure. Waiting and trying again are
// http/retry's; what a conflict means to an upload is s3's.
//
// Understood are S3's XML, the query protocol's (STS) and JSON's (all others), and no body at all
// (HEAD). Messages are one line: status, code, what was said, what to do. Nothing else of a body is
// shown: some hold tokens.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/names.h"
#include "base/result.h"
#include "http/http.h"

namespace sluice::aws {

struct Failure {
  // throttled: everybody slow down (SlowDown, 429, throttle codes, a 503 without a body).
  // transient: a 5xx that says nothing about the rate, a request that came too slowly.
  // conflict: 412, 409, InvalidPart. denied, not_found: as they say, but a bucket that doesn't
  // exist is `invalid`, so that it is never taken for a missing object. corrupt: the body's digest
  // was wrong on arrival.
  Error error;
  int status = 0;
  std::string code;  // "NoSuchKey"; empty if the answer named none

  // The same request may do better: at once with what the following three say, else later.
  // ConditionalRequestConflict and OperationAborted are conflicts that are worth a retry; for a
  // Complete the former means a new upload (https://docs.aws.amazon.com/AmazonS3/latest/API/
  // API_CompleteMultipartUpload.html: "re-initiate the multipart upload").
  bool is_retryable = false;
  bool wants_new_credentials = false;            // They have expired
  std::optional<Region> region = {};             // Where the bucket is
  std::optional<Nanoseconds> clock_offset = {};  // The server's clock less ours: sign with it added
  std::optional<Nanoseconds> retry_after = {};   // Retry-After or x-amz-retry-after: at the least
};

// Of an answer with any status but a 2xx, or of a 2xx whose body has_error or isn't what it should
// be. `at`: when it came, by our clock.
Failure classify(const HttpResponse& response, WallTime at);

// Is the body an `<Error>`? To be asked of every XML body that comes with a 200: a Complete, a copy
// and a batch delete may fail after their status has been sent.
bool has_error(std::string_view body);

}  // namespace sluice::aws

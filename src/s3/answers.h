// S3's responses as the store's answers. Pure: what a failure is worth is aws/error's to say, what
// is done about it the store's.
#pragma once

#include <optional>
#include <variant>

#include "aws/error.h"
#include "http/http.h"
#include "s3/options.h"
#include "store/store.h"

namespace sluice::s3 {

// The answer to the request, or what went wrong. `at`: our clock.
std::variant<Answer, aws::Failure> answer_of(const Request& request, HttpResponse response,
                                             const S3Options& options, WallTime at);

// The head of an object, from a response to GET or HEAD.
Meta meta_of(const HttpResponse& response);

// Whether a Complete that was answered with this ETag made the object of these parts: S3's is the
// MD5 of the parts' MD5s, "-" and their number. Some servers answer 200 for an upload that is gone.
bool fits(const ETag& etag, const std::vector<PartTag>& parts, Encryption encryption);

}  // namespace sluice::s3

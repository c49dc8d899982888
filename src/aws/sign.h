// AWS Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
//
// Signing is pure: what time it is, with which credentials and for where are arguments, and nothing
// is sent. The same bytes are signed that go out: a URL's path and query are encoded once, by
// append_encoded and canonical_query below, and both the request line and the signature take them
// from there. A request is signed anew for each attempt.
//
//   HttpRequest request{.method = "PUT", .url = "https://lake.s3.eu-west-1.amazonaws.com"};
//   append_encoded_path("/a//b c.gz", request.url);
//   request.url += '?' + canonical_query({{"partNumber", "1"}, {"uploadId", id}});
//   sign(request, SigningScope::s3("eu-west-1", clock.wall()), credentials, keys,
//   unsigned_payload);
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/credentials.h"
#include "base/clock.h"
#include "base/digest.h"
#include "http/http.h"

namespace sluice::aws {

// ---- encoding ----------------------------------------------------------------------------------

// Percent-encodes everything but letters, digits and -._~ (RFC 3986's unreserved), %XX in capitals.
void append_encoded(std::string_view text, std::string& out);
// The same, but "/" stays: an object's key is encoded segment by segment and nothing else is done
// to it. "a//b" and "a/../b" are keys of their own.
void append_encoded_path(std::string_view path, std::string& out);
std::string encoded(std::string_view text);

using QueryPair = std::pair<std::string, std::string>;  // Name and value, not encoded
// "a=1&b=": sorted and encoded, without "?". What a URL that is to be signed has as its query.
std::string canonical_query(std::span<const QueryPair> pairs);
inline std::string canonical_query(std::initializer_list<QueryPair> pairs) {
  return canonical_query(std::span(pairs.begin(), pairs.size()));
}

// ---- signing -----------------------------------------------------------------------------------

// What the signature's path is made of. S3 takes the one sent; all others normalise that
// ("/a/../b" is "/b") and encode it once more.
enum class PathRule : uint8_t { as_sent, encoded_again, normalised_and_encoded_again };

// S3 wants the payload's hash in x-amz-content-sha256; for others it isn't needed.
enum class PayloadHeader : uint8_t { added, left_out };

// The payload isn't signed: for https, where TLS protects it (and a checksum where it matters).
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

struct SigningScope {
  std::string_view region;
  std::string_view service;  // "s3", "sts", ... Its rules follow from it, unless given.
  WallTime at;               // By the server's clock: at most 15 minutes off
  PathRule path = PathRule::normalised_and_encoded_again;
  PayloadHeader payload_header = PayloadHeader::left_out;

  static SigningScope s3(std::string_view region, WallTime at) {
    return {region, "s3", at, PathRule::as_sent, PayloadHeader::added};
  }
  static SigningScope of(std::string_view service, std::string_view region, WallTime at) {
    return {region, service, at};
  }
};

// Keys that signatures are made with: one for each secret, day, region and service; the last few
// are remembered. Safe from any thread: its lock is held while 64 bytes are copied.
class SigningKeys {
 public:
  HmacSha256Key find(std::string_view secret, std::string_view day, const SigningScope& scope);

 private:
  struct Entry {
    std::string secret, day, region, service;
    HmacSha256Key key;
  };
  std::mutex mutex_;
  std::array<Entry, 8> entries_;
  size_t next_ = 0;  // The entry that is forgotten next
};

// The two texts on the way to a signature: S3 shows what it expected when it answers
// SignatureDoesNotMatch.
struct SigningSteps {
  std::string canonical_request, string_to_sign, signature;
};

// Adds x-amz-date, authorization, and as needed x-amz-content-sha256 and x-amz-security-token to
// the request's headers, in place of those of an earlier attempt. All other headers that are there
// by then are signed, but those that a proxy may change. `payload_hash`: lower-case hex of the
// body's SHA-256, or unsigned_payload; empty: the body is hashed here. `steps`: filled, if it is
// there.
void sign(HttpRequest& request, const SigningScope& scope, const Credentials& credentials,
          SigningKeys& keys, std::string_view payload_hash = {}, SigningSteps* steps = nullptr);

// The request's URL as one that anybody may use for `seconds` (at most 604,800: a week). Headers of
// the request are signed too and must then be sent as they are.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
std::string presigned_url(const HttpRequest& request, const SigningScope& scope,
                          const Credentials& credentials, SigningKeys& keys, uint32_t seconds,
                          std::string_view payload_hash = unsigned_payload,
                          SigningSteps* steps = nullptr);

}  // namespace sluice::aws

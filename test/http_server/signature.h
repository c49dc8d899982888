// Whether a request is signed as SigV4 demands, in its headers or in its query (presigned), and by
// whom. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http_server/digests.h"
#include "http_server/http_message.h"
#include "http_server/s3_error.h"
#include "http_server/url.h"

namespace sluice::http_server {

struct Credential {
  std::string key, secret;
};

// One thread at a time: it keeps the signing key of the last scope and its buffers.
class SignatureCheck {
 public:
  // S3 has rules of its own: its path is encoded once, and the payload's hash must be a header.
  explicit SignatureCheck(std::vector<Credential> credentials, std::string service = "s3")
      : credentials_(std::move(credentials)), service_(std::move(service)) {}
  // Nothing if the signature is right. A mismatch prints the canonical request to stderr, since
  // that is what one needs to see.
  std::optional<S3Error> check(const HttpRequest& request, const Query& query,
                               std::string_view region, int64_t now_seconds);

 private:
  struct Claim;
  std::optional<S3Error> read_header(const HttpRequest& request, Claim& claim) const;
  std::optional<S3Error> read_query(const Query& query, Claim& claim) const;
  std::optional<S3Error> judge_scope(const Claim& claim, std::string_view region,
                                     const Credential*& credential) const;
  std::optional<S3Error> judge_time(const Claim& claim, int64_t now_seconds) const;
  std::optional<S3Error> write_canonical(const HttpRequest& request, const Query& query,
                                         const Claim& claim);
  void write_canonical_query(const HttpRequest& request, const Query& query, const Claim& claim);
  const HmacSha256& signing_key(const Claim& claim, const Credential& credential);
  S3Error mismatch(const Claim& claim) const;

  const std::vector<Credential> credentials_;
  const std::string service_;
  std::string cached_scope_;  // Key id and scope
  std::optional<HmacSha256> cached_key_;
  std::string canonical_, to_sign_;
};

}  // namespace sluice::http_server

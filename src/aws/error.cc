#include "aws/error.h"

#include <algorithm>
#include <cstdlib>

#include "aws/xml.h"
#include "base/text.h"
#include "base/time.h"
#include "http/date.h"
#include "http/retry_after.h"
#include "json/scan.h"
#include "json/value.h"

namespace sluice::aws {
namespace {

constexpr size_t message_bytes_max = 300;
// botocore's limit: below it a clock isn't what a refused signature is about.
constexpr Nanoseconds skew_min = 240_s;

// ---- what was said ---

struct Said {
  std::string code, message, region, request_id;
  enum class Body : uint8_t { none, error, other } body = Body::none;  // `other`: an HTML page
};

// "aws.protocoltests#FooError:http://..." is FooError.
std::string bare_code(std::string_view code) {
  code = code.substr(0, code.find_first_of(":;"));
  const size_t hash = code.rfind('#');
  return std::string(trim(hash == code.npos ? code : code.substr(hash + 1)));
}

// <Error><Code>...: the root (S3), below the root (STS), or below Errors (EC2's kin).
void read_xml(std::string_view body, Said& said) {
  auto document = XmlDocument::parse(body);
  if (!document.ok()) return;
  const XmlElement root = document->root();
  XmlElement error = root.name() == "Error" ? root : root.child("Error");
  if (!error) error = root.child("Errors").child("Error");
  if (!error) return;
  said.body = Said::Body::error;
  said.code = trim(error.text("Code"));
  said.message = trim(error.text("Message"));
  said.region = trim(error.text("Region"));
  said.request_id = error.text("RequestId");
  if (said.request_id.empty()) said.request_id = root.text("RequestId");
}

void read_json(std::string_view body, Said& said) {
  static const std::vector<json::Path> wanted = {
      json::parse_path(".__type").value(),  json::parse_path(".code").value(),
      json::parse_path(".message").value(), json::parse_path(".Message").value(),
      json::parse_path(".error").value(),   json::parse_path(".error_description").value()};
  json::Scanner scanner(wanted);
  if (!scanner.scan(body) || json::kind(scanner.value()) != json::Kind::object) return;
  said.body = Said::Body::error;
  const auto text = [&](size_t i) {
    const auto raw = scanner.raw(i);
    return raw ? json::as_text(*raw).value_or("") : std::string();
  };
  const auto first = [](const std::string& a, const std::string& b) { return a.empty() ? b : a; };
  if (said.code.empty()) said.code = bare_code(first(first(text(0), text(1)), text(4)));
  said.message = first(first(text(2), text(3)), text(5));
}

Said read_answer(const HttpResponse& response) {
  Said said;
  // "AWS.SimpleQueueService.NonExistentQueue;Sender" is more exact than the body's __type.
  for (const std::string_view name : {"x-amzn-query-error", "x-amzn-errortype"}) {
    if (said.code.empty()) said.code = bare_code(header(response.headers, name));
  }
  const std::string_view body = trim(response.body.view());
  if (!body.empty()) said.body = Said::Body::other;
  if (body.starts_with('<')) read_xml(body, said);
  if (body.starts_with('{')) read_json(body, said);
  for (const std::string_view name : {"x-amz-request-id", "x-amzn-requestid"}) {
    if (said.request_id.empty()) said.request_id = header(response.headers, name);
  }
  if (const auto region = header(response.headers, "x-amz-bucket-region"); !region.empty()) {
    said.region = region;
  }
  // They go into messages.
  said.code = excerpt(said.code, 100);
  said.region = excerpt(said.region);
  said.request_id = excerpt(said.request_id);
  return said;
}

// ---- what it means ---

bool is_one_of(std::string_view code, std::initializer_list<std::string_view> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool is_throttle(std::string_view code) {
  return is_one_of(
      code,
      {"SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling", "ThrottlingException",
       "ThrottledException", "RequestThrottled", "RequestThrottledException",
       "TooManyRequestsException", "TooManyRequests", "ProvisionedThroughputExceededException",
       "TransactionInProgressException", "RequestLimitExceeded", "BandwidthLimitExceeded",
       "LimitExceededException", "PriorRequestNotComplete", "EC2ThrottledException"});
}

bool is_transient(std::string_view code) {
  return is_one_of(
      code, {"InternalError", "InternalFailure", "InternalServerError", "InternalServiceError",
             "ServiceUnavailable", "ServiceUnavailableException", "RequestTimeout",
             "RequestTimeoutException", "IncompleteBody", "IDPCommunicationError"});
}

bool is_expired(std::string_view code) {
  return is_one_of(
      code, {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"});
}

bool is_refused(std::string_view code) {
  return is_one_of(code, {"AccessDenied",
                          "AccessDeniedException",
                          "AllAccessDisabled",
                          "SignatureDoesNotMatch",
                          "InvalidAccessKeyId",
                          "InvalidToken",
                          "InvalidSignatureException",
                          "InvalidClientTokenId",
                          "AuthFailure",
                          "UnrecognizedClientException",
                          "UnauthorizedException",
                          "MissingAuthenticationToken",
                          "MissingAuthenticationTokenException",
                          "IncompleteSignature",
                          "OptInRequired",
                          "NotSignedUp",
                          "AccountProblem",
                          "InvalidPayer",
                          "InvalidIdentityToken",
                          "UnauthorizedAccess",
                          "AuthorizationHeaderMalformed"});
}

bool is_conflict(std::string_view code) {
  return is_one_of(code, {"PreconditionFailed", "ConditionalRequestConflict", "OperationAborted",
                          "InvalidPart", "InvalidPartOrder", "ConcurrentModificationException"});
}

bool is_damaged(std::string_view code) {
  return is_one_of(code, {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch",
                          "XAmzContentChecksumMismatch", "ContentSHA256Mismatch"});
}

bool is_elsewhere(int status, std::string_view code) {
  return status == 301 || is_one_of(code, {"PermanentRedirect", "AuthorizationHeaderMalformed",
                                           "IllegalLocationConstraintException"});
}

ErrorKind kind_by_status(int status, Said::Body body) {
  if (status == 429 || (status == 503 && body == Said::Body::none)) return ErrorKind::throttled;
  if (status >= 500 && status != 501 && status != 505) return ErrorKind::transient;
  if (status == 408 || status == 307) return ErrorKind::transient;
  // An HTML page: this is some other server.
  if (body == Said::Body::other && status != 407) return ErrorKind::invalid;
  if (status == 401 || status == 403 || status == 407) return ErrorKind::denied;
  if (status == 404 || status == 410) return ErrorKind::not_found;
  if (status == 409 || status == 412) return ErrorKind::conflict;
  // Its error came after its status.
  if (status / 100 == 2)
    return body == Said::Body::error ? ErrorKind::transient : ErrorKind::corrupt;
  return ErrorKind::invalid;
}

ErrorKind kind_of(int status, const Said& said) {
  const std::string_view code = said.code;
  if (is_throttle(code)) return ErrorKind::throttled;
  if (is_transient(code)) return ErrorKind::transient;
  if (code == "NoSuchBucket") return ErrorKind::invalid;
  if (is_expired(code) || code == "RequestTimeTooSkewed") return ErrorKind::denied;
  if (is_conflict(code)) return ErrorKind::conflict;
  if (is_damaged(code)) return ErrorKind::corrupt;
  if (is_elsewhere(status, code) && !said.region.empty()) return ErrorKind::invalid;
  if (is_refused(code)) return ErrorKind::denied;
  if (code.starts_with("NoSuch")) return ErrorKind::not_found;
  return kind_by_status(status, said.body);
}

std::optional<Nanoseconds> wait_asked_for(const Headers& headers, WallTime at) {
  if (const auto ms = parse_number<uint32_t>(header(headers, "x-amz-retry-after"))) {
    return static_cast<int64_t>(*ms) * 1_ms;
  }
  return retry_after(headers, at);
}

// How far the server's clock is ahead, if a refusal may be due to that.
std::optional<Nanoseconds> skew_of(const HttpResponse& response, const Said& said, WallTime at) {
  const bool is_told =
      is_one_of(said.code, {"RequestTimeTooSkewed", "RequestInTheFuture", "RequestExpired"});
  const bool is_possible =
      is_one_of(said.code, {"SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure"}) ||
      (response.status == 403 && said.body == Said::Body::none);
  if (!is_told && !is_possible) return std::nullopt;
  const auto date = parse_http_date(header(response.headers, "date"));
  // A clock before 1970 is none, and may be further off than nanoseconds can say.
  if (!date || date->ns < 0) return std::nullopt;
  const Nanoseconds offset = date->ns - at.ns;
  if (std::abs(offset) < skew_min) return std::nullopt;
  return offset;
}

// ---- how it is told ---

std::string advice(const Failure& failure, Said::Body body) {
  const std::string_view code = failure.code;
  if (failure.clock_offset) {
    const bool is_late = *failure.clock_offset > 0;
    return "this machine's clock is " + print_duration(std::abs(*failure.clock_offset)) +
           (is_late ? " late" : " early") + ": set it";
  }
  if (failure.region) return "the bucket is in " + failure.region->str() + ": name that region";
  if (failure.wants_new_credentials) return "the session has ended: get new credentials";
  if (code == "NoSuchBucket") return "check the bucket's name, and the endpoint";
  if (is_elsewhere(failure.status, code)) return "check the region";
  if (code == "SignatureDoesNotMatch") return "check the secret access key";
  if (is_one_of(code, {"InvalidAccessKeyId", "InvalidClientTokenId"})) {
    return "that access key is not known there: check the credentials and the endpoint";
  }
  if (failure.status == 407) return "the proxy wants a user and a password";
  if (failure.error.kind == ErrorKind::denied) {
    return "allow it to these credentials, or use others (profile, role)";
  }
  if (body == Said::Body::other && failure.error.kind == ErrorKind::invalid) {
    return "this endpoint does not speak S3: check its URL";
  }
  return {};
}

std::string message_of(const Failure& failure, const Said& said) {
  std::string message = std::to_string(failure.status);
  if (!failure.code.empty()) message += " " + failure.code;
  std::string_view what_was_said = said.message;
  while (what_was_said.ends_with('.')) what_was_said.remove_suffix(1);  // The sentence goes on.
  if (!what_was_said.empty()) message += ": " + excerpt(what_was_said, message_bytes_max);
  if (const std::string what = advice(failure, said.body); !what.empty()) message += "; " + what;
  if (!said.request_id.empty()) message += " (request " + said.request_id + ")";
  return message;
}

}  // namespace

Failure classify(const HttpResponse& response, WallTime at) {
  const Said said = read_answer(response);
  Failure failure;
  failure.status = response.status;
  failure.code = said.code;
  failure.error.kind = kind_of(response.status, said);
  // Without its code nobody knows what it was: it is asked again, as after any answer that broke
  // off.
  if (response.broke_off && said.code.empty() && failure.error.kind != ErrorKind::throttled)
    failure.error.kind = ErrorKind::transient;
  if (failure.code.empty() && failure.error.kind == ErrorKind::throttled) failure.code = "SlowDown";
  failure.wants_new_credentials = is_expired(said.code);
  failure.clock_offset = skew_of(response, said, at);
  failure.retry_after = wait_asked_for(response.headers, at);
  // A HEAD's answer has no body: 301, 400 or 403 with the region in a header.
  const bool may_be_elsewhere = is_elsewhere(response.status, said.code) ||
                                (said.body == Said::Body::none && response.status == 400);
  if (!said.region.empty() && may_be_elsewhere) {
    failure.region = Region(said.region);
    failure.error.kind = ErrorKind::invalid;
  }
  // Some of the HTML pages of a 2xx are no answer of S3 either.
  if (response.status / 100 == 2 && said.body == Said::Body::other) {
    failure.error.kind = ErrorKind::invalid;
  }
  failure.is_retryable = failure.error.kind == ErrorKind::transient ||
                         failure.error.kind == ErrorKind::throttled ||
                         failure.wants_new_credentials || failure.region || failure.clock_offset ||
                         is_damaged(said.code) ||
                         is_one_of(said.code, {"ConditionalRequestConflict", "OperationAborted"});
  failure.error.message = message_of(failure, said);
  return failure;
}

bool has_error(std::string_view body) {
  body = trim(body);
  if (body.starts_with("<?xml")) body = trim(body.substr(std::min(body.find('>'), body.size())));
  if (body.starts_with('>')) body = trim(body.substr(1));
  return body.starts_with("<Error>") || body.starts_with("<Error ") ||
         body.starts_with("<Error\n") || body.starts_with("<ErrorResponse");
}

}  // namespace sluice::aws

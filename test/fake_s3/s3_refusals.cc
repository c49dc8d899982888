// What is refused, in S3's words: by the fault plan, and for what isn't there.
#include "http_server/times.h"
#include "s3_handler.h"

namespace sluice::fake_s3 {
namespace {

constexpr std::string_view proxy_page =
    "<!DOCTYPE html>\n<html><head><title>Gateway</title></head><body><h1>It works!</h1>"
    "<p>This is not S3.</p></body></html>\n";

S3Error internal_error() {
  return {500, "InternalError", "We encountered an internal error. Please try again."};
}

}  // namespace

// False if the fault lets the request be done (deliver_with has the rest).
bool S3Handler::answer_fault(const Fault& fault) {
  switch (fault.action) {
    case Action::slow_down:
      refuse({503, "SlowDown", "Please reduce your request rate."});
      return true;
    case Action::slow_down_empty:
    case Action::error_empty:
      begin(fault.action == Action::error_empty ? 500 : 503);
      end_empty();
      return true;
    case Action::error:
      refuse(internal_error());
      return true;
    case Action::error_html:
    case Action::html:
      begin(fault.action == Action::html ? 200 : 500);
      end_with("text/html; charset=utf-8", request_->method == "HEAD" ? "" : proxy_page);
      return true;
    case Action::error_in_200: {
      S3Error error = internal_error();
      error.status = 200;
      refuse(error);
      return true;
    }
    case Action::reset_before:
      answer_->delivery = HttpAnswer::Delivery::reset;
      answer_->status = 0;
      return true;
    case Action::expired_token:
      refuse({400, "ExpiredToken", "The provided token has expired."});
      return true;
    case Action::request_timeout:
      answer_->close_after = true;
      refuse({400, "RequestTimeout",
              "Your socket connection to the server was not read from or written to within the "
              "timeout period. Idle connections will be closed."});
      return true;
    case Action::conflict:
      refuse({409, "ConditionalRequestConflict",
              "The conditional request cannot succeed due to a conflicting operation against this "
              "resource."});
      return true;
    case Action::denied:
      refuse({403, "AccessDenied", "Access Denied"});
      return true;
    case Action::skew:
      refuse(skewed());
      return true;
    case Action::redirect:
      refuse(redirected());
      return true;
    default:
      return false;
  }
}

S3Error S3Handler::skewed() const {
  std::string elements =
      "<RequestTime>" + std::string(request_->header("x-amz-date")) + "</RequestTime><ServerTime>";
  append_iso_date(now_seconds_, elements);
  return {
      403, "RequestTimeTooSkewed",
      "The difference between the request time and the current time is too large.",
      elements + "</ServerTime><MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>"};
}

S3Error S3Handler::redirected() const {
  std::string elements = "<Endpoint>";
  append_xml(request_->header("host"), elements);
  elements += "</Endpoint><Region>" + (bucket_ == nullptr ? world_.region : bucket_->region) +
              "</Region><Bucket>";
  append_xml(bucket_name_, elements);
  return {301, "PermanentRedirect",
          "The bucket you are attempting to access must be addressed using the specified endpoint. "
          "Please send all future requests to this endpoint.",
          elements + "</Bucket>"};
}

S3Error S3Handler::no_such_key() const {
  std::string element = "<Key>";
  append_xml(key_, element);
  return {404, "NoSuchKey", "The specified key does not exist.", element + "</Key>"};
}

S3Error S3Handler::no_such_upload() const {
  std::string element = "<UploadId>";
  append_xml(query_.value("uploadId"), element);
  return {404, "NoSuchUpload",
          "The specified upload does not exist. The upload ID may be invalid, or the upload may "
          "have been aborted or completed.",
          element + "</UploadId>"};
}

S3Error S3Handler::precondition_failed(std::string_view condition) const {
  return {412, "PreconditionFailed",
          "At least one of the pre-conditions you specified did not hold",
          "<Condition>" + std::string(condition) + "</Condition>"};
}

}  // namespace sluice::fake_s3

// What goes wrong on purpose, as answers.
#include <algorithm>

#include "api_handler.h"
#include "http_server/times.h"

namespace sluice::fake_api {
namespace {

constexpr std::string_view html_page =
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Down for maintenance</h1>"
    "</body></html>\n";

}  // namespace

// Whether the fault was the whole answer.
bool ApiHandler::answer_fault(std::string_view path, uint64_t page) {
  fault_ = faults_.next(path, page);
  if (!fault_.is_any) return false;
  answer_->delay += static_cast<Nanoseconds>(fault_.delay) * 1'000'000;
  using Delivery = http_server::HttpAnswer::Delivery;
  if (fault_.timeout) {
    answer_->delivery = Delivery::silence;
  } else if (fault_.reset && *fault_.reset == 0) {
    answer_->delivery = Delivery::reset;
  } else if (!fault_.redirect.empty()) {
    if (is_moved_ || is_elsewhere_) return false;
    redirect();
  } else if (fault_.status != 0) {
    begin(fault_.status);
    answer_->head += retry_after();
    if (fault_.html) {
      end_with("text/html", std::string(html_page));
    } else {
      end_with("application/json", R"({"error":"on purpose"})");
    }
  } else if (fault_.html) {
    begin(200);
    end_with("text/html", std::string(html_page));
  } else if (fault_.graphql_error) {
    begin(200);
    end_with("application/json",
             R"({"errors":[{"message":"on purpose","type":"RATE_LIMITED"}],"data":null})");
  } else {
    return false;
  }
  deliver();
  return true;
}

// How the bytes go out.
void ApiHandler::deliver() {
  if (fault_.slow > 0) answer_->bytes_per_second = fault_.slow;
  if (fault_.close) answer_->close_after = true;
  if (fault_.truncate) answer_->cut_after = std::min(*fault_.truncate, answer_->length - 1);
  if (fault_.reset && *fault_.reset > 0) {
    answer_->cut_after = std::min(*fault_.reset, answer_->length - 1);
    answer_->resets_when_cut = true;
  }
}

void ApiHandler::redirect() {
  std::string target(request_->path);
  if (!request_->query.empty()) target += "?" + std::string(request_->query);
  std::string to = fault_.redirect;
  if (to == "same") {
    to = "/moved";
  } else if (to == "other") {
    const std::string_view host = request_->header("host");
    const size_t colon = host.rfind(':');
    to = "http://localhost" + std::string(colon == host.npos ? "" : host.substr(colon)) +
         "/elsewhere";
  }
  begin(fault_.status != 0 ? fault_.status : 302);
  answer_->head += "Location: " + to + target + "\r\n";
  end_with("text/plain", "it is elsewhere\n");
}

// The header, and from when on this place may be asked for again.
std::string ApiHandler::retry_after() {
  constexpr int64_t second_ns = 1'000'000'000;
  if (fault_.retry_after) {
    retry_not_before_[place_] = now_ns_ + *fault_.retry_after * second_ns;
    return "Retry-After: " + std::to_string(*fault_.retry_after) + "\r\n";
  }
  if (!fault_.retry_after_date) return {};
  const int64_t at_seconds = now_ns_ / second_ns + *fault_.retry_after_date;
  retry_not_before_[place_] = at_seconds * second_ns;
  std::string line = "Retry-After: ";
  http_server::append_http_date(at_seconds, line);
  return line + "\r\n";
}

}  // namespace sluice::fake_api

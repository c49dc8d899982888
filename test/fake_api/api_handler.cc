#include "api_handler.h"

#include <algorithm>

#include "base/text.h"
#include "chunked.h"
#include "gzip.h"
#include "http_server/times.h"

namespace sluice::fake_api {
namespace {

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 410:
      return "Gone";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Whatever";
  }
}

}  // namespace

ApiHandler::ApiHandler(const Options& options, Records records, Exchanges exchanges)
    : pages_(options.pages),
      records_(std::move(records)),
      exchanges_(std::move(exchanges)),
      auth_(options.auth),
      faults_(options.faults),
      latency_(options.latency) {
  rate_.set(options.rate, options.rate_seconds);
}

void ApiHandler::connection_used() {
  ++counters_.connections_accepted;
  ++counters_.connections_open;
  counters_.connections_open_max =
      std::max(counters_.connections_open_max, counters_.connections_open);
}

void ApiHandler::request_opened(size_t head_bytes, uint64_t body_bytes) {
  counters_.bytes_in += head_bytes + body_bytes;
  ++counters_.requests_open;
  counters_.requests_open_max = std::max(counters_.requests_open_max, counters_.requests_open);
}

void ApiHandler::request_closed(const http_server::HttpAnswer&, uint64_t bytes_sent, bool) {
  counters_.bytes_out += bytes_sent;
  --counters_.requests_open;
}

void ApiHandler::handle(http_server::HttpRequest& request, http_server::HttpAnswer& answer) {
  request_ = &request;
  answer_ = &answer;
  now_ns_ = Clock().wall().ns;
  fault_ = {};
  rate_headers_.clear();
  const bool is_readable = query_.parse(request.query);
  if (answer.is_control) return control();
  answer.delay = latency_;
  ++counters_.requests;
  read_place();
  if (!is_readable) {
    refuse(400, "the query can't be read");
  } else if (passes_gates()) {
    perform();
  }
  if (answer.delivery == http_server::HttpAnswer::Delivery::answered) {
    ++counters_.by_status[answer.status];
  }
}

// Which host is played, and what is asked for there.
void ApiHandler::read_place() {
  path_ = request_->path;
  const auto take = [this](std::string_view prefix) {
    if (!path_.starts_with(prefix) || path_.substr(prefix.size(), 1) != "/") return false;
    path_.remove_prefix(prefix.size());
    return true;
  };
  is_moved_ = take("/moved");
  is_elsewhere_ = take("/elsewhere");
  place_ = path_.starts_with("/items/") ? "/items" : path_;
  ++counters_.by_path[place_];
  if (!is_elsewhere_) return;
  ++counters_.elsewhere;
  if (auth_.has_secret(*request_, query_)) ++counters_.elsewhere_with_secrets;
}

bool ApiHandler::passes_gates() {
  const int64_t now_seconds = now_ns_ / 1'000'000'000;
  if (path_ == "/oauth/token") {
    const auto [status, json] = auth_.give_token(*request_, now_seconds);
    if (status == 200) ++counters_.tokens_given;
    begin(status);
    end_with("application/json", json);
    return false;
  }
  if (!is_elsewhere_ && !auth_.admits(*request_, query_, now_seconds)) {
    ++counters_.auth_failures;
    begin(401);
    answer_->head += "WWW-Authenticate: Bearer realm=\"fake-api\"\r\n";
    end_with("application/json", R"({"error":"unauthorized"})");
    return false;
  }
  const std::string who = auth_.who(*request_, query_);
  ++counters_.by_caller[who];
  if (!rate_.is_set()) return true;
  const auto verdict = rate_.ask(who, now());
  const int64_t reset_ns = now_ns_ + verdict.until_reset;
  rate_headers_ =
      "X-RateLimit-Limit: " + std::to_string(verdict.limit) +
      "\r\nX-RateLimit-Remaining: " + std::to_string(verdict.remaining) +
      "\r\nX-RateLimit-Reset: " + std::to_string((reset_ns + 999'999'999) / 1'000'000'000) + "\r\n";
  if (verdict.admits) return true;
  ++counters_.rate_violations;
  begin(429);
  answer_->head +=
      "Retry-After: " + std::to_string((verdict.until_reset + 999'999'999) / 1'000'000'000) +
      "\r\n";
  end_with("application/json", R"({"error":"rate limit exceeded"})");
  return false;
}

void ApiHandler::perform() {
  const auto [page, refusal, why] =
      read_page(*request_, path_, query_, pages_, records_, token_epoch_);
  if (page) {
    // A token behind an empty page is another page of the same number.
    if (page->again == 0) ++counters_.pages[page->counted][page->number];
    place_ = page->counted + "#" + std::to_string(page->number);
  } else {
    place_ = path_;
  }
  if (const auto found = retry_not_before_.find(place_); found != retry_not_before_.end()) {
    if (now_ns_ < found->second) ++counters_.early_retries;
    retry_not_before_.erase(found);
  }
  if (answer_fault(page ? page->path : path_, page ? page->number : 0)) return;
  if (refusal != 0) {
    refuse(refusal, why);
  } else if (page) {
    answer_page(*page);
  } else if (path_.starts_with("/items/")) {
    answer_item(path_.substr(7));
  } else if (path_.starts_with("/exchange/")) {
    std::string target(path_.substr(9));
    if (!request_->query.empty()) target += "?" + std::string(request_->query);
    answer_exchange(target);
  } else {
    refuse(404, "no such path");
  }
  deliver();
}

void ApiHandler::answer_page(const PageRequest& page) {
  const bool takes_post = page.style == Style::post || page.style == Style::graphql;
  if (takes_post != (request_->method == "POST")) return refuse(405, "the other method");
  PageAnswer made = make_page(page, fault_, pages_, records_);
  counters_.records += made.records;
  begin(200);
  answer_->head += made.headers;
  end_with(made.content_type, std::move(made.body));
}

void ApiHandler::answer_item(std::string_view id) {
  const uint64_t index = records_.index_of_id(id);
  if (index == records_.count()) return refuse(404, "no such item");
  ++counters_.records;
  ++counters_.pages["/items"][index];
  begin(200);
  end_with("application/json", records_.record(index));
}

void ApiHandler::answer_exchange(std::string_view target) {
  const Exchange* exchange = exchanges_.find(request_->method, target);
  if (exchange == nullptr) return refuse(404, "no such exchange was recorded");
  const std::string here = "http://" + std::string(request_->header("host")) + "/exchange";
  const auto moved = [&](std::string text) {
    for (size_t at = text.find(exchange->host); at != text.npos;
         at = text.find(exchange->host, at + here.size())) {
      text.replace(at, exchange->host.size(), here);
    }
    return text;
  };
  begin(exchange->status);
  std::string_view content_type = "application/json";
  for (const auto& [name, value] : exchange->headers) {
    if (equal_without_case(name, "content-type")) {
      content_type = value;
    } else if (!equal_without_case(name, "date") && !equal_without_case(name, "server")) {
      answer_->head += name + ": " + moved(value) + "\r\n";
    }
  }
  end_with(content_type, moved(exchange->body));
}

void ApiHandler::begin(int status) {
  answer_->status = status;
  std::string& head = answer_->head;
  head = "HTTP/1.1 " + std::to_string(status) + " ";
  head += reason(status);
  head += "\r\nServer: fake-api\r\nDate: ";
  http_server::append_http_date(now_ns_ / 1'000'000'000, head);
  head += "\r\n" + rate_headers_;
}

void ApiHandler::end_with(std::string_view content_type, std::string body) {
  auto rope = std::make_shared<Rope>();
  rope->add_own(std::move(body));
  end_with(content_type, std::move(rope));
}

void ApiHandler::end_with(std::string_view content_type, std::shared_ptr<Rope> body) {
  std::string& head = answer_->head;
  const bool is_chunked = fault_.chunked || (pages_.chunked && !answer_->is_control);
  const bool accepts_gzip =
      request_->header("accept-encoding").find("gzip") != std::string_view::npos;
  const bool is_gzip = fault_.gzip || (pages_.gzip && accepts_gzip && !answer_->is_control);
  if (fault_.broken_json || is_gzip || is_chunked) {
    std::string text = body->text();
    if (fault_.broken_json) text.resize(text.size() * 2 / 3);
    if (is_gzip) text = gzip(text, 1);
    if (is_chunked) text = chunked(text);
    body = std::make_shared<Rope>();
    body->add_own(std::move(text));
  }
  head += "Content-Type: ";
  head += content_type;
  if (is_gzip) head += "\r\nContent-Encoding: gzip\r\nVary: Accept-Encoding";
  head += is_chunked ? "\r\nTransfer-Encoding: chunked"
                     : "\r\nContent-Length: " + std::to_string(body->bytes());
  head += "\r\n\r\n";
  answer_->header_bytes = head.size();
  if (request_->method == "HEAD") return;
  answer_->length = body->bytes();
  answer_->object = std::move(body);
}

void ApiHandler::refuse(int status, std::string_view why) {
  begin(status);
  std::string json = "{\"error\":";
  http_server::append_json(why, json);
  end_with("application/json", json + "}");
}

}  // namespace sluice::fake_api

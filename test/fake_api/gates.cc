#include "gates.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/text.h"

namespace sluice::fake_api {
namespace {

using http_server::HttpRequest;
using http_server::Query;

bool contains(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// What stands behind "Bearer "; empty if it is another scheme.
std::string_view behind(std::string_view header, std::string_view scheme) {
  if (header.size() <= scheme.size() || header[scheme.size()] != ' ' ||
      !equal_without_case(header.substr(0, scheme.size()), scheme)) {
    return {};
  }
  return trim(header.substr(scheme.size() + 1));
}

}  // namespace

Auth::Auth(AuthOptions options)
    : options_(std::move(options)),
      signature_(options_.signers, options_.service),
      refresh_token_(options_.refresh_token) {}

bool Auth::is_open() const {
  return options_.bearers.empty() && options_.basics.empty() && options_.header_keys.empty() &&
         options_.query_keys.empty() && options_.oauth_id.empty() && options_.signers.empty();
}

bool Auth::admits(const HttpRequest& request, const Query& query, int64_t now_seconds) {
  if (is_open()) return true;
  const std::string_view header = request.header("authorization");
  if (const std::string_view token = behind(header, "bearer"); !token.empty()) {
    if (contains(options_.bearers, token)) return true;
    const auto found = tokens_.find(token);
    if (found != tokens_.end() && found->second > now_seconds) return true;
  }
  if (const std::string_view pair = behind(header, "basic"); !pair.empty()) {
    for (const std::string& known : options_.basics) {
      if (pair == base64(known)) return true;
    }
  }
  for (const auto& [name, value] : options_.header_keys) {
    if (request.header(lower_case(name)) == value) return true;
  }
  for (const auto& [name, value] : options_.query_keys) {
    if (query.value(name) == value) return true;
  }
  if (options_.signers.empty() || !header.starts_with("AWS4-")) return false;
  return !signature_.check(request, query, options_.region, now_seconds);
}

bool Auth::has_secret(const HttpRequest& request, const Query& query) const {
  if (request.has_header("authorization") || request.has_header("x-amz-security-token") ||
      request.has_header("cookie")) {
    return true;
  }
  for (const auto& [name, value] : options_.header_keys) {
    if (request.has_header(lower_case(name))) return true;
  }
  for (const auto& [name, value] : options_.query_keys) {
    if (query.has(name)) return true;
  }
  return false;
}

std::string Auth::new_token(std::string_view kind) {
  return std::string(kind) + "-" + std::to_string(++token_number_);
}

std::pair<int, std::string> Auth::give_token(const HttpRequest& request, int64_t now_seconds) {
  Query form;
  form.parse(request.body.view());
  const std::string pair = base64(options_.oauth_id + ":" + options_.oauth_secret);
  const bool knows_secret = (form.value("client_id") == options_.oauth_id &&
                             form.value("client_secret") == options_.oauth_secret) ||
                            behind(request.header("authorization"), "basic") == pair;
  if (options_.oauth_id.empty() || !knows_secret) return {401, R"({"error":"invalid_client"})"};
  const bool refreshes = form.value("grant_type") == "refresh_token";
  if (!refreshes && form.value("grant_type") != "client_credentials") {
    return {400, R"({"error":"unsupported_grant_type"})"};
  }
  if (refreshes) {
    if (refresh_token_.empty() || form.value("refresh_token") != refresh_token_) {
      return {400, R"({"error":"invalid_grant"})"};
    }
    refresh_token_ = new_token("refresh");
  }
  const std::string token = new_token("access");
  tokens_[token] = now_seconds + options_.token_seconds;
  std::string json = R"({"access_token":")" + token + R"(","token_type":"Bearer","expires_in":)" +
                     std::to_string(options_.token_seconds);
  if (refreshes) json += R"(,"refresh_token":")" + refresh_token_ + "\"";
  return {200, json + "}"};
}

std::string Auth::who(const HttpRequest& request, const Query& query) const {
  for (const auto& [name, value] : options_.header_keys) {
    if (request.has_header(lower_case(name))) return std::string(request.header(lower_case(name)));
  }
  for (const auto& [name, value] : options_.query_keys) {
    if (query.has(name)) return std::string(query.value(name));
  }
  return std::string(request.header("authorization"));
}

void RateLimit::set(uint64_t requests, int64_t window_seconds) {
  requests_ = requests;
  window_ = std::max<int64_t>(window_seconds, 1) * 1'000'000'000;
  windows_.clear();
}

RateLimit::Verdict RateLimit::ask(const std::string& who, Instant at) {
  Window& window = windows_[who];
  if (window.used == 0 || at - window.begin >= window_) window = {at, 0};
  const bool admits = window.used < requests_;
  if (admits) ++window.used;
  return {admits, requests_, requests_ - window.used, window_ - (at - window.begin)};
}

}  // namespace sluice::fake_api

#include "source/origin_rules.h"

#include <algorithm>

#include "base/text.h"
#include "http/host_kind.h"
#include "http/url.h"

namespace sluice {
namespace {

// "https://a.example:8443", as `also_from` has it.
std::string origin_of(std::string_view url) {
  const auto parsed = parse_url(url);
  if (!parsed.ok()) return "https://...";
  return (parsed->is_tls ? "https://" : "http://") + parsed->authority();
}

Error refused(std::string_view url, const std::string& why) {
  return {ErrorKind::invalid, origin_of(url) + " is not asked: " + why};
}

}  // namespace

OriginRules::OriginRules(OriginOptions options, Secrets secrets, SecretPlaces places)
    : options_(std::move(options)), secrets_(std::move(secrets)), places_(std::move(places)) {
  const auto own = parse_url(options_.own);
  own_is_special_ = own.ok() && host_kind(own->host) != HostKind::elsewhere;
}

bool OriginRules::is_own(std::string_view url) const {
  return same_origin(url, options_.own);
}

bool OriginRules::is_named(std::string_view url) const {
  return std::any_of(options_.also.begin(), options_.also.end(),
                     [&](const std::string& one) { return same_origin(url, one); });
}

std::string OriginRules::advice(std::string_view url) const {
  return "if it is to be asked, say also_from: [\"" + origin_of(url) + "\"]";
}

Status OriginRules::may_ask(std::string_view url, Body body) const {
  if (is_own(url)) return {};
  const Url to = TRY(parse_url(url));
  if (!to.is_tls && lower_case(options_.own.substr(0, 6)) == "https:")
    return refused(url, "what begins with https never goes on without it");
  if (body == Body::some)
    return refused(url,
                   "the job's body would go to another origin than the job's own; say its URL as "
                   "`url` if it is the right one");
  const HostKind kind = host_kind(to.host);
  if (kind == HostKind::elsewhere || own_is_special_ || is_named(url)) return {};
  return refused(url, "a " + std::string(to_string(kind)) +
                          " address, where the job's own origin has none; " + advice(url));
}

Status OriginRules::make_fit_for_others(HttpRequest& request) const {
  drop_secrets(request, places_);
  std::erase_if(request.headers, [&](const Header& one) {
    const auto has_name = [&](const Header& other) {
      return equal_without_case(one.name, other.name);
    };
    return is_secret_name(one.name) || secrets_.holds(one.value) ||
           equal_without_case(one.name, "Content-Type") ||
           std::any_of(options_.secret_headers.begin(), options_.secret_headers.end(), has_name);
  });
  request.url =
      without_query_words(request.url, [&](std::string_view pair) { return secrets_.holds(pair); });
  if (secrets_.holds(request.url)) {
    return refused(request.url, "a secret of the job stands in the URL that it is named by");
  }
  if (!own_is_special_ && !is_named(request.url)) request.asked_by = options_.own;
  return {};
}

bool becomes_get(int status, std::string_view method) {
  if (method == "GET" || method == "HEAD") return false;
  return status == 303 || status == 301 || status == 302;
}

}  // namespace sluice

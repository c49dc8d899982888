// Reading which page is asked for.
#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "base/text.h"
#include "json_scan.h"
#include "page.h"
#include "tokens.h"

namespace sluice::fake_api {
namespace {

using http_server::HttpRequest;
using http_server::Query;

constexpr std::array<std::pair<std::string_view, Style>, 15> paths = {{
    {"/cursor", Style::cursor},
    {"/cursor-header", Style::cursor_header},
    {"/next-url", Style::next_url},
    {"/next-url/more", Style::next_url},
    {"/link", Style::link},
    {"/repositories/1000/items", Style::link},
    {"/page", Style::page},
    {"/offset", Style::offset},
    {"/post", Style::post},
    {"/graphql", Style::graphql},
    {"/ndjson", Style::ndjson},
    {"/csv", Style::csv},
    {"/list", Style::list},
    {"/window", Style::window},
    {"/events", Style::events},
}};

bool is_numbered(Style style) {
  return style == Style::link || style == Style::page || style == Style::ndjson ||
         style == Style::csv;
}

// "2026-11-02", "2026-11-02T03:04:05Z" or seconds since 1970.
std::optional<int64_t> read_time(std::string_view text) {
  if (const auto seconds = parse_number<int64_t>(text)) return seconds;
  const std::string copy(text);
  for (const char* const format : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"}) {
    std::tm parts{};
    const char* end = strptime(copy.c_str(), format, &parts);
    if (end != nullptr && (*end == 0 || *end == 'Z' || *end == '+')) return timegm(&parts);
  }
  return std::nullopt;
}

// part=K/P and from, to.
bool read_span(const Query& query, const Records& records, PageRequest& page, std::string& why) {
  page.all = {0, records.count()};
  if (page.style == Style::window) {
    const auto from = query.has("from") ? read_time(query.value("from")) : INT64_MIN;
    const auto to = query.has("to") ? read_time(query.value("to")) : INT64_MAX;
    if (!from || !to) {
      why = "from or to is no time";
      return false;
    }
    page.all = records.between(*from, *to);
  }
  if (!query.has("part")) return true;
  const std::string_view part = query.value("part");
  const size_t slash = part.find('/');
  const auto k = parse_number<uint64_t>(part.substr(0, slash));
  const auto parts =
      parse_number<uint64_t>(slash == part.npos ? std::string_view() : part.substr(slash + 1));
  if (!k || !parts || *k >= *parts) {
    why = "part is not like 0/3";
    return false;
  }
  const uint64_t first = page.all.count * *k / *parts, end = page.all.count * (*k + 1) / *parts;
  page.all = {page.all.first + first, end - first};
  return true;
}

void keep_parameters(const Query& query, PageRequest& page) {
  std::string narrows;
  for (const std::string_view name :
       {"count", "per_page", "limit", "links", "base", "part", "from", "to"}) {
    if (!query.has(name) || (page.style == Style::offset && name == "limit")) continue;
    std::string one(name);
    one += '=';
    http_server::append_encoded(query.value(name), http_server::Slash::encoded, one);
    if (name == "part" || name == "from" || name == "to") {
      narrows += (narrows.empty() ? "?" : "&") + one;
    }
    page.kept += one + "&";
  }
  page.counted = page.path + narrows;
}

// Where the styles differ: what says the page.
struct Wish {
  std::string token, number, size;
};

Wish read_wish(const HttpRequest& request, const Query& query, const PageOptions& options,
               Style style) {
  Wish wish;
  for (const std::string_view name : {"count", "per_page", "limit"}) {
    if (query.has(name)) wish.size = query.value(name);
  }
  wish.token = query.value(options.token_parameter);
  wish.number = query.value(style == Style::offset ? "offset" : "page");
  if (style != Style::post && style != Style::graphql) return wish;
  const std::string_view body = request.body.view();
  const bool is_graphql = style == Style::graphql;
  wish.token = json_text(json_at(body, is_graphql ? "variables.after" : "cursor"));
  wish.number = is_graphql ? std::string() : json_text(json_at(body, "page"));
  const std::string_view size = json_at(body, is_graphql ? "variables.first" : "limit");
  if (!size.empty()) wish.size = json_text(size);
  return wish;
}

// Turns the wish into a place.
bool place(const Wish& wish, PageRequest& page, std::string& why) {
  if (!wish.size.empty()) {
    const auto size = parse_number<uint64_t>(wish.size);
    if (!size || *size == 0) {
      why = "no such page size: " + wish.size;
      return false;
    }
    page.size = *size;
  }
  page.by_number = is_numbered(page.style) || (page.style == Style::post && !wish.number.empty());
  if (page.by_number || page.style == Style::offset) {
    const uint64_t least = page.by_number ? page.base : 0;
    const auto number = wish.number.empty() ? least : parse_number<uint64_t>(wish.number);
    if (!number || *number < least) {
      why = "no such page: " + wish.number;
      return false;
    }
    page.offset = page.by_number ? (*number - least) * page.size : *number;
  } else if (!wish.token.empty()) {
    const auto at = read_token(wish.token);
    if (!at) {
      why = "invalid token";
      return false;
    }
    if (at->epoch != page.epoch) {
      why = "expired token";
      return false;
    }
    page.offset = at->offset;
    page.again = at->again;
    page.token = wish.token;
  }
  page.number = page.offset / page.size + 1;
  return true;
}

}  // namespace

PageRead read_page(const HttpRequest& request, std::string_view path, const Query& query,
                   const PageOptions& options, const Records& records, uint64_t token_epoch) {
  PageRequest page;
  const auto found = std::find_if(paths.begin(), paths.end(),
                                  [&](const auto& known) { return known.first == path; });
  if (found == paths.end()) return {};
  page.style = found->second;
  page.path = path;
  if (page.style == Style::next_url) page.path = "/next-url";
  if (page.style == Style::link) page.path = "/link";
  page.size = options.page_records;
  page.base = query.has("base") ? parse_number<uint64_t>(query.value("base")).value_or(1)
                                : options.first_page;
  page.links = query.has("links") ? std::string(query.value("links")) : options.links;
  page.origin = "http://" + std::string(request.header("host"));
  page.epoch = token_epoch;
  keep_parameters(query, page);
  std::string why;
  if (!read_span(query, records, page, why) ||
      !place(read_wish(request, query, options, page.style), page, why)) {
    return {std::nullopt, why == "expired token" ? 410 : 400, why};
  }
  return {std::move(page), 0, {}};
}

}  // namespace sluice::fake_api

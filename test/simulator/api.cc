#include "simulator/api.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::simulator {
namespace {

Api* there_is = nullptr;

uint64_t number_in(const std::string& url, const std::string& name, uint64_t otherwise) {
  for (const char before : {'?', '&'}) {
    const size_t at = url.find(before + name + "=");
    if (at == url.npos) continue;
    const size_t begin = at + name.size() + 2;
    return parse_number<uint64_t>(url.substr(begin, url.find('&', begin) - begin))
        .value_or(otherwise);
  }
  return otherwise;
}

HttpResponse response(int status, std::string_view body, Headers headers = {}) {
  HttpResponse made;
  made.status = status;
  made.headers = std::move(headers);
  made.body = Buffer::of(body);
  return made;
}

}  // namespace

Api::Api(Simulation& simulation, Tally& tally, const ApiWords& words)
    : simulation_(simulation), tally_(tally), words_(words) {
  there_is = this;
}

Api::~Api() {
  there_is = nullptr;
}

Api& Api::current() {
  ENSURE(there_is != nullptr);
  return *there_is;
}

// A cursor is the number of the first item, as text.
HttpResponse Api::page(const std::string& url, bool is_glitch) const {
  using Paging = ApiWords::Paging;
  uint64_t from = number_in(url, words_.paging == Paging::cursor ? "token" : "offset", 0);
  if (words_.paging == Paging::page) from = (number_in(url, "page", 1) - 1) * words_.page_items;
  // Exactly the page before: one that only overlaps it nobody could tell from a good one.
  const bool is_again = is_glitch && from >= words_.page_items && from % words_.page_items == 0;
  if (is_again && words_.paging != Paging::cursor) from -= words_.page_items;
  const uint64_t end = std::min<uint64_t>(items_.size(), from + words_.page_items);
  std::string body = "{\"items\":[";
  for (uint64_t i = from; i < end; ++i) body += (i > from ? "," : "") + items_[i];
  body += "]";
  if (words_.paging == Paging::cursor && end < items_.size())
    body += ",\"next\":\"" + std::to_string(is_again ? from : end) + "\"";
  if (words_.total) body += ",\"total\":" + std::to_string(items_.size() + (words_.lies ? 3 : 0));
  return response(200, body + "}", {{"Content-Type", "application/json"}});
}

Api::Reply Api::ask(const std::string& url) {
  ++calls_;
  const auto by_chance = [&](uint64_t one_in) { return one_in > 0 && simulation_.one_in(one_in); };
  const Nanoseconds most = by_chance(weather_.is_slow) ? 5_s : weather_.latency_most;
  const Nanoseconds after = simulation_.between(200'000, 2 * most);
  if (by_chance(weather_.fails)) {
    tally_.met(Met::api_failed);
    return {after, Error{ErrorKind::transient, url + ": connection lost"}};
  }
  if (by_chance(weather_.throttles)) {
    tally_.met(Met::api_throttled);
    const std::string seconds = std::to_string(1 + simulation_.chance().below(20));
    return {after, response(429, "slow down", {{"Retry-After", seconds}})};
  }
  if (by_chance(weather_.loses_answer)) {
    tally_.met(Met::api_failed);
    return {after, response(simulation_.one_in(2) ? 500 : 503, "oh")};
  }
  const bool is_glitch = by_chance(weather_.lands_late);
  if (is_glitch) tally_.met(Met::api_page_again);
  Reply reply{after, page(url, is_glitch)};
  if (by_chance(weather_.fails)) {
    tally_.met(Met::api_cut);
    reply.cut_at = simulation_.chance().below(reply.response->body.size());
  }
  return reply;
}

}  // namespace sluice::simulator

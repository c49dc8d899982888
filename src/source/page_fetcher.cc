#include "source/page_fetcher.h"

#include <algorithm>
#include <utility>

#include "base/checksum.h"
#include "base/text.h"
#include "base/time.h"
#include "http/url.h"
#include "source/api_page.h"
#include "source/objects.h"
#include "source/page_end.h"

namespace sluice {
namespace {

// Of a buffer that a page is read into. The first is small: most pages of most APIs fit.
constexpr uint64_t first_room_bytes = stream_room_bytes_min;
constexpr uint64_t room_bytes = 256 << 10;
constexpr int redirects_max = 10;

// A buffer that was hardly used gives back what it doesn't need.
Chunk fitted(Buffer bytes, Lease lease, uint64_t offset) {
  if (bytes.size() * 2 < bytes.capacity()) {
    bytes = Buffer::of(bytes.view());
    lease.shrink(std::max<uint64_t>(bytes.size(), 1));
  }
  return {.bytes = std::move(bytes), .lease = std::move(lease), .offset = offset};
}

}  // namespace

PageFetcher::PageFetcher(ApiAccess& api, PageFetchOptions options, const SourceContext& context,
                         TicketSeries& tickets)
    : api_(api),
      options_(std::move(options)),
      origins_(options_.origin, api.secrets,
               api.auth == nullptr ? SecretPlaces() : api.auth->secret_places()),
      may_be_empty_(context.may_be_empty),
      decoder_(context.decoder),
      makes_json_(decoder_ == nullptr || decoder_->make()->json()),
      inbox_(context.inbox),
      trace_(context.trace),
      errands_(context.in_flight, context.inbox, tickets) {}

PageFetcher::~PageFetcher() = default;

PageFetcher::ApiPage* PageFetcher::find(uint64_t number) {
  const auto found = pages_.find(number);
  return found == pages_.end() ? nullptr : found->second.get();
}

const PageFetcher::Answer& PageFetcher::answer(uint64_t number) const {
  return pages_.at(number)->answer;
}

void PageFetcher::add(uint64_t number, PageRequest request) {
  auto page = std::make_unique<ApiPage>();
  page->number = number;
  page->url = request.url;
  page->method = options_.method;
  page->request = std::move(request);
  pages_.emplace(number, std::move(page));
}

// The document that the page is, or whose share of input it may have.
uint64_t PageFetcher::turn_for(const ApiPage& page, Whose whose, const Purse& purse) {
  constexpr uint64_t none = UINT64_MAX;
  if (whose != Whose::documents) return whose == Whose::head ? purse.turn() : none;
  if (page.number != purse.turn() + 1 || !purse.is_placing()) return page.number;
  // The one whose turn it is has come, and won't be asked for again: it needs its share no more.
  const ApiPage* head = find(purse.turn());
  return head != nullptr && head->state == ApiPage::State::ended ? purse.turn() : page.number;
}

void PageFetcher::start_what_fits(Purse& purse, Whose whose) {
  if (stopped_) return;
  for (auto& [number, page] : pages_) {
    const uint64_t document = turn_for(*page, whose, purse);
    if (page->state == ApiPage::State::waiting) {
      auto lease = purse.admit(document, first_room_bytes + document_overhead_bytes);
      if (!lease) return;
      start(*page, std::move(*lease));
    }
    while (page->state == ApiPage::State::under_way && page->fetch->wants_room()) {
      auto lease = purse.reserve(document, room_bytes);
      if (!lease) return;
      page->fetch->give_room(Buffer(room_bytes), std::move(*lease));
    }
  }
}

// Not before `when`. No longer than till the page is given up: a try has what is left of that.
HttpRequest PageFetcher::request_for(const ApiPage& page, Instant when) const {
  HttpRequest request{.method = page.method, .url = page.url, .headers = options_.headers};
  const Instant begins = std::max(now(), when);
  const Nanoseconds left = std::max(left_of(page, begins), try_least);
  request.first_byte_by = begins + left;
  be_patient(request, options_.answer_within, left);
  request.fresh_connection = page.failures > 0;
  request.may_be_sent_twice = page.method == "GET";
  // A redirect has made a GET of what was posted.
  if (page.method != options_.method) {
    std::erase_if(request.headers,
                  [](const Header& one) { return equal_without_case(one.name, "Content-Type"); });
  }
  return request;
}

void PageFetcher::start(ApiPage& page, Lease lease) {
  page.state = ApiPage::State::under_way;
  page.ticket = errands_.sent(page.number);
  page.came = 0;
  page.started = now();
  page.repeated_crc = 0;
  page.held.clear();
  page.fetch = std::make_unique<Fetch>(api_.engine, inbox_, page.ticket, Buffer(first_room_bytes),
                                       std::move(lease), trace_);
  const RequestRate::Slot slot = api_.rate.next_slot(now());
  page.identity = slot.identity;
  HttpRequest request = request_for(page, slot.when);
  const Fetch::Starter starter = page.fetch->starter();
  if (!origins_.is_own(page.url)) {
    const auto body = page.request.body.empty() ? OriginRules::Body::none : OriginRules::Body::some;
    Status may = origins_.may_ask(page.url, body);
    if (may.ok()) may = origins_.make_fit_for_others(request);
    if (!may.ok()) return starter.fail(std::move(may.error()));
    return starter.start(std::move(request), {}, slot.when);
  }
  if (api_.auth == nullptr) return starter.start(request, page.request.body, slot.when);
  // A token may have to be fetched first; the page may be forgotten meanwhile.
  const auto body = std::make_shared<const std::string>(page.request.body);
  request.body = *body;
  page.sent = std::make_shared<HttpRequest>();
  api_.auth->authorize(
      std::move(request), slot.identity,
      [starter, body, sent = page.sent, when = slot.when](Result<HttpRequest> authorized) {
        if (!authorized.ok()) return starter.fail(std::move(authorized.error()));
        authorized->body = {};
        *sent = *authorized;
        starter.start(std::move(*authorized), *body, when);
      });
}

bool PageFetcher::on(Event& event) {
  const uint64_t* number = errands_.find(event.ticket);
  if (number == nullptr) return false;
  ApiPage* page = find(*number);
  if (page != nullptr && (page->ticket != event.ticket || stopped_)) page = nullptr;
  if (auto* bytes = dynamic_cast<FetchedBytes*>(&event)) {
    if (page != nullptr) got(*page, *bytes);
    return true;
  }
  const auto back = errands_.take(event.ticket);
  if (page == nullptr) return true;
  if (back->was == Errands<uint64_t>::State::resting) {
    page->state = ApiPage::State::waiting;
  } else {
    page->fetch.reset();
    ended(*page, std::move(dynamic_cast<FetchEnded&>(event).response));
  }
  return true;
}

// ---- bytes -------------------------------------------------------------------------------------

// What has gone on already must come again as it was, and is dropped.
void PageFetcher::got(ApiPage& page, FetchedBytes& event) {
  const std::string_view bytes = event.bytes.view();
  const uint64_t known =
      std::min<uint64_t>(bytes.size(), page.gone_on - std::min(page.came, page.gone_on));
  if (page.came == 0)
    page.is_packed = bytes.starts_with("\x1f\x8b") || bytes.starts_with("\x28\xb5\x2f\xfd");
  page.came += bytes.size();
  if (known > 0) {
    page.repeated_crc = crc32c_combine(page.repeated_crc, crc32c(bytes.substr(0, known)), known);
    if (page.came >= page.gone_on && page.repeated_crc != page.gone_on_crc) {
      return give_up(
          page, {ErrorKind::conflict, "cut off, and another page when it was asked for again"});
    }
    if (known == bytes.size()) return;
  }
  Chunk chunk = known == 0 ? fitted(std::move(event.bytes), std::move(event.lease), 0)
                           : fitted(Buffer::of(bytes.substr(known)), std::move(event.lease), 0);
  chunk.offset = page.came - chunk.bytes.size();
  keep(page, std::move(chunk));
}

void PageFetcher::keep(ApiPage& page, Chunk chunk) {
  page.held.push_back(std::move(chunk));
  if (page.came <= whole_bytes_max) return;
  while (page.held.size() > 1) {
    Chunk& first = page.held.front();
    const std::string_view bytes = first.bytes.view();
    page.gone_on_crc = crc32c_combine(page.gone_on_crc, crc32c(bytes), bytes.size());
    page.gone_on += bytes.size();
    page.repeated_crc = page.gone_on_crc;
    arrivals_.push_back({.number = page.number, .chunk = std::move(first)});
    page.held.pop_front();
  }
}

// ---- answers -----------------------------------------------------------------------------------

void PageFetcher::ended(ApiPage& page, Result<HttpResponse> response) {
  if (response.ok()) return answered(page, std::move(*response));
  Error& error = response.error();
  // A name that leads to where it must not.
  if (error.kind == ErrorKind::denied && !origins_.is_own(page.url))
    error.message += "; " + origins_.advice(page.url);
  // Throttled: the token endpoint. Being told to wait is no failure.
  if (error.kind != ErrorKind::transient && error.kind != ErrorKind::throttled)
    return give_up(page, std::move(error));
  again(page, 0, std::move(error));
}

void PageFetcher::answered(ApiPage& page, HttpResponse response) {
  const Instant at = now();
  const auto used_up = api_.rate.answered(page.identity, response.headers, at, api_.clock.wall());
  if (used_up) tell_wait(page, at + *used_up, *used_up, "its budget of requests is used up");
  const int status = response.status;
  if (has_page(status)) return complete(page, std::move(response));
  if (status == 206)
    return again(page, 0, {ErrorKind::transient, "status 206, a part of what was asked for"});
  if (status / 100 == 3 && has_header(response.headers, "Location"))
    return redirected(page, response);
  refused(page, response);
}

void PageFetcher::redirected(ApiPage& page, const HttpResponse& response) {
  if (++page.redirects > redirects_max)
    return give_up(page, {ErrorKind::invalid, "more than 10 redirects, the last to " + page.url});
  page.url = resolved_url(page.url, header(response.headers, "Location"));
  if (becomes_get(response.status, page.method)) {
    page.method = "GET";
    page.request.body.clear();
  }
  page.state = ApiPage::State::waiting;
}

void PageFetcher::complete(ApiPage& page, HttpResponse response) {
  const std::string_view coding = header(response.headers, "Content-Encoding");
  for (const std::string_view one : split(coding, ',')) {
    const std::string name = lower_case(trim(one));
    if (!name.empty() && name != "identity" && name != "gzip" && name != "x-gzip" && name != "zstd")
      return give_up(page, {ErrorKind::invalid, "Content-Encoding " + name +
                                                    ", which was not asked for and isn't known"});
  }
  if (page.gone_on == 0 && is_odd(page, response)) return;
  if (page.gone_on > 0 && page.came <= page.gone_on)
    return give_up(page, {ErrorKind::conflict, "cut off, and shorter when it was asked for again"});
  if (breaks_off(page, response)) return;
  if (response.may_be_cut) doubt_end(page);
  page.state = ApiPage::State::ended;
  page.answer = {std::move(response.headers), page.url, page.came, page.came == 0};
  while (!page.held.empty()) {
    Chunk chunk = std::move(page.held.front());
    page.held.pop_front();
    chunk.last = page.held.empty();
    arrivals_.push_back({.number = page.number, .chunk = std::move(chunk)});
  }
  arrivals_.push_back({.number = page.number, .ended = true});
}

// Nothing but the connection's end has shown that the page is whole. A JSON value shows its own
// end, and so does what is compressed; lines don't.
void PageFetcher::doubt_end(const ApiPage& page) {
  if (has_doubted_ || page.is_packed) return;
  static const std::deque<Chunk> none;
  if (shows_its_end(page.gone_on == 0 ? page.held : none, decoder_)) return;
  has_doubted_ = true;
  warnings_.push_back(
      "the answer says no length and comes over plain HTTP: if it was cut, nobody can tell; "
      "https://, a Content-Length or chunks would show its end");
}

std::string PageFetcher::shown(const ApiPage& page) const {
  const std::string url =
      api_.auth == nullptr ? page.url : shown_url(page.url, api_.auth->secret_places());
  return page.method + " " + url;
}

// ---- the end -----------------------------------------------------------------------------------

std::optional<PageFetcher::Arrival> PageFetcher::take() {
  if (arrivals_.empty()) return std::nullopt;
  Arrival arrival = std::move(arrivals_.front());
  arrivals_.pop_front();
  return arrival;
}

void PageFetcher::forget(uint64_t number) {
  const ApiPage* page = find(number);
  if (page == nullptr) return;
  errands_.drop_rest(page->ticket);
  std::erase_if(arrivals_, [&](const Arrival& one) { return one.number == number; });
  pages_.erase(number);
}

void PageFetcher::stop() {
  stopped_ = true;
  for (auto& [number, page] : pages_) page->fetch.reset();  // Which ends it
  errands_.stop([](Ticket) {});
}

}  // namespace sluice

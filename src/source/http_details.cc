// A source whose pages are lists: each row names a URL, and what lies there is a document. Lists
// are read one after another, a little ahead; details many at once, handed on in the order of the
// rows.
//
// A detail that is gone (404, 410) is set aside, as an object that has vanished since its listing;
// anything else that can't be had ends the unit.
#include <deque>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "http/url.h"
#include "json/scan.h"
#include "json/slice.h"
#include "source/http_pages.h"
#include "source/numbered.h"

namespace sluice {
namespace {

// A list is parsed whole: rows are small.
constexpr uint64_t list_bytes_max = 16 << 20;
constexpr size_t url_shown_max = 2000;

class HttpDetails : public Source {
 public:
  HttpDetails(ApiAccess& api, const HttpDetailsOptions& options, const HttpRequests& requests,
              const SourceContext& context)
      : options_(options),
        places_(api.auth == nullptr ? SecretPlaces() : api.auth->secret_places()),
        limit_(context.limit),
        tickets_(context.tickets),
        paging_(requests.paging),
        lists_(api, with_plain_lists(requests.fetch), context, tickets_,
               PageFetcher::Bytes::common),
        details_(api, of_details(requests.fetch), context, tickets_),
        next_list_(paging_.first_request()) {}

  void start_what_fits(Purse& purse) override {
    if (stopped_ || error_) return;
    if (next_list_ && rows_.size() < 4 * options_.parallel) {
      lists_.add(asked_lists_++, *std::exchange(next_list_, {}));
      list_.clear();
    }
    lists_.start_what_fits(purse);
    pump_lists();
    while (may_ask()) ask();
    details_.start_what_fits(purse);
    pump_details();
  }
  void on(Event& event) override {
    if (lists_.on(event)) return pump_lists();
    if (details_.on(event)) pump_details();
  }
  std::optional<Arrived> take() override {
    if (ready_.empty()) return std::nullopt;
    Arrived arrived = std::move(ready_.front());
    ready_.pop_front();
    return arrived;
  }
  const Document& document(uint64_t number) const override { return documents_.at(number); }
  void forget(uint64_t number) override {
    details_.forget(number);
    documents_.forget(number);
  }
  std::optional<uint64_t> documents() const override {
    if (documents_.next() == limit_) return limit_;
    if (lists_ended_) return std::min(limit_, documents_.next() + rows_.size());
    return std::nullopt;
  }
  // A list is read whole, as JSON.
  std::vector<std::string> take_warnings() override { return details_.take_warnings(); }
  Status status() const override { return error_ ? Status(*error_) : Status(); }
  void stop() override {
    stopped_ = true;
    lists_.stop();
    details_.stop();
  }
  bool drained() const override { return lists_.drained() && details_.drained(); }

 private:
  // Lists are not the decoder's, which would inflate them.
  static PageFetchOptions with_plain_lists(PageFetchOptions options) {
    std::erase_if(options.headers, [](const Header& one) { return one.name == "Accept-Encoding"; });
    options.headers.push_back({"Accept-Encoding", "identity"});
    return options;
  }

  static PageFetchOptions of_details(PageFetchOptions options) {
    options.method = "GET";
    return options;
  }

  bool may_ask() const {
    return !rows_.empty() && documents_.next() < limit_ && documents_.size() < options_.parallel;
  }
  void ask() {
    std::string url = std::move(rows_.front());
    rows_.pop_front();
    const uint64_t number = documents_.next();
    documents_.add({.number = number, .name = excerpt(shown_url(url, places_), url_shown_max)});
    details_.add(number, {.url = std::move(url), .body = {}});
  }

  void pump_lists() {
    while (auto arrival = lists_.take()) {
      if (arrival->error) return fail(std::move(*arrival->error));
      list_.append(arrival->chunk.bytes.view());
      if (list_.size() > list_bytes_max)
        return fail({ErrorKind::invalid, "a list of more than 16 MiB; ask for shorter ones"});
      if (arrival->ended) read_list(arrival->number);
    }
  }

  void read_list(uint64_t number) {
    const PageFetcher::Answer& answer = lists_.answer(number);
    Envelope envelope{.document = number};
    json::Slicer slicer(
        {.records = options_.records, .envelope = Paging::wanted(paging_.options())});
    std::vector<json::Span> rows;
    slicer.slice(list_, 0, rows);
    const auto ending = slicer.finish();
    if (ending == json::Slicer::Ending::bad)
      return fail({ErrorKind::corrupt, "not JSON " + slicer.fault().message()});
    if (ending == json::Slicer::Ending::no_records)
      return fail({ErrorKind::corrupt, slicer.why_no_records()});
    for (size_t i = 0; i < Paging::wanted(paging_.options()).size(); ++i) {
      const auto value = slicer.envelope(i);
      envelope.values.push_back(value ? std::optional(std::string(*value)) : std::nullopt);
    }
    envelope.records = rows.size();
    envelope.content = hash64(list_);
    json::Scanner scanner(options_.url.fields());
    for (const json::Span& row : rows) {
      if (!read_row(scanner, std::string_view(list_).substr(row.begin, row.end - row.begin),
                    answer.url))
        return;
    }
    auto next = paging_.next({answer.headers, envelope, answer.url});
    if (!next.ok()) return fail(std::move(next.error()));
    next_list_ = std::move(*next);
    lists_ended_ = !next_list_;
    lists_.forget(number);
  }

  bool read_row(json::Scanner& scanner, std::string_view row, std::string_view list_url) {
    std::vector<std::optional<std::string_view>> fields;
    std::string url;
    if (scanner.scan(row)) {
      for (size_t i = 0; i < options_.url.fields().size(); ++i) fields.push_back(scanner.raw(i));
      const Status rendered = options_.url.render({.fields = fields}, Template::Escape::none, url);
      if (!rendered.ok()) return fail(Error(rendered.error()).in("a row of the list")), false;
    } else {
      return fail({ErrorKind::corrupt, "a row of the list: not JSON " + scanner.fault().message()}),
             false;
    }
    rows_.push_back(resolved_url(list_url, url));
    return true;
  }

  void pump_details() {
    while (auto arrival = details_.take()) {
      const uint64_t number = arrival->number;
      if (arrival->error && arrival->error->kind == ErrorKind::not_found) {
        ready_.push_back({.document = number, .bad = std::move(*arrival->error)});
      } else if (arrival->error) {
        if (!error_) error_ = std::move(*arrival->error);
      } else if (arrival->ended) {
        const uint64_t bytes = details_.answer(number).bytes;
        documents_.at(number).bytes = bytes;
        if (bytes == 0)
          ready_.push_back({.document = number, .bad = Error{ErrorKind::corrupt, "no byte came"}});
      } else {
        ready_.push_back({.document = number, .chunk = std::move(arrival->chunk)});
      }
    }
  }

  void fail(Error error) {
    if (!error_) error_ = std::move(error).in("list " + std::to_string(asked_lists_));
  }

  const HttpDetailsOptions& options_;
  const SecretPlaces places_;
  const uint64_t limit_;
  TicketSeries tickets_;
  Paging paging_;
  PageFetcher lists_, details_;
  std::optional<PageRequest> next_list_;
  uint64_t asked_lists_ = 0;
  std::string list_;
  bool lists_ended_ = false;
  std::deque<std::string> rows_;  // URLs still to be asked for
  Numbered<Document> documents_;
  std::deque<Arrived> ready_;
  std::optional<Error> error_;
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<Source> make_http_details(ApiAccess& api, const HttpDetailsOptions& options,
                                          const HttpRequests& requests,
                                          const SourceContext& context) {
  return std::make_unique<HttpDetails>(api, options, requests, context);
}

}  // namespace sluice

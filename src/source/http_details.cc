// A source whose pages are lists: each row names a URL, and what lies there is a document. Lists
// are read one after another, a little ahead; details many at once, handed on in the order of the
// rows.
//
// A detail that is gone (404, 410) is set aside, as an object that has vanished since its listing;
// anything else that can't be had ends the unit. A list is read as it comes, and its rows count
// once all of it has: one that is cut or broken is asked for again.
#include <deque>
#include <optional>
#include <utility>

#include "base/text.h"
#include "http/url.h"
#include "source/http_pages.h"
#include "source/list_reader.h"
#include "source/numbered.h"

namespace sluice {
namespace {

constexpr uint64_t row_bytes_max = 1 << 20;
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
        lists_(api, with_plain_lists(requests.fetch), of_lists(context), tickets_),
        details_(api, of_details(requests.fetch), context, tickets_),
        next_list_(paging_.first_request()),
        list_(options.url, {.records = options.records,
                            .record_max = row_bytes_max,
                            .envelope = Paging::wanted(paging_.options())}) {}

  void start_what_fits(Purse& purse) override {
    if (stopped_ || error_) return;
    if (next_list_ && rows_.size() < 4 * options_.parallel) {
      lists_.add(asked_lists_++, *std::exchange(next_list_, {}));
      list_.begin();
    }
    // Where nothing else is to be had, the unit waits for the list.
    const bool is_head = rows_.empty() && documents_.size() == 0;
    lists_.start_what_fits(purse, is_head ? PageFetcher::Whose::head : PageFetcher::Whose::nobody);
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
  bool bring_again(uint64_t number, const std::string& fault) override {
    if (!documents_.has(number) ||
        !details_.begin_anew(number, {ErrorKind::corrupt, "not what it should be: " + fault}))
      return false;
    std::erase_if(ready_, [&](const Arrived& one) { return one.document == number; });
    return true;
  }
  // A list is read whole, as JSON: only of details it may be unknown whether they are.
  std::vector<std::string> take_warnings() override {
    std::vector<std::string> warnings = details_.take_warnings();
    for (std::string& doubt : paging_.take_doubts()) warnings.push_back(std::move(doubt));
    return warnings;
  }
  std::optional<uint64_t> documents() const override {
    if (documents_.next() == limit_) return limit_;
    if (lists_ended_) return std::min(limit_, documents_.next() + rows_.size());
    return std::nullopt;
  }
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

  // They are JSON, whatever details are: one without a byte is none.
  static SourceContext of_lists(SourceContext context) {
    context.may_be_empty = false;
    context.decoder = nullptr;
    return context;
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
      if (arrival->ended) {
        ended(arrival->number);
      } else if (Status read = list_.feed(arrival->chunk.bytes.view()); !read.ok()) {
        not_right(arrival->number, std::move(read.error()));
      }
    }
  }

  void ended(uint64_t number) {
    const PageFetcher::Answer& answer = lists_.answer(number);
    Envelope envelope{.document = number};
    if (!answer.is_nothing) {
      if (Status read = list_.finish(); !read.ok())
        return not_right(number, std::move(read.error()));
      envelope = list_.envelope(number);
      for (const std::string& name : list_.take_names())
        rows_.push_back(resolved_url(answer.url, name));
    }
    auto next = paging_.next({answer.headers, envelope, answer.url});
    if (!next.ok()) return fail(std::move(next.error()));
    next_list_ = std::move(*next);
    lists_ended_ = !next_list_;
    lists_.forget(number);
  }

  // Broken or cut: it may come right.
  void not_right(uint64_t number, Error why) {
    list_.begin();
    if (why.kind != ErrorKind::corrupt || !lists_.begin_anew(number, why)) fail(std::move(why));
  }

  void pump_details() {
    while (auto arrival = details_.take()) {
      const uint64_t number = arrival->number;
      if (arrival->error && arrival->error->kind == ErrorKind::not_found) {
        ready_.push_back({.document = number, .bad = std::move(*arrival->error)});
      } else if (arrival->error) {
        if (!error_) error_ = std::move(*arrival->error);
      } else if (arrival->ended) {
        documents_.at(number).bytes = details_.answer(number).bytes;
        if (details_.answer(number).is_nothing)
          ready_.push_back({.document = number, .bad = Error{ErrorKind::corrupt, "no content"}});
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
  ListReader list_;  // The one under way
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

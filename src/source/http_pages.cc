#include "source/http_pages.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "http/url.h"
#include "source/numbered.h"

namespace sluice {
namespace {

class HttpPages : public Source {
 public:
  HttpPages(ApiAccess& api, const HttpPagesOptions& options, PageFetchOptions fetch, Paging paging,
            const SourceContext& context)
      : tickets_(context.tickets),
        paging_(std::move(paging)),
        fetcher_(api, std::move(fetch), context, tickets_),
        is_numbered_(Paging::numbered(options.paging)),
        has_fixed_places_(options.paging.kind == PagingKind::page),
        parallel_(is_numbered_ ? std::max<uint64_t>(options.parallel, 1) : 1),
        pages_max_(options.paging.pages_max),
        limit_(context.limit),
        is_resumed_(context.cursor.has_value()),
        next_(paging_.first_request()) {}

  // The unit is begun anew.
  void refuse_cursor(Error why) {
    error_ = std::move(why);
    is_cursor_unknown_ = true;
  }

  void start_what_fits(Purse& purse) override {
    if (stopped_ || error_) return;
    while (may_ask()) ask();
    fetcher_.start_what_fits(purse);
    pump();
  }
  void on(Event& event) override {
    if (fetcher_.on(event)) pump();
  }

  std::optional<Arrived> take() override {
    for (auto& [number, pieces] : arrived_) {
      if (pieces.empty() || !may_be_read(number)) continue;
      Arrived arrived = std::move(pieces.front());
      pieces.pop_front();
      return arrived;
    }
    return std::nullopt;
  }

  const Document& document(uint64_t number) const override { return pages_.at(number).document; }
  void forget(uint64_t number) override {
    fetcher_.forget(number);
    arrived_.erase(number);
    pages_.forget(number);
  }
  bool bring_again(uint64_t number, const std::string& fault) override {
    if (!pages_.has(number) || !fetcher_.begin_anew(number, not_right(fault))) return false;
    arrived_.erase(number);
    pages_.at(number).has_ended = false;
    return true;
  }
  void on_envelope(const Envelope& envelope) override {
    if (!pages_.has(envelope.document)) return;
    KnownPage& its = pages_.at(envelope.document);
    if (envelope.document < learnt_) return compare(its, envelope);
    its.envelope = envelope;
    learn();
  }
  std::optional<std::string> cursor_after(uint64_t number) const override {
    return pages_.at(number).cursor;
  }

  std::vector<std::string> take_warnings() override {
    std::vector<std::string> warnings = fetcher_.take_warnings();
    for (std::string& doubt : paging_.take_doubts()) warnings.push_back(std::move(doubt));
    return warnings;
  }

  std::optional<uint64_t> documents() const override {
    if (total_) return std::min(*total_, limit_);
    if (pages_.next() == limit_) return limit_;
    return std::nullopt;
  }
  Status status() const override { return error_ ? Status(*error_) : Status(); }
  bool is_cursor_unknown() const override { return is_cursor_unknown_; }
  void stop() override {
    stopped_ = true;
    fetcher_.stop();
  }
  bool drained() const override { return fetcher_.drained(); }

 private:
  struct KnownPage {
    PageRequest request;  // Numbered pages: as it was made, for an offset may move
    Document document;
    bool has_ended = false;
    std::optional<Envelope> envelope;
    std::optional<std::string> cursor;  // Behind it
    std::optional<Error> error;         // It can't be had; waits for its turn
  };

  bool may_ask() const {
    const uint64_t number = pages_.next();
    if (total_ || is_over_ || number >= limit_) return false;
    if (!is_numbered_) return next_.has_value();
    if (paging_.pages() && number >= *paging_.pages()) return false;
    return number < learnt_ + parallel_ && number < pages_max_;
  }
  void ask() {
    const uint64_t number = pages_.next();
    PageRequest request = is_numbered_ ? paging_.request_of(number) : *std::exchange(next_, {});
    KnownPage& page = pages_.add({});
    page.document.number = number;
    page.document.name = "page " + std::to_string(paging_.first_page() + number + 1);
    if (is_numbered_) page.request = request;
    fetcher_.add(number, std::move(request));
  }
  // A page is handed on when all before it have shown that there is one more, or that there are so
  // many. Where records are numbered it must be known, too, that it begins where it was asked for.
  bool may_be_read(uint64_t number) const {
    if (number <= learnt_) return true;
    return has_fixed_places_ && paging_.pages() && number < *paging_.pages();
  }

  void pump() {
    while (auto arrival = fetcher_.take()) {
      if (!pages_.has(arrival->number)) continue;
      KnownPage& its = pages_.at(arrival->number);
      if (arrival->error) {
        its.error = std::move(arrival->error);
        learn();
      } else if (arrival->ended) {
        ended(arrival->number, its);
      } else {
        arrived_[arrival->number].push_back(
            {.document = arrival->number, .chunk = std::move(arrival->chunk)});
      }
    }
  }

  void ended(uint64_t number, KnownPage& its) {
    its.has_ended = true;
    its.document.bytes = fetcher_.answer(number).bytes;
    if (fetcher_.answer(number).is_nothing) {
      arrived_[number].push_back({.document = number, .chunk = {.last = true}, .is_nothing = true});
      its.envelope = Envelope{.document = number};
    }
    learn();
  }

  // In the order of the pages: what each has shown leads to the next.
  void learn() {
    while (!error_ && !total_ && learnt_ < pages_.next()) {
      KnownPage& its = pages_.at(learnt_);
      const bool is_known = its.error || (its.has_ended && its.envelope);
      if (!is_known) return;
      is_over_ ? look_beyond(its) : learn_from(its);
    }
    if (is_over_ && !error_ && !total_) end_before(learnt_);
  }

  void learn_from(KnownPage& its) {
    if (its.error) return fail(std::move(*its.error), its);
    if (its.envelope->fault) return fail(not_right(*its.envelope->fault), its);
    const PageFetcher::Answer& answer = fetcher_.answer(learnt_);
    auto next = paging_.next({answer.headers, *its.envelope, answer.url});
    if (!next.ok()) return fail(std::move(next.error()), its);
    its.cursor = *next ? paging_.cursor() : std::nullopt;
    const bool is_empty = its.envelope->records == 0;
    ++learnt_;
    if (!*next) {
      is_over_ = is_empty;
      if (!is_over_) end_before(learnt_);
    } else if (!is_numbered_) {
      next_ = std::move(*next);
    } else if (pages_.has(learnt_) && pages_.at(learnt_).request != **next) {
      while (pages_.next() > learnt_) take_back();
    }
  }

  // An empty page was the last; those behind it that were asked for meanwhile must be empty, too,
  // or not there at all.
  void look_beyond(const KnownPage& its) {
    if (its.error || its.envelope->fault) return end_before(learnt_);
    if (its.envelope->records > 0) {
      return fail({ErrorKind::invalid,
                   "it has records, although a page before it is empty: what lies where changes "
                   "while it is read, or `empty: follow` is wanted"},
                  its);
    }
    ++learnt_;
  }

  void end_before(uint64_t number) {
    total_ = number;
    for (uint64_t beyond = number; beyond < pages_.next(); ++beyond) fetcher_.forget(beyond);
    arrived_.erase(arrived_.lower_bound(number), arrived_.end());
  }

  // The last page that was asked for doesn't lie where it was thought to.
  void take_back() {
    const uint64_t number = pages_.next() - 1;
    fetcher_.forget(number);
    arrived_.erase(number);
    pages_.take_back();
  }

  // Of a page that has shown the way already, and then had to be brought again.
  void compare(const KnownPage& its, const Envelope& again) {
    if (again.fault) return fail(not_right(*again.fault), its);
    const Envelope& first = *its.envelope;
    if (again.values == first.values && again.records == first.records) return;
    fail({ErrorKind::conflict, "another page when it was asked for again"}, its);
  }

  static Error not_right(const std::string& fault) {
    return {ErrorKind::corrupt, "not what it should be: " + fault};
  }

  void fail(Error error, const KnownPage& its) {
    if (error_) return;
    const bool is_refusal = error.kind == ErrorKind::not_found || error.kind == ErrorKind::invalid;
    if (is_resumed_ && learnt_ == 0 && is_refusal) {
      return refuse_cursor(
          {ErrorKind::invalid,
           "the API doesn't know an earlier run's cursor any more: " + error.message});
    }
    error_ = std::move(error).in(its.document.name);
  }

  TicketSeries tickets_;
  Paging paging_;
  PageFetcher fetcher_;
  const bool is_numbered_;
  const bool has_fixed_places_;
  const uint64_t parallel_, pages_max_, limit_;
  const bool is_resumed_;
  std::optional<PageRequest> next_;  // Not numbered: to be asked for
  Numbered<KnownPage> pages_;        // All that were asked for
  uint64_t learnt_ = 0;              // Pages whose envelopes paging_ has seen
  std::map<uint64_t, std::deque<Arrived>> arrived_;
  bool is_over_ = false;  // The last page has come; some behind it were asked for
  std::optional<uint64_t> total_;
  std::optional<Error> error_;
  bool is_cursor_unknown_ = false;  // That was the error
  bool stopped_ = false;
};

SourceTraits traits_of(const HttpPagesOptions& options) {
  SourceTraits traits;
  if (options.incremental) traits.extent = SourceTraits::Extent::pass;
  traits.incremental = options.incremental;
  if (options.details) return traits;
  traits.resumable = !options.incremental && !Paging::numbered(options.paging);
  traits.envelope = Paging::wanted(options.paging);
  return traits;
}

class HttpPagesMaker : public SourceMaker {
 public:
  HttpPagesMaker(ApiAccess& api, HttpPagesOptions options)
      : SourceMaker(traits_of(options)), api_(api), options_(std::move(options)) {}

  Result<std::unique_ptr<Source>> open(SourceContext context) const override {
    const auto render = [&](const Template& text) -> Result<std::string> {
      std::string out;
      TRY(text.render({.unit = &context.unit}, Template::Escape::none, out));
      return out;
    };
    PageRequest first{.url = TRY(render(options_.url)), .body = {}};
    const Url url = TRY_IN(parse_url(first.url), "http: url");
    // A connection wants a path; a reference is resolved against it.
    first.url = (url.is_tls ? "https://" : "http://") + url.authority() + url.target;
    for (const auto& [name, value] : options_.query)
      first.url = with_query_word(first.url, name, TRY(render(value)));
    PageFetchOptions fetch = options_.fetch;
    fetch.method = options_.method;
    fetch.origin.own = first.url;
    for (const auto& [name, value] : options_.headers)
      fetch.headers.push_back({name, TRY(render(value))});
    if (options_.body) {
      first.body = TRY(render(*options_.body));
      TRY_IN(Paging::check_body(options_.paging, first.body), "http: body");
      if (!has_header(fetch.headers, "Content-Type"))
        fetch.headers.push_back({"Content-Type", "application/json"});
    }
    if (!has_header(fetch.headers, "Accept-Encoding"))
      fetch.headers.push_back({"Accept-Encoding", "gzip"});
    if (!has_header(fetch.headers, "User-Agent")) fetch.headers.push_back({"User-Agent", "sluice"});
    Paging paging(options_.paging, std::move(first));
    if (options_.details)
      return make_http_details(api_, *options_.details, {std::move(fetch), std::move(paging)},
                               context);
    const Status resumed = context.cursor ? paging.resume(*context.cursor) : Status();
    auto pages =
        std::make_unique<HttpPages>(api_, options_, std::move(fetch), std::move(paging), context);
    if (!resumed.ok()) pages->refuse_cursor(resumed.error());
    return std::unique_ptr<Source>(std::move(pages));
  }

 private:
  ApiAccess& api_;
  const HttpPagesOptions options_;
};

}  // namespace

std::unique_ptr<SourceMaker> make_http_pages_maker(ApiAccess& api, HttpPagesOptions options) {
  return std::make_unique<HttpPagesMaker>(api, std::move(options));
}

}  // namespace sluice

// Pages of an API, brought: many at once, each tried again as long as there is hope, and handed on
// in pieces as they come. Which page comes when is the caller's; what is in one, the decoder's.
//
// A page of up to whole_bytes_max (as it comes) is held back until it is complete, so that a cut
// answer leaves no trace. A larger one goes on piece by piece; if it is cut, it is asked for again,
// and what has gone on already must come the same once more, else the page can't be had. An answer
// that came whole, but isn't what it should be, is asked for again a few times, too: by ourselves
// where that shows from outside (HTML, nothing but blanks, a last line that breaks off where
// nothing says how long the answer is), by whoever decodes it with begin_anew().
//
// Belongs to the loop's thread. Bytes and slots come out of the unit's purse, in the order of the
// pages.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "flow/makers.h"
#include "flow/stage.h"
#include "http/http.h"
#include "http/retry.h"
#include "source/api_auth.h"
#include "source/errands.h"
#include "source/fetch.h"
#include "source/origin_rules.h"
#include "source/paging.h"
#include "source/request_rate.h"

namespace sluice {

// How an API is spoken to; one for a job. All outlive the sources.
struct ApiAccess {
  Engine& engine;
  const Clock& clock;
  ApiAuth* auth = nullptr;  // Null: nothing to prove
  RequestRate& rate;
  Secrets secrets = {};
  // What whoever watches should know at once; no secret is in it. Null: nobody does.
  std::function<void(const std::string&)> say = {};
};

struct PageFetchOptions {
  std::string method = "GET";
  Headers headers = {};
  OriginOptions origin = {};           // Only what lies here gets to know who we are
  Nanoseconds answer_within = 60_s;    // To the first byte, and between two
  Nanoseconds hopeless_after = 600_s;  // Of failures and refusals without an end
  uint32_t attempts_max = 8;           // That failed; being told to wait is not counted
  RetryRules pauses = {.pause_base = 200_ms, .pause_most = 30_s};
};

class PageFetcher {
 public:
  // Whose turn it is for: each page is the document of its number; or all are nobody's; or the unit
  // can't go on without them.
  enum class Whose : uint8_t { documents, nobody, head };
  // `tickets`: of the source, which routes their events here.
  PageFetcher(ApiAccess& api, PageFetchOptions options, const SourceContext& context,
              TicketSeries& tickets);
  ~PageFetcher();

  // Pages in the order in which they get their bytes: numbers only grow.
  void add(uint64_t number, PageRequest request);
  void start_what_fits(Purse& purse, Whose whose = Whose::documents);
  // Whether it was one of its events.
  bool on(Event& event);

  // Something has come of a page: a piece, its end, or why it can't be had.
  struct Arrival {
    uint64_t number = 0;
    Chunk chunk = {};
    bool ended =
        false;  // No piece in this one; answer() is there. A page may have no bytes at all.
    std::optional<Error> error = {};
  };
  std::optional<Arrival> take();
  struct Answer {
    Headers headers;
    std::string url;  // Where it came from in the end
    uint64_t bytes = 0;
    bool is_nothing = false;  // The API says so: 204, or no lines
  };
  // Once it has ended; until forget() or begin_anew().
  const Answer& answer(uint64_t number) const;
  void forget(uint64_t number);  // Also before its end: it isn't wanted any more
  // The page isn't what it should be, and nothing of it is wanted: it is asked for once more, from
  // its beginning. False: that has been done often enough.
  bool begin_anew(uint64_t number, Error why);

  // Once each.
  std::vector<std::string> take_warnings() { return std::exchange(warnings_, {}); }

  void stop();
  bool drained() const { return errands_.open() == 0; }

 private:
  struct ApiPage;
  ApiPage* find(uint64_t number);
  uint64_t turn_for(const ApiPage& page, Whose whose, const Purse& purse);
  void start(ApiPage& page, Lease lease);
  HttpRequest request_for(const ApiPage& page, Instant when) const;
  void got(ApiPage& page, FetchedBytes& event);
  void keep(ApiPage& page, Chunk chunk);
  void ended(ApiPage& page, Result<HttpResponse> response);
  void answered(ApiPage& page, HttpResponse response);
  void refused(ApiPage& page, const HttpResponse& response);
  void redirected(ApiPage& page, const HttpResponse& response);
  void complete(ApiPage& page, HttpResponse response);
  bool is_odd(ApiPage& page, const HttpResponse& response);
  Nanoseconds left_of(const ApiPage& page, Instant at) const;
  bool breaks_off(ApiPage& page, const HttpResponse& response);
  void again(ApiPage& page, Nanoseconds asked_for, Error why);
  bool is_hopeless(const ApiPage& page, Instant at, Nanoseconds asked_for, Error& why) const;
  void tell_wait(const ApiPage& page, Instant until, Nanoseconds wait, const std::string& why);
  void give_up(ApiPage& page, Error why);
  void doubt_end(const ApiPage& page);
  std::string shown(const ApiPage& page) const;

  ApiAccess& api_;
  const PageFetchOptions options_;
  const OriginRules origins_;
  const bool may_be_empty_;
  const DecoderMaker* const decoder_;
  const bool makes_json_;
  Inbox& inbox_;
  Trace* const trace_;
  Chance chance_;
  std::map<uint64_t, std::unique_ptr<ApiPage>> pages_;
  Errands<uint64_t> errands_;  // By the number of their page
  std::deque<Arrival> arrivals_;
  std::vector<std::string> warnings_;
  bool has_doubted_ = false;
  bool stopped_ = false;
};

}  // namespace sluice

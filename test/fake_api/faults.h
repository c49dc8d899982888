// The fault plan: which requests go wrong, and how. A rule is words with blanks or commas between:
//
//   page=137 status=500 times=3
//   path=/cursor every=10 status=429 retry_after=2
//
// Conditions: page=N (the Nth page, from 1), path=BEGINNING (of the style: /link has other URLs
// too). Of the requests that fit: every=N, nth=N, after=N (all behind the Nth), percent=P (seeded:
// seed=S), times=N (at most so often). Actions, several of which go together:
//
//   status=N           an error's answer
//   retry_after=S      with it, in seconds; retry_after_date=S: as a date
//   timeout            never answers
//   reset              a RST before any answer; reset=N: behind N bytes of the body
//   truncate=N         Content-Length says all, N bytes come, then the end
//   slow=BYTES         a second
//   delay=MS           more
//   same_token         the page's next token is the one that was asked for
//   cycle=K            the next page is the one K before this one; cycle: the first
//   same_page          the records of the page before; the next token goes on
//   empty              no records, but a next token; the records come on the next page
//                      (by page number or offset they don't come at all)
//   html, broken_json  with status 200
//   graphql_error      {"errors":[...]} with status 200
//   redirect=same      302 to this host; other: to another name of it, below /elsewhere; URL: there
//   chunked, gzip      Transfer-Encoding, Content-Encoding
//   close              answered, then closed although the headers say keep-alive
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http_server/fault_schedule.h"

namespace sluice::fake_api {

// What is done to one answer.
struct Fault {
  bool is_any = false;
  int status = 0;
  std::optional<int64_t> retry_after, retry_after_date;  // Seconds from now
  bool timeout = false, same_token = false, same_page = false, empty = false, html = false;
  bool broken_json = false, chunked = false, gzip = false, graphql_error = false, close = false;
  std::optional<uint64_t> reset, truncate, cycle;  // 0: before the answer, at once, to the first
  uint64_t slow = 0, delay = 0;
  std::string redirect;
};

class FaultPlan {
 public:
  Status add(std::string_view spec);
  // `page`: 0 if the request is for none. The first rule that fits and is due decides.
  Fault next(std::string_view path, uint64_t page);
  // [{"spec":..., "fitted":..., "done":...}]
  void append_json(std::string& out) const;
  uint64_t done() const;

 private:
  struct Rule {
    std::string spec, path;
    uint64_t page = 0;
    Fault fault;
    http_server::FaultSchedule schedule;
  };
  static Status read_word(std::string_view name, std::string_view value, Rule& rule);
  std::vector<Rule> rules_;
};

}  // namespace sluice::fake_api

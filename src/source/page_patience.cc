// When a page that didn't come as it should is asked for again, and when it is given up: refusals,
// answers that are no page, failures. The rest of a page's life is in page_fetcher.cc.
#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"
#include "base/time.h"
#include "http/url.h"
#include "source/api_page.h"
#include "source/page_end.h"
#include "source/refusal.h"

namespace sluice {
namespace {

// HTML in place of JSON, no byte, what can't be decoded; a 401 that doesn't go away
constexpr uint32_t odd_answers_max = 3;

bool is_html(const Headers& headers) {
  const std::string type = lower_case(header(headers, "Content-Type"));
  return type.starts_with("text/html") || type.starts_with("application/xhtml");
}

// "no rows": what a refusal says, on one line.
std::string said(std::string_view body) {
  std::string line;
  for (const char c : body) {
    const bool blank = static_cast<unsigned char>(c) <= ' ';
    if (!blank) line += c;
    if (blank && !line.empty() && line.back() != ' ') line += ' ';
  }
  return line.empty() ? "" : ": " + excerpt(line, 300);
}

// Whether an answer without a byte came whole, as far as its head tells.
bool is_framed(const HttpResponse& response) {
  return has_header(response.headers, "Content-Length") ||
         has_header(response.headers, "Transfer-Encoding");
}

}  // namespace

void PageFetcher::refused(ApiPage& page, const HttpResponse& response) {
  const Refusal refusal = refusal_of(response, api_.clock.wall());
  Error why{refusal.kind, "status " + std::to_string(response.status) + said(response.body.view())};
  if (why.kind == ErrorKind::throttled || why.kind == ErrorKind::transient)
    return again(page, refusal.wait.value_or(0), std::move(why));
  if (why.kind == ErrorKind::denied) {
    // Who sits elsewhere says nothing about our token.
    const bool is_own = origins_.is_own(page.url);
    if (is_own && api_.auth != nullptr && ++page.odd_answers < odd_answers_max &&
        api_.auth->refused(page.identity, page.sent.get())) {
      page.state = ApiPage::State::waiting;
      return;
    }
    why.message += !is_own ? "; it lies at another origin than `url`, and gets nothing secret"
                   : api_.auth == nullptr ? "; the job names no `auth`"
                                          : "; is `auth` right?";
  }
  give_up(page, std::move(why));
}

// What can't be a page comes from something before the API, or was lost: it is asked for again.
bool PageFetcher::is_odd(ApiPage& page, const HttpResponse& response) {
  Error why{ErrorKind::transient, ""};
  // Where lines may be none, nothing but line breaks are none as well: or, as they are, records.
  const bool may_be_none = may_be_empty_ && is_framed(response);
  if (page.came == 0) {
    if (response.status == 204 || may_be_none) return false;
    why.message = "status " + std::to_string(response.status) + " without a byte";
  } else if (!may_be_none && makes_json_ && is_blank(page.held, page.is_packed, decoder_)) {
    why.message = "status " + std::to_string(response.status) + " with nothing but blanks";
  } else if (is_html(response.headers)) {
    why.message = "a page of HTML where JSON was expected";
    if (!page.held.empty()) why.message += said(page.held.front().bytes.view().substr(0, 300));
  } else {
    return false;
  }
  if (++page.odd_answers >= odd_answers_max) {
    give_up(page, std::move(why));
  } else {
    again(page, 0, std::move(why));
  }
  return true;
}

// Lines whose last is the beginning of one, and nothing has said that it is all. Often enough it is
// taken as it is: that one is set aside.
bool PageFetcher::breaks_off(ApiPage& page, const HttpResponse& response) {
  if (!response.may_be_cut || page.is_packed || !makes_json_ ||
      page.odd_answers + 1 >= odd_answers_max || page.failures + 1 >= options_.attempts_max)
    return false;
  if (page.gone_on == 0 && shows_its_end(page.held, decoder_)) return false;
  if (!breaks_off_in_line(page.held, page.gone_on == 0)) return false;
  ++page.odd_answers;
  again(page, 0, {ErrorKind::transient, "its last line breaks off, and the answer says no length"});
  return true;
}

bool PageFetcher::begin_anew(uint64_t number, Error why) {
  ApiPage* page = find(number);
  if (page == nullptr || stopped_) return false;
  const bool is_enough = page->failures + 1 >= options_.attempts_max;
  if (is_enough || ++page->odd_answers >= odd_answers_max) return false;
  std::erase_if(arrivals_, [&](const Arrival& one) { return one.number == number; });
  page->fetch.reset();
  page->gone_on = 0;
  page->gone_on_crc = page->repeated_crc = 0;
  page->answer = {};
  if (page->state != ApiPage::State::resting) again(*page, 0, std::move(why));
  return true;
}

// Of the time after which it is given up; below 0 when that is over.
Nanoseconds PageFetcher::left_of(const ApiPage& page, Instant at) const {
  if (page.first_failed == Instant{}) return options_.hopeless_after;
  return options_.hopeless_after - (at - page.first_failed);
}

// After a rest, till there is no hope left. What the API asks for is kept in full, and never less
// than the ordinary pause: who says "now" each time doesn't mean it.
void PageFetcher::again(ApiPage& page, Nanoseconds asked_for, Error why) {
  const Instant at = now();
  if (page.first_failed == Instant{})
    page.first_failed =
        std::max(page.started, Instant{at.ns - slow_timeouts_most * options_.answer_within});
  const bool is_refusal = why.kind == ErrorKind::throttled;
  ++(is_refusal ? page.refusals : page.failures);
  if (is_hopeless(page, at, asked_for, why)) return give_up(page, std::move(why));
  page.first_failed = page.first_failed + asked_for;
  page.asked_for += asked_for;
  page.held.clear();
  page.state = ApiPage::State::resting;
  // No rest of ours outlasts the time that is left.
  RetryRules pauses = options_.pauses;
  pauses.pause_most = std::clamp<Nanoseconds>(left_of(page, at), 0, pauses.pause_most);
  Nanoseconds pause = pause_before_next(pauses, page.failures + page.refusals, asked_for, chance_);
  tell_wait(page, at + pause, asked_for, why.message.substr(0, why.message.find(':')));
  if (is_refusal && asked_for > 0) {
    // Nobody asks as this identity meanwhile; another may, at once.
    api_.rate.hold(page.identity, at + pause);
    pause = 0;
  }
  page.ticket = errands_.rests(page.number, at + pause);
}

// So many failures, so long without success although nobody asked to wait, or asked to wait for
// longer than anybody does.
bool PageFetcher::is_hopeless(const ApiPage& page, Instant at, Nanoseconds asked_for,
                              Error& why) const {
  const Nanoseconds asked_most = std::max(announced_wait_most, options_.hopeless_after);
  if (asked_for > asked_most || page.asked_for > asked_most) {
    why.message += asks_to_wait(std::max(asked_for, page.asked_for));
    return true;
  }
  const bool too_often = page.failures >= options_.attempts_max;
  if (!too_often && left_of(page, at) >= 0) return false;
  why.message += " (after " + std::to_string(page.failures + page.refusals) +
                 " attempts); run again when it answers, or raise `" +
                 (too_often ? "attempts" : "give_up_after") + "`";
  return true;
}

// Once, and at once: else a run that waits looks as if it hung.
void PageFetcher::tell_wait(const ApiPage& page, Instant until, Nanoseconds wait,
                            const std::string& why) {
  if (wait < long_wait_min || !api_.say || !api_.rate.is_news(until)) return;
  const auto url = parse_url(page.url);
  api_.say((url.ok() ? url->host : std::string("the API")) + " asks to be left alone for " +
           print_duration(wait) + " (" + why + "): waiting");
}

void PageFetcher::give_up(ApiPage& page, Error why) {
  page.state = ApiPage::State::ended;
  page.fetch.reset();
  page.held.clear();
  arrivals_.push_back({.number = page.number, .error = std::move(why).in(shown(page))});
}

}  // namespace sluice

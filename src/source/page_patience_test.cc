// What is asked for again, how long that is gone on with, and when it is given up.
#include <doctest/doctest.h>

#include <thread>

#include "source/pages_for_tests.h"

namespace sluice {

TEST_CASE("a page that is cut leaves no trace and is asked for again") {
  Walked walked;
  walked.engine.then_cut(page(first), 10);
  walked.engine.then(page(first));
  walked.engine.then(page(second));
  CHECK(walked.run(options()) == std::string(first) + std::string(second));
  CHECK(walked.engine.asked().size() == 3);
}

TEST_CASE("one that is another when it is asked for again can't be had") {
  Walked walked;
  walked.engine.then_cut(page(large_page(9 << 20)), 6 << 20);
  walked.engine.then(page(large_page(9 << 20, 'y')));
  CHECK(walked.run(options()).find("another page when it was asked for again") !=
        std::string::npos);
  Walked shorter;
  shorter.engine.then_cut(page(large_page(9 << 20)), 8 << 20);
  shorter.engine.then(page(large_page(5 << 20)));
  CHECK(shorter.run(options()).find("shorter when it was asked for again") != std::string::npos);
}

TEST_CASE("what passes is waited out, what doesn't is told with what the server said") {
  for (const int status : {408, 429, 500, 503}) {
    Walked walked;
    walked.engine.then(page("busy", status));
    walked.engine.then(page(second));
    CHECK(walked.run(options()) == second);
  }
  Walked walked;
  walked.engine.then(page("no\n such   thing", 404));
  CHECK(walked.run(options()) ==
        "error: page 1: GET http://api/items?day=2024-02-08: status 404: no such thing");
  Walked html([](const HttpRequest&) {
    return page("<html>", 200, {{"Content-Type", "text/html; charset=utf-8"}});
  });
  CHECK(html.run(options()).find("HTML where JSON was expected") != std::string::npos);
  CHECK(html.engine.asked().size() == 3);
  Walked failing([](const HttpRequest&) { return page("", 500); });
  CHECK(failing.run(options()).find("status 500 (after 8 attempts)") != std::string::npos);
}

TEST_CASE("an attempt waits for an answer no longer than what is left of give_up_after") {
  std::vector<HttpRequest> tried;
  std::vector<Nanoseconds> left;
  Walked walked([&](const HttpRequest& request) -> Result<HttpResponse> {
    tried.push_back(request);
    left.push_back(request.first_byte_by - now());
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    return Error{ErrorKind::transient, "no answer"};
  });
  HttpPagesOptions few = options();
  few.fetch.answer_within = 30_s;
  few.fetch.hopeless_after = 1500_ms;
  CHECK(walked.run(few).find("give_up_after") != std::string::npos);
  REQUIRE(tried.size() > 2);
  CHECK(tried[0].first_byte_within == 1500_ms);
  CHECK(tried[0].stalled_after == 1500_ms);
  CHECK(left[0] <= 1500_ms);
  CHECK(tried[1].first_byte_within <= 1200_ms);
  CHECK(left[1] <= 1200_ms);
  CHECK(tried.back().first_byte_within == 1_s);  // Less would be no try.
}

TEST_CASE("who refuses with no wait, or one that is over, isn't hammered") {
  const Headers past = {{"Date", "Sun, 06 Nov 1994 12:00:00 GMT"},
                        {"Retry-After", "Sun, 06 Nov 1994 11:00:00 GMT"}};
  const Headers reset = {{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "1500000000"}};
  for (const Headers& headers : {Headers{{"Retry-After", "0"}}, past, reset}) {
    Walked walked;
    walked.pauses = {.pause_base = 40_ms, .pause_most = 1_s};
    for (int i = 0; i < 5; ++i) walked.engine.then(page("slow down", 429, headers));
    walked.engine.then(page(second));
    const Instant began = now();
    CHECK(walked.run(options()) == second);
    CHECK(walked.engine.asked().size() == 6);
    // Full jitter: 0 to 40, 80, 160, 320 and 640 ms.
    CHECK(walked.engine.asked().back().when - began > 30_ms);
  }
}

TEST_CASE("a Retry-After's date is measured against the answer's own, not our clock") {
  Walked walked;
  walked.engine.then(page("", 429,
                          {{"Date", "Sun, 06 Nov 1994 12:00:00 GMT"},
                           {"Retry-After", "Sun, 06 Nov 1994 12:20:00 GMT"}}));
  walked.engine.then(page(second));
  const Instant began = now();
  CHECK(walked.run(options()) == second);
  CHECK(walked.engine.asked()[1].when - began > 1199_s);
  CHECK(walked.engine.asked()[1].when - began < 1260_s);
}

TEST_CASE("a long wait that the API asks for is said at once, and once") {
  Walked walked;
  walked.engine.then(page("later", 429, {{"Retry-After", "3600"}}));
  walked.engine.then(
      page(first, 200, {{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "9"}}));
  walked.engine.then(page(second));
  CHECK(walked.run(options()) == std::string(first) + std::string(second));
  REQUIRE(walked.said.size() == 1);
  CHECK(walked.said[0] == "api asks to be left alone for 1 h 0 m (status 429): waiting");
}

TEST_CASE("a wait of years isn't waited for") {
  for (const int status : {429, 503}) {
    Walked walked;
    walked.engine.then(page("", status, {{"Retry-After", "4294967295"}}));
    const std::string ended = walked.run(options());
    CHECK_MESSAGE(ended.find("it asks to wait for") != std::string::npos, ended);
    CHECK(walked.engine.asked().size() == 1);
  }
}

TEST_CASE("a page that only the connection's end has ended is warned of, if nothing in it tells") {
  const auto warnings = [](std::string_view body, bool may_be_cut) {
    Walked walked;
    HttpResponse answer = page(body);
    answer.may_be_cut = may_be_cut;
    walked.engine.then(std::move(answer));
    walked.run(options());
    std::erase_if(walked.warnings, [](const std::string& one) {
      return one.find("if it was cut, nobody can tell") == one.npos;
    });
    return walked.warnings.size();
  };
  CHECK(warnings(second, true) == 1);
  CHECK(warnings(second, false) == 0);
  CHECK(warnings("\x1f\x8b packed", true) == 0);
}

TEST_CASE("an answer without a byte is an empty last page") {
  Walked walked;
  walked.engine.then(page(first));
  walked.engine.then(page("", 204));
  CHECK(walked.run(options()) == first);
}

TEST_CASE("a 200 without a byte is asked for again, and never the end of the pages") {
  HttpPagesOptions by_page = options();
  by_page.paging = {.kind = PagingKind::page, .word = "page", .first = 1};
  HttpPagesOptions by_link = options();
  by_link.paging = {.kind = PagingKind::link};
  for (const HttpPagesOptions& style : {options(), by_page, by_link}) {
    Walked passing;
    passing.engine.then(page(""));
    passing.engine.then(page(R"({"items":[]})"));
    CHECK(passing.run(style) == R"({"items":[]})");
    Walked lasting([](const HttpRequest&) { return page(""); });
    CHECK(lasting.run(style).find("status 200 without a byte") != std::string::npos);
    CHECK(lasting.engine.asked().size() == 3);
  }
  Walked later;
  later.engine.then(page(first));
  later.engine.then(page(""));
  later.engine.then(page(second));
  CHECK(later.run(options()) == std::string(first) + std::string(second));
}

TEST_CASE("a 200 of nothing but blanks is asked for again, and never the end of the pages") {
  HttpPagesOptions numbered = options();
  numbered.paging = {.kind = PagingKind::page, .word = "page", .first = 1};
  for (const bool may_be_empty : {false, true}) {
    Walked passing;
    passing.may_be_empty = may_be_empty;
    passing.engine.then(page(" \r\n\n"));
    passing.engine.then(page(R"({"items":[]})"));
    CHECK(passing.run(numbered) == R"({"items":[]})");
    Walked lasting([](const HttpRequest&) { return page("\n"); });
    lasting.may_be_empty = may_be_empty;
    CHECK(lasting.run(numbered).find("status 200 with nothing but blanks") != std::string::npos);
    CHECK(lasting.engine.asked().size() == 3);
  }
}

TEST_CASE("lines may be none, where the answer's head proves that it came whole") {
  HttpPagesOptions numbered = options();
  numbered.paging = {.kind = PagingKind::page, .word = "page", .first = 1};
  Walked framed;
  framed.may_be_empty = true;
  framed.engine.then(page("", 200, {{"Content-Length", "0"}}));
  CHECK(framed.run(numbered).empty());
  CHECK(framed.engine.asked().size() == 1);
  Walked cut([](const HttpRequest&) { return page(""); });
  cut.may_be_empty = true;
  CHECK(cut.run(numbered).find("without a byte") != std::string::npos);
}

TEST_CASE("what came whole and isn't JSON is asked for again, a few times") {
  Walked passing;
  passing.engine.then(page(first.substr(0, 15)));
  passing.engine.then(page(first));
  passing.engine.then(page(second));
  CHECK(passing.run(options()) == std::string(first) + std::string(second));
  Walked lasting([](const HttpRequest&) { return page(first.substr(0, 15)); });
  CHECK(lasting.run(options()).starts_with("error: page 1: not what it should be: at byte 15"));
  CHECK(lasting.engine.asked().size() == 3);
}

}  // namespace sluice

#include "source/http_pages.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "http/scripted_engine.h"
#include "json/slice.h"
#include "meter/trace_for_tests.h"

namespace sluice {
namespace {

// Takes pages as a walk would: their bytes, and at their ends what the decoder shows of them.
struct Walked {
  explicit Walked(ScriptedEngine::Answerer answerer = {}, uint32_t in_flight_most = 16)
      : engine(std::move(answerer)), in_flight(in_flight_most) {}

  // What came of each page, or the error.
  std::string run(HttpPagesOptions options, std::optional<std::string> cursor = {}) {
    options.fetch.pauses = pauses;
    const auto maker = make_http_pages_maker(api, options);
    const auto& paths = *maker->traits().envelope;
    auto source = maker->open({.unit = unit,
                               .in_flight = in_flight,
                               .common = budget,
                               .inbox = inbox,
                               .tickets = TicketSeries(5),
                               .cursor = std::move(cursor),
                               .may_be_empty = may_be_empty,
                               .trace = &trace});
    REQUIRE(source.ok());
    Purse purse(budget, in_flight, *budget.try_reserve(5 << 20), *budget.try_reserve(4 << 20));
    std::map<uint64_t, std::string> bodies;
    uint64_t turn = 0;
    std::string status;
    while ((*source)->documents() != turn) {
      (*source)->start_what_fits(purse);
      while (auto arrived = (*source)->take()) {
        bodies[arrived->document] += arrived->chunk.bytes.view();
        pieces += 1;
        if (arrived->is_nothing) ends.insert(arrived->document);
        if (!arrived->chunk.last || arrived->is_nothing) continue;
        show(**source, arrived->document, bodies, paths);
      }
      if (const Status now = (*source)->status(); !now.ok()) {
        status = now.error().message;
        break;
      }
      for (; ends.contains(turn) && (*source)->documents().value_or(turn + 1) > turn; ++turn) {
        cursors.push_back((*source)->cursor_after(turn).value_or(""));
        (*source)->forget(turn);
        purse.set_turn(turn + 1);
      }
      if ((*source)->documents() == turn) break;
      (*source)->start_what_fits(purse);
      while (auto event = inbox.take_if_any()) (*source)->on(*event);
    }
    warnings = (*source)->take_warnings();
    (*source)->stop();
    while (!(*source)->drained()) (*source)->on(*inbox.wait());
    source->reset();
    for (Lease& lease : purse.release()) lease.release();
    if (!status.empty()) return "error: " + status;
    std::string all;
    for (const auto& [number, body] : bodies) all += body;
    return all;
  }

  // As the decoder's end of a walk: what isn't JSON may come once more.
  void show(Source& source, uint64_t number, std::map<uint64_t, std::string>& bodies,
            const std::vector<json::Path>& paths) {
    json::Slicer slicer({.records = *json::parse_path(".items"), .envelope = paths});
    std::vector<json::Span> records;
    slicer.slice(bodies.at(number), 0, records);
    std::string fault;
    if (slicer.finish() == json::Slicer::Ending::bad) fault = slicer.fault().message();
    if (!fault.empty() && source.bring_again(number, fault)) {
      bodies.erase(number);
      return;
    }
    Envelope envelope{.document = number, .records = records.size(), .content = number + 1};
    for (size_t i = 0; i < paths.size(); ++i) {
      const auto value = slicer.envelope(i);
      envelope.values.push_back(value ? std::optional(std::string(*value)) : std::nullopt);
    }
    if (!fault.empty()) envelope.fault = fault;
    source.on_envelope(envelope);
    ends.insert(number);
  }

  ScriptedEngine engine;
  Clock clock;
  RequestRate rate{0, 1};
  std::vector<std::string> said, warnings;
  ApiAccess api{engine, clock, nullptr,
                rate,   {},    [this](const std::string& text) { said.push_back(text); }};
  RetryRules pauses{.pause_base = 1, .pause_most = 1};
  UnitNames unit{.id = "2024-02-08"};
  InFlight in_flight;
  Budget budget{64 << 20};
  Inbox inbox;
  RememberedTrace trace;
  std::vector<std::string> cursors;
  std::set<uint64_t> ends;  // Documents that came to their end
  int pieces = 0;
  bool may_be_empty = false;
};

HttpPagesOptions options() {
  HttpPagesOptions made{.url = *Template::parse("http://api/items?day={unit}", TemplateUse::value)};
  made.paging = {.kind = PagingKind::cursor, .where = *json::parse_path(".next"), .word = "token"};
  return made;
}

HttpResponse page(std::string_view body, int status = 200, Headers headers = {}) {
  return ScriptedEngine::response(status, body, std::move(headers));
}

constexpr std::string_view first = R"({"items":[1,2],"next":"a"})";
constexpr std::string_view second = R"({"items":[3]})";

// A page of so many bytes.
std::string large_page(size_t bytes, char filler = 'x') {
  return R"({"next":null,"items":[")" + std::string(bytes, filler) + "\"]}";
}

}  // namespace

TEST_CASE("each page is asked for once, by what the one before it has shown") {
  Walked walked;
  walked.engine.then(page(first));
  walked.engine.then(page(second));
  CHECK(walked.run(options()) == std::string(first) + std::string(second));
  REQUIRE(walked.engine.asked().size() == 2);
  CHECK(walked.engine.asked()[0].request.url == "http://api/items?day=2024-02-08");
  CHECK(walked.engine.asked()[1].request.url == "http://api/items?day=2024-02-08&token=a");
  CHECK(header(walked.engine.asked()[0].request.headers, "Accept-Encoding") == "gzip");
}

TEST_CASE("each attempt at a page is an interval of the source's series, refused ones too") {
  Walked walked;
  walked.trace.own(5, "2024-02-08");
  walked.engine.then(page("busy", 503));
  walked.engine.then_cut(page(first), 10);
  walked.engine.then(page(first));
  walked.engine.then(page(second));
  CHECK(walked.run(options()) == std::string(first) + std::string(second));
  const auto told = walked.trace.of(Interval::Kind::request);
  REQUIRE(told.size() == 4);
  CHECK(std::ranges::all_of(told, [](const auto& one) {
    return one.name == "api get" && one.unit == "2024-02-08" &&
           one.interval.end >= one.interval.begin;
  }));
  CHECK(told[0].interval.failed);
  CHECK(told[1].interval.failed);
  CHECK(told[1].interval.bytes == 10);
  CHECK_FALSE(told[2].interval.failed);
  CHECK(told[3].interval.bytes == second.size());
}

TEST_CASE("a page that is cut leaves no trace and is asked for again") {
  Walked walked;
  walked.engine.then_cut(page(first), 10);
  walked.engine.then(page(first));
  walked.engine.then(page(second));
  CHECK(walked.run(options()) == std::string(first) + std::string(second));
  CHECK(walked.engine.asked().size() == 3);
}

TEST_CASE("a page larger than the hold is cut, and goes on where it was") {
  const std::string body = large_page(9 << 20);
  for (const size_t cut : {size_t{1 << 20}, size_t{6 << 20}, body.size() - 1}) {
    Walked walked;
    walked.engine.then_cut(page(body), cut);
    walked.engine.then(page(body));
    CHECK((walked.run(options()) == body));
    CHECK(walked.pieces > 30);
  }
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

TEST_CASE("redirects are followed, but not for ever") {
  Walked walked;
  walked.engine.then(page("", 302, {{"Location", "/moved?x"}}));
  walked.engine.then(page(second));
  CHECK(walked.run(options()) == second);
  CHECK(walked.engine.asked()[1].request.url == "http://api/moved?x");
  Walked endless([](const HttpRequest&) { return page("", 307, {{"Location", "/"}}); });
  CHECK(endless.run(options()).find("more than 10 redirects") != std::string::npos);
}

TEST_CASE("what was posted is fetched where a 303 leads to, and posted again after a 307") {
  HttpPagesOptions posts = options();
  posts.method = "POST";
  posts.body = *Template::parse("{{}}", TemplateUse::value);
  for (const int status : {301, 302, 303, 307, 308}) {
    CAPTURE(status);
    const bool is_kept = status >= 307;
    Walked walked;
    walked.engine.then(page("", status, {{"Location", "/moved"}}));
    walked.engine.then(page(second));
    CHECK(walked.run(posts) == second);
    const auto& asked = walked.engine.asked()[1];
    CHECK(asked.request.method == (is_kept ? "POST" : "GET"));
    CHECK(asked.body == (is_kept ? "{}" : ""));
    CHECK(has_header(asked.request.headers, "Content-Type") == is_kept);
  }
}

TEST_CASE("a redirect takes neither a body nor a secret header to another origin") {
  HttpPagesOptions asks = options();
  asks.headers.emplace_back("X-Shard", *Template::parse("7", TemplateUse::value));
  asks.headers.emplace_back("Accept", *Template::parse("a/b", TemplateUse::value));
  asks.fetch.origin.secret_headers = {{"X-Shard", ""}};
  Walked walked;
  walked.engine.then(page("", 302, {{"Location", "http://other/x"}}));
  walked.engine.then(page(second));
  CHECK(walked.run(asks) == second);
  CHECK(header(walked.engine.asked()[0].request.headers, "X-Shard") == "7");
  CHECK_FALSE(has_header(walked.engine.asked()[1].request.headers, "X-Shard"));
  CHECK(header(walked.engine.asked()[1].request.headers, "Accept") == "a/b");

  HttpPagesOptions posts = options();
  posts.method = "POST";
  posts.body = *Template::parse("{{}}", TemplateUse::value);
  Walked elsewhere;
  elsewhere.engine.then(page("", 307, {{"Location", "http://other/x"}}));
  CHECK(elsewhere.run(posts).find("body would go to another origin") != std::string::npos);
  CHECK(elsewhere.engine.asked().size() == 1);
}

TEST_CASE("a redirect to this machine's network is an error that says what would allow it") {
  Walked walked;
  walked.engine.then(page("", 302, {{"Location", "http://169.254.169.254/latest/"}}));
  CHECK(walked.run(options()).find("also_from: [\"http://169.254.169.254\"]") != std::string::npos);
  CHECK(walked.engine.asked().size() == 1);
}

TEST_CASE("a later run goes on behind the page that it is told") {
  Walked walked;
  walked.engine.then(page(first));
  walked.engine.then(page(second));
  walked.run(options());
  REQUIRE(walked.cursors.size() == 2);
  CHECK(walked.cursors[1].empty());  // Behind the last there is nothing
  Walked later;
  later.engine.then(page(second));
  CHECK(later.run(options(), walked.cursors[0]) == second);
  CHECK(later.engine.asked()[0].request.url == "http://api/items?day=2024-02-08&token=a");
}

TEST_CASE("a cursor that the API has forgotten begins the unit anew") {
  Walked walked;
  walked.engine.then(page("expired", 410));
  const std::string ended = walked.run(options(), "1\n2\n\"a\"");
  CHECK(ended.find("doesn't know an earlier run's cursor any more") != std::string::npos);
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

TEST_CASE("a page without content in the middle is a page like any other") {
  HttpPagesOptions by_link = options();
  by_link.paging = {.kind = PagingKind::link};
  Walked walked;
  walked.engine.then(page(first, 200, {{"Link", "</b>; rel=next"}}));
  walked.engine.then(page("", 204, {{"Link", "</c>; rel=next"}}));
  walked.engine.then(page(second));
  CHECK(walked.run(by_link) == std::string(first) + std::string(second));
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

namespace {

// Numbered pages of two records, as many as `records` say; beyond them what `beyond` is.
ScriptedEngine::Answerer numbered_api(int records, HttpResponse (*beyond)()) {
  return [records, beyond](const HttpRequest& request) {
    const int number = std::stoi(request.url.substr(request.url.rfind('=') + 1));
    if (2 * number > records) return beyond();
    return page("{\"items\":[" + std::to_string(number) + "0," + std::to_string(number) + "1]}");
  };
}

HttpPagesOptions at_once(uint32_t parallel) {
  HttpPagesOptions made = options();
  made.paging = {.kind = PagingKind::page, .word = "page", .first = 1};
  made.parallel = parallel;
  return made;
}

}  // namespace

TEST_CASE("an empty page with full ones behind it is an error, not the end") {
  Walked walked([](const HttpRequest& request) {
    const std::string number = request.url.substr(request.url.rfind('=') + 1);
    return page(number == "2" ? R"({"items":[]})" : R"({"items":[)" + number + "]}");
  });
  CHECK(walked.run(at_once(4))
            .starts_with("error: page 3: it has records, although a page before it is empty"));
}

TEST_CASE(
    "what lies beyond the last page is nobody's fault, as long as nobody's turn comes to it") {
  const auto gone = [] { return page("no such page", 404); };
  HttpPagesOptions told = at_once(6);
  told.paging.total = *json::parse_path(".total");
  Walked walked([](const HttpRequest& request) {
    const int number = std::stoi(request.url.substr(request.url.rfind('=') + 1));
    if (number > 3) return page("no such page", 404);
    return page(R"({"total":3,"items":[)" + std::to_string(number) + "]}");
  });
  CHECK(walked.run(told).starts_with(R"({"total":3,"items":[1]})"));
  // Its turn does come where nothing says that it isn't there.
  Walked untold(numbered_api(6, gone));
  CHECK(untold.run(at_once(6)).find("error: page 4") == 0);
  // Behind an empty page nothing is a page.
  Walked empty([](const HttpRequest& request) {
    const int number = std::stoi(request.url.substr(request.url.rfind('=') + 1));
    if (number > 4) return page("no such page", 404);
    return page(number == 4 ? R"({"items":[]})" : R"({"items":[)" + std::to_string(number) + "]}");
  });
  CHECK(empty.run(at_once(6)).find("error") == std::string::npos);
}

TEST_CASE(
    "offsets asked for at once are asked anew where pages are shorter than they were said to be") {
  HttpPagesOptions offsets = options();
  offsets.paging = {.kind = PagingKind::offset, .word = "offset", .size = 100};
  offsets.parallel = 4;
  Walked walked([](const HttpRequest& request) {
    const int from = std::stoi(request.url.substr(request.url.rfind('=') + 1));
    std::string items;
    for (int at = from; at < std::min(from + 10, 95); ++at)
      items += (items.empty() ? "" : ",") + std::to_string(at);
    return page("{\"items\":[" + items + "]}");
  });
  const std::string records = walked.run(offsets);
  for (int at = 0; at < 95; ++at) {
    const std::string one = std::to_string(at);
    const bool is_there = records.find("[" + one + ",") != std::string::npos ||
                          records.find("," + one + ",") != std::string::npos ||
                          records.find("," + one + "]") != std::string::npos;
    CHECK_MESSAGE(is_there, at);
  }
  CHECK(std::count(records.begin(), records.end(), ',') == 9 * 9 + 4);
}

TEST_CASE(
    "numbered pages come in order, whoever was first, and those beyond the end are looked at") {
  HttpPagesOptions numbered = options();
  numbered.paging = {.kind = PagingKind::page, .word = "page", .first = 1};
  numbered.parallel = 4;
  Walked walked([](const HttpRequest& request) {
    const std::string number = request.url.substr(request.url.rfind('=') + 1);
    return page(std::stoi(number) <= 6 ? R"({"items":[)" + number + "]}" : R"({"items":[]})");
  });
  CHECK(walked.run(numbered) ==
        R"({"items":[1]}{"items":[2]}{"items":[3]}{"items":[4]}{"items":[5]}{"items":[6]})"
        R"({"items":[]}{"items":[]})");
}

}  // namespace sluice

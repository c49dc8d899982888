#include "source/http_pages.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "source/pages_for_tests.h"

namespace sluice {

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

TEST_CASE("a page without content in the middle is a page like any other") {
  HttpPagesOptions by_link = options();
  by_link.paging = {.kind = PagingKind::link};
  Walked walked;
  walked.engine.then(page(first, 200, {{"Link", "</b>; rel=next"}}));
  walked.engine.then(page("", 204, {{"Link", "</c>; rel=next"}}));
  walked.engine.then(page(second));
  CHECK(walked.run(by_link) == std::string(first) + std::string(second));
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

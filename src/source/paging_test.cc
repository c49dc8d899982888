#include "source/paging.h"

#include <doctest/doctest.h>

namespace sluice {
namespace {

json::Path path(std::string_view text) {
  return *json::parse_path(text);
}

// Shows pages to a Paging, one after another.
struct Pages {
  explicit Pages(PagingOptions options, PageRequest first = {.url = "http://api/items?count=2"})
      : paging(std::move(options), std::move(first)) {}
  // The next URL (and body), "end", or "error: ...".
  std::string show(std::vector<std::optional<std::string>> values, uint64_t records = 2,
                   Headers headers = {}, std::string url = "http://api/items?count=2") {
    const Envelope envelope{.records = records, .content = ++content, .values = std::move(values)};
    auto next = paging.next({headers, envelope, url});
    if (!next.ok()) return "error: " + next.error().message;
    if (!*next) return "end";
    return (*next)->url + (*next)->body;
  }
  Paging paging;
  uint64_t content = 0;
};

PagingOptions by_cursor() {
  return {.kind = PagingKind::cursor, .where = path(".next"), .word = "token"};
}
PagingOptions by_page() {
  return {.kind = PagingKind::page, .word = "page", .first = 1};
}

}  // namespace

TEST_CASE("a cursor goes into the query, encoded; without one the page was the last") {
  Pages pages(by_cursor());
  CHECK(pages.show({R"("a b/c=")"}) == "http://api/items?count=2&token=a%20b%2Fc%3D");
  CHECK(pages.show({"17"}) == "http://api/items?count=2&token=17");
  CHECK(pages.show({"null"}) == "end");
  CHECK(pages.paging.records() == 6);
  for (const char* nothing : {"\"\"", "false", "null"}) {
    CHECK(Pages(by_cursor()).show({nothing}) == "end");
  }
  CHECK(Pages(by_cursor()).show({std::nullopt}) == "end");
  CHECK(Pages(by_cursor()).show({"{}"}).starts_with("error: the cursor .next is an object"));
}

TEST_CASE("a cursor goes into the body, as the JSON that it was") {
  PagingOptions options = by_cursor();
  options.in_body = path(".variables.after");
  Pages pages(options, {.url = "http://api/graphql", .body = R"({"query":"q"})"});
  CHECK(pages.show({R"("x")"}) == R"(http://api/graphql{"query":"q","variables":{"after":"x"}})");
  CHECK(pages.show({"12"}) == R"(http://api/graphql{"query":"q","variables":{"after":12}})");
}

TEST_CASE("a number goes into the body too, and a body without a place for it is told") {
  PagingOptions options{.kind = PagingKind::page, .in_body = path(".q.page"), .first = 1};
  Pages pages(options, {.url = "http://api/", .body = R"({"q":{}})"});
  CHECK(pages.paging.first_request().body == R"({"q":{"page":1}})");
  CHECK(pages.paging.request_of(4).body == R"({"q":{"page":5}})");

  CHECK(Paging::check_body(options, R"({"q":{}})").ok());
  const auto why = [&](std::string_view body) {
    const Status good = Paging::check_body(options, body);
    REQUIRE_FALSE(good.ok());
    CHECK(good.error().kind == ErrorKind::invalid);
    return good.error().message;
  };
  CHECK(why("page=1") ==
        "it must be JSON, since a page's place goes into it: at byte 0: expected a value");
  CHECK(why(R"({"q":"x"})") == "can't set .q.page: .q is a string");
  options.in_body.reset();
  CHECK(Paging::check_body(options, "page=1").ok());
}

TEST_CASE("a first page without the path of the cursor is wondered about, a null is not") {
  Pages lacking(by_cursor());
  CHECK(lacking.show({std::nullopt}) == "end");
  CHECK(lacking.paging.doubt().find("no .next") != std::string::npos);
  Pages last(by_cursor());
  CHECK(last.show({"null"}) == "end");
  CHECK(last.paging.doubt().empty());
}

TEST_CASE("a cursor in a header, a URL in the body, a Link header") {
  Pages header({.kind = PagingKind::cursor, .header = "X-Next", .word = "token"});
  CHECK(header.show({}, 2, {{"x-next", "n1"}}) == "http://api/items?count=2&token=n1");
  CHECK(header.show({}, 2, {}) == "end");
  Pages url({.kind = PagingKind::url, .where = path(".next")});
  CHECK(url.show({R"("more?page=2")"}) == "http://api/more?page=2");
  CHECK(url.show({R"("https://other/x")"}) == "https://other/x");
  CHECK(url.show({"7"}).starts_with("error: the next URL .next is a number"));
  Pages link({.kind = PagingKind::link});
  CHECK(link.show({}, 2, {{"Link", "</repositories/1?page=2>; rel=\"next\""}}) ==
        "http://api/repositories/1?page=2");
  CHECK(link.show({}, 2, {{"Link", "</x>; rel=prev"}}) == "end");
}

TEST_CASE("numbered pages go on till an empty one, or till what the API says") {
  Pages empty(by_page());
  CHECK(empty.paging.first_request().url == "http://api/items?count=2&page=1");
  CHECK(empty.show({}) == "http://api/items?count=2&page=2");
  CHECK(empty.show({}, 0) == "end");
  PagingOptions options = by_page();
  options.more = path(".more");
  Pages more(options);
  CHECK(more.show({"true"}) == "http://api/items?count=2&page=2");
  CHECK(more.show({"true"}, 0) == "http://api/items?count=2&page=3");
  CHECK(more.show({"false"}) == "end");
  Pages offset({.kind = PagingKind::offset, .word = "skip", .size = 50, .total = path(".total")});
  CHECK(offset.show({"60"}, 50) == "http://api/items?count=2&skip=50");
  CHECK(offset.show({"60"}, 10) == "end");
}

TEST_CASE("a total that isn't met is an error, unless it may differ") {
  PagingOptions options = by_page();
  options.total = path(".total");
  options.more = path(".more");
  Pages pages(options);
  CHECK(pages.show({"true", "5"}) == "http://api/items?count=2&page=2");
  CHECK(pages.show({"false", "5"}) ==
        "error: the API announced 5 records, but 4 came "
        "(`total_may_differ: true` if that is right)");
  options.total_may_differ = true;
  Pages free(options);
  CHECK(free.show({"false", "5"}) == "end");
  CHECK(Pages(options).show({"true", "\"many\""}).starts_with("error: total: .total is \"many\""));
}

TEST_CASE("the cap is met before the page over it is asked for") {
  PagingOptions options = by_cursor();
  options.pages_max = 2;
  Pages pages(options);
  CHECK(pages.show({"1"}) != "end");
  CHECK(pages.show({"2"}).starts_with("error: more than max_pages (2)"));
  Pages enough(options);
  CHECK(enough.show({"1"}) != "end");
  CHECK(enough.show({"null"}) == "end");
}

TEST_CASE("the same cursor, URL or page a second time is an error, however much later") {
  Pages pages(by_cursor());
  for (const char* cursor : {"1", "2", "3"}) CHECK(pages.show({cursor}).starts_with("http"));
  CHECK(pages.show({"2"}).starts_with("error: the API gave the same cursor twice"));
  PagingOptions ends = by_cursor();
  ends.on_repeated = OnRepeatedCursor::end;
  Pages end(ends);
  CHECK(end.show({"1"}).starts_with("http"));
  CHECK(end.show({"1"}) == "end");
  Pages url({.kind = PagingKind::url, .where = path(".next")});
  CHECK(url.show({R"("?count=2")"}).starts_with("error: the API gave the same next URL twice"));
  Pages page(by_page());
  CHECK(page.show({}).starts_with("http"));
  page.content = 0;
  CHECK(page.show({}).starts_with("error: the same page came twice"));
}

TEST_CASE("a later run goes on where the cursor says") {
  Pages pages(by_cursor());
  pages.show({"1"});
  pages.show({R"("a\nb")"}, 3);
  const auto cursor = pages.paging.cursor();
  REQUIRE(cursor);
  Pages later(by_cursor());
  REQUIRE(later.paging.resume(*cursor).ok());
  CHECK(later.paging.first_page() == 2);
  CHECK(later.paging.records() == 5);
  CHECK(later.paging.first_request().url == "http://api/items?count=2&token=a%0Ab");
  CHECK(later.show({R"("a\nb")"}).starts_with("error: the API gave the same cursor twice"));
  Pages numbered(by_page());
  numbered.show({});
  CHECK_FALSE(numbered.paging.cursor());
  CHECK_FALSE(Pages(by_cursor()).paging.resume("what").ok());
}

}  // namespace sluice

#include "source/paging.h"

#include <doctest/doctest.h>

#include "base/text.h"

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
  std::string doubts() { return join(paging.take_doubts(), "; "); }
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
  CHECK(lacking.doubts().find("no .next") != std::string::npos);
  Pages last(by_cursor());
  CHECK(last.show({"null"}) == "end");
  CHECK(last.doubts().empty());
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

TEST_CASE("offsets go on by what came, not by what was asked for") {
  PagingOptions options{.kind = PagingKind::offset, .word = "skip", .size = 1000};
  const std::string url = "http://api/items?count=2&skip=";
  Pages capped(options);
  CHECK(capped.show({}, 100) == url + "100");
  CHECK(capped.doubts().empty());
  CHECK(capped.show({}, 100) == url + "200");
  CHECK(capped.doubts().find("fewer records than `size` (1000)") != std::string::npos);
  CHECK(capped.paging.request_of(4).url == url + "400");
  CHECK(capped.show({}, 37) == url + "237");
  CHECK(capped.show({}, 0) == "end");
  CHECK(capped.doubts().empty());
  options.first = 1;
  options.size = 10;
  Pages generous(options);
  CHECK(generous.show({}, 25) == url + "26");
  // A page of an API that counts what it doesn't show.
  options.step = OffsetStep::size;
  Pages hiding(options);
  CHECK(hiding.show({}, 8) == url + "11");
  CHECK(hiding.show({}, 9) == url + "21");
  CHECK(hiding.doubts().empty());
  // An empty page in the middle is as long as the others were.
  options.step = OffsetStep::came;
  options.more = path(".more");
  Pages hole(options);
  CHECK(hole.show({"true"}, 10) == url + "11");
  CHECK(hole.show({"true"}, 0) == url + "21");
}

TEST_CASE("a flag means what it says, in whatever form") {
  PagingOptions options = by_page();
  options.more = path(".more");
  for (const char* no : {"false", "null", "0", "0.0", "\"0\"", "\"False\"", "\"FALSE\"", "\"no\"",
                         "\"N\"", "\"off\"", "\"\"", "\" false \"", "[]", "[ ]", "{}"}) {
    CAPTURE(no);
    CHECK(Pages(options).show({no}) == "end");
  }
  for (const char* yes : {"true", "1", "12", "\"true\"", "\"Y\"", "\"yes\"", "\"/items?page=2\"",
                          "[1]", R"({"a":0})"}) {
    CAPTURE(yes);
    CHECK(Pages(options).show({yes}) != "end");
  }
}

TEST_CASE("a word that the first page lacks is wondered about, whichever it is") {
  const std::string second = "http://api/items?count=2&page=2";
  PagingOptions options = by_page();
  options.more = path(".more");
  Pages more(options);
  // Nothing is taken for over: an empty page will show.
  CHECK(more.show({std::nullopt}) == second);
  CHECK(more.doubts().find("no .more: pages go on till an empty one") != std::string::npos);
  CHECK(more.show({std::nullopt}, 0) == "end");
  options.more.reset();
  options.total = path(".total");
  Pages total(options);
  CHECK(total.show({std::nullopt}) == second);
  CHECK(total.doubts().find("no .total") != std::string::npos);
  options.total.reset();
  options.pages = path(".pages");
  Pages pages(options);
  CHECK(pages.show({std::nullopt}) == second);
  CHECK(pages.doubts().find("no .pages") != std::string::npos);
  CHECK(pages.show({std::nullopt}) != "end");
  CHECK(pages.doubts().empty());

  Pages header({.kind = PagingKind::cursor, .header = "X-Next", .word = "token"});
  CHECK(header.show({}) == "end");
  CHECK(header.doubts().find("no header X-Next") != std::string::npos);
  Pages link({.kind = PagingKind::link, .rel = "nxt"});
  CHECK(link.show({}, 2, {{"Link", "</x>; rel=next"}}) == "end");
  CHECK(link.doubts().find("no Link with rel=\"nxt\"") != std::string::npos);
  // Nothing there, so nothing more; and what has a total is known to be whole.
  Pages empty({.kind = PagingKind::link});
  CHECK(empty.show({}, 0) == "end");
  CHECK(empty.doubts().empty());
  Pages counted({.kind = PagingKind::link, .total = path(".total")});
  CHECK(counted.show({"2"}) == "end");
  CHECK(counted.doubts().empty());
}

TEST_CASE("a flag that is left out once it is false ends the pages") {
  PagingOptions options = by_page();
  options.more = path(".more");
  Pages pages(options);
  CHECK(pages.show({"true"}) != "end");
  CHECK(pages.show({std::nullopt}) == "end");
  CHECK(pages.doubts().empty());
}

TEST_CASE("words of one page that contradict each other are an error, or the page after it shows") {
  PagingOptions options = by_cursor();
  options.more = path(".more");
  CHECK(Pages(options)
            .show({"null", "true"})
            .starts_with("error: the API says that there is more (.more), but not where"));
  CHECK(Pages(options).show({std::nullopt, "true"}).starts_with("error: the API says"));
  CHECK(Pages(options).show({"\"c\"", "false"}) == "end");  // Many give a cursor all the same
  options.on_repeated = OnRepeatedCursor::end;
  Pages ends(options);
  CHECK(ends.show({"1", "true"}) != "end");
  CHECK(ends.show({"1", "true"}) == "end");
  options.more.reset();
  options.pages = path(".pages");
  CHECK(Pages(options)
            .show({"null", "3"})
            .starts_with("error: the API says that this is page 1 of 3, but not where"));
  for (const PagingKind kind : {PagingKind::url, PagingKind::link}) {
    PagingOptions other{.kind = kind, .more = path(".more")};
    if (kind == PagingKind::url) other.where = path(".next");
    Pages without(other);
    const auto ended =
        kind == PagingKind::url ? without.show({"null", "true"}) : without.show({"true"});
    CHECK(ended.starts_with("error: the API says that there is more"));
  }
  PagingOptions numbered = by_page();
  numbered.more = path(".more");
  numbered.pages = path(".pages");
  CHECK(Pages(numbered)
            .show({"false", "3"})
            .starts_with("error: the API says that there is no more (.more), but also that this is "
                         "page 1 of 3"));
  Pages beyond(numbered);
  CHECK(beyond.show({"true", "1"}) == "http://api/items?count=2&page=2");
  CHECK(beyond.paging.pages() == 2);
  CHECK(beyond.show({"true", "1"}, 0) == "end");
}

TEST_CASE("the last page's total counts, and its number of pages") {
  PagingOptions options = by_page();
  options.total = path(".total");
  Pages grows(options);
  CHECK(grows.show({"3"}) == "http://api/items?count=2&page=2");
  CHECK(grows.show({"6"}) == "http://api/items?count=2&page=3");
  CHECK(grows.show({"6"}) == "end");
  CHECK(grows.paging.records() == 6);
  Pages shrinks(options);
  CHECK(shrinks.show({"6"}) != "end");
  CHECK(shrinks.show({"4"}) == "end");
  Pages silent(options);
  CHECK(silent.show({"6"}) != "end");
  CHECK(silent.show({"null"}) != "end");
  CHECK(silent.show({std::nullopt}) == "end");
  options.total.reset();
  options.pages = path(".pages");
  Pages pages(options);
  CHECK(pages.show({"2"}) != "end");
  CHECK(pages.show({"3"}) != "end");
  CHECK(pages.paging.pages() == 3);
  CHECK(pages.show({"3"}) == "end");
}

TEST_CASE("a page without a body says nothing, and ends what nothing else goes on") {
  for (PagingOptions options : {by_cursor(), by_page(), PagingOptions{.kind = PagingKind::link}}) {
    options.more = path(".more");
    options.total = path(".total");
    Pages first(options);
    CHECK(first.show({}, 0) == "end");
    CHECK(first.doubts().empty());
  }
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

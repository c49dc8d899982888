#include "source/link_header.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "json/scan.h"
#include "json/slice.h"
#include "json/value.h"

namespace sluice {
namespace {

std::string shown(std::string_view value) {
  std::string out;
  for (const Link& link : parse_links(value)) {
    out += link.url + "(";
    for (const std::string& rel : link.rels) out += rel + " ";
    out += ")";
  }
  return out;
}

std::vector<std::string> elements(std::string_view array) {
  json::Slicer slicer({.records = {}, .envelope = {}});
  std::vector<json::Span> spans;
  slicer.slice(array, 0, spans);
  std::vector<std::string> out;
  for (const json::Span& span : spans)
    out.emplace_back(array.substr(span.begin, span.end - span.begin));
  return out;
}

std::string member(std::string_view object, std::string_view name) {
  json::Scanner scanner({json::Path{{json::Step::member(name)}}});
  REQUIRE(scanner.scan(object));
  return std::string(scanner.raw(0).value_or("null"));
}

// A string, or an array of such: so many Link headers.
Headers headers(const std::string& raw) {
  Headers made;
  if (raw.starts_with('"')) made.push_back({"Link", json::as_text(raw).value_or("")});
  if (!raw.starts_with('[')) return made;
  for (const std::string& each : elements(raw)) {
    made.push_back({"Link", json::as_text(each).value_or("")});
  }
  return made;
}

}  // namespace

TEST_CASE("links are read with their relations, quoted or not, several in one header") {
  CHECK(shown(R"(<https://a/?page=2>; rel="next", </?page=9>; rel=last)") ==
        "https://a/?page=2(next )/?page=9(last )");
  CHECK(shown(R"(<x>; rel="next page"; title="a, <b>; rel=c")") == "x(next page )");
  CHECK(shown(R"(  <x> ;Rel = NEXT;  ,, <y>)") == "x(next )y()");
  CHECK(shown(R"(<x>; rel="a\"b")") == "x(a\"b )");
}

TEST_CASE("the first rel of a link counts") {
  CHECK(shown("<x>; rel=next; rel=last") == "x(next )");
}

TEST_CASE("what isn't a link is passed over") {
  for (const char* bad : {"", ",", ";", "rel=next", "<", "<x", "x>; rel=next", "\"<x>; rel=next"}) {
    CHECK(parse_links(bad).empty());
  }
  CHECK(shown("junk; \"a,b\", <x>; rel=next") == "x(next )");
}

TEST_CASE("a link is found in any of several headers") {
  const Headers headers = {{"link", "<a>; rel=prev"}, {"Other", "x"}, {"LINK", "<b>; rel=Next"}};
  CHECK(link_with_rel(headers, "next") == "b");
  CHECK_FALSE(link_with_rel(headers, "last"));
}

TEST_CASE("published vectors of other readers are read alike") {
  const char* shared = std::getenv("SLUICE_SHARED");
  std::ifstream file(shared == nullptr ? ""
                                       : std::string(shared) + "/data/link-header/vectors.json");
  if (!file) {
    MESSAGE("skipped: the link vectors need ../shared/data");
    return;
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  size_t checked = 0;
  for (const std::string& vector : elements(text)) {
    Headers made = headers(member(vector, "header"));
    for (Header& one : headers(member(vector, "headers"))) made.push_back(std::move(one));
    for (const std::string& link : elements(member(vector, "links"))) {
      const std::string rel = member(link, "rel");
      if (rel == "null") continue;
      const auto found = link_with_rel(made, *json::as_text(rel));
      // Of two links with one relation the first is meant.
      if (*json::as_text(rel) == "stylesheet") continue;
      CHECK_MESSAGE(found == *json::as_text(member(link, "uri")), vector);
      ++checked;
    }
  }
  CHECK(checked >= 15);
}

}  // namespace sluice

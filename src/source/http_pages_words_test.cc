#include <doctest/doctest.h>

#include "flow/settings.h"
#include "source/http_pages.h"

namespace sluice {
namespace {

// What is wrong with a job that posts this body, and puts a page's place at `as`.
std::string mistake(std::string_view body, std::string_view as, std::string_view from = {}) {
  Node node =
      Node::of_map({{"url", Node::of("http://api/")},
                    {"body", Node::of(body)},
                    {"next", Node::of_map({{"cursor", Node::of(".next")}, {"as", Node::of(as)}})}});
  node.entries[1].value.mark = {7, 11};
  if (!from.empty())
    node.entries.push_back(
        {"incremental", Node::of_map({{"field", Node::of(".updated")}, {"from", Node::of(from)}})});
  const auto settings = check_settings(http_pages_doc(), node, CheckContext());
  REQUIRE(settings.ok());
  const auto options = read_http_pages(*settings);
  return options.ok() ? "" : options.error().message;
}

}  // namespace

TEST_CASE("a user and a password in the url are a mistake that is told before anything is asked") {
  const auto mistake_of = [](std::string_view url) -> std::string {
    const auto settings =
        check_settings(http_pages_doc(), Node::of_map({{"url", Node::of(url)}}), CheckContext());
    REQUIRE(settings.ok());
    const auto options = read_http_pages(*settings);
    return options.ok() ? "" : options.error().message;
  };
  CHECK(mistake_of("https://me:hush@api.example/x").find("basic") != std::string::npos);
  CHECK(mistake_of("https://me:hush@api.example/x").find("hush") == std::string::npos);
  CHECK(mistake_of("https://api.example/users/@me?mail=a@b").empty());
}

TEST_CASE("east of Greenwich a body asks for the day before, where a query asks for the day") {
  const auto berlin = TimeZone::find("Europe/Berlin");
  if (!berlin.ok()) return;
  const Node words =
      Node::of_map({{"url", Node::of("http://api/{unit:%F}")}, {"body", Node::of("{unit:%F}")}});
  const auto settings = check_settings(http_pages_doc(), words, {.zone = *berlin});
  REQUIRE(settings.ok());
  const auto options = read_http_pages(*settings);
  REQUIRE(options.ok());
  const UnitNames day{.id = "2024-02-08", .start = parse_time("2024-02-07T23:00:00Z")};
  std::string url, body;
  CHECK(options->url.render({.unit = &day}, Template::Escape::none, url).ok());
  CHECK(options->body->render({.unit = &day}, Template::Escape::none, body).ok());
  CHECK(url == "http://api/2024-02-08");
  CHECK(body == "2024-02-08");
}

TEST_CASE("a body into which a page's place goes must be JSON with room for it") {
  CHECK(mistake(R"({"query": "{items}", "day": "{unit:%F}", "n": {unit}})", ".after").empty());
  CHECK(mistake(R"({"from": {unit:%Y%m%d}, "run": "{run.id}"})", ".a.b").empty());
  const std::string none = mistake("query=x", ".after");
  CHECK_MESSAGE(
      none.find("7:11: body: it must be JSON, since a page's place goes into it: at byte 0") !=
          none.npos,
      none);
  const std::string cut = mistake(R"({"query": "{unit}")", ".after");
  CHECK_MESSAGE(cut.find("7:11: body: it must be JSON") != cut.npos, cut);
  const std::string full = mistake(R"({"q": "text"})", ".q.after");
  CHECK_MESSAGE(full.find("7:11: body: can't set .q.after: .q is a string") != full.npos, full);
  CHECK(mistake(R"({"since": "{since}", "y": {since:%Y}})", ".after", "2024-01-01").empty());
  CHECK(mistake(R"({"since": {since}})", ".after", "4711").empty());
  const std::string bare = mistake(R"({"since": {since}})", ".after", "2024-01-01");
  CHECK_MESSAGE(bare.find("7:11: body: it must be JSON") != bare.npos, bare);
  // A name in the query leaves the body alone.
  CHECK(mistake("query=x", "token").empty());
}

}  // namespace sluice

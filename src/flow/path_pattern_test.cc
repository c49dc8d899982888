#include "flow/path_pattern.h"

#include <doctest/doctest.h>

namespace sluice {
namespace {

constexpr std::string_view trail =
    "s3://logs/AWSLogs/[{path.org:o-*}/]{path.account}/CloudTrail/{path.region}/{unit:%Y/%m/%d}/";

UnitNames day() {
  UnitNames unit{.id = "2024-02-08"};
  unit.start = parse_time("2024-02-08T00:00:00Z");
  return unit;
}

PathPattern parsed(std::string_view text) {
  auto pattern = PathPattern::parse(text);
  REQUIRE_MESSAGE(pattern.ok(), pattern.error().message);
  return *pattern;
}
BoundPattern bound(std::string_view text, const UnitNames& unit = day()) {
  auto made = parsed(text).bind(unit);
  REQUIRE_MESSAGE(made.ok(), made.error().message);
  return *made;
}
std::string message(std::string_view text) {
  const auto pattern = PathPattern::parse(text);
  return pattern.ok() ? "" : pattern.error().message;
}

using Values = std::vector<std::string>;

TEST_CASE("a trail's path fits keys with and without an organisation") {
  const BoundPattern pattern = bound(trail);
  CHECK(parsed(trail).names() == Values{"org", "account", "region"});
  CHECK(pattern.match("AWSLogs/123/CloudTrail/eu-west-1/2024/02/08/a.json.gz") ==
        Values{"", "123", "eu-west-1"});
  CHECK(pattern.match("AWSLogs/o-abc/123/CloudTrail/eu-west-1/2024/02/08/x/a.json.gz") ==
        Values{"o-abc", "123", "eu-west-1"});
  CHECK_FALSE(pattern.match("AWSLogs/123/CloudTrail-Digest/eu-west-1/2024/02/08/a.json.gz"));
  CHECK_FALSE(pattern.match("AWSLogs/123/CloudTrail/eu-west-1/2024/02/09/a.json.gz"));
  CHECK_FALSE(pattern.match("AWSLogs/123/456/CloudTrail/eu-west-1/2024/02/08/a.json.gz"));
  CHECK_FALSE(pattern.match("AWSLogs//CloudTrail/eu-west-1/2024/02/08/a.json.gz"));
  CHECK_FALSE(pattern.match("AWSLogs/123/CloudTrail/eu-west-1/2024/02/08/"));
}

TEST_CASE("a key that fits both ways counts as the one with the optional part") {
  const BoundPattern pattern = bound("s3://b/[{path.a}/]{path.b}/");
  CHECK(pattern.match("x/y/z") == Values{"x", "y"});
  CHECK(pattern.match("x/y") == Values{"", "x"});
  const BoundPattern two = bound("s3://b/[{path.a}/][{path.b:*}/]end");
  CHECK(two.match("x/end") == Values{"x", ""});
}

TEST_CASE("a path without a slash at its end names the key's last segment") {
  const BoundPattern pattern = bound("s3://b/day/{path.file:*.json.gz}");
  CHECK(pattern.match("day/a.json.gz") == Values{"a.json.gz"});
  CHECK_FALSE(pattern.match("day/a.json"));
  CHECK_FALSE(pattern.match("day/x/a.json.gz"));
  CHECK(bound("s3://b/a/b.json").match("a/b.json"));
  CHECK_FALSE(bound("s3://b/a/b.json").match("a/b.json/"));
}

TEST_CASE("the store is what can't vary at the front") {
  CHECK(parsed(trail).store() == "s3://logs/");
  CHECK(parsed("s3://logs").store() == "s3://logs/");
  CHECK(bound("s3://logs").match("any/thing"));
  CHECK(parsed("/data/in/").store() == "/data/in/");
  CHECK(parsed("/data/in/a.json").store() == "/data/in/");
  CHECK(parsed("/data/x{unit}/").store() == "/data/");
  CHECK(parsed("file:///data/[x/]y").store() == "file:///data/");
  CHECK(parsed("here/a{{b}}/c").store() == "here/");
  CHECK(parsed("a.json").store() == "./");
  CHECK(parsed("memory:orders/").store() == "memory:");
  CHECK(bound("memory:orders/").match("orders/1"));
}

TEST_CASE("braces and brackets are doubled") {
  CHECK(bound("s3://b/{{a}}/[[1]/").match("{a}/[1]/x"));
  CHECK(bound("s3://b/[x[[/]y/").match("x[/y/k"));
}

TEST_CASE("a unit may be several segments, and a part of one") {
  CHECK(bound("s3://b/y={unit:%Y}/{unit}-x/").match("y=2024/2024-02-08-x/k"));
  UnitNames unit{.id = "a/b"};
  CHECK(bound("s3://b/{unit}/", unit).match("a/b/c"));
  const auto none = parsed("s3://b/{unit:%F}/").bind(unit);
  CHECK_FALSE(none.ok());
  CHECK(none.error().message == "at 7: the unit `a/b` is no time: write {unit}");
  CHECK(parsed("s3://b/{unit:%F}/").uses_unit());
  CHECK_FALSE(parsed("s3://b/").uses_unit());
}

TEST_CASE("a mistake is told with its byte") {
  CHECK(message("") == "at 0: a path was expected");
  CHECK(message("s3:///x") == "at 5: a name was expected after \"s3://\"");
  CHECK(message("s3://lo{unit}/x").starts_with("at 7: the name of the store can't vary"));
  CHECK(message("s3://b/[x/").starts_with("at 7: \"[\" without its \"]\""));
  CHECK(message("s3://b/{unit").starts_with("at 7: \"{\" without its \"}\""));
  CHECK(message("s3://b/x}").starts_with("at 8: \"}\" without its \"{\""));
  CHECK(message("s3://b/*.json").starts_with("at 7: \"*\" has a meaning in a hole only"));
  CHECK(message("s3://b/{pat.x}/").starts_with("at 7: unknown word `pat.x`"));
  CHECK(message("s3://b/{.day}/").starts_with("at 7: a source's path knows no fields"));
  CHECK(message("s3://b/dt={path.d}/").find("{path.d:dt=*}") != std::string::npos);
  CHECK(message("s3://b/{path.d}x/").starts_with("at 7: {path.d} stands for a whole segment"));
  CHECK(message("s3://b/{path.d}{unit}/").starts_with("at 7: {path.d} stands"));
  CHECK(message("s3://b/[{path.d}]x/").starts_with("at 8: {path.d} stands"));
  CHECK(message("s3://b/{path.d}/{path.d}/").find("twice") != std::string::npos);
  CHECK(message("s3://b/{path.d:}/").find("must fit one segment") != std::string::npos);
  CHECK(message("s3://b/{path.}/").find("a name was expected") != std::string::npos);
  CHECK(message("s3://b/[a/][b/][c/][d/][e/][f/][g/]").find("too many optional") !=
        std::string::npos);
  CHECK_FALSE(message("s3://b/{unit:%q}/").empty());
}

TEST_CASE("* is any run of bytes and ? one character") {
  CHECK(glob_fits("o-*", "o-"));
  CHECK(glob_fits("*a*b", "xaayb"));
  CHECK_FALSE(glob_fits("*a*b", "xaayc"));
  CHECK(glob_fits("?x", "\xc3\xa4x"));
  CHECK_FALSE(glob_fits("?", ""));
  CHECK(glob_fits("**", ""));
}

TEST_CASE("text is walked down without listing, holes need it, the end is everything") {
  const BoundPattern pattern = bound(trail);
  auto step = pattern.step(pattern.all(), 0);
  CHECK_FALSE(step.listing);
  REQUIRE(step.names.size() == 1);
  CHECK(step.names[0].text == "AWSLogs/");
  auto alive = pattern.into(pattern.all(), 0, "AWSLogs");
  CHECK(pattern.step(alive, 1).listing);
  CHECK(pattern.step(alive, 1).begins.empty());

  alive = pattern.into(alive, 1, "123");
  step = pattern.step(alive, 2);
  CHECK_FALSE(step.listing);
  CHECK(step.names[0].text == "CloudTrail/");
  alive = pattern.into(alive, 2, "CloudTrail");
  alive = pattern.into(alive, 3, "eu-west-1");
  alive = pattern.into(pattern.into(pattern.into(alive, 4, "2024"), 5, "02"), 6, "08");
  CHECK(pattern.step(alive, 7).everything);

  const BoundPattern organised = bound("s3://b/{path.org:o-1*}/");
  CHECK(organised.step(organised.all(), 0).begins == "o-1");
}

}  // namespace
}  // namespace sluice

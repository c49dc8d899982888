#include "flow/output_names.h"

#include <doctest/doctest.h>

#include "flow/lake_words.h"
#include "flow/settings.h"

namespace sluice {
namespace {

constexpr uint8_t days = 1 | 2 | 4 | 8 | 128;
constexpr uint8_t hours = days | 16;

UnitNames day() {
  return {.id = "2024-02-08",
          .start = parse_time("2024-02-08T00:00:00Z"),
          .end = parse_time("2024-02-09T00:00:00Z")};
}

OutputNames with_name(std::string_view name, std::string job = "") {
  return OutputNames(
      {.name = *Template::parse(name, TemplateUse::name), .extension = ".jsonl.gz", .job = job});
}

OutputNames with_partition(std::string_view partition, std::string job = "") {
  return OutputNames({.partition = *Template::parse(partition, TemplateUse::partition),
                      .extension = ".jsonl.gz",
                      .job = job});
}

bool tells(std::string_view name, uint8_t parts, bool single = false) {
  return with_name(name).check(parts, single, false).ok();
}

}  // namespace

TEST_CASE("objects of a partition are called by unit and number") {
  const auto names = with_partition("dt={.t:%F}");
  CHECK(names.place().text() == "dt={.t:%F}/");
  CHECK(names.key("dt=2024-02-07/", day(), 7) == "dt=2024-02-07/2024-02-08-00007.jsonl.gz");
  CHECK(names.key("dt=2024-02-07/", day(), 123456) == "dt=2024-02-07/2024-02-08-123456.jsonl.gz");
  CHECK(names.check(days, false, true).ok());
  CHECK(names.numbered());
  CHECK(names.default_place(day()) == "dt=__HIVE_DEFAULT_PARTITION__/");
  CHECK(OutputNames({.extension = ".jsonl"}).key("", {.id = "a/b"}, 0) == "a%2Fb-00000.jsonl");
  CHECK(with_partition("", "trail").key("", day(), 0) == "trail~2024-02-08-00000.jsonl.gz");
  CHECK(unit_token("..") == "%2E%2E");
}

TEST_CASE("a name is the whole key") {
  const auto names = with_name("date={unit:%F}/variants.jsonl.gz");
  CHECK(names.check(days, false, false).ok());
  CHECK_FALSE(names.numbered());
  CHECK(names.key("date=2024-02-08/variants.jsonl.gz", day(), 0) ==
        "date=2024-02-08/variants.jsonl.gz");
  CHECK(with_name("{unit}-{n}.jsonl.gz").key("2024-02-08-\x01.jsonl.gz", day(), 3) ==
        "2024-02-08-00003.jsonl.gz");
}

TEST_CASE("a key that can't tell its unit is refused") {
  CHECK(tells("{unit}.gz", 0));
  CHECK(tells("{.x}/{unit}-{n}.gz", 0));
  CHECK(tells("{unit:%Y}/{unit:%m}/{unit:%d}/x.gz", days));
  CHECK(tells("{unit:%Y/%j}/x.gz", days));
  CHECK(tells("x.gz", days, true));
  CHECK_FALSE(tells("x.gz", days));
  CHECK_FALSE(tells("{unit:%Y-%m}/x.gz", days));
  CHECK_FALSE(tells("{unit:%G-%V}/x.gz", days));
  CHECK_FALSE(tells("{unit:%F}/x.gz", hours));
  CHECK(tells("{unit:%F-%H}/x.gz", hours));
  CHECK_FALSE(tells("{unit}{n}.gz", 0));
  CHECK_FALSE(tells("{unit}0{n}.gz", 0));
  CHECK_FALSE(tells("{.x}{unit}-{n}.gz", 0));
  CHECK_FALSE(tells("{unit:%F}/x.gz", 0));
  CHECK(with_name("x/{n}.gz").check(days, false, true).error().message ==
        "a key can't tell its unit: put {unit} or {unit:%F} into it, with no field in the same "
        "segment and text between it and {n}");
}

TEST_CASE("objects among Sluice's own files are refused") {
  CHECK(with_name("_sluice/j/{unit}.json")
            .check(days, false, false)
            .error()
            .message.find("Sluice's own") != std::string::npos);
  CHECK_FALSE(with_partition("_sluice/{.u}").check(days, false, true).ok());
  CHECK(with_partition("_sluices/{.u}").check(days, false, true).ok());
  CHECK(with_name("x/_sluice-{unit}.json").check(days, false, false).ok());
}

TEST_CASE("a name that may roll needs its number") {
  CHECK_FALSE(with_name("{unit}.gz").check(days, false, true).ok());
  CHECK(with_name("{unit}-{n}.gz").check(days, false, true).ok());
  CHECK_FALSE(with_name("{.x}/{unit}.gz").check(days, false, false).ok());
  CHECK(with_name("{.x}/{unit}-{n}.gz").check(days, false, false).ok());
}

TEST_CASE("in a shared lake a key tells its job") {
  CHECK_FALSE(with_name("{unit}.gz", "trail").check(days, false, false).ok());
  CHECK_FALSE(with_name("trails/{unit}.gz", "trail").check(days, false, false).ok());
  CHECK(with_name("trail/{unit}.gz", "trail").check(days, false, false).ok());
  CHECK(with_name("job=trail/{unit}.gz", "trail").check(days, false, false).ok());
}

TEST_CASE("the lake's words can be checked") {
  Catalog parts;
  parts.add(lake_words(), MakeSink());
  parts.add({.name = "jsonl.gz", .role = Role::format}, MakeEncoder());
  const auto settings =
      check_settings(lake_words(), Node::of_map({{"lake", Node::of("x/")}}), {.catalog = &parts});
  REQUIRE(settings.ok());
  CHECK(settings->bytes("share") == 24 << 20);
}

}  // namespace sluice

#include "job/key_names.h"

#include <doctest/doctest.h>

#include "base/time.h"

namespace sluice {
namespace {

UnitNames day(std::string_view id) {
  return {.id = std::string(id), .start = parse_time(std::string(id) + "T00:00:00Z")};
}

bool is_of(std::string_view name, std::string_view key, std::string_view unit = "2024-02-08") {
  const OutputNames names(
      {.name = *Template::parse(name, TemplateUse::name), .extension = ".jsonl.gz"});
  return key_names(names, "lake/", day(unit)).is_unit_key(key);
}

}  // namespace

TEST_CASE("what a partition's names look like") {
  const OutputNames names({.partition = *Template::parse("dt={.t:%F}/", TemplateUse::partition),
                           .extension = ".jsonl.gz"});
  const auto known = key_names(names, "lake/", day("2024-02-08"));
  CHECK(known.is_unit_key("lake/" + names.key("dt=2024-02-07/", day("2024-02-08"), 3)));
  CHECK_FALSE(known.is_unit_key("lake/" + names.key("dt=2024-02-08/", day("2024-02-09"), 3)));
  CHECK_FALSE(known.is_unit_key("lake/dt=2024-02-08/2024-02-08-00000x.jsonl.gz"));
  CHECK_FALSE(known.is_unit_key("other/dt=2024-02-08/2024-02-08-00000.jsonl.gz"));

  const OutputNames shared({.partition = *Template::parse("", TemplateUse::partition),
                            .extension = ".jsonl.gz",
                            .job = "trail"});
  const auto of_job = key_names(shared, "", day("2024-02-08"));
  CHECK(of_job.is_unit_key("trail~2024-02-08-00000.jsonl.gz"));
  CHECK_FALSE(of_job.is_unit_key("trails~2024-02-08-00000.jsonl.gz"));
}

TEST_CASE("what a whole name looks like") {
  CHECK(is_of("date={unit:%F}/v.jsonl.gz", "lake/date=2024-02-08/v.jsonl.gz"));
  CHECK(is_of("date={unit:%F}/v.jsonl.gz", "lake/date=2024-02-08/v.jsonl.zst"));
  CHECK_FALSE(is_of("date={unit:%F}/v.jsonl.gz", "lake/date=2024-02-09/v.jsonl.gz"));
  CHECK(is_of("v1.2-a/{unit}-{n}.jsonl.gz", "lake/v1.2-a/2024-02-08-00017.jsonl.gz"));
  CHECK_FALSE(is_of("v1.2-a/{unit}-{n}.jsonl.gz", "lake/v1.2-a/2024-02-08-17.jsonl.gz"));
  CHECK(is_of("v1.2-{unit}", "lake/v1.2-2024-02-08"));
  CHECK(is_of("{.t:%Y/%m}/{.x}/{unit}-{n}", "lake/2024/02/anything/2024-02-08-00000"));
  CHECK_FALSE(is_of("{.t:%Y/%m}/{.x}/{unit}-{n}", "lake/2024/anything/2024-02-08-00000"));
}

TEST_CASE("a unit of an earlier form of the job, which the names have no time for, has no keys") {
  const OutputNames names({.name = *Template::parse("date={unit:%F}/v.jsonl.gz", TemplateUse::name),
                           .extension = ".jsonl.gz"});
  const auto known = key_names(names, "lake/", {.id = "eu-west"});
  CHECK_FALSE(known.is_unit_key("lake/date=2024-02-08/v.jsonl.gz"));
  CHECK_FALSE(known.is_unit_key("lake/date=eu-west/v.jsonl.gz"));
  CHECK_FALSE(known.is_unit_key("lake/eu-west-00000.jsonl.gz"));
}

TEST_CASE("a unit with a dot in its name isn't another unit with a file's extension") {
  const auto takes = [](std::string_view name, std::string_view unit, std::string_view key) {
    const OutputNames names(
        {.name = *Template::parse(name, TemplateUse::name), .extension = ".jsonl.gz"});
    return key_names(names, "lake/", {.id = std::string(unit)}).is_unit_key(key);
  };
  CHECK(takes("data/{unit}", "a.x", "lake/data/a.x"));
  CHECK_FALSE(takes("data/{unit}", "a.x", "lake/data/a.y"));
  CHECK_FALSE(takes("data/{unit}", "a.x", "lake/data/a"));
  CHECK(takes("{unit}.jsonl.gz", "example", "lake/example.jsonl.zst"));
  CHECK_FALSE(takes("{unit}.jsonl.gz", "example", "lake/example.com.jsonl.gz"));
  CHECK_FALSE(takes("{unit}.{n}.jsonl.gz", "a", "lake/a.00001.00002.jsonl.gz"));
  CHECK(takes("{unit}.v2.jsonl.gz", "a", "lake/a.v2.jsonl"));
  CHECK_FALSE(takes("{unit}.v2.jsonl.gz", "a", "lake/a.v3.jsonl.gz"));
  CHECK_FALSE(is_of("{unit:%d.%m.%Y}", "lake/08.03.2024"));
}

TEST_CASE("units that can't be told apart are found") {
  const auto meet = [](std::string_view name, const std::vector<std::string>& units) {
    const OutputNames names(
        {.name = *Template::parse(name, TemplateUse::name), .extension = ".jsonl.gz"});
    const auto found = units_that_meet(names, units);
    return found ? found->one + " " + found->other : "";
  };
  CHECK(meet("{unit}.jsonl.gz", {"example", "example.com", "example.com.au"}) == "");
  CHECK(meet("{unit}.jsonl.gz", {"example", "x", "example.jsonl"}) == "example example.jsonl");
  CHECK(meet("{unit}/{n}.jsonl.gz", {"example", "example.jsonl"}) == "");
  CHECK(meet("{unit}-{n}.jsonl.gz", {"example", "example.jsonl"}) == "");
}

TEST_CASE("a stream's names tell the span, and a time in them may go over several segments") {
  const auto is_of_span = [](std::string_view name, std::string_view key) {
    const OutputNames names(
        {.name = *Template::parse(name, TemplateUse::name), .extension = ".jsonl.gz"});
    return key_names(names, "lake/", {.id = "0"}, NamedBy::span).is_unit_key(key);
  };
  CHECK(is_of_span("{.t:%Y/%m}/{unit}-{n}.jsonl.gz", "lake/2024/02/0-000000000017-00003.jsonl.gz"));
  CHECK_FALSE(is_of_span("{.t:%Y/%m}/{unit}-{n}.jsonl.gz", "lake/2024/02/0-00003.jsonl.gz"));
  CHECK_FALSE(
      is_of_span("{.t:%Y/%m}/{unit}-{n}.jsonl.gz", "lake/2024/02/1-000000000017-00003.jsonl.gz"));
}

}  // namespace sluice

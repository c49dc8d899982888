#include "job/drift.h"

#include <doctest/doctest.h>

namespace sluice {

namespace {

using Fields = std::vector<ledger::FieldCount>;

UnitProfile profile(uint64_t records, uint64_t record_bytes, Fields fields = {{".id", 1'000}},
                    Fields nested = {}) {
  return {"2024-02-07",
          records,
          {.records = records,
           .bytes = records * record_bytes,
           .looked_at = 1'000,
           .levels = 2,
           .fields = std::move(fields),
           .nested = std::move(nested)}};
}

}  // namespace

TEST_CASE("as many records, but half as large again, with new fields: that is the words") {
  const UnitProfile before =
      profile(83'688, 19'200, {{".cluster", 1'000}, {".id", 1'000}, {".legacy_id", 990}});
  const UnitProfile now =
      profile(83'688, 29'100,
              {{".annotations", 1'000}, {".cluster", 1'000}, {".id", 1'000}, {".sources", 400}});
  CHECK(drift(now, {before}) ==
        "drift: 83,688 records as before, but 28.4KiB each, was 18.8KiB (+52 %); new fields: "
        ".annotations, .sources; gone: .legacy_id (against 2024-02-07)");
}

TEST_CASE("other numbers of records are told in either direction, small changes are not") {
  const UnitProfile before = profile(1'000, 100);
  CHECK(drift(profile(1'299, 124), {before}).empty());
  CHECK(drift(profile(701, 76), {before}).empty());
  CHECK(drift(profile(1'301, 100), {before}) ==
        "drift: 1,301 records, was 1,000 (+30 %) (against 2024-02-07)");
  CHECK(drift(profile(500, 70), {before}) ==
        "drift: 500 records, was 1,000 (-50 %), and 70B each, was 100B (-30 %) (against "
        "2024-02-07)");
  CHECK(drift(profile(3, 100), {profile(0, 0)}) == "drift: 3 records, was 0 (against 2024-02-07)");
  CHECK(drift(profile(0, 0), {profile(3, 100)}) ==
        "drift: 0 records, was 3 (-100 %) (against 2024-02-07)");
  CHECK(drift(profile(0, 0), {profile(0, 0)}).empty());
  CHECK(drift(profile(5, 5), {}).empty());
}

TEST_CASE("fields that are rare, or of which too few records were seen, are no news") {
  const UnitProfile plain = profile(1'000, 100);
  CHECK(drift(profile(1'000, 100, {{".id", 1'000}, {".rare", 9}}), {plain}).empty());
  CHECK(!drift(profile(1'000, 100, {{".id", 1'000}, {".rare", 11}}), {plain}).empty());
  UnitProfile few = plain;
  few.shape.looked_at = 2;
  few.shape.fields = {{".other", 2}};
  CHECK(drift(few, {plain}).empty());
  UnitProfile twice = profile(1'000, 100, {{".id", 2'000}});  // In each record twice
  CHECK(drift(twice, {few}).empty());
}

TEST_CASE("members of a member are told, but not those of one that is news itself") {
  const UnitProfile before =
      profile(9, 9, {{".user", 1'000}}, {{".user.id", 1'000}, {".user.name", 1'000}});
  const UnitProfile now = profile(9, 9, {{".user", 1'000}, {".where", 1'000}},
                                  {{".user.id", 1'000}, {".where.city", 1'000}});
  CHECK(drift(now, {before}) == "drift: new fields: .where; gone: .user.name (against 2024-02-07)");
}

TEST_CASE("levels whose names were too many are not compared") {
  const UnitProfile before = profile(9, 9, {{".a", 1'000}}, {{".a.b", 1'000}});
  UnitProfile now = profile(9, 9, {{".a", 1'000}});
  now.shape.levels = 1;
  CHECK(drift(now, {before}).empty());
  now.shape.levels = 2;
  CHECK(!drift(now, {before}).empty());
  now = profile(9, 9, {});
  now.shape.levels = 0;
  CHECK(drift(now, {before}).empty());
}

TEST_CASE("a unit is off only if it is unlike all that it is held against") {
  const UnitProfile day_before = profile(1'000, 100, {{".id", 1'000}, {".weekday", 1'000}});
  const UnitProfile week_before = profile(300, 200, {{".id", 1'000}});
  const UnitProfile now = profile(310, 190, {{".id", 1'000}});
  CHECK(!drift(now, {day_before}).empty());
  CHECK(drift(now, {day_before, week_before}).empty());
}

TEST_CASE("a long list of names is cut") {
  Fields many;
  for (int i = 10; i < 40; ++i) many.push_back({"." + std::to_string(i), 1'000});
  const std::string words = drift(profile(9, 9, many), {profile(9, 9, {})});
  CHECK(words.find(".10, .11") != words.npos);
  CHECK(words.find(".21 and 18 more") != words.npos);
}

TEST_CASE("a process close to its limit is warned of, one without a limit never") {
  CHECK(memory_warning(799, 1'000, 600).empty());
  CHECK(memory_warning(3'000, UINT64_MAX, 600).empty());
  CHECK(memory_warning(820ULL << 20, 1ULL << 30, 600ULL << 20) ==
        "memory: the process took 820MiB, 80 % of the 1GiB that it may have, beyond which it would "
        "be killed; give it a smaller --memory than 600MiB, or a higher limit");
}

TEST_CASE("a manifest without a shape is held against nothing") {
  CHECK(!profile_of(ledger::Manifest{.epoch = 1}, "x"));
  WalkShape shape{.records = 2, .bytes = 20};
  shape.fields.look(R"({"a":{"b":1}})");
  ledger::Manifest manifest{.epoch = 1, .shape = to_shape(shape)};
  manifest.sums.records = 1;
  CHECK(manifest.shape.looked_at == 1);
  CHECK(manifest.shape.levels == 2);
  CHECK(manifest.shape.fields == Fields{{".a", 1}});
  CHECK(manifest.shape.nested == Fields{{".a.b", 1}});
  CHECK(profile_of(manifest, "x")->records == 1);
}

}  // namespace sluice

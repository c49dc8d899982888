#include "ledger/unit.h"

#include <doctest/doctest.h>

namespace sluice::ledger {

TEST_CASE("a unit's keys are matched whole") {
  const Names names = Names::of_unit("lake/", "2024-02-08");
  CHECK(names.is_unit_key("lake/dt=2024-02-08/2024-02-08-00000.jsonl.gz"));
  CHECK(names.is_unit_key("lake/2024-02-08-00000.jsonl.zst"));
  CHECK(names.is_unit_key("lake/a/b/2024-02-08-123456.parquet"));
  CHECK(names.is_unit_key("lake/a/2024-02-08-00000"));
  CHECK(!names.is_unit_key("lake/dt=2024-02-08/2024-02-09-00000.jsonl.gz"));
  CHECK(!names.is_unit_key("lake/dt=2024-02-08/x2024-02-08-00000.jsonl.gz"));
  CHECK(!names.is_unit_key("lake/dt=2024-02-08/2024-02-08-0000.jsonl.gz"));
  CHECK(!names.is_unit_key("lake/dt=2024-02-08/2024-02-08-00000.jsonl.gz/x"));
  CHECK(!names.is_unit_key("pond/2024-02-08-00000.jsonl.gz"));
}

TEST_CASE("a unit whose id is the beginning of another's name is not mistaken for it") {
  CHECK(!Names::of_unit("", "a").is_unit_key("a-00001-00000.jsonl"));
  CHECK(!Names::of_unit("", "a").is_unit_key("a-00001.jsonl-00000.jsonl"));
  CHECK(Names::of_unit("", "a-00001").is_unit_key("a-00001-00000.jsonl"));
  CHECK(!Names::of_unit("", "00000").is_unit_key("a/1-00000-00000.jsonl"));
}

TEST_CASE("an extension is one that objects have, not whatever follows a dot") {
  for (const std::string text : {"", ".jsonl.gz", ".jsonl", ".gz", ".csv.zst", ".parquet"})
    CHECK(is_object_extension(text));
  for (const std::string text :
       {".com", ".com.jsonl.gz", ".00001.jsonl.gz", ".", "jsonl", ".gz.gz"})
    CHECK(!is_object_extension(text));
}

TEST_CASE("a whole-key template is matched piece by piece") {
  using Kind = NamePiece::Kind;
  const Names fixed = Names::of_template("raw/", {{Kind::text, "date=2024-02-08/v.jsonl.gz"}});
  CHECK(fixed.is_unit_key("raw/date=2024-02-08/v.jsonl.gz"));
  CHECK(!fixed.is_unit_key("raw/date=2024-02-08/v.jsonl.gz2"));
  const Names rolling = Names::of_template("", {{Kind::text, "t="},
                                                {Kind::value},
                                                {Kind::text, "/d-"},
                                                {Kind::number},
                                                {Kind::text, ".gz"}});
  CHECK(rolling.is_unit_key("t=x/d-00017.gz"));
  CHECK(!rolling.is_unit_key("t=/d-00017.gz"));
  CHECK(!rolling.is_unit_key("t=x/y/d-00017.gz"));
}

TEST_CASE("a unit's documents lie beside each other and never meet another unit's") {
  const Unit unit{.job = "trail", .id = "o/1", .state_prefix = "_sluice/"};
  CHECK(unit.record_key() == Key("_sluice/trail/o%2F1.json"));
  CHECK(unit.side_key(unit.inputs_file(7)) == Key("_sluice/trail/o%2F1/7.inputs.json"));
  CHECK(unit.manifest_key(180) == Key("_sluice/trail/o%2F1/180.json"));
  CHECK(unit.mark(7) == Mark("trail/o%2F1/7"));
}

TEST_CASE("a record's key tells its unit") {
  for (const std::string id : {"2024-02-08", "o/1", "100%", "a%2Fb", "~01HR.9"}) {
    CHECK(unit_of_record_key(unit_file_name(id) + ".json") == id);
  }
  CHECK(!unit_of_record_key("u/7.inputs.json"));
  CHECK(!unit_of_record_key("u.catalogue"));
  CHECK(!unit_of_record_key("a%zz.json"));
}

}  // namespace sluice::ledger

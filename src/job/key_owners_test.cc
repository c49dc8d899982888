#include "job/key_owners.h"

#include <doctest/doctest.h>

#include <memory>

namespace sluice {
namespace {

using Kind = ledger::NamePiece::Kind;

ledger::UnitPtr unit_of(ledger::Names names) {
  ledger::Unit unit{.names = std::move(names)};
  return std::make_shared<const ledger::Unit>(std::move(unit));
}

// What each of them says, one after another.
std::optional<size_t> by_asking_all(const std::vector<ledger::UnitPtr>& units,
                                    std::string_view key) {
  for (size_t i = 0; i < units.size(); ++i) {
    if (units[i]->names.is_unit_key(key)) return i;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("the owner of a key is the first unit that may have written it") {
  std::vector<ledger::UnitPtr> units;
  for (const char* id : {"a", "ab", "b", "a-00001"})
    units.push_back(unit_of(ledger::Names::of_unit("lake/", id)));
  const auto named = [](const std::string& id) {
    auto names = ledger::Names::of_template("lake/", {{Kind::text, "by/"},
                                                      {Kind::value},
                                                      {Kind::text, "/"},
                                                      {Kind::text, id + "."},
                                                      {Kind::number},
                                                      {Kind::known_extension}});
    names.copies = {{Kind::text, "aside/" + id + "-"}, {Kind::number}, {Kind::extension}};
    return unit_of(std::move(names));
  };
  std::vector<ledger::UnitPtr> with_names = {named("x"), named("yy"), named("x"), unit_of({})};
  with_names.push_back(unit_of(ledger::Names::of_template("lake/", {{Kind::number}})));
  for (const auto* some : {&units, &with_names}) {
    const KeyOwners owners(*some);
    for (const std::string key :
         {"lake/a-00001.jsonl", "lake/dt=1/ab-00001.jsonl.gz", "lake/b-00001", "lake/a-00001-00002",
          "lake/c-00001", "other/a-00001", "lake/", "lake/by/k/x.00001.jsonl",
          "lake/by/k/yy.00001.jsonl", "lake/by/k/z.00001.jsonl", "lake/aside/yy-00000.jsonl",
          "lake/by/x./yy.00000", "lake/12345"}) {
      CAPTURE(key);
      CHECK(owners.owner_of(key) == by_asking_all(*some, key));
    }
  }
}

TEST_CASE("for a key of a lake each of ten thousand units is asked whether it is its own") {
  std::vector<ledger::UnitPtr> units;
  for (int i = 0; i < 10'000; ++i)
    units.push_back(unit_of(ledger::Names::of_unit("lake/", "unit-" + std::to_string(i))));
  const KeyOwners owners(units);
  for (const size_t i : {size_t{0}, size_t{77}, size_t{9'999}}) {
    const std::string key =
        "lake/dt=2024-02-08/region=eu/unit-" + std::to_string(i) + "-00000.jsonl.gz";
    CHECK(owners.owner_of(key) == i);
    CHECK(owners.candidates(key).size() <= 4);  // unit-7 as well as unit-77
  }
  CHECK(owners.candidates("lake/dt=2024-02-08/other-1-00000.jsonl.gz").empty());
}

}  // namespace sluice

#include "sink/dedupe.h"

#include <doctest/doctest.h>

namespace sluice {

TEST_CASE(
    "the same field and bytes are a duplicate, other bytes a conflict, and both are remembered") {
  Budget budget(1 << 20);
  Dedupe dedupe(budget);
  const Hash128 field = hash128("id-1"), a = hash128("a"), b = hash128("b");
  CHECK(*dedupe.add(field, a) == Dedupe::Kind::first);
  CHECK(*dedupe.add(field, a) == Dedupe::Kind::duplicate);
  CHECK(*dedupe.add(field, b) == Dedupe::Kind::conflict);
  CHECK(*dedupe.add(field, b) == Dedupe::Kind::duplicate);
  CHECK(*dedupe.add(hash128("id-2"), a) == Dedupe::Kind::first);
  CHECK(*dedupe.add(Hash128{}, Hash128{}) == Dedupe::Kind::first);
  CHECK(*dedupe.add(Hash128{}, Hash128{}) == Dedupe::Kind::duplicate);
}

TEST_CASE(
    "its memory is the budget's, is as predicted, and more records than fit are refused in words") {
  constexpr uint64_t records = 20'000;
  Budget budget(Dedupe::bytes_for(records));
  Dedupe dedupe(budget);
  uint64_t i = 0;
  for (; i < records; ++i) REQUIRE(dedupe.add({i, i}, {i, 7}).ok());
  CHECK(budget.peak() <= Dedupe::bytes_for(records));
  Result<Dedupe::Kind> last = Dedupe::Kind::first;
  for (; last.ok() && i < 100 * records; ++i) last = dedupe.add({i, i}, {i, 7});
  REQUIRE_FALSE(last.ok());
  CHECK(last.error().message.find("--memory") != std::string::npos);
}

}  // namespace sluice

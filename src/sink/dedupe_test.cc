#include "sink/dedupe.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace sluice {
namespace {

struct Shares {
  Shares(uint64_t share_bytes, uint64_t annex_bytes)
      : share(share_bytes), common(annex_bytes), annex(*common.try_reserve(annex_bytes)) {}
  Budget share, common;
  Annex annex;
};

Hash128 id(uint64_t n) {
  return hash128("id-" + std::to_string(n));
}

// Adds new records till there is no room; how many.
uint64_t fill_up(Dedupe& dedupe, uint64_t from) {
  uint64_t n = from;
  while (dedupe.add(id(n), {n, 7}) == Dedupe::Kind::first) ++n;
  return n - from;
}

}  // namespace

TEST_CASE(
    "the same field and bytes are a duplicate, other bytes a conflict, and both are remembered") {
  Shares shares(1 << 20, 0);
  Dedupe dedupe(shares.share, shares.annex);
  const Hash128 field = hash128("id-1"), a = hash128("a"), b = hash128("b");
  CHECK(dedupe.add(field, a) == Dedupe::Kind::first);
  CHECK(dedupe.add(field, a) == Dedupe::Kind::duplicate);
  CHECK(dedupe.add(field, b) == Dedupe::Kind::conflict);
  CHECK(dedupe.add(field, b) == Dedupe::Kind::duplicate);
  CHECK(dedupe.add(hash128("id-2"), a) == Dedupe::Kind::first);
  CHECK(dedupe.add(Hash128{}, Hash128{}) == Dedupe::Kind::first);
  CHECK(dedupe.add(Hash128{}, Hash128{}) == Dedupe::Kind::duplicate);
  CHECK(dedupe.records() == 4);
}

TEST_CASE("what is remembered survives each growth of the table") {
  Shares shares(64 << 20, 0);
  Dedupe dedupe(shares.share, shares.annex);
  constexpr uint64_t records = 200'000;
  for (uint64_t i = 0; i < records; ++i) REQUIRE(dedupe.add(id(i), {i, 7}) == Dedupe::Kind::first);
  for (uint64_t i = 0; i < records; ++i) {
    REQUIRE(dedupe.add(id(i), {i, 7}) == Dedupe::Kind::duplicate);
  }
  for (uint64_t i = 0; i < records; i += 97) {
    REQUIRE(dedupe.add(id(i), {i, 8}) == Dedupe::Kind::conflict);
  }
}

TEST_CASE("its memory is charged, and is at most what was predicted") {
  for (const uint64_t records : {0, 1, 1'000, 20'000, 100'000, 1'060'000}) {
    Shares shares(Dedupe::bytes_for(records), 0);
    Dedupe dedupe(shares.share, shares.annex);
    uint64_t i = 0;
    while (i < records && dedupe.add(id(i), {i, 7}) == Dedupe::Kind::first) ++i;
    CHECK(i == records);
    CHECK(shares.share.peak() <= Dedupe::bytes_for(records));
    CHECK(Dedupe::bytes_for(records) <= 48 * records + (320 << 10));
  }
}

TEST_CASE("how many records a unit can have doesn't depend on who else is there") {
  constexpr uint64_t share_bytes = 200'000, annex_bytes = 1'000'000;
  uint64_t alone = 0;
  {
    Shares shares(share_bytes, annex_bytes);
    Dedupe dedupe(shares.share, shares.annex);
    alone = fill_up(dedupe, 0);
    CHECK(dedupe.add(id(alone), {alone, 7}) == Dedupe::Kind::full);
  }
  CHECK(alone > share_bytes / 48);
  Shares shares(share_bytes, annex_bytes);
  Budget other_share(share_bytes);
  auto first = std::make_unique<Dedupe>(shares.share, shares.annex);
  Dedupe second(other_share, shares.annex);
  CHECK(fill_up(*first, 0) == alone);
  // The other has its own share, then it waits till the first is gone.
  const uint64_t before = fill_up(second, 0);
  CHECK(before < alone);
  CHECK(second.add(id(before), {before, 7}) == Dedupe::Kind::wait);
  first.reset();
  CHECK(before + fill_up(second, before) == alone);
}

}  // namespace sluice

#include "app/lake_index.h"

#include <doctest/doctest.h>

namespace sluice {
namespace {

using Counts = LakeIndex::Counts;
using Look = LakeIndex::Look;

TEST_CASE("an object is told from another of its name, and from one that isn't there") {
  LakeIndex index;
  index.add(Key("a"), ETag("1"), 7, Counts::yes);
  CHECK(index.look(Key("a"), ETag("1"), 7) == Look::same);
  CHECK(index.look(Key("a"), ETag("1"), 8) == Look::another);
  CHECK(index.look(Key("a"), ETag("2"), 7) == Look::another);
  CHECK(index.look(Key("b"), ETag("1"), 7) == Look::missing);
  CHECK(!index.name(Key("b"), "job/u"));
  CHECK(index.look(Key("b"), ETag(), 0) == Look::missing);  // Named, and not there
}

TEST_CASE("who names an object that another has named hears of him") {
  LakeIndex index;
  CHECK(!index.name(Key("a"), "job/u"));
  CHECK(!index.name(Key("a"), "job/u"));
  CHECK(index.name(Key("a"), "job/v") == "job/u");
  CHECK(index.name(Key("a"), "job/w") == "job/u");
  CHECK(!index.name(Key("b"), "job/v"));
}

TEST_CASE("nobody's is what lies there, counts, and is neither named nor about to be") {
  LakeIndex index;
  for (const char* key : {"extra", "named", "begun"})
    index.add(Key(key), ETag("1"), 1, Counts::yes);
  index.add(Key("_hidden"), ETag("1"), 1, Counts::no);
  CHECK(!index.name(Key("named"), "job/u"));
  CHECK(!index.name(Key("missing"), "job/u"));
  index.excuse(Key("begun"));
  CHECK(index.nobodys() == 1);
  CHECK(index.is_nobodys(Key("extra")));
  for (const char* key : {"named", "begun", "_hidden", "missing", "never"})
    CHECK(!index.is_nobodys(Key(key)));
}

TEST_CASE("a million objects are 64 MiB, and each is found again") {
  LakeIndex index;
  const auto key = [](int i) {
    return Key("dt=2024-02-08/region=eu-central-1/a-name-as-long-as-they-are-" + std::to_string(i) +
               ".jsonl.gz");
  };
  constexpr int count = 1'000'000;
  for (int i = 0; i < count; ++i)
    index.add(key(i), ETag("e"), static_cast<uint64_t>(i), Counts::yes);
  CHECK(index.bytes() <= 64 << 20);
  CHECK(index.nobodys() == count);
  for (int i = 0; i < count; i += 997)
    CHECK(index.look(key(i), ETag("e"), static_cast<uint64_t>(i)) == Look::same);
}

}  // namespace
}  // namespace sluice

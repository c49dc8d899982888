#include "record/field_counts.h"

#include <doctest/doctest.h>

namespace sluice {

namespace {

std::string text_of(const FieldCounts::Counts& counts) {
  std::string text;
  for (const auto& [name, records] : counts) text += name + "=" + std::to_string(records) + " ";
  return text;
}

FieldCounts looked_at(std::initializer_list<std::string_view> texts) {
  FieldCounts counts;
  for (const std::string_view text : texts) counts.look(text);
  return counts;
}

}  // namespace

TEST_CASE("members are counted, and members of members; arrays are not entered") {
  const FieldCounts counts = looked_at(
      {R"({"id":1,"user":{"name":"a","tags":{"x":{"y":1}}},"list":[{"in":1},{"in":{"z":2}}]})",
       R"( { "id" : "}{\"" , "user" : null , "more" : {} , "last" : [ ] } )"});
  CHECK(counts.looked_at() == 2);
  CHECK(text_of(counts.top()) == ".id=2 .last=1 .list=1 .more=1 .user=2 ");
  CHECK(text_of(counts.nested()) == ".user.name=1 .user.tags=1 ");
}

TEST_CASE("keys are taken as they mean, and strings end where they end") {
  const FieldCounts counts =
      looked_at({R"({"a\u0062\"":"x\\","c\\":"\\\"","":1,"d":-1.5e3,"e":true})"});
  CHECK(text_of(counts.top()) == ".=1 .ab\"=1 .c\\=1 .d=1 .e=1 ");
}

TEST_CASE("what is no object has no fields, and what is no JSON does no harm") {
  const FieldCounts counts =
      looked_at({"[1]", "\"{\"", "17", "", "{", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":{\"b\":[", "}",
                 "{]", "{\"a\\", "{{{", "{\"a\":\"\\\\\\\""});
  CHECK(counts.looked_at() == 14);
}

TEST_CASE("in whatever order parts are merged, the whole is the same") {
  const FieldCounts a = looked_at({R"({"x":1,"y":{"z":1}})", R"({"x":1})"});
  const FieldCounts b = looked_at({R"({"w":1,"y":{"v":1}})"});
  FieldCounts ab = a, ba = b;
  ab.merge(b);
  ba.merge(a);
  CHECK(ab.looked_at() == 3);
  CHECK(text_of(ab.top()) == ".w=1 .x=2 .y=2 ");
  CHECK(text_of(ab.top()) == text_of(ba.top()));
  CHECK(text_of(ab.nested()) == text_of(ba.nested()));
}

TEST_CASE("a level of too many names is not counted, in whatever parts they come") {
  FieldCounts all, merged;
  for (int i = 0; i < 300; ++i) {
    const std::string text = R"({"id":1,"by_id":{")" + std::to_string(i) + R"(":1}})";
    all.look(text);
    FieldCounts one;
    one.look(text);
    merged.merge(one);
  }
  for (const FieldCounts* counts : {&all, &merged}) {
    CHECK(counts->too_many_nested());
    CHECK(counts->nested().empty());
    CHECK(!counts->too_many_top());
    CHECK(text_of(counts->top()) == ".by_id=300 .id=300 ");
  }
  FieldCounts keys;
  for (int i = 0; i < 300; ++i) keys.look("{\"" + std::to_string(i) + "\":1}");
  CHECK(keys.too_many_top());
  CHECK(keys.top().empty());
}

TEST_CASE("a record is looked at by where it stands: all at first, then about one of 128") {
  constexpr uint64_t bytes = FieldCounts::bytes_looked_through;
  constexpr uint64_t documents = FieldCounts::documents_looked_through;
  CHECK(FieldCounts::looks_at(0, 0));
  CHECK(FieldCounts::looks_at(documents - 1, bytes - 1));
  uint64_t of_one = 0, of_many = 0;
  for (uint64_t i = 0; i < 1'000 * FieldCounts::every; ++i) {
    of_one += FieldCounts::looks_at(0, bytes + i * 731);
    of_many += FieldCounts::looks_at(documents + i, 12);
  }
  CHECK(of_one > 900);
  CHECK(of_one < 1'100);
  CHECK(of_many > 900);
  CHECK(of_many < 1'100);
}

}  // namespace sluice

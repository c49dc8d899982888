#include "json/edit_plan.h"

#include <doctest/doctest.h>

#include "json/scan.h"
#include "json/value.h"

namespace sluice::json {
namespace {

using Verb = EditWord::Verb;

Path path(std::string_view text) {
  return parse_path(text).value();
}
EditWord word(Verb verb, std::string_view at, std::string key = {}) {
  EditWord made{.verb = verb, .path = path(at), .key = std::move(key)};
  made.rewriter = [](std::string_view raw) -> Result<std::optional<std::string>> {
    if (kind(raw) == Kind::string) return std::optional<std::string>();
    return std::optional(quote(raw));
  };
  return made;
}

class Values final : public SetValues {
 public:
  explicit Values(std::span<const std::string> values) : values_(values) {}
  size_t bytes_about() const override { return 0; }
  Status append(size_t which, uint64_t bytes_max, std::string& out) const override {
    if (values_[which].empty()) return Error{ErrorKind::not_found, "no such value"};
    if (out.size() + values_[which].size() > bytes_max) return Error{ErrorKind::too_large, ""};
    out += values_[which];
    return {};
  }

 private:
  std::span<const std::string> values_;
};

// One after the other, with edit.h; nothing if one can't be done.
std::optional<std::string> one_by_one(std::span<const EditWord> words,
                                      std::span<const std::string> values, std::string record) {
  size_t value = 0;
  for (const EditWord& one : words) {
    std::string out;
    Result<Edit> edit = Edit::unchanged;
    if (one.verb == Verb::set) edit = set(record, one.path, values[value++], out);
    if (one.verb == Verb::drop) edit = drop(record, one.path, out);
    if (one.verb == Verb::rename) edit = rename(record, one.path, one.key, out);
    if (one.verb == Verb::rewrite) edit = rewrite(record, one.path, one.rewriter, out);
    if (!edit.ok()) return std::nullopt;
    if (*edit == Edit::changed) record = out;
  }
  return record;
}

std::optional<std::string> at_once(const EditPlan& plan, std::span<const std::string> values,
                                   const std::string& record) {
  std::string out;
  switch (plan.apply(record, Values(values), UINT64_MAX, out)) {
    case EditPlan::Outcome::unchanged:
      return record;
    case EditPlan::Outcome::changed:
      return out;
    default:
      return std::nullopt;
  }
}

}  // namespace

TEST_CASE("all edits at once come to what they come to one after the other") {
  const std::vector<std::vector<EditWord>> plans = {
      {word(Verb::drop, ".a"), word(Verb::drop, ".b"), word(Verb::drop, ".c.d")},
      {word(Verb::drop, ".y.q"), word(Verb::set, ".x"), word(Verb::set, ".y.z")},
      {word(Verb::set, ".c.e"), word(Verb::set, ".n"), word(Verb::set, ".c.f.g")},
      {word(Verb::rename, ".a", "z"), word(Verb::drop, ".b"), word(Verb::set, ".new")},
      {word(Verb::rewrite, ".a"), word(Verb::rewrite, ".c.d"), word(Verb::drop, ".\"k\\\"\"")},
  };
  const std::vector<std::string> values = {"1.10", "\"two\"", "{\"three\":3}"};
  const std::vector<std::string> records = {
      R"({"a":1 , "b":[2],"c":{ "d":3, "e":4 },"y":{"q":1}})",
      R"({ "b" : 1 , "a" : 2 })",
      R"({"a":1,"a":2,"b":3,"a":4,"c":{},"c":{"d":1},"c":{"d":[1,2]}})",
      "{}",
      " { } ",
      R"({"a":1})",
      R"({"b":{"a":1},"k\"":1,"\u0061":5})",
      R"({"c":1})",
      R"({"c":[1],"y":[{"q":1}]})",
      R"({"z":1,"a":2})",
      "[1,2]",
      "7",
      R"({"x":0,"y":{"q":1,"z":2},"a":"s","c":{"d":null}})"};
  for (const auto& words : plans) {
    const auto plan = EditPlan::of(words);
    REQUIRE(plan);
    for (const std::string& record : records) {
      const auto expected = one_by_one(words, values, record);
      const auto found = at_once(*plan, values, record);
      CAPTURE(record);
      if (found) {
        CHECK(found == expected);
        CHECK(!find_fault(*found));
      } else if (expected) {
        // It may say that they must be done one by one: of a new name that is there, or where
        // nothing stays of an object.
        CHECK((record.find("\"z\"") != std::string::npos || expected->find("{ ") == 0 ||
               expected == "{}"));
      }
    }
  }
}

TEST_CASE("a record with many members and many words is edited the same way") {
  std::vector<EditWord> words;
  std::string record = "{";
  for (int i = 0; i < 60; ++i) {
    if (i % 2 == 0) words.push_back(word(Verb::drop, ".f" + std::to_string(i)));
    record += (i > 0 ? ",\"f" : "\"f") + std::to_string(i) + "\":" + std::to_string(i);
  }
  record += "}";
  const auto plan = EditPlan::of(words);
  REQUIRE(plan);
  CHECK(at_once(*plan, {}, record) == one_by_one(words, {}, record));
}

TEST_CASE("edits that see each other are no plan") {
  CHECK_FALSE(EditPlan::of(std::vector{word(Verb::set, ".a"), word(Verb::drop, ".a.b")}));
  CHECK_FALSE(EditPlan::of(std::vector{word(Verb::set, ".a"), word(Verb::set, ".a")}));
  CHECK_FALSE(EditPlan::of(std::vector{word(Verb::rename, ".a", "b"), word(Verb::drop, ".b")}));
  CHECK_FALSE(EditPlan::of(std::vector{word(Verb::drop, ".a[0]"), word(Verb::drop, ".a[1]")}));
  CHECK_FALSE(EditPlan::of(std::vector{word(Verb::drop, "/a/0"), word(Verb::drop, ".b")}));
  CHECK(EditPlan::of(std::vector{word(Verb::drop, ".ab"), word(Verb::drop, ".a.b")}));
}

TEST_CASE("what would be too long is said before it is made") {
  const auto plan = EditPlan::of(std::vector{word(Verb::set, ".a")});
  REQUIRE(plan);
  std::string out;
  const std::vector<std::string> values = {"\"" + std::string(100, 'x') + "\""};
  CHECK(plan->apply("{}", Values(values), 100, out) == EditPlan::Outcome::too_long);
  CHECK(out.empty());
}

TEST_CASE("a value that can't be had leaves nothing of the record behind") {
  const auto plan = EditPlan::of(std::vector{word(Verb::set, ".a"), word(Verb::set, ".b.c")});
  REQUIRE(plan);
  std::string out = "before";
  const std::vector<std::string> values = {"1", ""};
  CHECK(plan->apply("{}", Values(values), 100, out) == EditPlan::Outcome::refused);
  CHECK(out == "before");
}

}  // namespace sluice::json

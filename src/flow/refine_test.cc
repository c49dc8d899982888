#include "flow/refine.h"

#include <doctest/doctest.h>

#include "base/time.h"

namespace sluice {
namespace {

struct Outcome {
  std::optional<DocumentFault> fault;
  Batch batch;
};

Outcome refined(Recipe& recipe, const std::vector<std::string>& records,
                Spoils spoils = Spoils::record, bool json = true, const Since* since = nullptr) {
  std::string window;
  std::vector<Span> spans;
  for (const std::string& record : records) {
    spans.push_back({window.size(), window.size() + record.size()});
    window += record + "\n";
  }
  const UnitNames unit{.id = "u", .since = since};
  const Document document{.name = "doc"};
  Outcome out;
  out.batch.storage.push_back(Buffer::of(window));
  Scratch scratch;
  const Sliced sliced{out.batch.storage[0].view(), 100, spans};
  out.fault = refine({recipe, unit, document, spoils, json}, sliced, out.batch, scratch).fault;
  return out;
}

Recipe by_day() {
  Recipe recipe;
  recipe.place = *Template::parse("dt={.t:%F}/", TemplateUse::partition);
  return recipe;
}

}  // namespace

TEST_CASE("a record stays as it came, and gets the place of its own time") {
  Recipe recipe = by_day();
  const auto out = refined(
      recipe, {R"({"t":"2024-02-08T01:00:00Z" , "n":1.10})", R"({"t":"2024-02-09T01:00:00Z"})"});
  REQUIRE(out.batch.records.size() == 2);
  CHECK(out.batch.records[0].text == R"({"t":"2024-02-08T01:00:00Z" , "n":1.10})");
  CHECK(out.batch.places[out.batch.records[0].place] == "dt=2024-02-08/");
  CHECK(out.batch.places[out.batch.records[1].place] == "dt=2024-02-09/");
  CHECK(out.batch.records[0].offset == 100);
}

TEST_CASE("the fields of what is kept are counted as they are written, where a recipe asks") {
  Recipe recipe = by_day();
  const std::vector<std::string> records = {R"({"t":"2024-02-08T01:00:00Z","a":{"b":1}})", "nope",
                                            R"({"t":"2024-02-09T01:00:00Z"})", R"({"none":1})"};
  const auto without = refined(recipe, records);
  CHECK(!without.batch.fields);
  CHECK(without.batch.text_records == 2);
  CHECK(without.batch.text_bytes == records[0].size() + records[2].size());
  recipe.count_fields = true;
  recipe.set_aside_place = "aside/";  // Whose copies are none of the lake's records
  const auto out = refined(recipe, records);
  REQUIRE(out.batch.fields);
  CHECK(out.batch.fields->looked_at() == 2);
  CHECK(out.batch.fields->top() == FieldCounts::Counts{{".a", 1}, {".t", 2}});
  CHECK(out.batch.fields->nested() == FieldCounts::Counts{{".a.b", 1}});
  CHECK(out.batch.text_bytes == without.batch.text_bytes);
  CHECK(!refined(recipe, records, Spoils::record, false).batch.fields);
}

TEST_CASE("of an incremental source only what no earlier pass has had goes on; all of it counts") {
  Recipe recipe;
  recipe.cursor_field = json::parse_path(".n").value();
  const Incremental job{
      .field = *recipe.cursor_field, .kind = CursorKind::integer, .from = 0, .lookback = 2};
  const std::vector<std::string> earlier = {R"({"n":8})", R"({"n":10})"};
  const Since first = since(job, {}, {});
  const auto had = refined(recipe, earlier, Spoils::record, true, &first);
  CHECK(had.batch.records.size() == 2);
  HighWater before = had.batch.high_water;
  before.settle(job.lookback);
  const Since second = since(job, {before, {}}, {});
  const auto out = refined(recipe,
                           {R"({"n":7})", R"({"n":8})", R"({"n":9})", R"({"n":10})",
                            R"({"n":10,"changed":true})", R"({"n":"soon"})", "{}", R"({"n":12})"},
                           Spoils::record, true, &second);
  std::vector<std::string_view> texts;
  for (const Record& record : out.batch.records) texts.push_back(record.text);
  CHECK(texts ==
        std::vector<std::string_view>{R"({"n":9})", R"({"n":10,"changed":true})", R"({"n":12})"});
  CHECK(out.batch.had_before == 3);
  REQUIRE(out.batch.set_aside.size() == 2);
  CHECK(out.batch.set_aside[0].reason == ".n is not an integer: \"soon\"");
  CHECK(out.batch.set_aside[1].reason == "no .n");
  CHECK(out.batch.high_water.greatest() == 12);
}

TEST_CASE("a record from the future is kept once, and doesn't say how far a pass has come") {
  Recipe recipe;
  recipe.cursor_field = json::parse_path(".t").value();
  const Incremental job{.field = *recipe.cursor_field, .kind = CursorKind::time};
  const WallTime now = *parse_time("2024-02-08T10:00:00Z");
  const std::vector<std::string> records = {
      R"({"t":"2024-02-08T09:00:00Z"})", R"({"t":"2199-01-01T00:00:00Z"})",
      R"({"t":"2024-02-09T09:59:00Z"})"};  // A clock that is fast, or a time zone
  const Since first = since(job, {}, now);
  const auto out = refined(recipe, records, Spoils::record, true, &first);
  CHECK(out.batch.records.size() == 3);
  HighWater water = out.batch.high_water;
  water.settle(0);
  CHECK(water.greatest() == parse_time("2024-02-09T09:59:00Z")->ns);
  const Since second = since(job, {water, {}}, now);
  CHECK(refined(recipe, records, Spoils::record, true, &second).batch.had_before == 3);
}

TEST_CASE("line breaks between tokens go, and nothing else") {
  Recipe recipe;
  const auto out = refined(recipe, {"{\"a\":\r\n  1,\n \"b\":\"x\\ny\"}"});
  REQUIRE(out.batch.records.size() == 1);
  CHECK(out.batch.records[0].text == R"({"a":  1, "b":"x\ny"})");
}

TEST_CASE("a bad line is set aside alone; a bad record of one document spoils it from there") {
  Recipe recipe;
  const auto lines = refined(recipe, {"{}", "nope", "[]"});
  CHECK_FALSE(lines.fault);
  CHECK(lines.batch.records.size() == 2);
  REQUIRE(lines.batch.set_aside.size() == 1);
  CHECK(lines.batch.set_aside[0].offset == 103);
  const auto document = refined(recipe, {"{}", "{\"a\":nope}", "[]"}, Spoils::document);
  REQUIRE(document.fault);
  CHECK(document.fault->offset == 100 + 3 + 6);
  CHECK(document.batch.records.size() == 1);
}

TEST_CASE("a record whose value would put it among Sluice's own files is set aside") {
  Recipe recipe;
  recipe.place = *Template::parse("{.u}/", TemplateUse::partition);
  const auto out = refined(recipe, {R"({"u":"_sluice"})", R"({"u":"_sluices"})"});
  REQUIRE(out.batch.records.size() == 1);
  CHECK(out.batch.places[0] == "_sluices/");
  REQUIRE(out.batch.set_aside.size() == 1);
  CHECK(out.batch.set_aside[0].reason.find("Sluice's own files") != std::string::npos);
}

TEST_CASE("a record without its partition field is set aside, or goes where the job says") {
  Recipe recipe = by_day();
  const auto out = refined(recipe, {R"({"t":null})"});
  CHECK(out.batch.records.empty());
  REQUIRE(out.batch.set_aside.size() == 1);
  CHECK(out.batch.set_aside[0].reason.find(".t") != std::string::npos);
  Recipe lenient = by_day();
  lenient.place_if_missing = "dt=__HIVE_DEFAULT_PARTITION__/";
  const auto kept = refined(lenient, {R"({"t":null})"});
  REQUIRE(kept.batch.records.size() == 1);
  CHECK(kept.batch.places[0] == "dt=__HIVE_DEFAULT_PARTITION__/");
}

TEST_CASE(
    "identity is of the field, content of the bytes as they came; null and missing have none") {
  Recipe recipe;
  recipe.identity = *json::parse_path(".id");
  const auto out =
      refined(recipe, {R"({"id":1})", R"({"id":1})", R"({"id":1,"x":2})", R"({"id":null})", "{}"});
  const auto& r = out.batch.records;
  REQUIRE(r.size() == 5);
  CHECK(r[0].identity == r[1].identity);
  CHECK(r[0].content == r[1].content);
  CHECK(r[0].identity == r[2].identity);
  CHECK(r[0].content != r[2].content);
  CHECK_FALSE(r[3].has_identity);
  CHECK_FALSE(r[4].has_identity);
}

TEST_CASE("raw lines must be UTF-8 and need not be JSON") {
  Recipe recipe;
  const auto out = refined(recipe, {"not json", "\xff\xfe"}, Spoils::record, false);
  CHECK(out.batch.records.size() == 1);
  REQUIRE(out.batch.set_aside.size() == 1);
  CHECK(out.batch.set_aside[0].reason == "not UTF-8");
}

TEST_CASE("a copy of what is set aside says from where it came, and keeps any bytes") {
  const SetAside what{.offset = 7, .reason = "bad \"x\""};
  CHECK(set_aside_line(Secrets(), what, "d", "a\"b") ==
        R"({"document":"d","offset":7,"reason":"bad \"x\"","text":"a\"b"})");
  CHECK(set_aside_line(Secrets(), what, "d", "\xff") ==
        R"({"document":"d","offset":7,"reason":"bad \"x\"","base64":"/w=="})");
  Recipe recipe;
  recipe.set_aside_place = "_sluice/set_aside/job/";
  const auto out = refined(recipe, {"nope"});
  REQUIRE(out.batch.records.size() == 1);
  CHECK(out.batch.records[0].copy_of_set_aside);
  CHECK(out.batch.places[out.batch.records[0].place] == "_sluice/set_aside/job/");
  Secrets secrets;
  secrets.add("TOKEN", "t0ken-of-the-job");
  CHECK(set_aside_line(secrets, what, "/one?id=7&shard=t0ken-of-the-job&X-Amz-Signature=51", "x")
            .starts_with(R"({"document":"/one?id=7&shard=${TOKEN}&X-Amz-Signature=***",)"));
}

namespace {

// Drops 2, refuses 3, makes 4 of 1; fails on 5.
class Together : public Transform {
 public:
  bool wants_many() const override { return true; }
  Status apply_all(TransformBatch& batch) const override {
    CHECK(batch.outcomes.size() == batch.records.size());
    batch.warnings.push_back(std::to_string(batch.records.size()) + " together");
    for (size_t i = 0; i < batch.records.size(); ++i) {
      const std::string_view text = batch.records[i];
      if (text == "5") return Error{ErrorKind::invalid, "five"};
      if (text == "2") batch.outcomes[i].verdict = Verdict::dropped;
      if (text == "3") batch.outcomes[i].verdict = Error{ErrorKind::corrupt, "three"};
      if (text == "1") batch.outcomes[i] = {Verdict::changed, "4"};
    }
    return {};
  }
  Result<Verdict> apply(std::string_view, const RecordContext&, std::string&) const override {
    return Error{ErrorKind::internal, "alone"};
  }
};

}  // namespace

TEST_CASE("a transform that wants many records gets them together; their order stays") {
  Recipe recipe;
  recipe.transforms.push_back(std::make_unique<Together>());
  recipe.transforms.push_back(std::make_unique<Together>());
  const auto out = refined(recipe, {"1", "2", "nope", "[0]", "3", "1"});
  CHECK_FALSE(out.batch.failure);
  REQUIRE(out.batch.records.size() == 3);
  CHECK(out.batch.records[0].text == "4");
  CHECK(out.batch.records[1].text == "[0]");
  CHECK(out.batch.records[2].text == "4");
  CHECK(out.batch.filtered == 1);
  REQUIRE(out.batch.set_aside.size() == 2);
  CHECK(out.batch.set_aside[0].reason.starts_with("not JSON"));
  CHECK(out.batch.set_aside[1].reason == "three");
  CHECK(out.batch.set_aside[1].offset == 100 + 13);
  CHECK(out.batch.warnings == std::vector<std::string>{"5 together", "3 together"});
  // What lies before a fault of the document goes through all the same.
  const auto spoilt = refined(recipe, {"1", "nope", "1"}, Spoils::document);
  REQUIRE(spoilt.fault);
  CHECK(spoilt.batch.records.size() == 1);
}

TEST_CASE("what such a transform can't do at all ends the unit, and nothing is placed") {
  Recipe recipe;
  recipe.transforms.push_back(std::make_unique<Together>());
  const auto out = refined(recipe, {"1", "5"});
  REQUIRE(out.batch.failure);
  CHECK(out.batch.failure->message == "five");
  CHECK(out.batch.records.empty());
}

TEST_CASE("a batch takes as many records as can be charged, and the rest is for the next") {
  Recipe recipe;
  std::string window;
  std::vector<Span> spans;
  for (int i = 0; i < 5'000; ++i) {
    spans.push_back({window.size(), window.size() + 1});
    window += i % 2 == 0 ? "1\n" : "}\n";
  }
  const UnitNames unit{.id = "u"};
  const Document document{.name = "doc"};
  Budget budget(64 << 10);
  Scratch scratch;
  size_t done = 0, records = 0, set_aside = 0, batches = 0;
  while (done < spans.size()) {
    Batch batch;
    batch.charge = *budget.try_reserve(0);
    const Sliced sliced{window, 0, std::span(spans).subspan(done)};
    const Refined out = refine({recipe, unit, document}, sliced, batch, scratch);
    CHECK(!out.fault);
    REQUIRE(out.done > 0);
    done += out.done;
    records += batch.records.size();
    set_aside += batch.set_aside.size() + batch.set_aside_more;
    ++batches;
  }
  CHECK(records == 2'500);
  CHECK(set_aside == 2'500);
  CHECK(batches > 3);
  CHECK(budget.used() == 0);
}

TEST_CASE("a batch lists no more of what it sets aside than a unit does, and counts the rest") {
  Recipe recipe;
  const auto out = refined(recipe, std::vector<std::string>(set_aside_listed_max + 7, "}"));
  CHECK(out.batch.set_aside.size() == set_aside_listed_max);
  CHECK(out.batch.set_aside_more == 7);
}

namespace {

class Swell : public Transform {
  Result<Verdict> apply(std::string_view, const RecordContext& context,
                        std::string& out) const override {
    asked_most = std::max(asked_most, context.text_bytes_max);
    if (size + 2 > context.text_bytes_max) return longer_than(context.text_bytes_max);
    out = '"' + std::string(size, 'x') + '"';
    return Verdict::changed;
  }

 public:
  size_t size = 100'000;
  mutable uint64_t asked_most = 0;  // One test, one thread
};

}  // namespace

TEST_CASE("what transforms make is charged, and what is longer than record_max is set aside") {
  Recipe recipe;
  recipe.transforms.push_back(std::make_unique<Swell>());
  std::string window;
  std::vector<Span> spans;
  for (int i = 0; i < 50; ++i) {
    spans.push_back({window.size(), window.size() + 1});
    window += "1\n";
  }
  const UnitNames unit{.id = "u"};
  const Document document{.name = "doc"};
  Budget budget(512 << 10);
  Scratch scratch;
  Batch batch;
  batch.charge = *budget.try_reserve(0);
  const Refined out = refine({recipe, unit, document}, {window, 0, spans}, batch, scratch);
  CHECK(out.done > 0);
  CHECK(out.done < 6);
  CHECK(batch.records.size() == out.done);
  for (const Record& record : batch.records) CHECK(record.text.size() == 100'002);
  recipe.record_max = 1'000;
  const auto bounded = refined(recipe, {"1", "2"});
  CHECK(bounded.batch.records.empty());
  REQUIRE(bounded.batch.set_aside.size() == 2);
  CHECK(bounded.batch.set_aside[0].reason ==
        "longer than record_max (1000 bytes) after its transforms");
}

namespace {

// Its error reads as if the record had become too long.
class Mimic : public Transform {
  Result<Verdict> apply(std::string_view, const RecordContext& context,
                        std::string&) const override {
    ++asked;
    return Error{ErrorKind::corrupt, longer_than(context.text_bytes_max).message}.in("jq");
  }

 public:
  mutable int asked = 0;  // One test, one thread
};

}  // namespace

TEST_CASE("a record whose error only reads like being too long is not asked for again") {
  Recipe recipe;
  auto made = std::make_unique<Mimic>();
  const Mimic& mimic = *made;
  recipe.transforms.push_back(std::move(made));
  const std::vector<Span> spans = {{0, 1}};
  const UnitNames unit{.id = "u"};
  const Document document{.name = "doc"};
  Budget budget(64 << 20);
  Scratch scratch;
  Batch batch;
  batch.charge = *budget.try_reserve(0);
  const Refined out = refine({recipe, unit, document}, {"1\n", 0, spans}, batch, scratch);
  CHECK(out.done == 1);
  CHECK(batch.set_aside.size() == 1);
  CHECK(mimic.asked == 1);
}

TEST_CASE("a text that nothing is left for is not made ahead of its turn; at the head it is owed") {
  Recipe recipe;
  auto transform = std::make_unique<Swell>();
  transform->size = 3 << 20;
  const Swell& swell = *transform;
  recipe.transforms.push_back(std::move(transform));
  const std::vector<Span> spans{{0, 1}};
  const UnitNames unit{.id = "u"};
  const Document document{.name = "doc"};
  Budget little(64 << 10), much(64 << 20);
  Scratch scratch;
  const auto texts = [&](Budget& budget, Turn turn) {
    Batch batch;
    batch.charge = *budget.try_reserve(0);
    RefineInput input{recipe, unit, document};
    input.turn = turn;
    const Refined out = refine(input, {"1\n", 0, spans}, batch, scratch);
    CHECK(out.done == batch.records.size());
    CHECK(batch.set_aside.empty());
    if (&budget == &much && out.done > 0) CHECK(budget.used() >= swell.size);
    return out.done;
  };
  CHECK(texts(little, Turn::ahead) == 0);
  CHECK(swell.asked_most == 256 << 10);
  CHECK(texts(much, Turn::ahead) == 1);
  CHECK(texts(little, Turn::head) == 1);
  CHECK(little.used() + much.used() == 0);
}

}  // namespace sluice

#include "transform/jq.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "transform/exact_numbers.h"
#include "transform/testing.h"

namespace sluice {
namespace {

std::string jq(std::string_view program, std::string_view record) {
  return outcome(jq_doc(), make_jq, Node::of(program), record);
}

TEST_CASE("one result is the record, none drops it, several set it aside") {
  CHECK(jq("{id: .a.b, t: [.t[].n]}", R"({"a":{"b":"x"},"t":[{"n":1},{"n":2}]})") ==
        R"({"id":"x","t":[1,2]})");
  CHECK(jq("select(.a > 1)", R"({"a":2})") == R"({"a":2})");
  CHECK(jq("select(.a > 1)", R"({"a":1})") == "-");
  CHECK(jq(".[]", "[1]") == "1");
  CHECK(jq(".[]", "[1,2]") == "! jq: more than one result: a record can't become several");
}

TEST_CASE("an error of the program sets the record aside with jq's words") {
  CHECK(jq(".a.b", R"({"a":1})").starts_with("! jq: Cannot index number with"));
  CHECK(jq("error(\"no id\")", "{}") == "! jq: no id");
  CHECK(jq("error({a:1})", "{}") == R"(! jq: {"a":1})");
  CHECK(jq(".a, error(\"late\")", R"({"a":1})") == "! jq: late");
  CHECK(jq("halt", "{}") == "! jq: the program halts");
  CHECK(jq(".", "{").starts_with("! jq: not JSON"));
  CHECK(jq("error(\"" + std::string(1000, 'x') + "\")", "{}").size() < 400);
}

TEST_CASE("a program that is none is an error of the job file with jq's words") {
  CHECK(jq(".a |", "{}").find("syntax error") != std::string::npos);
  CHECK(jq("nonesuch(1)", "{}").find("nonesuch/1 is not defined") != std::string::npos);
}

TEST_CASE("numbers that come out as they went in keep their text") {
  for (const auto* number : {"1.10", "1.0", "-0", "1e3", "1E+2", "0.1", "123456789012345e-5",
                             "9007199254740992", "0.30000000000000004", "-0.0", "5e-324"}) {
    const std::string record = R"({"a":)" + std::string(number) + "}";
    CHECK_MESSAGE(jq(".", record) == record, number);
    CHECK_MESSAGE(jq("{b:.a}", record) == R"({"b":)" + std::string(number) + "}", number);
  }
  CHECK(jq("{a, s}", R"({"a":1.10,"s":"1.1 \" 1.1","t":true,"n":null,"f":false})") ==
        R"({"a":1.10,"s":"1.1 \" 1.1"})");
}

TEST_CASE("numbers that jq would round set the record aside, and strings are the way out") {
  for (const auto* number : {"9007199254740993", "12345678901234567890", "1e400", "-1e400",
                             "1e-400", "0.1000000000000000055511151231257827", "1e99999999999"}) {
    const std::string found = jq(".", R"({"a":)" + std::string(number) + "}");
    CHECK_MESSAGE(found.starts_with("! jq: the number "), found);
    CHECK_MESSAGE(found.find("would be rounded") != std::string::npos, found);
  }
  CHECK(jq(".", R"({"a":"9007199254740993"})") == R"({"a":"9007199254740993"})");
}

TEST_CASE("what jq computes is computed with the numbers there are") {
  CHECK(jq(".a + 1", R"({"a":1.10})") == "2.1");
  CHECK(jq(".a + .b", R"({"a":1.0,"b":2.50})") == "3.5");
  CHECK(jq(".a * 1", R"({"a":1.10})") == "1.10");  // The same number
}

TEST_CASE("a number that a record has in two ways is written as jq writes it") {
  CHECK(jq("[.a,.b,.c]", R"({"a":1,"b":1.0,"c":2.0})") == "[1,1,2.0]");
}

TEST_CASE("text of any script, control characters and deep values come through") {
  CHECK(jq(".a", "{\"a\":\"\\u0000\\n\xc3\xa9\xf0\x9f\x98\x8e\"}") ==
        "\"\\u0000\\n\xc3\xa9\xf0\x9f\x98\x8e\"");
  const std::string deep = std::string(600, '[') + std::string(600, ']');
  const std::string found = jq(".", deep);
  CHECK((found == deep || found.starts_with("! jq: ")));
}

TEST_CASE("workers have a program each") {
  auto made = make_from(jq_doc(), make_jq, Node::of(".a += 1"));
  REQUIRE(made.ok());
  std::vector<std::jthread> workers;
  std::vector<int> wrong(3);
  for (size_t worker = 0; worker < wrong.size(); ++worker) {
    workers.emplace_back([&, worker] {
      for (int i = 0; i < 300; ++i) {
        wrong[worker] += outcome(**made, R"({"a":)" + std::to_string(i) + "}") !=
                         R"({"a":)" + std::to_string(i + 1) + "}";
      }
    });
  }
  workers.clear();
  for (const int count : wrong) CHECK(count == 0);
}

std::unique_ptr<Transform> jq_with(std::string_view program, std::string memory,
                                   std::string timeout) {
  auto made = make_from(jq_doc(), make_jq,
                        Node::of_map({{"program", Node::of(program)},
                                      {"memory", Node::of(memory)},
                                      {"timeout", Node::of(timeout)}}));
  REQUIRE(made.ok());
  return std::move(*made);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a record that needs more memory than jq may take is set aside, and no other") {
  const auto transform = jq_with("if .n > 1 then [range(.n)] | length else .n end", "16MiB", "60s");
  const std::vector<std::string> records = {R"({"n":1})", R"({"n":9000000})", R"({"n":0})"};
  const UnitNames unit;
  const Document document;
  TransformBatch batch{.unit = unit, .document = document};
  batch.records.assign(records.begin(), records.end());
  batch.outcomes.resize(3);
  batch.answered = 3;
  REQUIRE(transform->apply_all(batch).ok());
  CHECK(batch.outcomes[0].out == "1");
  CHECK(batch.outcomes[2].out == "0");
  REQUIRE_FALSE(batch.outcomes[1].verdict.ok());
  CHECK(batch.outcomes[1].verdict.error().message.find("needs more than its `memory`") !=
        std::string::npos);
}
#endif

TEST_CASE("a jq program that loops is ended after its timeout, by its name") {
  const Instant begun = now();
  const std::string found = outcome(*jq_with("def f: f; f", "64MiB", "300ms"), "1");
  CHECK_MESSAGE(found.starts_with("! jq `def f: f; f`: "), found);
  CHECK_MESSAGE(found.find("has done nothing for 300 ms") != std::string::npos, found);
  CHECK_MESSAGE(found.find("does the program come to an end") != std::string::npos, found);
  CHECK_MESSAGE(found.find("flushed") == std::string::npos, found);  // That is exec's
  CHECK(now() - begun < 5_s);
}

TEST_CASE("a jq program that loops is ended once the run is to stop, by its name") {
  const auto transform = jq_with("def f: f; f", "64MiB", "60s");
  std::atomic<bool> cancelled = false;
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    cancelled = true;
  });
  const UnitNames unit;
  const Document document;
  TransformBatch batch{.unit = unit, .document = document, .records = {"1"}};
  batch.outcomes.resize(1);
  batch.answered = 1;
  batch.cancelled = &cancelled;
  const Instant begun = now();
  const Status status = transform->apply_all(batch);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().kind == ErrorKind::cancelled);
  CHECK(status.error().message.starts_with("jq `def f: f; f`: ended, since the run is to stop"));
  CHECK(now() - begun < 5_s);
}

TEST_CASE("what jq makes of a record is no longer than a record may be") {
  const auto transform = jq_with("\"x\" * .", "64MiB", "60s");
  CHECK(outcome(*transform, "10", 1'000) == "\"xxxxxxxxxx\"");
  CHECK(outcome(*transform, "2000", 1'000) ==
        "! jq: longer than record_max (1000 bytes) after its transforms");
  CHECK(outcome(*transform, "11", 1'000) == "\"xxxxxxxxxxx\"");
}

}  // namespace
}  // namespace sluice

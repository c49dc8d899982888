#include "transform/exec.h"

#include <doctest/doctest.h>

#include <thread>

#include "transform/testing.h"

namespace sluice {
namespace {

Node words(std::vector<std::string> texts) {
  std::vector<Node> items;
  for (const std::string& text : texts) items.push_back(Node::of(text));
  return Node::of_list(std::move(items));
}

std::unique_ptr<Transform> exec(std::vector<std::string> texts, std::string timeout = "10s") {
  auto made = make_from(
      exec_doc(), make_exec,
      Node::of_map({{"command", words(std::move(texts))}, {"timeout", Node::of(timeout)}}));
  REQUIRE(made.ok());
  return std::move(*made);
}
std::unique_ptr<Transform> shell(const std::string& script, std::string timeout = "10s") {
  return exec({"sh", "-c", script}, std::move(timeout));
}

struct Answers {
  Status status;
  std::vector<std::string> texts;  // As outcome() words them
  std::vector<std::string> warnings;
};
Answers answers(const Transform& transform, const std::vector<std::string>& records) {
  const UnitNames unit;
  const Document document;
  TransformBatch batch{.unit = unit, .document = document};
  batch.records.assign(records.begin(), records.end());
  batch.outcomes.resize(records.size());
  batch.answered = records.size();
  Answers out{transform.apply_all(batch), {}, std::move(batch.warnings)};
  for (size_t i = 0; i < records.size(); ++i) {
    const auto& [verdict, text] = batch.outcomes[i];
    out.texts.push_back(!verdict.ok()                    ? "! " + verdict.error().message
                        : *verdict == Verdict::unchanged ? records[i]
                        : *verdict == Verdict::dropped   ? "-"
                                                         : text);
  }
  return out;
}

TEST_CASE("each record is what the program answers to it, in order") {
  const auto transform = exec({"sed", "-u", "s/1/one/; /drop/s/.*//; s/^\"bad\"$/{/"});
  const auto out = answers(*transform, {"\"1\"", "2", "\"drop\"", "\"bad\"", "[1]"});
  REQUIRE(out.status.ok());
  REQUIRE(out.texts.size() == 5);
  CHECK(out.texts[0] == "\"one\"");
  CHECK(out.texts[1] == "2");
  CHECK(out.texts[2] == "-");
  CHECK(out.texts[3].starts_with("! exec: the answer is not JSON: at byte 1"));
  CHECK(out.texts[4].starts_with("! "));  // [one]
  CHECK(outcome(*transform, "\"1\"") == "\"one\"");
}

TEST_CASE("batches of any size go through pipes that hold little") {
  const auto transform = exec({"cat"});
  std::vector<std::string> records;
  for (int i = 0; i < 20'000; ++i) records.push_back(std::to_string(i));
  records.push_back('"' + std::string(3 << 20, 'x') + '"');
  for (int i = 0; i < 3; ++i) {
    const auto out = answers(*transform, records);
    REQUIRE(out.status.ok());
    CHECK(out.texts == records);
  }
}

TEST_CASE("a program that ends fails the unit, with its status and its last words") {
  const auto out = answers(*shell("read x; echo $x; echo 'no such id' >&2; exit 3"), {"1", "2"});
  REQUIRE_FALSE(out.status.ok());
  CHECK(out.status.error().kind == ErrorKind::invalid);
  CHECK(out.status.error().message ==
        "exec: sh: exit status 3 before all was answered: no such id");
  CHECK(answers(*shell("kill -9 $$"), {"1"}).status.error().message.find("killed by signal 9") !=
        std::string::npos);
  CHECK(answers(*exec({"./no-such-program"}), {"1"})
            .status.error()
            .message.find("can't be started") != std::string::npos);
}

TEST_CASE("a program that answers all and then fails is an error where all ends") {
  const auto end_of = [](const std::string& script) {
    const auto transform = shell(script);
    const auto out = answers(*transform, {"1", "2"});
    REQUIRE(out.status.ok());
    REQUIRE(out.texts.size() == 2);
    const Status end = transform->end();
    CHECK(transform->end().ok());  // Once
    return end.ok() ? "fine" : end.error().message;
  };
  CHECK(end_of("cat; echo 'the disk is full' >&2; exit 7") ==
        "exec: sh: exit status 7 after all was answered: the disk is full");
  // It needs no end of its input for that.
  CHECK(end_of("read x; echo $x; read x; echo $x; exit 7") ==
        "exec: sh: exit status 7 after all was answered");
  CHECK(end_of("cat; kill -SEGV $$").find("killed by signal 11") != std::string::npos);
  CHECK(end_of("cat; echo 3").find("more lines than it got") != std::string::npos);
  CHECK(end_of("cat; exit 0") == "fine");
  // What goes on without its input isn't waited for, nor is what it has left behind.
  const Instant began = now();
  CHECK(end_of("sleep 60 & cat") == "fine");
  CHECK(now() - began < 4_s);
  CHECK(end_of("cat; exec sleep 60") == "fine");
}

TEST_CASE("after a failure the next batch gets a new copy of the program") {
  const auto transform = shell("read x; test $x = 1 || exit 1; echo 2; cat");
  CHECK_FALSE(answers(*transform, {"0"}).status.ok());
  CHECK(answers(*transform, {"1"}).texts == std::vector<std::string>{"2"});
}

TEST_CASE("a line too many fails the unit, in whichever batch it shows") {
  const auto out = answers(*shell("read x; echo 1; echo 2; cat"), {"1"});
  if (out.status.ok()) return;  // The second line came later; then the next batch would see it
  CHECK(out.status.error().message.find("more lines than it got") != std::string::npos);
}

TEST_CASE("a program that hangs is killed after its timeout") {
  const Instant begun = now();
  const auto out = answers(*shell("echo thinking >&2; sleep 1000", "100ms"), {"1"});
  REQUIRE_FALSE(out.status.ok());
  CHECK(out.status.error().message.find("has done nothing for 100 ms") != std::string::npos);
  CHECK(out.status.error().message.find("each needs to be flushed") != std::string::npos);
  CHECK(out.status.error().message.find("thinking") != std::string::npos);
  CHECK(now() - begun < 5_s);
}

TEST_CASE("what it prints as errors goes to the report") {
  const auto out = answers(*shell("echo starting >&2; cat"), {"1"});
  REQUIRE(out.status.ok());
  CHECK(out.warnings == std::vector<std::string>{"exec sh: starting"});
}

TEST_CASE("workers have a copy each, and don't wait for one another") {
  const auto transform = exec({"cat"});
  std::vector<std::jthread> workers;
  std::vector<int> wrong(3);
  for (size_t worker = 0; worker < wrong.size(); ++worker) {
    workers.emplace_back([&, worker] {
      for (int i = 0; i < 50; ++i) {
        const std::vector<std::string> records = {std::to_string(worker), std::to_string(i)};
        wrong[worker] += answers(*transform, records).texts != records;
      }
    });
  }
  workers.clear();
  for (const int count : wrong) CHECK(count == 0);
}

TEST_CASE("exec wants a program and some patience") {
  CHECK_FALSE(make_from(exec_doc(), make_exec, words({""})).ok());
  CHECK_FALSE(make_from(exec_doc(), make_exec,
                        Node::of_map({{"command", Node::of("cat")}, {"timeout", Node::of("0s")}}))
                  .ok());
}

TEST_CASE("an answer longer than a record may be sets its record aside, in constant memory") {
  const auto transform = shell("while read x; do printf '%0*d\\n' $x 0 | tr 0 7; done");
  CHECK(outcome(*transform, "3", 1'000) == "777");
  CHECK(outcome(*transform, "200000", 1'000) ==
        "! exec: longer than record_max (1000 bytes) after its transforms");
  CHECK(outcome(*transform, "4", 1'000) == "7777");
}

TEST_CASE("once much text has come of a batch the rest is left unanswered") {
  const auto transform = exec({"sed", "-u", "s/.*/[&,&,&]/"});
  const UnitNames unit;
  const Document document;
  TransformBatch batch{.unit = unit, .document = document};
  const std::vector<std::string> records(20, "1234567");
  batch.records.assign(records.begin(), records.end());
  batch.outcomes.resize(20);
  batch.answered = 20;
  batch.text_bytes_max = 100;
  REQUIRE(transform->apply_all(batch).ok());
  CHECK(batch.answered == 5);
  CHECK(batch.outcomes[4].out == "[1234567,1234567,1234567]");
}

TEST_CASE("a program that never answers is ended once the run is to stop, by its name") {
  const auto transform = exec({"sleep", "1000"}, "60s");
  const std::atomic<bool> cancelled = true;
  const UnitNames unit;
  const Document document;
  TransformBatch batch{.unit = unit, .document = document, .records = {"1"}};
  batch.outcomes.resize(1);
  batch.answered = 1;
  batch.cancelled = &cancelled;
  const Status status = transform->apply_all(batch);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().kind == ErrorKind::cancelled);
  CHECK(status.error().message.starts_with("exec: sleep: ended, since the run is to stop"));
}

}  // namespace
}  // namespace sluice

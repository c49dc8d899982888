#include "app/verbs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "app/testing.h"

namespace sluice {
namespace {

using Outcome = VerbOutcome;

bool has(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

// Two days of orders, and the job that brings them into the lake.
std::string orders(const TestFolder& folder) {
  folder.write("in/2026-08-22/a.jsonl", "{\"id\":1,\"t\":\"2026-08-22T10:00:00Z\"}\nnot json\n");
  folder.write("in/2026-08-23/a.jsonl", "{\"id\":2,\"t\":\"2026-08-23T10:00:00Z\"}\n");
  return folder.write("job.yaml",
                      "name: orders\nunits: { each: day, default: 2026-08-22..2026-08-23 }\n"
                      "source: { objects: \"" +
                          folder / "in" +
                          "/{unit:%F}/\" }\n"
                          "decode: jsonl\n"
                          "sink: { lake: \"" +
                          folder / "lake" + "\", partition: \"dt={.t:%F}/\", format: jsonl }\n");
}

}  // namespace

TEST_CASE("a job is planned, run, looked at and verified") {
  const TestFolder folder;
  const std::string job = orders(folder);

  Outcome outcome = sluice_does(folder, {"plan", job});
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.text, "2 units, 2 documents"));
  CHECK_FALSE(std::filesystem::exists(folder / "lake"));

  outcome = sluice_does(folder, {"status", job});
  CHECK(has(outcome.text, "2 missing"));
  CHECK_FALSE(std::filesystem::exists(folder / "lake"));

  outcome = sluice_does(folder, {"run", job, "--set-aside"});
  CAPTURE(outcome.text);
  CHECK(outcome.exit_code == 3);
  CHECK(has(outcome.text, "set aside: 1 record\n"));
  CHECK(file_text(folder / "lake/dt=2026-08-22/2026-08-22-00000.jsonl") ==
        "{\"id\":1,\"t\":\"2026-08-22T10:00:00Z\"}\n");

  outcome = sluice_does(folder, {"status", job});
  CHECK(has(outcome.text, "2 done"));
  outcome = sluice_does(folder, {"verify", job});
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.text, "ok: 2 units, 2 inputs against the manifests, 3 objects"));
  outcome = sluice_does(folder, {"run", job, "--ok-set-aside"});
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.text, "done already"));
  outcome = sluice_does(folder, {"settle", job});
  CHECK(outcome.exit_code == 0);
}

TEST_CASE("verify names what is missing, changed, extra and bad, and exits with 1") {
  const TestFolder folder;
  const std::string job = orders(folder);
  REQUIRE(sluice_does(folder, {"run", job, "--ok-set-aside"}).exit_code == 0);

  folder.write("in/2026-08-22/b.jsonl", "{\"id\":3,\"t\":\"2026-08-22T10:00:00Z\"}\n");
  std::filesystem::remove(folder / "in/2026-08-23/a.jsonl");
  folder.write("lake/dt=2026-08-23/2026-08-23-00000.jsonl", "something else\n");
  folder.write("lake/dt=2026-08-23/foreign.jsonl", "{}\n");
  folder.write("lake/dt=2026-08-23/_SUCCESS", "");
  std::filesystem::remove(folder / "lake/dt=2026-08-22/2026-08-22-00000.jsonl");
  const Outcome outcome = sluice_does(folder, {"verify", job});
  CAPTURE(outcome.text);
  CHECK(outcome.exit_code == 1);
  CHECK(has(outcome.text, "extra input: unit 2026-08-22"));
  CHECK(has(outcome.text, "missing input: unit 2026-08-23"));
  CHECK(has(outcome.text, "changed object: unit 2026-08-23"));
  CHECK(has(outcome.text, "missing object: unit 2026-08-22"));
  CHECK(has(outcome.text, "extra object: dt=2026-08-23/foreign.jsonl"));
  CHECK_FALSE(has(outcome.text, "_SUCCESS"));
  CHECK(has(outcome.text, "5 problems"));
}

TEST_CASE("a preview shows a record after each stage and writes nothing") {
  const TestFolder folder;
  const Outcome outcome = sluice_does(folder, {"preview", orders(folder), "--limit", "2"});
  CAPTURE(outcome.text);
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.text, "decode  {\"id\":1,"));
  CHECK(has(outcome.text, "partition  dt=2026-08-22/2026-08-22-00000.jsonl"));
  CHECK(has(outcome.text, "set aside: not JSON"));
  CHECK_FALSE(std::filesystem::exists(folder / "lake"));
}

TEST_CASE("a folder of small files is folded without a job file, twice the same") {
  const TestFolder folder;
  orders(folder);
  const std::vector<std::string> fold = {"fold",     folder / "in", folder / "out",
                                         "--format", "jsonl",       "--ok-set-aside"};
  CHECK(sluice_does(folder, fold).exit_code == 0);
  CHECK(file_text(folder / "out/once-00000.jsonl") ==
        "{\"id\":1,\"t\":\"2026-08-22T10:00:00Z\"}\n{\"id\":2,\"t\":\"2026-08-23T10:00:00Z\"}\n");
  CHECK(has(sluice_does(folder, fold).text, "done already"));
}

TEST_CASE("a changed job's units are stale: skipped, and done again with --redo") {
  const TestFolder folder;
  const std::string job = orders(folder);
  REQUIRE(sluice_does(folder, {"run", job, "--ok-set-aside"}).exit_code == 0);
  std::string text = file_text(job);
  text.replace(text.find("dt={.t:%F}"), 10, "id={.id}");
  folder.write("job.yaml", text);
  CHECK(has(sluice_does(folder, {"status", job}).text, "2 stale"));
  CHECK(has(sluice_does(folder, {"run", job}).text, "stale"));
  CHECK(sluice_does(folder, {"run", job, "--redo", "--ok-set-aside"}).exit_code == 0);
  CHECK(std::filesystem::exists(folder / "lake/id=1/2026-08-22-00000.jsonl"));
  CHECK_FALSE(std::filesystem::exists(folder / "lake/dt=2026-08-22/2026-08-22-00000.jsonl"));
  CHECK(sluice_does(folder, {"verify", job}).exit_code == 0);
}

TEST_CASE("a run with --limit leaves its units unfinished, and the next run does them whole") {
  const TestFolder folder;
  const std::string job = orders(folder);
  folder.write("in/2026-08-22/b.jsonl", "{\"id\":3,\"t\":\"2026-08-22T10:00:00Z\"}\n");
  const std::string lake = folder / "lake/dt=2026-08-22/2026-08-22-00000.jsonl";
  Outcome outcome = sluice_does(folder, {"run", job, "--limit", "1", "--ok-set-aside"});
  CAPTURE(outcome.text);
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.text, "committed by a run with --limit 1"));
  CHECK_FALSE(has(file_text(lake), "\"id\":3"));

  outcome = sluice_does(folder, {"status", job});
  CHECK(has(outcome.text, "2 unfinished"));
  CHECK(has(outcome.text, "committed by a run with --limit 1"));
  CHECK(has(sluice_does(folder, {"plan", job}).text, "to do"));
  outcome = sluice_does(folder, {"verify", job});
  CHECK(outcome.exit_code == 1);
  CHECK(has(outcome.text, "unfinished: unit 2026-08-22"));

  REQUIRE(sluice_does(folder, {"run", job, "--ok-set-aside"}).exit_code == 0);
  CHECK(has(file_text(lake), "\"id\":3"));
  CHECK(has(sluice_does(folder, {"status", job}).text, "2 done"));
  CHECK(sluice_does(folder, {"verify", job}).exit_code == 0);
  CHECK(has(sluice_does(folder, {"run", job, "--limit", "1"}).text, "done already"));
}

TEST_CASE("a missing directory is one clear line and exit 1, a wrong job exit 2") {
  const TestFolder folder;
  Outcome outcome = sluice_does(folder, {"fold", folder / "nowhere", folder / "out"});
  CHECK(outcome.exit_code == 1);
  CHECK(has(outcome.text, "No such file or directory"));
  CHECK(std::count(outcome.text.begin(), outcome.text.end(), '\n') == 1);
  CHECK_FALSE(std::filesystem::exists(folder / "out"));

  const std::string wrong = folder.write("wrong.yaml", "name: x\nsuorce: a\nsink: { lake: l }\n");
  outcome = sluice_does(folder, {"check", wrong});
  CHECK(outcome.exit_code == 2);
  CHECK(has(outcome.text, "wrong.yaml:2:1: unknown word `suorce`"));
  CHECK(sluice_does(folder, {"run", folder / "none.yaml"}).exit_code == 2);
  outcome = sluice_does(folder, {"fold", "s3://", folder / "out"});
  CHECK(outcome.exit_code == 2);
}

TEST_CASE("a lake that belongs to another job is left alone") {
  const TestFolder folder;
  const std::string job = orders(folder);
  REQUIRE(sluice_does(folder, {"run", job, "--ok-set-aside"}).exit_code == 0);
  const Outcome outcome = sluice_does(folder, {"fold", folder / "in", folder / "lake"});
  CHECK(outcome.exit_code == 1);
  CHECK(has(outcome.text, "belongs to job `orders`"));
}

TEST_CASE("the parts are explained, for people and for editors") {
  const TestFolder folder;
  CHECK(has(sluice_does(folder, {"explain"}).text, "jsonl.gz"));
  CHECK(has(sluice_does(folder, {"explain", "lake"}).text, "dedupe"));
  CHECK(has(sluice_does(folder, {"explain", "--schema"}).text, "\"$schema\""));
  CHECK(sluice_does(folder, {"explain", "lak"}).exit_code == 2);
}

}  // namespace sluice

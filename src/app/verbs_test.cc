#include "app/verbs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "app/testing.h"
#include "base/clock.h"
#include "ledger/record.h"

namespace sluice {
namespace {

using Outcome = VerbOutcome;

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

TEST_CASE("a preview says where what is behind a damaged gzip member is lost") {
  const TestFolder folder;
  const std::string job = orders(folder);
  folder.write(
      "in/2026-08-22/a.jsonl",  // {"n":1} and a line feed, then no member
      std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xab\x56\xca\x53\xb2\x32\xac\xe5"
                  "\x02\x00\x93\x11\xbe\x85\x08\x00\x00\x00",
                  28) +
          "plain text");
  const Outcome outcome = sluice_does(folder, {"preview", job});
  CAPTURE(outcome.text);
  CHECK(has(outcome.text, "decode  {\"n\":1}"));
  CHECK(has(outcome.text, "set aside from here: gzip: compressed byte 28 "));
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

TEST_CASE("a wrong path is an error every time, and right once it is mended") {
  const TestFolder folder;
  const std::string job = orders(folder);
  const std::string right = file_text(job);
  std::string wrong = right;
  wrong.replace(wrong.find("/{unit:%F}/"), 11, "/{unit:%F}/nowhere/");
  folder.write("job.yaml", wrong);
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = sluice_does(folder, {"run", job});
    CAPTURE(outcome.text);
    CHECK(outcome.exit_code == 1);
    CHECK(has(outcome.text, "no unit found a document"));
    CHECK_FALSE(has(outcome.text, "done already"));
    CHECK(sluice_does(folder, {"run", job, "--units", "2026-08-22"}).exit_code == 1);
    CHECK(sluice_does(folder, {"verify", job}).exit_code == 1);
  }
  folder.write("job.yaml", right);
  CHECK(sluice_does(folder, {"run", job, "--ok-set-aside"}).exit_code == 0);
  CHECK(sluice_does(folder, {"verify", job}).exit_code == 0);
}

TEST_CASE("an empty day among full ones is committed as empty, whichever comes first") {
  const TestFolder folder;
  const std::string job = orders(folder);
  const std::vector<std::string> run = {"run",  job,          "--from",        "2026-08-20",
                                        "--to", "2026-08-24", "--ok-set-aside"};
  Outcome outcome = sluice_does(folder, run);
  CAPTURE(outcome.text);
  CHECK(outcome.exit_code == 0);
  outcome = sluice_does(folder, run);
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.text, "done already"));
  outcome = sluice_does(folder, {"status", job});
  CHECK(has(outcome.text, "5 done"));
  // With one that has been done, too.
  CHECK(sluice_does(folder, {"run", job, "--from", "2026-08-24", "--to", "2026-08-25"}).exit_code ==
        0);
  CHECK(sluice_does(folder, {"run", job, "--units", "2026-08-26"}).exit_code == 1);
}

TEST_CASE("verify over nothing is not ok") {
  const TestFolder folder;
  const std::string job = orders(folder);
  Outcome outcome = sluice_does(folder, {"verify", job});
  CHECK(outcome.exit_code == 1);
  CHECK(has(outcome.text, "nothing verified"));
  CHECK(sluice_does(folder, {"verify", job, "--json"}).exit_code == 1);
}

TEST_CASE("stale units that are left say how they are done") {
  const TestFolder folder;
  const std::string job = orders(folder);
  REQUIRE(sluice_does(folder, {"run", job, "--ok-set-aside"}).exit_code == 0);
  std::string text = file_text(job);
  text.replace(text.find("dt={.t:%F}"), 10, "id={.id}");
  folder.write("job.yaml", text);
  CHECK(has(sluice_does(folder, {"run", job}).text, "2 units are stale"));
  CHECK(has(sluice_does(folder, {"run", job, "--json"}).text, "--redo does them again"));
}

TEST_CASE("a day that isn't over is looked at again, without a word of late") {
  const TestFolder folder;
  folder.write("in/2199-01-01/a.jsonl", "{\"id\":1,\"t\":\"2199-01-01T10:00:00Z\"}\n");
  std::string text = file_text(orders(folder));
  text.replace(text.find("2026-08-22.."), 22, "2199-01-01");
  const std::string job = folder.write("job.yaml", text);
  REQUIRE(sluice_does(folder, {"run", job}).exit_code == 0);
  CHECK(has(sluice_does(folder, {"status", job}).text, "1 early"));
  CHECK(has(sluice_does(folder, {"plan", job}).text, "to do: 1 units"));
  CHECK(has(sluice_does(folder, {"run", job}).text, "done already"));  // Nothing has changed
  folder.write("in/2199-01-01/b.jsonl", "{\"id\":2,\"t\":\"2199-01-01T11:00:00Z\"}\n");
  const Outcome outcome = sluice_does(folder, {"run", job});
  CAPTURE(outcome.text);
  CHECK(outcome.exit_code == 0);
  CHECK(file_text(folder / "lake/dt=2199-01-01/2199-01-01-00000.jsonl") ==
        "{\"id\":1,\"t\":\"2199-01-01T10:00:00Z\"}\n{\"id\":2,\"t\":\"2199-01-01T11:00:00Z\"}\n");
  CHECK(sluice_does(folder, {"verify", job}).exit_code == 0);
}

TEST_CASE("a record that can't be read stops its own unit, not the others") {
  const TestFolder folder;
  const std::string job = orders(folder);
  folder.write("lake/_sluice/orders/2026-08-22.json", "{\"format\": 1, \"colour\": 3}\n");
  Outcome outcome = sluice_does(folder, {"run", job});
  CAPTURE(outcome.text);
  CHECK(outcome.exit_code == 1);
  CHECK(has(outcome.text, "can't be understood"));
  CHECK(file_text(folder / "lake/dt=2026-08-23/2026-08-23-00000.jsonl") ==
        "{\"id\":2,\"t\":\"2026-08-23T10:00:00Z\"}\n");
  outcome = sluice_does(folder, {"status", job});
  CHECK(outcome.exit_code == 1);
  CHECK(has(outcome.text, "1 done, 1 unreadable"));
  outcome = sluice_does(folder, {"verify", job});
  CHECK(outcome.exit_code == 1);
  CHECK(has(outcome.text, "unreadable record"));
  CHECK(has(outcome.text, "1 units, 1 inputs"));
  CHECK(sluice_does(folder, {"plan", job}).exit_code == 0);
  CHECK(has(sluice_does(folder, {"settle", job}).text, "2026-08-23  nothing was open"));
}

TEST_CASE("names that are not UTF-8 are inputs like others") {
  const TestFolder folder;
  const std::string job = orders(folder);
  folder.write("in/2026-08-22/caf\xE9.jsonl", "{\"id\":3,\"t\":\"2026-08-22T11:00:00Z\"}\nbad\n");
  folder.write("in/2026-08-22/\xFF\xFE.jsonl", "{\"id\":4,\"t\":\"2026-08-22T12:00:00Z\"}\n");
  Outcome outcome = sluice_does(folder, {"run", job, "--set-aside", "--ok-set-aside", "--json"});
  CAPTURE(outcome.text);
  CHECK(outcome.exit_code == 0);
  outcome = sluice_does(folder, {"verify", job});
  CAPTURE(outcome.text);
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.text, "4 inputs against the manifests"));
  std::filesystem::remove(folder / "in/2026-08-22/caf\xE9.jsonl");
  CHECK(has(sluice_does(folder, {"verify", job}).text, "caf\xE9.jsonl was read"));
}

TEST_CASE("a lake in its own source is refused, however its path is spelled") {
  const TestFolder folder;
  folder.write("in/2026-08-22/a.jsonl", "{}\n");
  std::filesystem::create_directory_symlink(folder / "in", folder / "link");
  const auto check = [&](const std::string& source, const std::string& lake,
                         const std::string& more = "") {
    const std::string job =
        folder.write("o.yaml",
                     "name: o\nunits: { each: day, default: 2026-08-22 }\nsource: { "
                     "objects: \"" +
                         folder / source +
                         "\" }\ndecode: jsonl\nsink: { "
                         "lake: \"" +
                         folder / lake + "\"" + more + " }\n");
    const Outcome outcome = sluice_does(folder, {"check", job});
    return has(outcome.text, "lie in each other") && outcome.exit_code == 2;
  };
  CHECK(check("in/", "in/"));
  CHECK(check("in/", "in/lake"));
  CHECK(check("in/", "link/lake"));
  CHECK(check("link/", "in/lake/../lake2/"));
  CHECK(check("lake//./raw/{unit:%F}/", "lake/"));
  CHECK(check("in/[{path.x}/]{path.y}/{unit:%F}/", "in/lake/", ", partition: \"{.t:%F}/\""));
  CHECK(check("in/", "lake/", ", state: \"" + folder / "in/state" + "\""));
  CHECK(check("in/{path.x}/", "in/", ", state: \"" + folder / "state" + "\""));
  CHECK_FALSE(check("in/{unit:%F}/", "in/lake/"));
  CHECK_FALSE(check("in/{path.x}/{unit:%F}/", "in/lake/", ", partition: \"dt={.t:%F}/\""));
  CHECK_FALSE(check("in/", "in-lake/"));
  CHECK_FALSE(check("in/{unit:%F}/", "lake/"));
}

TEST_CASE("a unit that was given up behind a checkpoint is unfinished, and says where it goes on") {
  const TestFolder folder;
  const std::string job = orders(folder);
  const std::string checked = sluice_does(folder, {"check", job}).text;
  const std::string_view words = "fingerprint ";
  const size_t at = checked.find(words);
  REQUIRE(at != checked.npos);
  const std::string fingerprint =
      checked.substr(at + words.size(), checked.find('\n', at) - at - words.size());
  const auto status_with = [&](const ledger::Record& record) {
    folder.write("lake/_sluice/orders/2026-08-22.json", ledger::print(record));
    return sluice_does(folder, {"status", job}).text;
  };

  ledger::Record record{.job = "orders", .unit = "2026-08-22", .epoch = 1};
  record.checkpoint = ledger::Checkpoint{
      .cursor = "p2", .sums = {.documents = 2, .records = 1234}, .fingerprint = fingerprint};
  std::string text = status_with(record);
  CHECK_MESSAGE(has(text, "1 missing"), text);
  CHECK_MESSAGE(has(text, "1 unfinished"), text);
  CHECK_MESSAGE(has(text,
                    "1,234 records of 2 documents are stored and not committed; the next run "
                    "goes on behind them"),
                text);

  record.failed = ledger::Failed{.why = "denied: no", .at = "2026-08-22T10:00:00Z"};
  text = status_with(record);
  CHECK_MESSAGE(has(text, "1 unfinished"), text);
  CHECK_MESSAGE(has(text, "2026-08-22T10:00:00Z: denied: no; 1,234 records"), text);
  CHECK(has(sluice_does(folder, {"verify", job}).text, "stored up to a checkpoint"));
  CHECK(has(sluice_does(folder, {"status", job, "--json"}).text, "\"standing\": \"unfinished\""));

  record.checkpoint->fingerprint = "another";
  CHECK(has(status_with(record), "the next run begins anew"));
  record.checkpoint.reset();
  CHECK(has(status_with(record), "1 failed"));
}

TEST_CASE("what a run would refuse at once is refused by check, with what to write instead") {
  const TestFolder folder;
  orders(folder);
  const auto check = [&](const std::string& sink, const std::string& top = "") {
    const std::string job =
        folder.write("o.yaml", "name: o\nunits: { each: day, default: 2026-08-22 }\n" + top +
                                   "source: { objects: \"" + folder / "in" +
                                   "/{unit:%F}/\" }\ndecode: jsonl\nsink: { lake: \"" +
                                   folder / "out" + "\", partition: \"x/\", " + sink + " }\n");
    Outcome checked = sluice_does(folder, {"check", job});
    const Outcome ran = sluice_does(folder, {"run", job, "--ok-set-aside", "--redo"});
    CAPTURE(checked.text);
    CAPTURE(ran.text);
    CHECK((checked.exit_code == 0) == (ran.exit_code == 0));
    return checked;
  };
  const Outcome small = check("format: { jsonl.zst: { level: 9 } }, share: 12MiB");
  CHECK(small.exit_code == 2);
  CHECK_MESSAGE(has(small.text, "share: 12MiB is too small for format jsonl.zst"), small.text);
  CHECK(check("format: jsonl.gz, share: 8MiB").exit_code == 0);
  CHECK(check("format: jsonl.zst, share: 12MiB").exit_code == 0);
  CHECK(check("format: { jsonl.zst: { level: 9 } }, share: 34MiB").exit_code == 0);
  const Outcome little = check("format: jsonl", "memory: 16MiB\n");
  CHECK(little.exit_code == 2);
  CHECK_MESSAGE(has(little.text, "one unit needs"), little.text);
}

TEST_CASE("many units are looked at hundreds at a time") {
  const TestFolder folder;
  std::string text = file_text(orders(folder));
  text.replace(text.find("format: jsonl"), 13, "format: jsonl, fsync: false");
  const std::string job = folder.write("job.yaml", text);
  const auto does = [&](const std::string& verb) {
    return sluice_does(folder, {verb, job, "--from", "2025-01-01", "--to", "2026-08-23"});
  };
  const auto check_quick = [&](const std::string& verb) {
    CAPTURE(verb);
    ::setenv("SLUICE_TEST_SLOW_LAKE_MS", "50", 1);
    const Instant started = now();
    const Outcome outcome = does(verb);
    CHECK(static_cast<double>(now() - started) / 1e9 < 10);  // One after another: 30 s and more
    ::unsetenv("SLUICE_TEST_SLOW_LAKE_MS");
    return outcome.text;
  };
  for (const std::string verb : {"status", "plan", "verify", "settle"}) check_quick(verb);
  REQUIRE(does("run").exit_code == 3);  // All 600, most of them empty
  CHECK(has(check_quick("status"), "600 done"));
  CHECK(has(check_quick("verify"), "600 units"));
  CHECK(has(check_quick("run"), "done already"));
}

TEST_CASE("the parts are explained, for people and for editors") {
  const TestFolder folder;
  CHECK(has(sluice_does(folder, {"explain"}).text, "jsonl.gz"));
  CHECK(has(sluice_does(folder, {"explain", "lake"}).text, "dedupe"));
  CHECK(has(sluice_does(folder, {"explain", "--schema"}).text, "\"$schema\""));
  CHECK(sluice_does(folder, {"explain", "lak"}).exit_code == 2);
}

}  // namespace sluice

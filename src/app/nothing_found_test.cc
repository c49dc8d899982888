// A source in which nothing was found: a mistake, until somebody says that it is right.
#include <doctest/doctest.h>

#include "app/testing.h"

namespace sluice {
namespace {

// Two days of a source that has none.
std::string empty_days(const TestFolder& folder, const std::string& more) {
  folder.write("in/2026-08-21/a.jsonl", "{\"t\":\"2026-08-21T10:00:00Z\"}\n");
  return folder.write("job.yaml",
                      "name: o\nunits: { each: day, default: 2026-08-22..2026-08-23 }\n" + more +
                          "source: { objects: \"" + folder / "in" +
                          "/{unit:%F}/\" }\ndecode: jsonl\nsink: { lake: \"" + folder / "lake" +
                          "\", partition: \"dt={.t:%F}/\", format: jsonl }\n");
}

}  // namespace

TEST_CASE("where finding nothing is said to be right it is committed, verified and done") {
  struct Way {
    std::string in_job;
    std::vector<std::string> flags;
  };
  for (const Way& way : {Way{"", {}}, Way{"allow_empty: true\n", {}}, Way{"", {"--allow-empty"}}}) {
    const bool is_said = !way.in_job.empty() || !way.flags.empty();
    const TestFolder folder;
    const std::string job = empty_days(folder, way.in_job);
    const auto sluice = [&](const std::string& verb, const std::vector<std::string>& more) {
      std::vector<std::string> words = {verb, job};
      words.insert(words.end(), more.begin(), more.end());
      return sluice_does(folder, words);
    };
    CAPTURE(way.in_job);
    CAPTURE(way.flags.size());
    // Of all its units, and of one by itself.
    const std::vector<std::vector<std::string>> which = {{}, {"--units", "2026-08-20"}};
    for (const std::vector<std::string>& units : which) {
      std::vector<std::string> words = way.flags;
      words.insert(words.end(), units.begin(), units.end());
      const VerbOutcome first = sluice("run", words);
      CAPTURE(first.text);
      CHECK(first.exit_code == (is_said ? 0 : 1));
      const VerbOutcome second = sluice("run", words);
      CAPTURE(second.text);
      CHECK(second.exit_code == (is_said ? 0 : 1));
      CHECK(has(second.text, "done already") == is_said);
    }
    const std::string status = sluice("status", {}).text;
    CHECK_MESSAGE(has(status, "3 done") == is_said, status);
    CHECK(sluice("verify", way.flags).exit_code == (is_said ? 0 : 1));
  }
}

TEST_CASE(
    "a program that prints nothing is an error each time, and its day is done once it prints") {
  const TestFolder folder;
  const std::string data = folder.write("data", "");
  const std::string job = folder.write(
      "job.yaml", "name: o\nsource: { exec: [ cat, \"" + data + "\" ] }\ndecode: jsonl\n" +
                      "sink: { lake: \"" + folder / "lake" + "\", format: jsonl }\n");
  for (int i = 0; i < 2; ++i) {
    const VerbOutcome outcome = sluice_does(folder, {"run", job});
    CHECK_MESSAGE(outcome.exit_code == 1, outcome.text);
    CHECK_MESSAGE(has(outcome.text, "the source gave nothing"), outcome.text);
  }
  CHECK(sluice_does(folder, {"verify", job}).exit_code == 1);
  folder.write("data", "{\"id\":1}\n");
  CHECK(sluice_does(folder, {"run", job}).exit_code == 0);
  CHECK(file_text(folder / "lake/once-00000.jsonl") == "{\"id\":1}\n");

  folder.write("data", "");
  CHECK(sluice_does(folder, {"run", job, "--redo", "--allow-empty"}).exit_code == 0);
}

}  // namespace sluice

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

}  // namespace sluice

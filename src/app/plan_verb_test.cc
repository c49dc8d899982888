#include <doctest/doctest.h>

#include "app/testing.h"
#include "sink/dedupe.h"

namespace sluice {
namespace {

// The text between two words, the first of which is there.
std::string between(const std::string& text, const std::string& before, const std::string& after) {
  const size_t at = text.find(before);
  REQUIRE_MESSAGE(at != text.npos, text);
  const size_t begin = at + before.size();
  return text.substr(begin, text.find(after, begin) - begin);
}

// One unit of so many records, all different, in many documents: what is read ahead wants all the
// memory there is.
void write_records(const TestFolder& folder, uint64_t records, size_t padding) {
  constexpr uint64_t documents = 64;
  const std::string rest = ",\"pad\":\"" + std::string(padding, 'x') + "\"}\n";
  for (uint64_t i = 0; i < documents; ++i) {
    std::string text;
    for (uint64_t id = records * i / documents; id < records * (i + 1) / documents; ++id)
      text += "{\"id\":" + std::to_string(id) + rest;
    folder.write("in/" + std::to_string(100 + i) + ".jsonl", text);
  }
}

}  // namespace

TEST_CASE("a run's dedupe has the memory that plan says, whatever is read ahead beside it") {
  const TestFolder folder;
  write_records(folder, 1, 0);
  const std::string job =
      folder.write("job.yaml", "name: o\nsource: { objects: \"" + folder / "in" +
                                   "/\" }\ndecode: jsonl\nsink: { lake: \"" + folder / "lake" +
                                   "\", dedupe: .id, format: jsonl, share: 8MiB, fsync: false }\n");
  const auto does = [&](const std::string& verb, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {verb, job, "--memory", "48MiB"};
    words.insert(words.end(), more.begin(), more.end());
    return sluice_does(folder, words);
  };
  const uint64_t bytes =
      std::stoull(between(does("plan", {"--json"}).text, "\"dedupe_bytes_max\": ", ","));
  const std::string said = between(does("plan").text, "of memory for it; a unit has ", "\n");
  CHECK(bytes > 4 << 20);

  uint64_t fits = 0;
  for (uint64_t step = 1 << 24; step > 0; step /= 2) {
    if (Dedupe::bytes_for(fits + step) <= bytes) fits += step;
  }
  write_records(folder, fits, 100);
  VerbOutcome outcome = does("run");
  CAPTURE(outcome.text);
  CHECK(outcome.exit_code == 0);

  write_records(folder, fits * 5 / 2, 0);
  outcome = does("run", {"--redo"});
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(has(outcome.text, "a unit's hashes have " + said), outcome.text);
}

}  // namespace sluice

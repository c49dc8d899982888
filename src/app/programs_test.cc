// Programs of one's own in a job: what their ends mean for the run.
#include <doctest/doctest.h>

#include "app/testing.h"

namespace sluice {
namespace {

bool has(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a transform's program that answers all and then fails is no success of the run") {
  const TestFolder folder;
  folder.write("data", "{\"id\":1}\n{\"id\":2}\n");
  const auto outcome_of = [&](const std::string& script) {
    const std::string job = folder.write(
        "job.yaml", "name: o\nsource: { exec: [ cat, \"" + folder / "data" +
                        "\" ] }\ndecode: jsonl\ntransform: [ { exec: [ sh, -c, \"" + script +
                        "\" ] } ]\nsink: { lake: \"" + folder / "lake" + "\", format: jsonl }\n");
    return sluice_does(folder, {"run", job, "--redo"});
  };
  CHECK(outcome_of("cat").exit_code == 0);
  const VerbOutcome outcome = outcome_of("cat; echo 'the disk is full' >&2; exit 7");
  CHECK_MESSAGE(outcome.exit_code == 1, outcome.text);
  CHECK_MESSAGE(has(outcome.text, "exit status 7 after all was answered: the disk is full"),
                outcome.text);
}

}  // namespace sluice

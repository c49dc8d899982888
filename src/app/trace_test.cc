// What `--trace` writes beside a run, and that it never gets in its way.
#include <doctest/doctest.h>

#include <cstdlib>

#include "app/testing.h"
#include "json/scan.h"

namespace sluice {
namespace {

std::string given(const TestFolder& folder) {
  for (const std::string name : {"a", "b", "c"})
    folder.write("in/" + name + ".jsonl", "{\"id\":\"" + name + "\"}\n");
  return folder / "in";
}

}  // namespace

TEST_CASE("a fold with --trace writes JSON that names its unit, requests and work, and no key") {
  const TestFolder folder;
  const std::string file = folder / "trace.json";
  REQUIRE(sluice_does(folder, {"fold", given(folder), folder / "out", "--trace", file}).exit_code ==
          0);
  const std::string trace = file_text(file);
  CHECK(json::find_fault(trace) == std::nullopt);
  for (const char* name : {"unit once", "phases", "ledger", "filling", "source list", "source get",
                           "decode", "encode", "lake put_part", "lake complete", "state put"}) {
    CHECK_MESSAGE(has(trace, "\"name\": \"" + std::string(name) + "\""), name);
  }
  CHECK_FALSE(has(trace, ".jsonl"));
  CHECK_FALSE(has(trace, folder / "in"));
}

TEST_CASE("a secret that names a unit is not shown in a trace") {
  const TestFolder folder;
  setenv("SLUICE_TRACE_TEST", "hunter2hunter2", 1);
  folder.write("in/hunter2hunter2/a.jsonl", "{\"id\":1}\n");
  const std::string job =
      folder.write("job.yaml",
                   "name: j\nunits: { each: list, values: [ \"${SLUICE_TRACE_TEST}\" ] }\n"
                   "source: { objects: \"" +
                       folder / "in" +
                       "/{unit}/\" }\ndecode: jsonl\n"
                       "sink: { lake: \"" +
                       folder / "out" + "\" }\n");
  const std::string file = folder / "trace.json";
  const auto outcome = sluice_does(folder, {"run", job, "--trace", file});
  unsetenv("SLUICE_TRACE_TEST");
  REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text);
  CHECK(has(file_text(file), "\"unit "));
  CHECK_FALSE(has(file_text(file), "hunter2"));
}

TEST_CASE("a trace that can't be written is wrong before the run begins") {
  const TestFolder folder;
  const auto outcome = sluice_does(
      folder, {"fold", given(folder), folder / "out", "--trace", folder / "not/there.json"});
  CHECK(outcome.exit_code == 2);
  CHECK(has(outcome.text, "--trace: "));
  CHECK(has(outcome.text, "No such file or directory"));
  CHECK(sluice_does(folder, {"fold", given(folder), folder / "out"}).exit_code == 0);
}

TEST_CASE("a disk that is full of the trace is a warning, and the unit is done") {
  const TestFolder folder;
  const auto outcome =
      sluice_does(folder, {"fold", given(folder), folder / "out", "--trace", "/dev/full"});
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.text, "the trace is not whole: /dev/full: No space left on device"));
}

}  // namespace sluice

#include <doctest/doctest.h>

#include "app/testing.h"

namespace sluice {

TEST_CASE("a preview says, as a run does, that a transform can do nothing at all") {
  const TestFolder folder;
  folder.write("in/a.jsonl", "{\"id\":1}\n");
  const std::string job = folder.write(
      "job.yaml", "name: o\nsource: { objects: \"" + folder / "in" +
                      "/\" }\ndecode: jsonl\ntransform: [ { exec: [ sh, -c, \"exit 3\" ] } ]\n" +
                      "sink: { lake: \"" + folder / "lake" + "\" }\n");
  const VerbOutcome preview = sluice_does(folder, {"preview", job});
  CHECK_MESSAGE(preview.exit_code == 2, preview.text);
  CHECK_MESSAGE(has(preview.text, "exec"), preview.text);
  CHECK_MESSAGE(has(preview.text, "3"), preview.text);
}

}  // namespace sluice

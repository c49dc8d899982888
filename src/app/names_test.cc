// Names that are any bytes, through whole verbs: what is made of them, and where they are listed.
#include <doctest/doctest.h>

#include <filesystem>

#include "app/testing.h"
#include "json/bytes_text.h"
#include "ledger/record.h"

namespace sluice {

TEST_CASE("a place and a value are made of a path whose bytes are not UTF-8") {
  const TestFolder folder;
  folder.write("in/caf\xE9/a.jsonl", "{\"id\":1}\n");
  folder.write("in/caf\xC3\xA9/a.jsonl", "{\"id\":2}\n");
  const std::string job = folder.write(
      "job.yaml", "name: o\nsource: { objects: \"" + folder / "in" +
                      "/{path.who}/\" }\ndecode: jsonl\n"
                      "transform: [ { set: { who: \"{path.who}\", at: \"{path.who}/{.id}\" } } ]\n"
                      "sink: { lake: \"" +
                      folder / "lake" + "\", partition: \"who={path.who}/\", format: jsonl }\n");
  VerbOutcome outcome = sluice_does(folder, {"run", job});
  CAPTURE(outcome.text);
  REQUIRE(outcome.exit_code == 0);
  // In a value as in a list of inputs: what isn't text is written so that it can be read back.
  CHECK(file_text(folder / "lake/who=caf\xE9/once-00000.jsonl") ==
        "{\"id\":1,\"who\":\"\\u0000caf\xC3\xA9\",\"at\":\"\\u0000caf\xC3\xA9/1\"}\n");
  CHECK(json::bytes_of_text(std::string("\0caf\xC3\xA9", 6)) == "caf\xE9");
  CHECK(file_text(folder / "lake/who=caf\xC3\xA9/once-00000.jsonl") ==
        "{\"id\":2,\"who\":\"caf\xC3\xA9\",\"at\":\"caf\xC3\xA9/2\"}\n");
  outcome = sluice_does(folder, {"verify", job});
  CAPTURE(outcome.text);
  CHECK(outcome.exit_code == 0);
}

TEST_CASE("a list of inputs beside the record holds names that are not UTF-8, and is read back") {
  const TestFolder folder;
  const std::string padding(150, 'x');
  constexpr int inputs = 400;
  for (int i = 0; i < inputs; ++i) {
    folder.write("in/" + std::to_string(1000 + i) + padding + "\xFF\xE9.jsonl", "{\"id\":1}\n");
  }
  const std::string job =
      folder.write("job.yaml", "name: o\nsource: { objects: \"" + folder / "in" +
                                   "/\" }\ndecode: jsonl\nsink: { lake: \"" + folder / "lake" +
                                   "\", format: jsonl }\n");
  REQUIRE(sluice_does(folder, {"run", job}).exit_code == 0);
  const std::string text = file_text(folder / "lake/_sluice/o/once.json");
  const auto record = ledger::parse_record(text, Key("once.json"));
  REQUIRE_MESSAGE(record.ok(), record.error().message);
  REQUIRE_FALSE(record->manifest->inputs.file.empty());
  CHECK(record->manifest->inputs.count == inputs);

  VerbOutcome outcome = sluice_does(folder, {"verify", job});
  CAPTURE(outcome.text);
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.text, "400 inputs against the manifests"));
  const std::string gone = "1234" + padding + "\xFF\xE9.jsonl";
  std::filesystem::remove(folder / "in/" + gone);
  folder.write("in/1234" + padding + "\xFF\xEA.jsonl", "{\"id\":1}\n");
  outcome = sluice_does(folder, {"verify", job});
  CHECK(outcome.exit_code == 1);
  CHECK(has(outcome.text, gone + " was read and isn't there any more"));
  CHECK(has(outcome.text, padding + "\xFF\xEA.jsonl has not been read"));
  CHECK(has(outcome.text, "2 problems"));
}

}  // namespace sluice

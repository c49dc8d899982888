#include "ledger/record.h"

#include <doctest/doctest.h>

#include "base/time.h"

namespace sluice::ledger {

namespace {

Record everything() {
  const Content content{.bytes = 900,
                        .records = 41,
                        .crc32c = 0xFFEE0102,
                        .least = parse_time("2024-02-08T00:00:01Z"),
                        .greatest = parse_time("2024-02-08T23:59:58Z")};
  const Upload upload{.key = Key("dt=2024-02-08/2024-02-08-00000.jsonl.gz"),
                      .id = UploadId("2~x\"\\\n"),
                      .mark = Mark("trail/2024-02-08/7"),
                      .parts = {{1, ETag("a1"), 0x66}, {2, ETag("a2"), 0}},
                      .content = content};
  const Sums sums{1, 2, 3, 4, 5, 6, 7, 8};
  const Shape shape{41, 8200, 40, 2, {{".id", 40}, {".us\"er", 39}}, {{".user.n\u00e4me", 1}}};
  const std::vector<SetAside> aside = {{"k\u00e9.gz", 17, "truncated", 1, true, 12},
                                       {"l", 0, "a digest", 3}};
  Record record{.job = "trail",
                .unit = "2024-02-08",
                .epoch = 7,
                .run = "01HQ",
                .host = "h1",
                .process = "4711 b00t 99",
                .since = "2024-02-09T01:00:00Z",
                .share_bytes = 25165824,
                .renewals = 3};
  record.checkpoint = Checkpoint{.cursor = "p17",
                                 .sums = sums,
                                 .uploads = {upload},
                                 .state = "{\"open\": [\"\u00e9\", 3]}\n",
                                 .set_aside = aside,
                                 .fingerprint = "9f2c",
                                 .early = true};
  record.intent =
      Intent{.epoch = 7,
             .run = "01HQ",
             .fingerprint = "9f2c",
             .inputs = Inputs{.file = "2024-02-08/7.inputs.json", .count = 3911},
             .uploads = {upload},
             .retire = {{Key("old"), ETag("b2"), Mark("trail/2024-02-08/5")}},
             .catalogue = "{\"add\": 1}",
             .set_aside = aside,
             .sums = sums,
             .shape = shape,
             .reached = {".chang\"ed", "2024-02-08T10:00:00Z", "0:1f 3b:2", "2024-02-08T09:00:00Z"},
             .early = true,
             .provisional = "a run with --limit 5",
             .end = UINT64_MAX};
  record.manifest = Manifest{.epoch = 5,
                             .todo = true,
                             .run = "01HP",
                             .fingerprint = "9f2b",
                             .inputs = Inputs{.count = 1, .list = {{Key("in"), ETag("e"), 12}}},
                             .outputs = {{Key("out"), ETag("c-2"), content}},
                             .retire = {{Key("old"), ETag("b2"), Mark()}},
                             .catalogue = "x",
                             .set_aside = aside,
                             .sums = sums,
                             .shape = shape,
                             .early = true,
                             .end = 120};
  record.leftovers = {Key("a"), Key("b")};
  record.failed = Failed{"denied: no", "2024-02-08T02:00:00Z"};
  record.position = 120;
  record.pending = Pending{"~01HR.9", 180};
  return record;
}

std::string why(std::string_view text) {
  const Result<Record> record = parse_record(text, Key("state/trail/u.json"));
  REQUIRE(!record.ok());
  CHECK(record.error().kind == ErrorKind::invalid);
  CHECK(record.error().message.find("state/trail/u.json") == 0);
  return record.error().message;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("a record with everything in it survives its text") {
  const Record record = everything();
  const std::string text = print(record);
  CHECK(text.find('\n') == text.size() - 1);
  const Result<Record> parsed = parse_record(text, Key("k"));
  REQUIRE_MESSAGE(parsed.ok(), parsed.error().message);
  CHECK(*parsed == record);
  CHECK(print(*parsed) == text);
}

TEST_CASE("the bytes of a record are what they have always been") {
  constexpr std::string_view claim =
      R"({"format": 1, "job": "trail", "unit": "2024-02-08", "epoch": 7, "run": "01HQ", )"
      R"("host": "h1", "process": "4711 b00t 99", "since": "2024-02-09T01:00:00Z", )"
      R"("renewals": 3, "share": 25165824, "position": 120, "pending": {"unit": )"
      R"("~01HR.9", "end": 180}, "checkpoint": {"fingerprint": "9f2c", "early": true, )"
      R"("cursor": "p17", "sums": {"documents": 1, "records": 2, "bytes_read": 3, )"
      R"("bytes": 4, "duplicates": 5, "conflicts": 6, "set_aside": 7, "partial": 8}, )"
      R"("uploads": [{"key": "dt=2024-02-08/2024-02-08-00000.jsonl.gz", "id": )"
      R"("2~x\"\\\n", "mark": "trail/2024-02-08/7", "parts": [{"n": 1, "etag": "a1", )"
      R"("crc32c": "AAAAZg=="}, {"n": 2, "etag": "a2"}], "bytes": 900, "records": 41, )"
      R"("crc32c": "/+4BAg==", "least": "2024-02-08T00:00:01Z", "greatest": )"
      R"("2024-02-08T23:59:58Z"}], "state": "{\"open\": [\"é\", 3]}\n", "set_aside": )"
      R"([{"document": "ké.gz", "offset": 17, "reason": "truncated", "count": 1, )"
      R"("partial": true, "record": 12}, {"document": "l", "reason": "a digest", )"
      R"("count": 3}]},)";
  constexpr std::string_view intent =
      R"("intent": {"epoch": 7, "run": "01HQ", "fingerprint": "9f2c", "early": true, )"
      R"("end": 18446744073709551615, "inputs": {"file": "2024-02-08/7.inputs.json", )"
      R"("count": 3911}, "uploads": [{"key": "dt=2024-02-08/2024-02-08-00000.jsonl.gz", )"
      R"("id": "2~x\"\\\n", "mark": "trail/2024-02-08/7", "parts": [{"n": 1, "etag": )"
      R"("a1", "crc32c": "AAAAZg=="}, {"n": 2, "etag": "a2"}], "bytes": 900, "records": )"
      R"(41, "crc32c": "/+4BAg==", "least": "2024-02-08T00:00:01Z", "greatest": )"
      R"("2024-02-08T23:59:58Z"}], "retire": [{"key": "old", "etag": "b2", "mark": )"
      R"("trail/2024-02-08/5"}], "catalogue": "{\"add\": 1}", "set_aside": )"
      R"([{"document": "ké.gz", "offset": 17, "reason": "truncated", "count": 1, )"
      R"("partial": true, "record": 12}, {"document": "l", "reason": "a digest", )"
      R"("count": 3}], "sums": {"documents": 1, "records": 2, "bytes_read": 3, "bytes": )"
      R"(4, "duplicates": 5, "conflicts": 6, "set_aside": 7, "partial": 8}, "shape": )"
      R"({"records": 41, "bytes": 8200, "looked_at": 40, "levels": 2, "fields": {".id": )"
      R"(40, ".us\"er": 39}, "nested": {".user.näme": 1}}, "reached": {"field": )"
      R"(".chang\"ed", "greatest": "2024-02-08T10:00:00Z", "near": "0:1f 3b:2", )"
      R"("covered": "2024-02-08T09:00:00Z"}, "provisional": "a run with --limit 5"})";
  constexpr std::string_view manifest =
      R"({"format": 1, "manifest": {"epoch": 5, "run": "01HP", "fingerprint": "9f2b", )"
      R"("early": true, "end": 120, "inputs": {"count": 1, "list": [{"key": "in", )"
      R"("etag": "e", "bytes": 12}]}, "outputs": [{"key": "out", "etag": "c-2", )"
      R"("bytes": 900, "records": 41, "crc32c": "/+4BAg==", "least": )"
      R"("2024-02-08T00:00:01Z", "greatest": "2024-02-08T23:59:58Z"}], "retire": )"
      R"([{"key": "old", "etag": "b2"}], "catalogue": "x", "set_aside": [{"document": )"
      R"("ké.gz", "offset": 17, "reason": "truncated", "count": 1, "partial": true, )"
      R"("record": 12}, {"document": "l", "reason": "a digest", "count": 3}], "sums": )"
      R"({"documents": 1, "records": 2, "bytes_read": 3, "bytes": 4, "duplicates": 5, )"
      R"("conflicts": 6, "set_aside": 7, "partial": 8}, "shape": {"records": 41, )"
      R"("bytes": 8200, "looked_at": 40, "levels": 2, "fields": {".id": 40, ".us\"er": )"
      R"(39}, "nested": {".user.näme": 1}}}})";
  const std::string text = print(everything());
  CHECK(text.starts_with(claim));
  CHECK(contains(text, intent));
  CHECK(print_manifest(*everything().manifest) == std::string(manifest) + "\n");
}

TEST_CASE("a fresh claim is a short line that people can read") {
  const Record record{.job = "trail", .unit = "2024-02-08", .epoch = 1, .run = "01HQ"};
  CHECK(print(record) ==
        "{\"format\": 1, \"job\": \"trail\", \"unit\": \"2024-02-08\", \"epoch\": 1, "
        "\"run\": \"01HQ\"}\n");
  Record closed = record;
  closed.run.reset();
  CHECK(contains(print(closed), "\"run\": null"));
}

TEST_CASE("a checkpoint tells where to go on, and is a part of the line") {
  Record record{.job = "j", .unit = "u", .epoch = 2, .run = "B"};
  record.checkpoint = Checkpoint{.cursor = "p2", .state = "s", .fingerprint = "f"};
  record.checkpoint->uploads = {{Key("k"), UploadId("i"), Mark("j/u/1"), {{1, ETag("e")}}}};
  CHECK(contains(print(record),
                 "\"checkpoint\": {\"fingerprint\": \"f\", \"cursor\": \"p2\", \"uploads\": "
                 "[{\"key\": \"k\", \"id\": \"i\", \"mark\": \"j/u/1\", \"parts\": [{\"n\": 1, "
                 "\"etag\": \"e\"}]}], \"state\": \"s\"}"));
  CHECK(parse_record(print(record), Key("k")).value() == record);
  CHECK(names(record, UploadId("i")));
  record.checkpoint = Checkpoint{};  // From the beginning, and still a checkpoint
  CHECK(parse_record(print(record), Key("k")).value() == record);
}

TEST_CASE("what is unknown in a checkpoint is refused") {
  const std::string head = "{\"format\": 1, \"job\": \"j\", \"unit\": \"u\", \"epoch\": 1";
  CHECK(contains(why(head + ", \"checkpoint\": {\"page\": 1}}"), "unknown field `page`"));
  CHECK(contains(why(head + ", \"checkpoint\": {\"state\": {}}}"), "expected a string"));
}

TEST_CASE("a CRC is written as S3 writes it") {
  Record record{.job = "j", .unit = "u", .epoch = 1};
  record.checkpoint = Checkpoint{"", {}, {{Key("k"), UploadId("i"), Mark("m"), {}, {}}}};
  record.checkpoint->uploads[0].content.crc32c = 0x00000066;
  CHECK(contains(print(record), "\"crc32c\": \"AAAAZg==\""));
}

TEST_CASE("what can't be understood is refused, by name and with the reason") {
  CHECK(contains(why(""), "empty"));
  CHECK(contains(why("{"), "not JSON"));
  CHECK(contains(why("[]"), "expected an object"));
  CHECK(contains(why("{\"format\": 2}"), "format is 2"));
  CHECK(contains(why("{\"job\": \"j\"}"), "`format` is missing"));
  const std::string head = "{\"format\": 1, \"job\": \"j\", \"unit\": \"u\", \"epoch\": 1";
  CHECK(parse_record(head + "}", Key("k")).ok());
  CHECK(contains(why(head + "} x"), "not JSON"));
  CHECK(contains(why(head + ", \"colour\": 1}"), "unknown field `colour`"));
  CHECK(contains(why(head + ", \"epoch\": -1}"), "not a whole number"));
  CHECK(contains(why(head + ", \"epoch\": 1.5}"), "not a whole number"));
  CHECK(contains(why(head + ", \"epoch\": 18446744073709551616}"), "not a whole number"));
  CHECK(contains(why(head + ", \"run\": 1}"), "expected a string"));
  CHECK(contains(why(head + ", \"leftovers\": {}}"), "expected a list"));
  CHECK(contains(why(head + ", \"manifest\": {}}"), "manifest's epoch is missing"));
  CHECK(contains(why(head + ", \"intent\": {\"epoch\": 1, \"uploads\": [{\"key\": \"k\"}]}}"),
                 "an upload's id is missing"));
  CHECK(contains(why(head + ", \"manifest\": {\"epoch\": 1, \"outputs\": [{\"key\": \"k\", "
                            "\"least\": \"yesterday\"}]}}"),
                 "not a time: yesterday"));
}

TEST_CASE("side files survive their text, and a kept manifest has no todo") {
  const std::vector<Input> inputs = {{Key("a"), ETag("1"), 7}, {Key("b"), ETag(), 0}};
  CHECK(parse_inputs(print_inputs(inputs), Key("k")).value() == inputs);
  CHECK(parse_inputs(print_inputs({}), Key("k")).value().empty());
  Manifest manifest = *everything().manifest;
  const std::string text = print_manifest(manifest);
  manifest.todo = false;
  CHECK(print_manifest(manifest) == text);
  CHECK(parse_manifest(text, Key("k")).value() == manifest);
  CHECK(!parse_manifest("{\"format\": 1}", Key("k")).ok());
}

TEST_CASE("names of inputs that are not UTF-8 are the same once they are read again") {
  const std::string text = print_inputs({{Key("a\xFF"), ETag("1"), 7}});
  CHECK(parse_inputs(text, Key("k")).value()[0].key == Key("a\xFF"));
}

TEST_CASE("a unit is finished when nothing of another commit is half done") {
  Record record{.job = "j", .unit = "u", .epoch = 3};
  CHECK(!finished(record));
  record.manifest = Manifest{.epoch = 2, .fingerprint = "f"};
  CHECK(finished(record));
  record.manifest.change([](Manifest& manifest) { manifest.early = true; });
  CHECK(!finished(record));
  CHECK(committed(record));
  record.manifest.change([](Manifest& manifest) { manifest.early = false; });
  CHECK(finished(record, "f"));
  CHECK(!finished(record, "g"));
  record.leftovers = {Key("k")};
  CHECK(!finished(record));
}

TEST_CASE("the manifest says what the intent said") {
  const Intent intent = *everything().intent;
  const Manifest manifest = manifest_of(intent, {ETag("whole")});
  CHECK(manifest.todo);
  CHECK(manifest.outputs ==
        std::vector<Output>{{intent.uploads[0].key, ETag("whole"), intent.uploads[0].content}});
  CHECK(manifest.inputs == intent.inputs);
  CHECK(manifest.sums == intent.sums);
  CHECK(manifest.shape == intent.shape);
  CHECK(manifest.end == intent.end);
}

}  // namespace sluice::ledger

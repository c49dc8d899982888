#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/checksum.h"
#include "codec/auto_records.h"
#include "codec/csv.h"
#include "codec/gzip_encoder.h"
#include "codec/json_document.h"
#include "codec/lines.h"

namespace sluice {
namespace {

std::string gzip(std::string_view text) {
  const auto encoder = make_gzip_encoder();
  Encoded out{Buffer(encoder->encoded_bytes_max(text.size()))};
  REQUIRE(encoder->encode(nullptr, text, true, out).ok());
  return encoder->header() + std::string(out.bytes.view()) +
         encoder->trailer(out.crc32, out.raw_bytes);
}

struct Decoded {
  std::vector<std::string> records;
  std::vector<uint64_t> offsets;
  std::vector<SetAside> bad;
  std::string error;
  uint64_t bad_offset = 0;
};

// How the walk drives a decoder: chunks in, a window that is carried over or grown.
Decoded decode(Decoder& decoder, std::string_view whole, size_t chunk_bytes = 1 << 20,
               size_t window_bytes = 1 << 16, bool drop = true) {
  Decoded decoded;
  decoder.reset();
  Buffer window(window_bytes);
  std::vector<Span> spans;
  for (;;) {
    std::string_view chunk = whole.substr(0, std::min(chunk_bytes, whole.size()));
    whole.remove_prefix(chunk.size());
    for (;;) {
      spans.clear();
      auto step = decoder.step(chunk, whole.empty(), window, spans, decoded.bad);
      for (const Span& span : spans) {
        REQUIRE(span.end <= window.size());
        decoded.records.emplace_back(span.of(window.view()));
        decoded.offsets.push_back(decoder.window_offset() + span.begin);
      }
      if (!step.ok()) {
        decoded.error = step.error().message;
        decoded.bad_offset = decoder.bad_offset();
        CHECK(step.error().kind == ErrorKind::corrupt);
        return decoded;
      }
      REQUIRE(step->consumed <= window.size());
      if (step->next == DecodeStep::Next::finished) return decoded;
      if (drop && step->consumed > 0) {
        const std::string rest(window.view().substr(step->consumed));
        window.clear();
        window.append(rest);
        decoder.dropped(step->consumed);
      }
      if (step->next == DecodeStep::Next::more_room && window.room() == 0) {
        window.grow(window.capacity() * 2);
      }
      if (step->next == DecodeStep::Next::more_input) break;
    }
    CHECK(chunk.empty());
    if (whole.empty()) FAIL("the document never ended");
  }
}

using Texts = std::vector<std::string>;

std::unique_ptr<DecoderMaker> records_at(std::string_view path, DecoderOptions options = {}) {
  return make_json_array_decoders(*json::parse_path(path), options);
}

TEST_CASE("records and their offsets are the same however chunks and windows fall") {
  const std::string text = R"(  {"a":[1,2],"Records": [ {"n":1} , {"n":"\"]"},)"
                           "\n"
                           R"({"n":[{}]}, 7 ],"z":null} )";
  const Texts records = {R"({"n":1})", R"({"n":"\"]"})", R"({"n":[{}]})", "7"};
  const auto maker = records_at(".Records");
  const auto decoder = maker->make();
  for (const std::string& whole :
       {text, gzip(text), gzip(text.substr(0, 20)) + gzip(text.substr(20))}) {
    for (const size_t chunk : {1, 2, 7, 1000}) {
      for (const size_t window : {1, 3, 16, 64, 1000}) {
        for (const bool drop : {true, false}) {
          const Decoded decoded = decode(*decoder, whole, chunk, window, drop);
          CHECK(decoded.error == "");
          CHECK(decoded.records == records);
          CHECK(decoded.bad.empty());
          for (size_t i = 0; i < decoded.records.size(); ++i) {
            CHECK(text.compare(decoded.offsets[i], records[i].size(), records[i]) == 0);
          }
        }
      }
    }
  }
  CHECK(decoder->spoils() == Spoils::document);
  CHECK(decoder->json());
  CHECK(decoder->inflated() == text.size());
}

TEST_CASE("a document without the array, or without anything, is corrupt; an empty array is fine") {
  const auto decoder = records_at(".Records")->make();
  CHECK(decode(*decoder, R"({"Records":[]})").error == "");
  CHECK(decode(*decoder, R"({"Records":[]})").records.empty());
  CHECK(decode(*decoder, R"({"digestS3Bucket":"b"})").error.find("no .Records") == 0);
  CHECK(decode(*decoder, R"({"Records":{}})").error.find(".Records") == 0);
  CHECK(decode(*decoder, "").error == "no .Records: the document is empty");
  CHECK(decode(*decoder, gzip("")).error == "no .Records: the document is empty");
  CHECK(decode(*decoder, "\n \n").error != "");
  const auto root = records_at(".")->make();
  CHECK(decode(*root, "[1,2]").records == Texts{"1", "2"});
  CHECK(decode(*root, "{}").error != "");
}

TEST_CASE("records in front of a fault stand, and the fault's place is told") {
  const auto decoder = records_at(".Records")->make();
  const std::string text = R"({"Records":[{"n":1},{"n":2} x {"n":3}]})";
  for (const size_t chunk : {1, 1000}) {
    const Decoded decoded = decode(*decoder, text, chunk);
    CHECK(decoded.records == Texts{R"({"n":1})", R"({"n":2})"});
    CHECK(decoded.error.find("not JSON at byte 28") == 0);
    CHECK(decoded.bad_offset == text.find('x'));
  }
  std::string whole = gzip(text.substr(0, 20)) + gzip(text.substr(20));
  whole[whole.size() - 5] ^= 1;
  whole[whole.size() - 1] ^= 1;
  const Decoded sliced = decode(*decoder, gzip(text.substr(0, 20)).substr(0, 40));
  CHECK(sliced.records == Texts{R"({"n":1})"});
  CHECK(sliced.error.find("gzip: truncated") == 0);
  CHECK(sliced.bad_offset == 20);
  const Decoded cut = decode(*decoder, R"({"Records":[{"n":1},{"n")");
  CHECK(cut.records == Texts{R"({"n":1})"});
  CHECK(cut.error != "");
}

TEST_CASE("a byte order mark in front is no part of the JSON, and offsets count it") {
  const std::string text = "\xef\xbb\xbf{\"Records\":[11,22]}";
  const auto decoder = records_at(".Records")->make();
  for (const size_t chunk : {1, 2, 3, 4, 1000}) {
    const Decoded decoded = decode(*decoder, text, chunk);
    CHECK(decoded.error == "");
    CHECK(decoded.records == Texts{"11", "22"});
    CHECK(decoded.offsets == std::vector<uint64_t>{15, 18});
  }
  const auto lines = make_json_line_decoders()->make();
  CHECK(decode(*lines, "\xef\xbb\xbf{}\n{}", 1).records == Texts{"{}", "{}"});
  CHECK(decode(*lines, "\xef\xbb", 1).records == Texts{"\xef\xbb"});
  const auto raw = make_raw_line_decoders()->make();
  CHECK(decode(*raw, "\xef\xbb\xbfx\n", 1).records == Texts{"\xef\xbb\xbfx"});
}

TEST_CASE("a record over record_max is set aside with offset and length; its neighbours arrive") {
  const std::string large = "\"" + std::string(5000, 'x') + "\"";
  const std::string array = "\xef\xbb\xbf{\"Records\":[1," + large + ",2]}";
  const std::string lines = "1\n" + large + "\n2";
  DecoderOptions options;
  options.record_max = 1000;
  const auto check = [&](const DecoderMaker& maker, const std::string& text) {
    const auto decoder = maker.make();
    for (const size_t chunk : {1, 100, 10'000}) {
      for (const size_t window : {64, 100'000}) {
        const Decoded decoded = decode(*decoder, text, chunk, window);
        CHECK(decoded.error == "");
        CHECK(decoded.records == Texts{"1", "2"});
        REQUIRE(decoded.bad.size() == 1);
        CHECK(decoded.bad[0].offset == text.find(large));
        CHECK(decoded.bad[0].bytes == large.size());
        CHECK(decoded.bad[0].reason == "longer than record_max (1000 bytes)");
        CHECK_FALSE(decoded.bad[0].whole);
      }
    }
  };
  check(*records_at(".Records", options), array);
  check(*make_json_line_decoders(options), lines);
  check(*make_raw_line_decoders(options), lines);
  check(*make_auto_decoders(options), "[1," + large + ",2]");
}

TEST_CASE("an oversize record passes in a window of constant size") {
  DecoderOptions options;
  options.record_max = 1000;
  const auto decoder = records_at(".", options)->make();
  const std::string text = "[\"" + std::string(1'000'000, 'x') + "\",1]";
  Buffer window(4096);
  std::string_view input = text;
  std::vector<Span> spans;
  std::vector<SetAside> bad;
  decoder->reset();
  for (;;) {
    auto step = decoder->step(input, true, window, spans, bad);
    REQUIRE(step.ok());
    if (step->next == DecodeStep::Next::finished) break;
    REQUIRE(step->consumed > 0);
    const std::string rest(window.view().substr(step->consumed));
    window.clear();
    window.append(rest);
    decoder->dropped(step->consumed);
  }
  CHECK(spans.size() == 1);
  REQUIRE(bad.size() == 1);
  CHECK(bad[0].bytes == 1'000'002);
}

namespace {

// What the first step sets aside of a document whose records may have 40 bytes.
struct FirstStep {
  explicit FirstStep(const std::string& text) {
    DecoderOptions options;
    options.record_max = 40;
    decoder = make_auto_decoders(options)->make();
    Buffer window(4096);
    std::string_view input = text;
    std::vector<Span> spans;
    decoder->reset();
    is_good = decoder->step(input, true, window, spans, bad).ok();
  }
  std::unique_ptr<Decoder> decoder;
  std::vector<SetAside> bad;
  bool is_good = false;
};

}  // namespace

TEST_CASE("what one step sets aside comes in the document's order, whatever the reasons are") {
  const FirstStep step(std::string(41, '#') + "\n\"a\" 1\n{}\n3 of them\n");
  REQUIRE(step.is_good);
  REQUIRE(step.bad.size() == 2);
  CHECK(step.bad[0].reason.starts_with("longer than record_max"));
  CHECK(step.bad[1].reason.starts_with("no record"));
}

TEST_CASE("of what lies behind the fault that ends a document nothing is set aside") {
  const FirstStep step("{}\n[1,\n2]\n" + std::string(41, '#') + "\n{}\n");
  REQUIRE_FALSE(step.is_good);
  CHECK(step.decoder->bad_offset() == 7);
  CHECK(step.bad.empty());
}

TEST_CASE("a single document is one record without the blanks around it") {
  DecoderOptions options;
  options.record_max = 20;
  const auto decoder = make_json_single_decoders(options)->make();
  for (const size_t chunk : {1, 3, 1000}) {
    for (const size_t window : {1, 5, 1000}) {
      const Decoded one = decode(*decoder, " \n{\"a\": 1}\n\n", chunk, window);
      CHECK(one.error == "");
      CHECK(one.records == Texts{"{\"a\": 1}"});
      CHECK(one.offsets == std::vector<uint64_t>{2});
      CHECK(decode(*decoder, "  12345678901234567890  ", chunk, window).records.size() == 1);
      CHECK(decode(*decoder, "1" + std::string(3000, ' '), chunk, window).error == "");
      const Decoded large = decode(*decoder, "  123456789012345678901  ", chunk, window);
      CHECK(large.error == "");
      CHECK(large.records.empty());
      REQUIRE(large.bad.size() == 1);
      CHECK(large.bad[0].offset == 2);
      CHECK(large.bad[0].bytes == 21);
      CHECK(decode(*decoder, "  ", chunk, window).error == "no JSON value: the document is blank");
      CHECK(decode(*decoder, "", chunk, window).error == "no JSON value: the document is empty");
    }
  }
  CHECK(decoder->spoils() == Spoils::document);
}

TEST_CASE("lines end with LF, CR LF or the document; a bad one spoils itself") {
  const auto json = make_json_line_decoders()->make();
  const auto raw = make_raw_line_decoders()->make();
  for (Decoder* decoder : {json.get(), raw.get()}) {
    const Decoded decoded = decode(*decoder, gzip("{\"a\":1}\r\nnot json\n3"), 5, 4);
    CHECK(decoded.error == "");
    CHECK(decoded.records == Texts{"{\"a\":1}", "not json", "3"});
    CHECK(decoded.offsets == std::vector<uint64_t>{0, 9, 18});
    CHECK(decoder->spoils() == Spoils::record);
    CHECK(decode(*decoder, "\n").error == "");
    CHECK(decode(*decoder, "").error == "no lines: the document is empty");
  }
  CHECK(json->json());
  CHECK_FALSE(raw->json());
}

TEST_CASE("blank lines are nothing between JSON values, and records of raw text") {
  const std::string text = "\n{}\r\n\r\n  \n\t\n1\n\n \t";
  for (const size_t chunk : {1, 2, 1000}) {
    CHECK(decode(*make_json_line_decoders()->make(), text, chunk).records == Texts{"{}", "1"});
    const Decoded raw = decode(*make_raw_line_decoders()->make(), text, chunk);
    CHECK(raw.records == Texts{"", "{}", "", "  ", "\t", "1", "", " \t"});
    CHECK(raw.offsets == std::vector<uint64_t>{0, 1, 5, 7, 10, 12, 14, 15});
  }
}

TEST_CASE("auto takes an object over several lines for one record, never for pieces") {
  const auto decoder = make_auto_decoders()->make();
  const std::string pretty = "{\n  \"a\": 1,\n  \"b\": [\n    2,\n    {},\n    17\n  ]\n}";
  for (const size_t chunk : {1, 5, 1000}) {
    const Decoded one = decode(*decoder, pretty + "\n", chunk);
    CHECK(one.records == Texts{pretty});
    CHECK(one.error == "");
    CHECK(decoder->spoils() == Spoils::document);
    // Several are no JSON value: all of them are set aside, when the record is looked at.
    CHECK(decode(*decoder, pretty + "\n" + pretty, chunk).records == Texts{pretty + "\n" + pretty});
    const Decoded later = decode(*decoder, "{\"n\":1}\n{\"n\":2}\n" + pretty, chunk);
    CHECK(later.error == "a value goes on over several lines among lines");
    CHECK(later.bad_offset == 18);
    CHECK(later.records == Texts{"{\"n\":1}", "{\"n\":2}", "{"});
  }
}

TEST_CASE("auto sets a line that is cut short aside alone, whatever follows but its rest") {
  const auto decoder = make_auto_decoders()->make();
  const std::string text = "{\"n\":1}\n{\"n\":[2,\n{\"n\":3}\n{\"n\":\"";
  const Decoded decoded = decode(*decoder, text);
  CHECK(decoded.error == "");
  CHECK(decoded.records == Texts{"{\"n\":1}", "{\"n\":[2,", "{\"n\":3}", "{\"n\":\""});
}

TEST_CASE("auto takes bare values for records only where the first line is one") {
  const auto decoder = make_auto_decoders()->make();
  for (const size_t chunk : {1, 5, 1000}) {
    CHECK(decode(*decoder, "17\n\"x\"\nnull\n", chunk).records == Texts{"17", "\"x\"", "null"});
    for (const std::string first : {"{}", "Read me:", "\"never closed"}) {
      const Decoded decoded = decode(*decoder, first + "\n17\n  \"x\"\n{}", chunk);
      CHECK(decoded.records == Texts{first, "{}"});
      REQUIRE(decoded.bad.size() == 2);
      CHECK(decoded.bad[0].reason == "no record: a bare value among lines of objects");
      CHECK(decoded.bad[0].offset == first.size() + 1);
      CHECK(decoded.bad[0].text_end - decoded.bad[0].text_begin == 2);
      CHECK(decoded.bad[1].bytes == 5);
    }
  }
}

TEST_CASE("auto finds no records in a CloudTrail digest") {
  const auto decoder = make_auto_decoders()->make();
  const std::string digest =
      R"({"awsAccountId":"111122223333","digestStartTime":"2024-02-08T01:00:00Z",)"
      R"("digestS3Bucket":"logs","digestS3Object":"AWSLogs/x.json.gz","logFiles":[]})";
  for (const size_t chunk : {7, 1000}) {
    const Decoded decoded = decode(*decoder, gzip(digest), chunk);
    CHECK(decoded.error == "no records: a CloudTrail digest");
    CHECK(decoded.records.empty());
    CHECK(decode(*decoder, "{\n" + digest.substr(1), chunk).error ==
          "no records: a CloudTrail digest");
  }
  const std::string event = R"({"eventName":"GetObject","key":"\"digestS3Object\""})";
  CHECK(decode(*decoder, event).records == Texts{event});
}

TEST_CASE("auto looks at the first bytes of each document") {
  const auto decoder = make_auto_decoders()->make();
  for (const size_t chunk : {1, 4, 1000}) {
    CHECK(decode(*decoder, " [1,2]", chunk).records == Texts{"1", "2"});
    CHECK(decoder->spoils() == Spoils::document);
    CHECK(decode(*decoder, "{ \"Records\" :\n[1,2]}", chunk).records == Texts{"1", "2"});
    CHECK(decoder->spoils() == Spoils::document);
    CHECK(decode(*decoder, "{\"Records\":1}\n{\"a\":2}", chunk).records ==
          Texts{"{\"Records\":1}", "{\"a\":2}"});
    CHECK(decoder->spoils() == Spoils::record);
    CHECK(decode(*decoder, "\n{\"a\":1}\n{\"a\":2}", chunk).records ==
          Texts{"{\"a\":1}", "{\"a\":2}"});
    CHECK(decode(*decoder, "{\"Rec", chunk).records == Texts{"{\"Rec"});
    CHECK(decode(*decoder, "[1,2", chunk).error != "");
    CHECK(decode(*decoder, "\n\n", chunk).error == "");
    CHECK(decode(*decoder, "", chunk).error == "no records: the document is empty");
    CHECK(decode(*decoder, std::string(10'000, '\n') + "1\n2", chunk).records == Texts{"1", "2"});
  }
}

TEST_CASE("a window of just the document's size is enough") {
  const auto maker = records_at(".");
  const std::string text = "[\"" + std::string(100'000, 'x') + "\"]";
  const std::string whole = gzip(text);
  CHECK(maker->inflated_hint(whole) == text.size());
  const auto decoder = maker->make();
  decoder->reset();
  Buffer window(text.size());
  std::string_view input = whole;
  std::vector<Span> spans;
  std::vector<SetAside> bad;
  const auto step = decoder->step(input, true, window, spans, bad);
  REQUIRE(step.ok());
  CHECK(step->next == DecodeStep::Next::finished);
  CHECK(spans.size() == 1);
}

TEST_CASE("warnings of the codec are the decoder's") {
  const auto decoder = make_json_line_decoders()->make();
  CHECK(decode(*decoder, gzip("1\n") + std::string(4, '\0')).records == Texts{"1"});
  CHECK(decoder->warnings() == Texts{"4 zero bytes behind a gzip member ignored"});
  decode(*decoder, gzip("1\n"));
  CHECK(decoder->warnings().empty());
}

TEST_CASE(
    "a damaged gzip member loses what follows, not what came before, and half a record never") {
  const std::string junk = "junk";
  const auto decoded = [&](const DecoderMaker& maker, const std::string& text) {
    const auto decoder = maker.make();
    const Decoded made = decode(*decoder, gzip(text) + junk);
    if (made.error.empty()) {
      CHECK(decoder->rest_lost().value_or("").find("begins no gzip member") != std::string::npos);
    }
    return std::pair(made, decoder->bad_offset());
  };
  const auto lines = make_json_line_decoders();
  CHECK(decoded(*lines, "{\"n\":1}\n{\"n\":2}\n").first.records == Texts{"{\"n\":1}", "{\"n\":2}"});
  CHECK(decoded(*lines, "{\"n\":1}\n{\"n\":2}").first.records == Texts{"{\"n\":1}", "{\"n\":2}"});
  CHECK(decoded(*lines, "1\n23").first.records == Texts{"1"});  // Or was it 234?
  CHECK(decoded(*lines, "1\n23").second == 2);
  const auto raw = make_raw_line_decoders();
  CHECK(decoded(*raw, "one\ntw").first.records == Texts{"one"});
  CHECK(decoded(*raw, "one\ntw").second == 4);
  const auto array = make_json_array_decoders({});
  CHECK(decoded(*array, "[1,2]").first.records == Texts{"1", "2"});
  CHECK(decoded(*array, "[1,2]").first.error.empty());
  CHECK(decoded(*array, "[1,2").first.error.find("begins no gzip member") != std::string::npos);
  const auto rows = make_csv_decoders({}, {});
  CHECK(decoded(*rows, "a\n1\n2").first.records == Texts{"{\"a\":\"1\"}"});
  CHECK(decoded(*rows, "a\n1\n2").second == 4);
}

}  // namespace
}  // namespace sluice

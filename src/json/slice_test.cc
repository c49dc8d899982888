#include "json/slice.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/clock.h"
#include "json/corpus.h"

namespace sluice::json {
namespace {

struct Sliced {
  std::vector<std::string> records;
  std::vector<uint64_t> offsets;
  std::vector<Oversize> oversize;
  std::vector<std::optional<std::string>> envelope;
  Slicer::Ending ending = Slicer::Ending::ok;
  std::string why;  // Of a bad ending or one without records
  bool operator==(const Sliced&) const = default;
};

Slicer::Options options(std::string_view records,
                        std::initializer_list<std::string_view> envelope = {},
                        uint64_t record_max = 1 << 20) {
  Slicer::Options options;
  options.records = parse_path(records).value();
  options.record_max = record_max;
  for (const std::string_view path : envelope) {
    options.envelope.push_back(parse_path(path).value());
  }
  return options;
}

// Feeds the document in pieces up to these cuts (ascending), as a caller does who drops what is
// done.
Sliced slice(Slicer& slicer, std::string_view document, std::vector<size_t> cuts,
             const Slicer::Options& options) {
  Sliced sliced;
  std::string window;
  std::vector<Span> spans;
  uint64_t window_offset = 0;
  cuts.push_back(document.size());
  size_t fed = 0;
  for (const size_t cut : cuts) {
    const size_t from = window.size();
    window += document.substr(fed, cut - fed);
    fed = cut;
    // Memory of exactly this size, so that a sanitizer sees a read beyond it.
    const std::vector<char> exact(window.begin(), window.end());
    const size_t done = slicer.slice({exact.data(), exact.size()}, from, spans);
    for (const Span& span : spans) {
      sliced.records.emplace_back(span.of(window));
      sliced.offsets.push_back(window_offset + span.begin);
    }
    spans.clear();
    window.erase(0, done);
    window_offset += done;
    REQUIRE(window.size() <= options.record_max);
  }
  sliced.oversize = slicer.take_oversize();
  sliced.ending = slicer.finish();
  if (sliced.ending == Slicer::Ending::bad) sliced.why = slicer.fault().message();
  if (sliced.ending == Slicer::Ending::no_records) sliced.why = slicer.why_no_records();
  for (size_t i = 0; i < options.envelope.size(); ++i) {
    const auto value = slicer.envelope(i);
    sliced.envelope.push_back(value ? std::optional(std::string(*value)) : std::nullopt);
  }
  return sliced;
}

Sliced slice(std::string_view document, const Slicer::Options& options,
             std::vector<size_t> cuts = {}) {
  Slicer slicer(options);
  return slice(slicer, document, std::move(cuts), options);
}

// In one piece, in two at every place, and byte by byte: all the same.
Sliced slice_every_way(std::string_view document, const Slicer::Options& options) {
  Sliced whole = slice(document, options);
  std::vector<size_t> every;
  Slicer slicer(options);
  for (size_t cut = 0; cut <= document.size(); ++cut) {
    every.push_back(cut);
    CAPTURE(cut);
    slicer.reset();
    REQUIRE(slice(slicer, document, {cut}, options) == whole);
  }
  REQUIRE(slice(document, options, every) == whole);
  return whole;
}

// The offset of each record is where it stands.
void check_offsets(const Sliced& sliced, std::string_view document) {
  for (size_t i = 0; i < sliced.records.size(); ++i) {
    REQUIRE(document.substr(sliced.offsets[i], sliced.records[i].size()) == sliced.records[i]);
  }
}

bool accepts(const Sliced& sliced) {
  Scanner scanner;
  return sliced.ending == Slicer::Ending::ok &&
         std::all_of(sliced.records.begin(), sliced.records.end(),
                     [&](const std::string& record) { return scanner.scan(record); });
}

using Records = std::vector<std::string>;

TEST_CASE("the elements of the array are the records, byte for byte") {
  const std::string document =
      R"( { "v" : 1, "Records" : [ {"a":1.10,"b":"]}\"{"} , [1, 2],"s,\\" ,-1.5e9,null,true,{},[] ] , "x":{} } )";
  const Sliced sliced = slice_every_way(document, options(".Records"));
  CHECK(sliced.ending == Slicer::Ending::ok);
  CHECK(sliced.records == Records{R"({"a":1.10,"b":"]}\"{"})", "[1, 2]", R"("s,\\")", "-1.5e9",
                                  "null", "true", "{}", "[]"});
  check_offsets(sliced, document);
}

TEST_CASE("records follow each other with or without blanks") {
  CHECK(slice_every_way("[{\"a\":1},{\"a\":2},\n{\"a\":3} ,{\"a\":4}\n,\n[{}],{}]", options("."))
            .records == Records{"{\"a\":1}", "{\"a\":2}", "{\"a\":3}", "{\"a\":4}", "[{}]", "{}"});
}

TEST_CASE("the array may lie anywhere, also at the root or in an array") {
  CHECK(slice_every_way("[1,2]", options(".")).records == Records{"1", "2"});
  CHECK(slice_every_way(R"({"a":{"c":[0],"b":[3,4]},"b":[5]})", options(".a.b")).records ==
        Records{"3", "4"});
  CHECK(slice_every_way(R"([[0],{"d":[7,8]},[9]])", options(".[1].d")).records ==
        Records{"7", "8"});
  CHECK(slice_every_way(R"({"a":[0,[1]]})", options("/a/1")).records == Records{"1"});
  CHECK(slice_every_way(R"({"a":{"1":[2]}})", options("/a/1")).records == Records{"2"});
  CHECK(slice_every_way(R"({"\u0052ecords":[1]})", options(".Records")).records == Records{"1"});
  CHECK(slice_every_way(R"({"\"\\":[1]})", options(R"(."\"\\")")).records == Records{"1"});
}

TEST_CASE("an empty array is fine; no array is said so") {
  const auto why = [](std::string_view document, std::string_view path) {
    const Sliced sliced = slice_every_way(document, options(path));
    CHECK(sliced.records.empty());
    return sliced.ending == Slicer::Ending::no_records ? sliced.why : "not that";
  };
  CHECK(slice_every_way(R"({"Records": [ ] })", options(".Records")).ending == Slicer::Ending::ok);
  CHECK(why(R"({"records":[1]})", ".Records") == "no .Records");
  CHECK(why("{}", ".a.b") == "no .a.b");
  CHECK(why(R"({"a":{"b":{}}})", ".a.b") == ".a.b is an object, not an array");
  CHECK(why(R"({"Records":null})", ".Records") == ".Records is null, not an array");
  CHECK(why(R"({"Records":"[]"})", ".Records") == ".Records is a string, not an array");
  CHECK(why(R"({"a":1})", ".") == "the document is an object, not an array");
  CHECK(why("17", ".Records") == "no .Records");
  CHECK(why(R"({"x":{"Records":[1]},"Recordsx":[2],"Record":[3]})", ".Records") == "no .Records");
}

TEST_CASE("records whose path comes twice are a fault: neither array hides the other") {
  const auto why = [](std::string_view document, std::string_view path) {
    const Sliced sliced = slice_every_way(document, options(path));
    CHECK(sliced.ending == Slicer::Ending::bad);
    return sliced.why;
  };
  CHECK(why(R"({"R":[1],"R":[2]})", ".R") == "at byte 13: the records' path comes twice");
  CHECK(why(R"({"R":3,"R":[2]})", ".R") == "at byte 11: the records' path comes twice");
  CHECK(why(R"({"R":[1],"R":null})", ".R") == "at byte 13: the records' path comes twice");
  CHECK(why(R"({"a":{"R":[1]},"a":{"R":[2]}})", ".a.R") ==
        "at byte 24: the records' path comes twice");
  CHECK(why(R"({"R":[1],"\u0052":[2]})", ".R") == "at byte 18: the records' path comes twice");
  CHECK(why(R"({"R":[1],"R":[2,]})", ".R") == "at byte 13: the records' path comes twice");
  CHECK(slice_every_way(R"({"R":[1],"R":[2]})", options(".R")).records == Records{"1"});
  Slicer slicer({.records = *parse_path(".a.R"), .envelope = {*parse_path(".a.t")}});
  std::vector<Span> spans;
  slicer.slice(R"({"a":{"x":0},"a":{"t":1,"R":[2]}})", 0, spans);
  CHECK(spans.size() == 1);
  CHECK_FALSE(slicer.envelope(0));  // Of what isn't records the first counts
  // A way that only begins twice hides nothing.
  CHECK(slice_every_way(R"({"a":{"R":[2]},"a":{}})", options(".a.R")).records == Records{"2"});
  CHECK(slice_every_way(R"({"a":{},"a":{"R":[2]}})", options(".a.R")).records == Records{"2"});
  CHECK(slice_every_way(R"({"R":[{"R":[1]}],"x":{"R":[2]}})", options(".R")).records ==
        Records{R"({"R":[1]})"});
}

TEST_CASE("a bad byte around the records is found, and records before it stand") {
  const auto why = [](std::string_view document) {
    const Sliced sliced = slice_every_way(document, options(".R"));
    CHECK(sliced.ending == Slicer::Ending::bad);
    return sliced.why;
  };
  CHECK(why("") == "at byte 0: empty: expected a value");
  CHECK(why("{\"R\":[1 2]}") == "at byte 8: expected ',' or ']'");
  CHECK(why("{\"R\":[{} {}]}") == "at byte 9: expected ',' or ']'");
  CHECK(why("{\"R\":[{}{}]}") == "at byte 8: expected ',' or ']'");
  CHECK(why("{\"R\":[{}:{}]}") == "at byte 8: expected ',' or ']'");
  CHECK(why("{\"R\":[1,,2]}") == "at byte 8: expected a value");
  CHECK(why("{\"R\":[,1]}") == "at byte 6: expected a value");
  CHECK(why("{\"R\":[1,]}") == "at byte 8: expected a value");
  CHECK(why("{\"R\":[1}}") == "at byte 7: expected ',' or ']'");
  CHECK(why("{\"R\":[{}}") == "at byte 8: expected ',' or ']'");
  CHECK(why("{\"R\":[x]}") == "at byte 6: expected a value");
  CHECK(why("{\"R\":[1]") == "at byte 8: cut short: an object is not closed");
  CHECK(why("{\"R\":[1") == "at byte 7: cut short: a record is not closed");
  CHECK(why("{\"R\":[{\"a\":\"") == "at byte 12: cut short: a record is not closed");
  CHECK(why("{\"R\":[1,") == "at byte 8: cut short: an array is not closed");
  CHECK(why("{\"R\":[1]} x") == "at byte 10: something follows the value");
  CHECK(why("{\"a\":\"\xff\",\"R\":[1]}") == "at byte 6: not UTF-8");
  CHECK(why("{\"a\":01,\"R\":[1]}") == "at byte 6: a number may not begin with 0");
  const Sliced sliced = slice_every_way("{\"R\":[1,{\"a\":2},3 4]}", options(".R"));
  CHECK(sliced.records == Records{"1", "{\"a\":2}", "3"});
  Slicer slicer(options(".R"));
  std::vector<Span> spans;
  CHECK(slicer.slice("{]", 0, spans) == 2);
  CHECK(slicer.failed());
  CHECK(slicer.slice("more", 0, spans) == 4);
  CHECK(slicer.finish() == Slicer::Ending::bad);
  CHECK(!slicer.fault().truncated);
}

TEST_CASE("the envelope may be 1,024 deep; records have a depth of their own") {
  const std::string deep = std::string(1023, '[') + std::string(1023, ']');
  CHECK(slice("{\"a\":" + deep + ",\"R\":[1]}", options(".R")).ending == Slicer::Ending::ok);
  CHECK(slice("{\"a\":[" + deep + "],\"R\":[1]}", options(".R")).why ==
        "at byte 1028: deeper than 1024");
  const std::string deeper = std::string(100'000, '[') + std::string(100'000, ']');
  const Sliced sliced = slice("{\"R\":[" + deeper + ",2]}", options(".R"));
  CHECK(sliced.records == Records{deeper, "2"});
}

TEST_CASE("a record longer than record_max passes in constant memory and is reported") {
  for (const char* quote : {"\"", "[", "{\"a\":", "1"}) {
    const std::string open = quote;
    const std::string close = open == "\"" ? "\"" : open == "[" ? "]" : open == "1" ? "" : "}";
    const auto record = [&](size_t bytes) {
      return open + std::string(bytes - open.size() - close.size(), '1') + close;
    };
    const std::string document =
        "{\"R\":[0," + record(20) + "," + record(21) + ",5, " + record(90) + " ,6]}";
    const Sliced sliced = slice_every_way(document, options(".R", {}, 20));
    CHECK(sliced.ending == Slicer::Ending::ok);
    CHECK(sliced.records == Records{"0", record(20), "5", "6"});
    CHECK(sliced.oversize == std::vector<Oversize>{{document.find(record(21) + ","), 21},
                                                   {document.find(record(90) + " "), 90}});
  }
}

TEST_CASE("wanted values of the envelope are kept, before and after the records") {
  const std::string document =
      R"({"next" : {"token":"a\"b", "n": [1, 2] } ,"count":12 ,"R":[{"count":3}],"after":null,"after":4})";
  const auto asked = options(".R", {".next.token", ".next", ".count", ".after", ".none",
                                    ".next.n[1]", ".R[0].count", ".", ".R", ".count"});
  const Sliced sliced = slice_every_way(document, asked);
  CHECK(sliced.ending == Slicer::Ending::ok);
  CHECK(sliced.envelope[0] == R"("a\"b")");
  CHECK(sliced.envelope[1] == R"({"token":"a\"b", "n": [1, 2] })");
  CHECK(sliced.envelope[2] == "12");
  CHECK(sliced.envelope[3] == "null");
  CHECK(sliced.envelope[4] == std::nullopt);
  CHECK(sliced.envelope[5] == "2");
  CHECK(sliced.envelope[6] == std::nullopt);
  CHECK(sliced.envelope[7] == std::nullopt);
  CHECK(sliced.envelope[8] == std::nullopt);
  CHECK(sliced.envelope[9] == "12");
}

TEST_CASE("a wanted value of the envelope that is too long is a fault") {
  const std::string fits = "\"" + std::string(Slicer::envelope_value_bytes_max - 2, 'x') + "\"";
  CHECK(slice("{\"R\":[],\"t\":" + fits + "}", options(".R", {".t"})).envelope[0] == fits);
  CHECK(slice("{\"R\":[],\"t\":\"" + fits.substr(1) + " }", options(".R", {".t"})).ending ==
        Slicer::Ending::ok);
  const std::string document = "{\"R\":[],\"t\":\"x" + fits.substr(1) + "}";
  for (const auto& cuts : {std::vector<size_t>{}, std::vector<size_t>{100, 5000, 60'000}}) {
    CHECK(slice(document, options(".R", {".t"}), cuts).why ==
          "at byte 12: a value wanted from around the records is longer than 64 KiB");
  }
}

TEST_CASE("a long key around the records takes no memory and matches nothing") {
  const std::string key(1 << 20, 'R');
  const std::string document = "{\"" + key + "\":[1],\"R\":[2]}";
  std::vector<size_t> cuts;
  for (size_t cut = 1; cut < document.size(); cut += 7) cuts.push_back(cut);
  CHECK(slice(document, options(".R"), cuts).records == Records{"2"});
}

TEST_CASE("split inside escapes, surrogates and characters at every byte, the answer is the same") {
  const std::string document =
      R"({"\u00e9é😀":"\ud83d\ude00é😀\\\"","R":[{"\"é😀\\":"\\\\\"]}"},"😀\"\\",1e-5,[[{"a":"}"}]]],"t":"é\u00e9"})";
  const Sliced sliced = slice_every_way(document, options(".R", {".t"}));
  CHECK(sliced.ending == Slicer::Ending::ok);
  CHECK(sliced.records.size() == 4);
  CHECK(sliced.envelope[0] == R"("é\u00e9")");
  CHECK(accepts(sliced));
}

TEST_CASE("any one byte changed: slicer and scanner accept what the scanner alone accepts") {
  const std::string document =
      R"({"a":[1,"\u00e9é"],"R":[{"k":"v\\"},[1.5,{}],"s",null, 0 ],"b":{"c":true}})";
  Scanner scanner;
  for (size_t i = 0; i < document.size(); ++i) {
    for (const char c : std::string_view("\"\\{}[],: \n1a\x01\xff\xc3\x00", 16)) {
      std::string changed = document;
      changed[i] = c;
      const Sliced sliced = slice(changed, options(".R"), {i});
      CAPTURE(changed);
      if (sliced.ending == Slicer::Ending::no_records) {
        CHECK(scanner.scan(changed));
      } else {
        CHECK(accepts(sliced) == scanner.scan(changed));
      }
    }
  }
}

TEST_CASE("JSONTestSuite as records: y_ are accepted, n_ refused") {
  for (const CorpusFile& file : read_corpus("jsontestsuite/test_parsing")) {
    CAPTURE(file.name);
    const std::string document = "{\"Records\":[" + file.bytes + "]}";
    const auto asked = options(".Records");
    const Sliced sliced = slice(document, asked);
    std::vector<size_t> cuts;
    const size_t step = document.size() > 1000 ? 997 : 1;
    for (size_t cut = 0; cut < document.size(); cut += step) cuts.push_back(cut);
    CHECK(slice(document, asked, cuts) == sliced);
    Scanner scanner;
    CHECK(accepts(sliced) == scanner.scan(document));
    // Two texts of nothing but blanks are no value, but leave an array empty and good.
    const bool blank = file.bytes.find_first_not_of(" \n") == std::string::npos;
    if (file.name.starts_with("y_")) CHECK(accepts(sliced));
    if (file.name.starts_with("n_")) CHECK(accepts(sliced) == blank);
  }
}

TEST_CASE("well-known JSON files, cut at random places, give the same records") {
  const auto asked = [](std::string_view name) -> std::string_view {
    if (name == "twitter.json") return ".statuses";
    if (name == "apache_builds.json") return ".jobs";
    if (name == "citm_catalog.json") return ".performances";
    if (name == "google_maps_api_response.json") return ".results";
    if (name == "random.json") return ".result";
    return name == "github_events.json" || name == "twitter_timeline.json" ? "." : ".none";
  };
  Chance chance(11);
  for (const CorpusFile& file : read_corpus("json-simdjson")) {
    if (!file.name.ends_with(".json")) continue;
    CAPTURE(file.name);
    const auto wanted = options(asked(file.name));
    const Sliced whole = slice(file.bytes, wanted);
    CHECK(whole.ending != Slicer::Ending::bad);
    check_offsets(whole, file.bytes);
    if (whole.ending == Slicer::Ending::ok) CHECK(accepts(whole));
    for (int round = 0; round < 5; ++round) {
      std::vector<size_t> cuts;
      for (size_t cut = chance.below(3000); cut < file.bytes.size(); cut += chance.below(6000)) {
        cuts.push_back(cut);
      }
      CHECK(slice(file.bytes, wanted, cuts) == whole);
    }
  }
}

}  // namespace
}  // namespace sluice::json

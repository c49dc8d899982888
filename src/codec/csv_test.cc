#include "codec/csv.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "codec/gzip_encoder.h"
#include "flow/settings.h"
#include "json/items.h"
#include "json/scan.h"
#include "json/value.h"

namespace sluice {
namespace {

using Texts = std::vector<std::string>;

struct Decoded {
  Texts records;
  std::vector<uint64_t> offsets;
  std::vector<SetAside> bad;
  Texts copies;  // Of each of `bad`
  std::string error;
  uint64_t bad_offset = 0;
  bool operator==(const Decoded&) const = default;
};

// How the walk drives a decoder: chunks in, a window that is carried over or grown.
Decoded decode(const CsvDialect& dialect, std::string_view whole, size_t chunk_bytes = 1 << 20,
               size_t window_bytes = 1 << 16, DecoderOptions options = {}) {
  const auto decoder = make_csv_decoders(dialect, options)->make();
  decoder->reset();
  Decoded decoded;
  Buffer window(window_bytes);
  std::vector<Span> spans;
  for (;;) {
    std::string_view chunk = whole.substr(0, std::min(chunk_bytes, whole.size()));
    whole.remove_prefix(chunk.size());
    for (;;) {
      spans.clear();
      auto step = decoder->step(chunk, whole.empty(), window, spans, decoded.bad);
      for (const Span& span : spans) {
        decoded.records.emplace_back(span.of(window.view()));
        decoded.offsets.push_back(span.source);
        CHECK(!json::find_fault(decoded.records.back()));
      }
      while (decoded.copies.size() < decoded.bad.size()) {
        SetAside& bad = decoded.bad[decoded.copies.size()];
        decoded.copies.emplace_back(
            window.view().substr(bad.text_begin, bad.text_end - bad.text_begin));
        bad.text_begin = bad.text_end = 0;
      }
      if (!step.ok()) {
        decoded.error = step.error().message;
        decoded.bad_offset = decoder->bad_offset();
        return decoded;
      }
      REQUIRE(step->consumed <= window.size());
      if (step->next == DecodeStep::Next::finished) return decoded;
      const std::string rest(window.view().substr(step->consumed));
      window.clear();
      window.append(rest);
      decoder->dropped(step->consumed);
      if (step->next == DecodeStep::Next::more_room && window.room() == 0) {
        window.grow(window.capacity() * 2);
      }
      if (step->next == DecodeStep::Next::more_input) break;
    }
    CHECK(chunk.empty());
    if (whole.empty()) FAIL("the document never ended");
  }
}
Decoded decode(std::string_view whole) {
  return decode(CsvDialect{}, whole);
}

TEST_CASE("rows become objects under the header's names") {
  const Decoded decoded = decode("id,name\n1,Ada\n2,\"Grace, \"\"Amazing\"\"\n Hopper\"\n");
  CHECK(decoded.error == "");
  CHECK(decoded.records ==
        Texts{R"({"id":"1","name":"Ada"})", R"({"id":"2","name":"Grace, \"Amazing\"\n Hopper"})"});
  CHECK(decoded.offsets == std::vector<uint64_t>{8, 14});
}

TEST_CASE("rows, offsets and faults are the same however chunks and windows fall") {
  const std::string text =
      "\xef\xbb\xbfid,\"na\"\"me\"\r\n1,\"a\r\nb\"\r2,\x01\\\xc3\xa9\n\n3\n4,x\"y\n5,\"z\"z\n"
      "6,\xff\n7,\n8,\"\"\n9,a,b\n10,\"\"\"\"\n11,\"open";
  CsvDialect dialect;
  dialect.null_text = "";
  const Decoded once = decode(dialect, text);
  CHECK(once.error == "");
  CHECK(once.records == Texts{R"({"id":"1","na\"me":"a\r\nb"})",
                              "{\"id\":\"2\",\"na\\\"me\":\"\\u0001\\\\\xc3\xa9\"}",
                              R"({"id":"7","na\"me":null})", R"({"id":"8","na\"me":""})",
                              R"({"id":"10","na\"me":"\""})"});
  REQUIRE(once.bad.size() == 6);
  for (size_t i = 0; i < once.bad.size(); ++i)
    CHECK(once.copies[i] == text.substr(once.bad[i].offset, once.bad[i].bytes));
  CHECK(once.bad[0].reason == "has 1 field, not 2");
  CHECK(text.substr(once.bad[0].offset, once.bad[0].bytes) == "3");
  CHECK(once.bad[1].reason == "a quote inside a field that begins without one");
  CHECK(text.substr(once.bad[1].offset, once.bad[1].bytes) == "4,x\"y");
  CHECK(once.bad[2].reason == "text behind a closing quote");
  CHECK(once.bad[3].reason == "not UTF-8");
  CHECK(once.bad[4].reason == "has 3 fields, not 2");
  CHECK(once.bad[5].reason == "a quote is opened and never closed");
  CHECK(text.substr(once.bad[5].offset, once.bad[5].bytes) == "11,\"open");
  for (const size_t chunk : {1, 2, 3, 7, 1000}) {
    for (const size_t window : {1, 2, 5, 16, 1000}) {
      CHECK(decode(dialect, text, chunk, window) == once);
    }
  }
}

TEST_CASE("compressed documents are inflated") {
  const std::string text = "a\n1\n";
  const auto encoder = make_gzip_encoder();
  Encoded out{Buffer(encoder->encoded_bytes_max(text.size()))};
  REQUIRE(encoder->encode(nullptr, text, true, out).ok());
  const std::string gzip = encoder->header() + std::string(out.bytes.view()) +
                           encoder->trailer(out.crc32, out.raw_bytes);
  CHECK(decode(gzip).records == Texts{R"({"a":"1"})"});
  CHECK(decode(CsvDialect{}, gzip, 1, 1).records == Texts{R"({"a":"1"})"});
  CHECK(decode(gzip.substr(0, gzip.size() - 3)).error != "");
}

TEST_CASE("an empty line is no row, but where there is one column") {
  CHECK(decode("a,b\n\n1,2\n\r\n\n").records == Texts{R"({"a":"1","b":"2"})"});
  CHECK(decode("a\n\n1\n").records == Texts{R"({"a":""})", R"({"a":"1"})"});
}

TEST_CASE("a field of the null text is null, but in quotes it is text") {
  CsvDialect dialect;
  dialect.null_text = "N\"A";
  dialect.quote.reset();
  CHECK(decode(dialect, "a,b\nN\"A,N\"AA\n").records == Texts{R"({"a":null,"b":"N\"AA"})"});
  dialect = {};
  dialect.null_text = "";
  CHECK(decode(dialect, "a,b\n,\n", 1, 1).records == Texts{R"({"a":null,"b":null})"});
  dialect.null_text = "NA";
  CHECK(decode(dialect, "a,b\nNA,\"NA\"\n").records == Texts{R"({"a":null,"b":"NA"})"});
}

TEST_CASE("a row longer than record_max is set aside, as CSV or as JSON, and skipped") {
  DecoderOptions options;
  options.record_max = 20;
  const std::string text = "a,b\n1,2\n" + std::string(50, 'x') + ",\"y\n" + "\"\n3,4\n" +
                           std::string(14, '\\') + ",5\n6,7\n";
  const Decoded once = decode(CsvDialect{}, text, 1000, 1000, options);
  CHECK(once.records ==
        Texts{R"({"a":"1","b":"2"})", R"({"a":"3","b":"4"})", R"({"a":"6","b":"7"})"});
  REQUIRE(once.bad.size() == 2);
  CHECK(once.bad[0].reason == "longer than record_max (20 bytes)");
  CHECK(once.bad[0].bytes == 55);
  CHECK(once.copies[0].empty());
  CHECK(once.bad[1].reason == "longer than record_max (20 bytes)");
  CHECK(decode(CsvDialect{}, text, 1, 1, options) == once);
}

TEST_CASE("a header that is no good spoils its document") {
  CHECK(decode("").error == "no header: the document is empty");
  CHECK(decode("\n\n").error == "no header: the document is empty");
  CHECK(decode("a,b,a\n1,2,3\n").error.find(R"(two columns "a")") != std::string::npos);
  CHECK(decode("a,\xff\n").error == "the header is not UTF-8");
  CHECK(decode("a,\"b\n1,2\n").error == "the header: a quote is opened and never closed");
  CHECK(decode("a,b\n").error == "");
  CHECK(decode("a,b").error == "");
}

CsvDialect with_columns(CsvDialect::Header header, Texts columns) {
  CsvDialect dialect;
  dialect.header = header;
  dialect.columns = std::move(columns);
  return dialect;
}

TEST_CASE("a header of more names than can be kept spoils its document, not the memory") {
  const std::string many(1'000'000, ',');
  const Decoded refused = decode(many + "\n1\n");
  CHECK(refused.records.empty());
  CHECK_MESSAGE(refused.error.find("the header names 1000001 fields") != std::string::npos,
                refused.error);
  std::string wide = "c0", row = "1";
  for (int i = 1; i < 20'000; ++i) wide += ",c" + std::to_string(i), row += ",";
  CHECK(decode(wide + "\n" + row + "\n").records.size() == 1);
}

TEST_CASE("columns name what has no header, replace one, or are held against it") {
  using Header = CsvDialect::Header;
  CHECK(decode(with_columns(Header::none, {"x"}), "a\n1\n").records ==
        Texts{R"({"x":"a"})", R"({"x":"1"})"});
  CHECK(decode(with_columns(Header::none, {"x"}), "").error == "");
  CHECK(decode(with_columns(Header::skipped, {"x", "y"}), "a,a\n1,2\n").records ==
        Texts{R"({"x":"1","y":"2"})"});
  CHECK(decode(with_columns(Header::names, {"a"}), "a\n1\n").records == Texts{R"({"a":"1"})"});
  CHECK(decode(with_columns(Header::names, {"b"}), "a\n1\n").error ==
        "the header does not name the job's `columns`");
}

TEST_CASE("the words of a job file are checked") {
  const auto problem = [](std::vector<Node::Entry> words) {
    const auto settings = check_settings(csv_doc(), Node::of_map(std::move(words)), CheckContext());
    if (!settings.ok()) return settings.error().message;
    const auto made = make_csv(*settings);
    return made.ok() ? std::string() : made.error().message;
  };
  CHECK(problem({}) == "");
  CHECK(problem({{"delimiter", Node::of("tab")}, {"quote", Node::of("none")}}) == "");
  CHECK(problem({{"delimiter", Node::of("||")}}).find("one ASCII") != std::string::npos);
  CHECK(problem({{"quote", Node::of(",")}}).find("delimiter too") != std::string::npos);
  CHECK(problem({{"header", Node::of("false")}}).find("columns") != std::string::npos);
  CHECK(problem({{"columns", Node::of_list({Node::of("a"), Node::of("a")})}}).find("two are") !=
        std::string::npos);
}

// ---- published cases
// -----------------------------------------------------------------------------

std::filesystem::path shared_folder(const char* name) {
  const char* shared = std::getenv("SLUICE_SHARED");
  if (shared == nullptr) {
    std::printf("skipped: %s needs ../shared/data\n", name);
    return {};
  }
  return std::filesystem::path(shared) / "data" / name;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back(entry.path());
  }
  return files;
}

// The decoded values of an array or object, in order.
Texts values_of(std::string_view raw) {
  Texts values;
  json::for_each_item(raw, json::skip_blanks(raw, 0), [&](const json::Item& item) {
    const std::string_view value = item.value_of(raw);
    values.push_back(value[0] == '"' ? json::unescape(value.substr(1, value.size() - 2))
                                     : std::string(value));
  });
  return values;
}

TEST_CASE("csv-spectrum: every cell is as published") {
  const auto folder = shared_folder("csv-spectrum");
  if (folder.empty()) return;
  size_t cases = 0;
  for (const auto& file : files_of(folder / "csvs")) {
    ++cases;
    const std::string text = read_file(file);
    std::string expected = read_file(folder / "json" / file.stem().concat(".json"));
    if (file.stem() == "location_coordinates") {
      // Quotes in a field without them are not RFC 4180's, and the JSON is of another row.
      CHECK(decode(text).bad.size() == 1);
      CsvDialect dialect;
      dialect.quote.reset();
      CHECK(values_of(decode(dialect, text).records.at(0)).at(2) == "Modesto");
      continue;
    }
    if (text.find('\r') == std::string::npos) {  // newlines_crlf.csv has lost its CRs
      while (expected.find("\\r\\n") != std::string::npos) {
        expected.erase(expected.find("\\r\\n"), 2);
      }
    }
    const Decoded decoded = decode(text);
    CHECK_MESSAGE(decoded.error == "", file);
    CHECK_MESSAGE(decoded.bad.empty(), file);
    std::vector<Texts> found;
    for (const std::string& record : decoded.records) found.push_back(values_of(record));
    std::vector<Texts> wanted;
    for (const std::string& row : values_of(expected)) wanted.push_back(values_of(row));
    CHECK_MESSAGE(found == wanted, file);
  }
  CHECK(cases == 12);
}

TEST_CASE("csv-test-data: what must be read is, what must be refused is") {
  const auto folder = shared_folder("csv-rfc4180-sineemore");
  if (folder.empty()) return;
  size_t good = 0, refused = 0;
  for (const auto& file : files_of(folder / "csv")) {
    const std::string name = file.stem();
    const std::string text = read_file(file);
    const bool header = name.find("header-") != std::string::npos;
    const size_t commas = std::count(text.begin(), std::find(text.begin(), text.end(), '\n'), ',');
    Texts columns = {"foo", "bar", "baz"};
    columns.resize(header ? 3 : commas + 1);
    const Decoded decoded = decode(
        with_columns(header ? CsvDialect::Header::names : CsvDialect::Header::none, columns), text);
    if (name.starts_with("bad-")) {
      CHECK_MESSAGE((decoded.error != "" || !decoded.bad.empty()), name);
      ++refused;
      continue;
    }
    CHECK_MESSAGE(decoded.error == "", name);
    CHECK_MESSAGE(decoded.bad.empty(), name);
    const Texts wanted = values_of(read_file(folder / "json" / (name + ".json")));
    REQUIRE_MESSAGE(decoded.records.size() == wanted.size(), name);
    for (size_t i = 0; i < wanted.size(); ++i) {
      CHECK_MESSAGE(values_of(decoded.records[i]) == values_of(wanted[i]), name);
    }
    ++good;
  }
  CHECK(good == 18);
  CHECK(refused == 7);
}

TEST_CASE("rust-csv and NOAA: as many rows as published") {
  size_t documents = 0;
  for (const auto* name : {"csv-rust-csv", "csv-noaa"}) {
    const auto folder = shared_folder(name);
    if (folder.empty()) return;
    const std::string expected = read_file(folder / "EXPECTED.json");
    json::for_each_item(expected, json::skip_blanks(expected, 0), [&](const json::Item& item) {
      json::Scanner scanner(
          {*json::parse_path(".rows_incl_header"), *json::parse_path(".encoding")});
      REQUIRE(scanner.scan(item.value_of(expected)));
      const Decoded decoded = decode(read_file(folder / item.key));
      ++documents;
      if (item.key == "strange.csv") {  // Quotes after backslashes are not RFC 4180's
        CHECK(decoded.error == "the header: text behind a closing quote");
        return;
      }
      CHECK_MESSAGE(decoded.error == "", item.key);
      const uint64_t rows = std::stoull(std::string(*scanner.raw(0)));
      CHECK_MESSAGE(decoded.records.size() + decoded.bad.size() == rows - 1, item.key);
      if (*scanner.raw(1) == "\"utf-8\"") {
        CHECK_MESSAGE(decoded.bad.empty(), item.key);
      } else {
        CHECK_MESSAGE(!decoded.bad.empty(), item.key);
      }
    });
  }
  CHECK(documents >= 8);
}

}  // namespace
}  // namespace sluice

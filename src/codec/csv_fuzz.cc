// Rows, their places and what is set aside are the same however the CSV comes and however large the
// window is; every record is an object of as many members as there are columns. And what is written
// as CSV is read back as it was.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "codec/csv_reader.h"
#include "json/items.h"
#include "json/scan.h"
#include "json/value.h"

namespace {

using namespace sluice;

struct Outcome {
  std::vector<std::string> records;
  std::vector<uint64_t> offsets;
  std::vector<SetAside> bad;
  std::vector<std::string> copies;  // Of each of `bad`
  std::string error;
  bool operator==(const Outcome&) const = default;
};

void require(bool condition) {
  if (!condition) std::abort();
}

Outcome read(const CsvDialect& dialect, std::string_view whole, size_t chunk_bytes,
             size_t window_bytes) {
  CsvReader reader(dialect);
  Outcome outcome;
  Buffer window(window_bytes);
  std::vector<json::Span> spans;
  for (;;) {
    std::string_view chunk = whole.substr(0, std::min(chunk_bytes, whole.size()));
    whole.remove_prefix(chunk.size());
    for (bool finishing = false;;) {
      spans.clear();
      const auto all = finishing ? reader.finish(window, spans, outcome.bad)
                                 : reader.read(chunk, window, spans, outcome.bad);
      for (const json::Span& span : spans) {
        outcome.records.emplace_back(span.of(window.view()));
        outcome.offsets.push_back(span.source);
      }
      while (outcome.copies.size() < outcome.bad.size()) {
        SetAside& bad = outcome.bad[outcome.copies.size()];
        outcome.copies.emplace_back(
            window.view().substr(bad.text_begin, bad.text_end - bad.text_begin));
        bad.text_begin = bad.text_end = 0;
      }
      if (!all.ok()) {
        outcome.error = all.error().message;
        return outcome;
      }
      if (*all && finishing) return outcome;
      require(*all || window.room() == 0);
      const size_t done = reader.done();
      require(done <= window.size());
      const std::string rest(window.view().substr(done));
      window.clear();
      window.append(rest);
      reader.dropped(done);
      if (window.room() == 0) window.grow(window.capacity() + 8);
      if (*all && !whole.empty()) break;
      finishing = *all;
    }
  }
}

std::vector<std::string> values_of(std::string_view record) {
  std::vector<std::string> values;
  json::for_each_item(record, 0, [&](const json::Item& item) {
    const std::string_view raw = item.value_of(record);
    values.push_back(raw == "null" ? "null" : json::unescape(raw.substr(1, raw.size() - 2)));
  });
  return values;
}

// The bytes as fields of two columns, written with quotes around each, and read back.
void round_trip(std::string_view bytes) {
  std::vector<std::string> fields = {""};
  for (const char c : bytes) {
    if (c == '\0') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  fields.resize(fields.size() + fields.size() % 2);
  std::string csv;
  for (size_t i = 0; i < fields.size(); ++i) {
    csv += '"';
    for (const char c : fields[i]) csv.append(c == '"' ? 2 : 1, c);
    csv += i % 2 == 0 ? "\"," : "\"\r\n";
  }
  CsvDialect dialect;
  dialect.header = CsvDialect::Header::none;
  dialect.columns = {"a", "b"};
  const Outcome outcome = read(dialect, csv, SIZE_MAX, 64);
  require(outcome.error.empty());
  size_t next = 0;
  for (size_t i = 0; i < fields.size(); i += 2) {
    if (!json::is_utf8(fields[i]) || !json::is_utf8(fields[i + 1])) continue;
    require(next < outcome.records.size());
    require(values_of(outcome.records[next++]) == std::vector{fields[i], fields[i + 1]});
  }
  require(next == outcome.records.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  const std::string_view whole(reinterpret_cast<const char*>(data + 3), size - 3);
  CsvDialect dialect;
  dialect.record_max = 60;
  if ((data[0] & 1) != 0) dialect.null_text = "";
  if ((data[0] & 2) != 0) dialect.quote.reset();
  if ((data[0] & 4) != 0) dialect.delimiter = '\t';
  size_t columns = 0;
  if ((data[0] & 8) != 0) {
    dialect.columns = {"a", "b\"", "c"};
    columns = 3;
    dialect.header = (data[0] & 16) != 0 ? CsvDialect::Header::none : CsvDialect::Header::skipped;
  }
  const Outcome at_once = read(dialect, whole, SIZE_MAX, whole.size() + 1);
  require(read(dialect, whole, 1 + data[1] % 50, 1 + data[2] % 100) == at_once);
  for (size_t i = 0; i < at_once.bad.size(); ++i) {
    const SetAside& bad = at_once.bad[i];
    const bool large = bad.bytes > dialect.record_max;
    require(at_once.copies[i] == (large ? "" : whole.substr(bad.offset, bad.bytes)));
  }
  for (const std::string& record : at_once.records) {
    require(!json::find_fault(record));
    const size_t members = values_of(record).size();
    if (columns == 0) columns = members;
    require(members == columns);
  }
  round_trip(whole);
  return 0;
}

#include "codec/json_document.h"

#include <utility>

#include "flow/settings.h"
#include "json/scan.h"
#include "json/slice.h"

namespace sluice {

namespace {

constexpr std::string_view blanks = " \t\r\n";

class ArraySplitter final : public Splitter {
 public:
  ArraySplitter(const json::Path& records, uint64_t record_max,
                const std::vector<json::Path>& envelope)
      : slicer_({.records = records, .record_max = record_max, .envelope = envelope}) {}

  void reset() override {
    slicer_.reset();
    missing_.clear();
    ended_ = false;
  }
  size_t split(std::string_view window, size_t from, std::vector<Span>& records) override {
    return slicer_.slice(window, from, records);
  }
  void finish(std::string_view, std::vector<Span>&) override {
    ended_ = true;
    const auto ending = slicer_.finish();
    if (ending == json::Slicer::Ending::no_records) missing_ = slicer_.why_no_records();
  }
  std::optional<Fault> fault() const override {
    if (slicer_.failed()) {
      const bool is_json = slicer_.fault().reason == json::Slicer::records_twice;
      return Fault{slicer_.fault().offset,
                   (is_json ? "" : "not JSON ") + slicer_.fault().message()};
    }
    if (ended_ && !missing_.empty()) return Fault{slicer_.offset(), missing_};
    return std::nullopt;
  }
  std::vector<json::Oversize> take_oversize() override { return slicer_.take_oversize(); }
  Spoils spoils() const override { return Spoils::document; }
  std::optional<std::string_view> envelope(size_t i) const override { return slicer_.envelope(i); }

 private:
  json::Slicer slicer_;
  std::string missing_;
  bool ended_ = false;
};

// The document is the record: it stays in the window until it ends, or is too long.
class SingleSplitter final : public Splitter {
 public:
  SingleSplitter(uint64_t record_max, const std::vector<json::Path>& envelope)
      : record_max_(record_max), wanted_(envelope) {}

  void reset() override {
    offset_ = value_begin_ = value_end_ = 0;
    begun_ = skipping_ = ended_ = false;
    oversize_.clear();
    kept_.clear();
  }

  size_t split(std::string_view window, size_t from, std::vector<Span>&) override {
    const size_t text_end = end_of_text(window, from);
    if (text_end > from) value_end_ = offset_ + text_end;
    if (!begun_) {
      const size_t begin = window.find_first_not_of(blanks);
      if (begin == window.npos) return let_go(window.size());
      begun_ = true;
      value_begin_ = offset_ + begin;
      if (begin > 0 && value_end_ - value_begin_ <= record_max_) return let_go(begin);
    }
    if (value_end_ - value_begin_ > record_max_) skipping_ = true;
    return skipping_ ? let_go(window.size()) : 0;
  }
  void finish(std::string_view window, std::vector<Span>& records) override {
    ended_ = true;
    if (skipping_) {
      oversize_.push_back({value_begin_, value_end_ - value_begin_});
    } else if (begun_) {
      records.push_back({value_begin_ - offset_, value_end_ - offset_});
      keep(window.substr(value_begin_ - offset_, value_end_ - value_begin_));
    }
  }
  std::optional<Fault> fault() const override {
    if (!ended_ || begun_) return std::nullopt;
    return Fault{offset_, "no JSON value: the document is blank"};
  }
  std::vector<json::Oversize> take_oversize() override { return std::exchange(oversize_, {}); }
  Spoils spoils() const override { return Spoils::document; }
  std::optional<std::string_view> envelope(size_t i) const override {
    if (i >= kept_.size() || !kept_[i]) return std::nullopt;
    return *kept_[i];
  }

 private:
  void keep(std::string_view record) {
    if (wanted_.empty()) return;
    json::Scanner scanner(wanted_);
    if (!scanner.scan(record)) return;  // Whoever checks the record will say so.
    for (size_t i = 0; i < wanted_.size(); ++i) {
      const auto value = scanner.raw(i);
      kept_.push_back(value ? std::optional(std::string(*value)) : std::nullopt);
    }
  }

  // Behind the last byte of window[from..) that is not blank; `from` if all are.
  static size_t end_of_text(std::string_view window, size_t from) {
    const size_t found = window.find_last_not_of(blanks);
    return found == window.npos || found < from ? from : found + 1;
  }
  size_t let_go(size_t bytes) {
    offset_ += bytes;
    return bytes;
  }

  const uint64_t record_max_;
  const std::vector<json::Path> wanted_;
  std::vector<std::optional<std::string>> kept_;  // Of wanted_, once the record has ended
  uint64_t offset_ = 0;                           // Of the window, in the text
  uint64_t value_begin_ = 0, value_end_ = 0;      // In the text, without blanks around it
  bool begun_ = false, skipping_ = false, ended_ = false;
  std::vector<json::Oversize> oversize_;
};

}  // namespace

std::unique_ptr<Splitter> make_array_splitter(const json::Path& records, uint64_t record_max,
                                              const std::vector<json::Path>& envelope) {
  return std::make_unique<ArraySplitter>(records, record_max, envelope);
}

std::unique_ptr<Splitter> make_single_splitter(uint64_t record_max,
                                               const std::vector<json::Path>& envelope) {
  return std::make_unique<SingleSplitter>(record_max, envelope);
}

std::unique_ptr<DecoderMaker> make_json_array_decoders(const json::Path& records,
                                                       DecoderOptions options) {
  const uint64_t record_max = options.record_max;
  return make_inflating_decoders(
      [records, record_max](const std::vector<json::Path>& envelope) {
        return make_array_splitter(records, record_max, envelope);
      },
      {.wanted = records.whole() ? "array" : json::to_string(records), .has_envelope = true},
      options);
}

std::unique_ptr<DecoderMaker> make_json_single_decoders(DecoderOptions options) {
  const uint64_t record_max = options.record_max;
  return make_inflating_decoders(
      [record_max](const std::vector<json::Path>& envelope) {
        return make_single_splitter(record_max, envelope);
      },
      {.wanted = "JSON value", .has_envelope = true}, options);
}

PartDoc json_document_doc() {
  return {.name = "json",
          .role = Role::decode,
          .summary =
              "Documents that are one JSON value each: the records are the elements of an "
              "array in it. Plain, gzip or zstd, by content.",
          .fields = with_decoder_fields(
              {{.name = "records",
                .type = FieldType::field,
                .help = "Where the array of records is; a lone . is the document itself.",
                .example = ".Records"},
               {.name = "single",
                .type = FieldType::flag,
                .help = "The whole document is one record; then there is no `records`.",
                .default_text = "false"}}),
          .example = "decode: { json: { records: .Records } }"};
}

Result<std::unique_ptr<DecoderMaker>> make_json_document(const Settings& settings) {
  const DecoderOptions options = decoder_options(settings);
  const bool has_records = settings.has("records");
  if (settings.flag("single")) {
    if (has_records) {
      return settings.error_at("records", "means nothing where the document is a single record");
    }
    return make_json_single_decoders(options);
  }
  if (!has_records) {
    return settings.error_at("records",
                             "say where the records are (records: .Records; a lone . is "
                             "the document itself) or that there is one (single: true)");
  }
  return make_json_array_decoders(settings.path("records"), options);
}

}  // namespace sluice

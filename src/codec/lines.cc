#include "codec/lines.h"

#include <utility>

#include "flow/settings.h"
#include "json/lines.h"

namespace sluice {

namespace {

class LineSplitter final : public Splitter {
 public:
  LineSplitter(uint64_t record_max, json::BlankLines blank) : lines_(record_max, blank) {}

  void reset() override { lines_.reset(); }
  size_t split(std::string_view window, size_t from, std::vector<Span>& records) override {
    return lines_.split(window, from, records);
  }
  void finish(std::string_view window, std::vector<Span>& records) override {
    lines_.finish(window, records);
  }
  std::vector<json::Oversize> take_oversize() override { return lines_.take_oversize(); }
  Spoils spoils() const override { return Spoils::record; }

 private:
  json::Lines lines_;
};

std::unique_ptr<DecoderMaker> make_line_decoders(bool json, DecoderOptions options) {
  const uint64_t record_max = options.record_max;
  const auto blank = json ? json::BlankLines::left_out : json::BlankLines::kept;
  return make_inflating_decoders(
      [record_max, blank](const auto&) { return make_line_splitter(record_max, blank); },
      {.wanted = "lines", .json = json, .may_be_empty = true}, options);
}

}  // namespace

std::unique_ptr<Splitter> make_line_splitter(uint64_t record_max, json::BlankLines blank) {
  return std::make_unique<LineSplitter>(record_max, blank);
}

std::unique_ptr<DecoderMaker> make_json_line_decoders(DecoderOptions options) {
  return make_line_decoders(true, options);
}

std::unique_ptr<DecoderMaker> make_raw_line_decoders(DecoderOptions options) {
  return make_line_decoders(false, options);
}

PartDoc json_lines_doc() {
  return {.name = "jsonl",
          .role = Role::decode,
          .summary =
              "Lines of JSON (NDJSON): each line is a record. Plain, gzip or zstd, by "
              "content.",
          .fields = with_decoder_fields({}),
          .example = "decode: jsonl"};
}

Result<std::unique_ptr<DecoderMaker>> make_json_lines(const Settings& settings) {
  return make_json_line_decoders(decoder_options(settings));
}

PartDoc raw_lines_doc() {
  return {.name = "lines",
          .role = Role::decode,
          .summary =
              "Lines of any text: each line is a record, as it is, an empty one too. Plain, gzip "
              "or zstd, by "
              "content.",
          .fields = with_decoder_fields({}),
          .example = "decode: lines"};
}

Result<std::unique_ptr<DecoderMaker>> make_raw_lines(const Settings& settings) {
  return make_raw_line_decoders(decoder_options(settings));
}

}  // namespace sluice

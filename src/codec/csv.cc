#include "codec/csv.h"

#include <algorithm>
#include <utility>

#include "flow/settings.h"
#include "json/value.h"

namespace sluice {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr size_t text_bytes = 32 << 10;  // Of CSV, between inflater and reader
// A row's JSON says the names again: as much larger than its CSV as is common.
constexpr uint64_t swell_guess = 4;

class CsvDecoder final : public Decoder {
 public:
  CsvDecoder(const CsvDialect& dialect, InflateLimits limits)
      : reader_(dialect), inflater_(limits), text_(text_bytes) {}

  void reset() override {
    reader_.reset();
    inflater_.reset();
    text_.clear();
    rest_ = {};
    mark_looked_for_ = false;
    bad_offset_.reset();
  }

  Result<DecodeStep> step(std::string_view& input, bool last, Buffer& window,
                          std::vector<Span>& records, std::vector<SetAside>& bad) override {
    using Next = DecodeStep::Next;
    const size_t enough = records.size() + bad.size() + step_records_max;
    for (;;) {
      auto read = reader_.read(rest_, window, records, bad);
      if (!read.ok()) return fault(std::move(read.error()));
      if (!*read) return DecodeStep{Next::more_room, reader_.done()};
      if (records.size() + bad.size() >= enough) {
        return DecodeStep{Next::more_room, reader_.done()};
      }
      if (inflater_.rest_lost() && reader_.in_row()) {  // It may have gone on in the rest
        bad_offset_ = reader_.row_offset();
        return DecodeStep{Next::finished, reader_.done()};
      }
      if (inflater_.finished() && mark_looked_for_) {
        auto finished = reader_.finish(window, records, bad);
        if (!finished.ok()) return fault(std::move(finished.error()));
        return DecodeStep{*finished ? Next::finished : Next::more_room, reader_.done()};
      }
      if (!TRY(inflate(input, last))) return DecodeStep{Next::more_input, reader_.done()};
    }
  }

  void dropped(size_t bytes) override { reader_.dropped(bytes); }
  uint64_t window_offset() const override { return 0; }  // Records say themselves where they were
  uint64_t inflated() const override { return inflater_.inflated(); }
  uint64_t bad_offset() const override { return bad_offset_.value_or(inflated()); }
  std::optional<std::string> rest_lost() const override { return inflater_.rest_lost(); }
  Spoils spoils() const override { return Spoils::record; }
  bool json() const override { return true; }
  const std::vector<std::string>& warnings() const override { return inflater_.warnings(); }

 private:
  // More text to read; false if there is no input for it.
  Result<bool> inflate(std::string_view& input, bool last) {
    if (mark_looked_for_) text_.clear();
    const size_t before = text_.size();
    const size_t written =
        TRY(inflater_.step(input, last, text_.data() + before, text_bytes - before));
    text_.resize(before + written);
    if (written == 0 && !inflater_.finished()) return false;
    rest_ = text_.view();
    if (mark_looked_for_) return true;
    if (rest_.size() < byte_order_mark.size() && !inflater_.finished()) {
      rest_ = {};  // It can't be told yet.
      return true;
    }
    mark_looked_for_ = true;
    if (rest_.starts_with(byte_order_mark)) {
      rest_.remove_prefix(byte_order_mark.size());
      reader_.skip(byte_order_mark.size());
    }
    return true;
  }

  Error fault(Error error) {
    bad_offset_ = reader_.row_offset();
    return error;
  }

  CsvReader reader_;
  Inflater inflater_;
  Buffer text_;
  std::string_view rest_;  // Of text_, what the reader has not taken
  bool mark_looked_for_ = false;
  std::optional<uint64_t> bad_offset_;
};

class CsvDecoderMaker final : public DecoderMaker {
 public:
  CsvDecoderMaker(CsvDialect dialect, DecoderOptions options)
      : dialect_(std::move(dialect)), options_(options) {
    dialect_.record_max = options.record_max;
  }
  std::unique_ptr<Decoder> make() const override {
    return std::make_unique<CsvDecoder>(dialect_, options_.inflate);
  }
  bool may_be_empty() const override { return true; }
  uint64_t inflated_hint(std::string_view whole_document) const override {
    return inflated_size_hint(whole_document) * swell_guess;
  }
  uint64_t state_bytes(std::string_view first_bytes) const override {
    return inflater_state_bytes(first_bytes);
  }

 private:
  CsvDialect dialect_;
  const DecoderOptions options_;
};

// The byte that a setting names: itself, or as "tab" or "\t".
Result<char> byte_of(const Settings& settings, std::string_view field) {
  const std::string& text = settings.text(field);
  const char c = text == "tab" || text == "\\t" ? '\t' : text.size() == 1 ? text[0] : '\0';
  if (c == '\t' || (c >= ' ' && c <= '~')) return c;
  return settings.error_at(field, "one ASCII character was expected, or `tab`");
}

}  // namespace

std::unique_ptr<DecoderMaker> make_csv_decoders(CsvDialect dialect, DecoderOptions options) {
  return std::make_unique<CsvDecoderMaker>(std::move(dialect), options);
}

PartDoc csv_doc() {
  return {.name = "csv",
          .role = Role::decode,
          .summary =
              "CSV (RFC 4180): each row becomes a JSON object of strings. Line ends are LF, CRLF "
              "or CR. A row with a bad quote or another number of fields than there are columns "
              "is set aside alone. Plain, gzip or zstd, by content.",
          .fields = with_decoder_fields(
              {{.name = "header",
                .type = FieldType::choice,
                .help = "Whether the first row names the columns; `skip`: it is left out, and "
                        "`columns` are the names.",
                .default_text = "true",
                .choices = {"true", "false", "skip"}},
               {.name = "columns",
                .help = "The columns' names. Where the first row is a header it must have just "
                        "these, else its document is set aside.",
                .many = Many::list,
                .example = "[ id, name, price ]"},
               {.name = "delimiter",
                .help = "What stands between fields: one character, or `tab`.",
                .default_text = ",",
                .example = "tab"},
               {.name = "quote",
                .help = "What stands around fields that need it; `none`: quotes are text.",
                .default_text = "\""},
               {.name = "null",
                .help = "A field of just this text and without quotes is null.",
                .example = "\"\""}}),
          .example = "decode: { csv: { delimiter: \";\", null: \"\" } }"};
}

Result<std::unique_ptr<DecoderMaker>> make_csv(const Settings& settings) {
  CsvDialect dialect;
  const std::string& header = settings.text("header");
  dialect.columns = settings.texts("columns");
  if (header != "true") {
    dialect.header = header == "skip" ? CsvDialect::Header::skipped : CsvDialect::Header::none;
    if (dialect.columns.empty()) {
      return settings.error_at("header", "without a header the `columns` must be named");
    }
  }
  for (size_t i = 0; i < dialect.columns.size(); ++i) {
    const auto begin = dialect.columns.begin();
    const auto here = begin + static_cast<ptrdiff_t>(i);
    if (!json::is_utf8(*here)) return settings.error_at("columns", "a name must be UTF-8");
    if (std::find(begin, here, *here) != here) {
      return settings.error_at("columns", "two are named " + json::quote(*here));
    }
  }
  dialect.delimiter = TRY(byte_of(settings, "delimiter"));
  if (settings.text("quote") == "none") {
    dialect.quote.reset();
  } else {
    dialect.quote = TRY(byte_of(settings, "quote"));
  }
  if (dialect.quote == dialect.delimiter) {
    return settings.error_at("quote", "it is the delimiter too");
  }
  if (settings.has("null")) dialect.null_text = settings.text("null");
  return make_csv_decoders(std::move(dialect), decoder_options(settings));
}

}  // namespace sluice

#include "codec/auto_records.h"

#include <utility>

#include "codec/json_document.h"
#include "codec/lines.h"
#include "flow/settings.h"
#include "json/path.h"

namespace sluice {

namespace {

constexpr std::string_view blanks = " \t\r\n";
// A document that is nothing but blanks for so long is taken for lines.
constexpr size_t look_ahead_bytes_max = 4 << 10;

enum class Shape : uint8_t { undecided, array, envelope, lines };

// Undecided where more bytes could tell.
Shape shape_of(std::string_view text) {
  const auto skip_blanks = [&] {
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  };
  skip_blanks();
  if (text.starts_with('[')) return Shape::array;
  for (const std::string_view token : {"{", "\"Records\"", ":", "["}) {
    skip_blanks();
    if (!text.starts_with(token)) {
      return token.starts_with(text) ? Shape::undecided : Shape::lines;
    }
    text.remove_prefix(token.size());
  }
  return Shape::envelope;
}

class AutoSplitter final : public Splitter {
 public:
  explicit AutoSplitter(uint64_t record_max)
      : array_(make_array_splitter({}, record_max)),
        envelope_(make_array_splitter({{json::Step::member("Records")}}, record_max)),
        lines_(make_line_splitter(record_max)) {}

  void reset() override {
    if (chosen_ != nullptr) chosen_->reset();
    chosen_ = nullptr;
  }
  size_t split(std::string_view window, size_t from, std::vector<Span>& records) override {
    if (chosen_ != nullptr) return chosen_->split(window, from, records);
    const Shape shape = shape_of(window);
    if (shape == Shape::undecided && window.size() <= look_ahead_bytes_max) return 0;
    choose(shape);
    return chosen_->split(window, 0, records);
  }
  void finish(std::string_view window, std::vector<Span>& records) override {
    size_t done = 0;
    if (chosen_ == nullptr) {
      choose(Shape::lines);
      done = chosen_->split(window, 0, records);
    }
    const size_t begun = records.size();
    chosen_->finish(window.substr(done), records);
    for (size_t i = begun; i < records.size(); ++i) {
      records[i].begin += done;
      records[i].end += done;
    }
  }
  std::optional<Fault> fault() const override {
    return chosen_ == nullptr ? std::nullopt : chosen_->fault();
  }
  std::vector<json::Oversize> take_oversize() override {
    return chosen_ == nullptr ? std::vector<json::Oversize>{} : chosen_->take_oversize();
  }
  // A document that ended before it could be told is bad as a whole.
  Spoils spoils() const override {
    return chosen_ == nullptr ? Spoils::document : chosen_->spoils();
  }

 private:
  void choose(Shape shape) {
    chosen_ = shape == Shape::array      ? array_.get()
              : shape == Shape::envelope ? envelope_.get()
                                         : lines_.get();
  }

  const std::unique_ptr<Splitter> array_, envelope_, lines_;
  Splitter* chosen_ = nullptr;  // One of the three
};

}  // namespace

std::unique_ptr<DecoderMaker> make_auto_decoders(DecoderOptions options) {
  const uint64_t record_max = options.record_max;
  return make_inflating_decoders(
      [record_max](const auto&) { return std::make_unique<AutoSplitter>(record_max); }, {},
      options);
}

PartDoc auto_records_doc() {
  return {.name = "auto",
          .role = Role::decode,
          .summary =
              "Looks at each document's first bytes: [ is an array of records, {\"Records\":[ "
              "CloudTrail's envelope, all else lines of JSON.",
          .fields = with_decoder_fields({}),
          .example = "decode: auto"};
}

Result<std::unique_ptr<DecoderMaker>> make_auto_records(const Settings& settings) {
  return make_auto_decoders(decoder_options(settings));
}

}  // namespace sluice

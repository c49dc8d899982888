#include "codec/auto_records.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "codec/json_document.h"
#include "codec/lines.h"
#include "flow/settings.h"
#include "json/kernels.h"
#include "json/path.h"
#include "json/scan.h"

namespace sluice {

namespace {

constexpr std::string_view blanks = " \t\r\n";
// A document that is nothing but blanks for so long is taken for lines.
constexpr uint64_t blanks_bytes_max = 4 << 10;

enum class Shape : uint8_t { undecided, array, envelope, single, lines };

// How a line's value ends.
enum class Ending : uint8_t { in_line, open };

// Of text that begins with a bracket: whether the last bracket is closed again.
Ending ending_of(std::string_view text) {
  json::Skim skim;
  json::kernels().skim(text.data() + 1, text.size() - 1, skim);
  return skim.depth == 0 ? Ending::in_line : Ending::open;
}

// Of an object that is no envelope. Undecided where neither its end nor its line's has come.
Shape shape_of_object(std::string_view text) {
  const size_t line_end = text.find('\n');
  if (ending_of(text.substr(0, line_end)) == Ending::in_line) return Shape::lines;
  return line_end == text.npos ? Shape::undecided : Shape::single;
}

// Undecided where more bytes could tell.
Shape shape_of(std::string_view text) {
  const auto skip_blanks = [&] {
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  };
  skip_blanks();
  if (text.starts_with('[')) return Shape::array;
  const std::string_view whole = text;
  for (const std::string_view token : {"{", "\"Records\"", ":", "["}) {
    skip_blanks();
    if (!text.starts_with(token)) {
      if (token.starts_with(text)) return Shape::undecided;
      return whole.starts_with('{') ? shape_of_object(whole) : Shape::lines;
    }
    text.remove_prefix(token.size());
  }
  return Shape::envelope;
}

// "17", "\"x\"", "true": or what begins like one.
bool begins_bare_value(std::string_view text) {
  return !text.empty() && std::string_view("-0123456789\"tfn").find(text[0]) != text.npos;
}

// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
bool is_digest(std::string_view record) {
  constexpr std::string_view telling = "\"digestS3Object\"";
  if (!record.starts_with('{') || record.find(telling) == record.npos) return false;
  const std::vector<json::Path> wanted = {{{json::Step::member("digestS3Object")}},
                                          {{json::Step::member("logFiles")}}};
  json::Scanner scanner(wanted);
  return scanner.scan(record) && scanner.raw(0) && scanner.raw(1);
}

// Looks at lines before they count as records.
class LineGuard {
 public:
  void reset() { *this = LineGuard(); }
  // Lines from `begun` on are new. What is none of the records is taken out.
  void look_at(std::string_view window, uint64_t window_offset, size_t begun,
               std::vector<Span>& records) {
    size_t kept = begun;
    for (size_t i = begun; i < records.size() && !fault_; ++i) {
      const Span line = records[i];
      if (is_record(line.of(window), window_offset + line.begin)) {
        records[kept++] = line;
      } else if (!fault_) {
        set_aside(line, window_offset);
      }
    }
    records.resize(kept);
  }
  const std::optional<Splitter::Fault>& fault() const { return fault_; }
  std::vector<SetAside> take_bad() { return std::exchange(bad_, {}); }

 private:
  bool is_record(std::string_view line, uint64_t offset) {
    const std::string_view value =
        line.substr(std::min(line.find_first_not_of(blanks), line.size()));
    const bool container = value.starts_with('{') || value.starts_with('[');
    const bool open = container && ending_of(value) == Ending::open;
    if (std::exchange(is_open_, open)) {
      // Cut short, if a whole object begins in the next line; else it goes on there.
      if (!line.starts_with('{') || open) {
        fault_ = Splitter::Fault{offset, "a value goes on over several lines among lines"};
        return false;
      }
    }
    if (std::exchange(is_first_, false)) {
      bare_values_ = begins_bare_value(value) && !json::find_fault(value);
      if (is_digest(value)) fault_ = Splitter::Fault{offset, "no records: a CloudTrail digest"};
      return !fault_;
    }
    return bare_values_ || !begins_bare_value(value);
  }
  void set_aside(const Span& line, uint64_t window_offset) {
    SetAside& one = bad_.emplace_back();
    one.offset = window_offset + line.begin;
    one.bytes = line.end - line.begin;
    one.reason = "no record: a bare value among lines of objects";
    one.text_begin = line.begin;
    one.text_end = line.end;
  }

  bool is_first_ = true;
  bool bare_values_ = false;  // The first line was one
  bool is_open_ = false;      // The line before did not end its value
  std::optional<Splitter::Fault> fault_;
  std::vector<SetAside> bad_;
};

class AutoSplitter final : public Splitter {
 public:
  explicit AutoSplitter(uint64_t record_max)
      : record_max_(record_max),
        array_(make_array_splitter({}, record_max)),
        envelope_(make_array_splitter({{json::Step::member("Records")}}, record_max)),
        single_(make_single_splitter(record_max)),
        lines_(make_line_splitter(record_max, json::BlankLines::left_out)) {}

  void reset() override {
    if (chosen_ != nullptr) chosen_->reset();
    chosen_ = nullptr;
    guard_.reset();
    digest_.reset();
    offset_ = 0;
  }
  size_t split(std::string_view window, size_t from, std::vector<Span>& records) override {
    if (chosen_ == nullptr) {
      // Never told by more than so much, however the bytes come.
      const uint64_t most = look_ahead_bytes(window);
      const Shape shape = shape_of(window.substr(0, most));
      if (shape == Shape::undecided && window.size() <= most) return 0;
      choose(shape);
      from = 0;
    }
    const size_t begun = records.size();
    const size_t done = chosen_->split(window, from, records);
    look_at(window, begun, records);
    offset_ += done;
    return done;
  }
  void finish(std::string_view window, std::vector<Span>& records) override {
    size_t done = 0;
    const size_t begun = records.size();
    if (chosen_ == nullptr) {
      choose(Shape::lines);
      done = chosen_->split(window, 0, records);
    }
    const size_t ended = records.size();
    chosen_->finish(window.substr(done), records);
    for (size_t i = ended; i < records.size(); ++i) {
      records[i].begin += done;
      records[i].end += done;
    }
    look_at(window, begun, records);
  }
  std::optional<Fault> fault() const override {
    if (guard_.fault()) return guard_.fault();
    if (digest_) return digest_;
    return chosen_ == nullptr ? std::nullopt : chosen_->fault();
  }
  std::vector<json::Oversize> take_oversize() override {
    return chosen_ == nullptr ? std::vector<json::Oversize>{} : chosen_->take_oversize();
  }
  std::vector<SetAside> take_bad() override { return guard_.take_bad(); }
  // A document that ended before it could be told is bad as a whole.
  Spoils spoils() const override {
    return chosen_ == nullptr ? Spoils::document : chosen_->spoils();
  }

 private:
  // An object's line may be as long as a record; blanks are not waited for so long.
  uint64_t look_ahead_bytes(std::string_view window) const {
    const size_t begin = window.find_first_not_of(blanks);
    const bool object = begin < blanks_bytes_max && window[begin] == '{';
    return object ? std::max(record_max_, blanks_bytes_max) : blanks_bytes_max;
  }
  void choose(Shape shape) {
    chosen_ = shape == Shape::array      ? array_.get()
              : shape == Shape::envelope ? envelope_.get()
              : shape == Shape::single   ? single_.get()
                                         : lines_.get();
  }
  void look_at(std::string_view window, size_t begun, std::vector<Span>& records) {
    if (chosen_ == lines_.get()) guard_.look_at(window, offset_, begun, records);
    if (chosen_ != single_.get() || records.size() == begun) return;
    if (!is_digest(records[begun].of(window))) return;
    digest_ = Fault{offset_ + records[begun].begin, "no records: a CloudTrail digest"};
    records.resize(begun);
  }

  const uint64_t record_max_;
  const std::unique_ptr<Splitter> array_, envelope_, single_, lines_;
  Splitter* chosen_ = nullptr;  // One of the four
  LineGuard guard_;
  std::optional<Fault> digest_;
  uint64_t offset_ = 0;  // Of the window, in the text
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
              "CloudTrail's envelope, an object over several lines a single record, all else lines "
              "of JSON. What is none of these is set aside and never taken to pieces.",
          .fields = with_decoder_fields({}),
          .example = "decode: auto"};
}

Result<std::unique_ptr<DecoderMaker>> make_auto_records(const Settings& settings) {
  return make_auto_decoders(decoder_options(settings));
}

}  // namespace sluice

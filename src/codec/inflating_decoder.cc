#include "codec/inflating_decoder.h"

#include <algorithm>
#include <utility>

#include "flow/settings.h"

namespace sluice {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

class InflatingDecoder final : public Decoder {
 public:
  InflatingDecoder(std::unique_ptr<Splitter> splitter, TextKind kind, DecoderOptions options,
                   size_t envelope_size)
      : splitter_(std::move(splitter)),
        envelope_size_(envelope_size),
        kind_(std::move(kind)),
        record_max_(options.record_max),
        inflater_(options.inflate) {}

  void reset() override {
    splitter_->reset();
    inflater_.reset();
    done_ = shown_ = 0;
    window_offset_ = mark_bytes_ = 0;
    mark_looked_for_ = false;
    bad_offset_.reset();
  }

  Result<DecodeStep> step(std::string_view& input, bool last, Buffer& window,
                          std::vector<Span>& records, std::vector<SetAside>& bad) override {
    const Output out{records, bad, records.size() + bad.size() + step_records_max};
    for (;;) {
      // Also what an earlier step had inflated and not come to.
      TRY(split(window.view(), out));
      if (out.full() && shown_ < window.size()) {
        return DecodeStep{DecodeStep::Next::more_room, done_};
      }
      if (inflater_.finished()) return DecodeStep{DecodeStep::Next::finished, done_};
      const size_t before = window.size();
      const size_t room = window.room();
      const size_t written = TRY(inflater_.step(input, last, window.data() + before, room));
      window.resize(before + written);
      if (written > 0 || inflater_.finished()) continue;
      const bool full = room == 0;
      return DecodeStep{full ? DecodeStep::Next::more_room : DecodeStep::Next::more_input, done_};
    }
  }

  void dropped(size_t bytes) override {
    ENSURE(bytes <= done_);
    done_ -= bytes;
    shown_ -= bytes;
    window_offset_ += bytes;
  }
  uint64_t window_offset() const override { return window_offset_; }
  uint64_t inflated() const override { return inflater_.inflated(); }
  uint64_t bad_offset() const override { return bad_offset_.value_or(inflated()); }
  std::optional<std::string> rest_lost() const override { return inflater_.rest_lost(); }
  std::optional<Unproven> unproven() const override {
    const auto open = inflater_.open_piece();
    if (!open) return std::nullopt;
    const bool gzip = inflater_.format() == Inflater::Format::gzip;
    return Unproven{open->text, (gzip ? "the gzip member at compressed byte "
                                      : "the zstd frame at compressed byte ") +
                                    std::to_string(open->begin)};
  }
  Spoils spoils() const override { return splitter_->spoils(); }
  bool json() const override { return kind_.json; }
  const std::vector<std::string>& warnings() const override { return inflater_.warnings(); }
  std::optional<std::string_view> envelope(size_t i) const override {
    return splitter_->envelope(i);
  }
  size_t envelope_size() const override { return envelope_size_; }

 private:
  struct Output {
    std::vector<Span>& records;
    std::vector<SetAside>& bad;
    size_t enough;  // Of both
    bool full() const { return records.size() + bad.size() >= enough; }
  };

  // Shows the splitter what is new, till there are enough records, and at the document's end has it
  // finish.
  Status split(std::string_view window, const Output& out) {
    const bool finished = inflater_.finished();
    if (!mark_looked_for_ && !look_for_mark(window, finished)) return {};
    while (shown_ < window.size() && !out.full()) {
      const size_t end = std::min(window.size(), shown_ + step_look_bytes);
      const size_t begun = out.records.size();
      const size_t done =
          splitter_->split(window.substr(done_, end - done_), shown_ - done_, out.records);
      shift(out.records, begun);
      take_bad(out.bad);
      done_ += done;
      shown_ = end;
      TRY(look_at_faults(out.bad));
    }
    if (!finished || shown_ < window.size()) return {};
    if (inflater_.inflated() == 0) {
      return Error{ErrorKind::corrupt, "no " + kind_.wanted + ": the document is empty"};
    }
    const size_t begun = out.records.size();
    splitter_->finish(window.substr(done_), out.records);
    shift(out.records, begun);
    take_bad(out.bad);
    done_ = window.size();
    if (inflater_.rest_lost()) drop_half_a_record(window, out.records, begun);
    Status status = look_at_faults(out.bad);
    // What the text lacks at its end lay in the rest.
    if (!status.ok() && inflater_.rest_lost()) {
      return Error{ErrorKind::corrupt, *inflater_.rest_lost()};
    }
    return status;
  }

  // The last record has ended with the text, and not by itself: it may have gone on in the rest.
  void drop_half_a_record(std::string_view window, std::vector<Span>& records, size_t begun) {
    if (begun == records.size()) return;
    const char first = window[records.back().begin];
    const bool closed = first == '{' || first == '[' || first == '"';  // Or it isn't JSON
    if (kind_.json && closed) return;
    bad_offset_ = window_offset_ + records.back().begin;
    records.pop_back();
  }

  // False while it can't be told yet.
  bool look_for_mark(std::string_view window, bool finished) {
    if (kind_.json && window.starts_with(byte_order_mark)) {
      done_ = shown_ = mark_bytes_ = byte_order_mark.size();
    } else if (kind_.json && byte_order_mark.starts_with(window) && !finished) {
      return false;
    }
    mark_looked_for_ = true;
    return true;
  }

  void shift(std::vector<Span>& records, size_t from) const {
    if (done_ == 0) return;
    for (size_t i = from; i < records.size(); ++i) {
      records[i].begin += done_;
      records[i].end += done_;
    }
  }

  // Before done_ moves on.
  void take_bad(std::vector<SetAside>& bad) {
    for (SetAside& one : splitter_->take_bad()) {
      one.offset += mark_bytes_;
      one.text_begin += done_;
      one.text_end += done_;
      bad.push_back(std::move(one));
    }
  }

  Status look_at_faults(std::vector<SetAside>& bad) {
    const std::vector<json::Oversize> oversize = splitter_->take_oversize();
    for (const json::Oversize& large : oversize) {
      SetAside aside;
      aside.offset = large.offset + mark_bytes_;
      aside.bytes = large.bytes;
      aside.reason = "longer than record_max (" + std::to_string(record_max_) + " bytes)";
      bad.push_back(std::move(aside));
    }
    // Whoever takes them goes by the document's order.
    if (!oversize.empty()) std::ranges::stable_sort(bad, {}, &SetAside::offset);
    if (auto fault = splitter_->fault()) {
      bad_offset_ = fault->offset + mark_bytes_;
      // What lies behind it isn't looked at, in whichever window it was found.
      std::erase_if(bad, [&](const SetAside& one) { return one.offset > *bad_offset_; });
      return Error{ErrorKind::corrupt, std::move(fault->reason)};
    }
    return {};
  }

  const std::unique_ptr<Splitter> splitter_;
  const size_t envelope_size_;
  const TextKind kind_;
  const uint64_t record_max_;
  Inflater inflater_;
  size_t done_ = 0;   // So many bytes of the window's front are done with but not dropped
  size_t shown_ = 0;  // So many the splitter has seen
  uint64_t window_offset_ = 0;
  uint64_t mark_bytes_ = 0;
  bool mark_looked_for_ = false;
  std::optional<uint64_t> bad_offset_;
};

class InflatingDecoderMaker final : public DecoderMaker {
 public:
  InflatingDecoderMaker(MakeSplitter make_splitter, TextKind kind, DecoderOptions options)
      : make_splitter_(std::move(make_splitter)), kind_(std::move(kind)), options_(options) {}

  std::unique_ptr<Decoder> make() const override {
    return std::make_unique<InflatingDecoder>(make_splitter_(envelope_), kind_, options_,
                                              envelope_.size());
  }
  bool want_envelope(const std::vector<json::Path>& paths) override {
    if (kind_.has_envelope) envelope_ = paths;
    return kind_.has_envelope;
  }
  bool may_be_empty() const override { return kind_.may_be_empty; }
  uint64_t inflated_hint(std::string_view whole_document) const override {
    return inflated_size_hint(whole_document);
  }
  std::optional<std::pair<size_t, std::string>> damage(
      std::string_view whole_document, const std::atomic<bool>& cancelled) const override {
    auto found = damaged_piece(whole_document, options_.inflate, cancelled);
    if (!found) return std::nullopt;
    return std::pair{static_cast<size_t>(found->begin), std::move(found->reason)};
  }
  uint64_t state_bytes(std::string_view first_bytes) const override {
    return inflater_state_bytes(first_bytes);
  }

 private:
  const MakeSplitter make_splitter_;
  const TextKind kind_;
  const DecoderOptions options_;
  std::vector<json::Path> envelope_;
};

}  // namespace

std::unique_ptr<DecoderMaker> make_inflating_decoders(MakeSplitter make_splitter, TextKind kind,
                                                      DecoderOptions options) {
  return std::make_unique<InflatingDecoderMaker>(std::move(make_splitter), std::move(kind),
                                                 options);
}

DecoderOptions decoder_options(const Settings& settings) {
  DecoderOptions options;
  options.record_max = settings.bytes("record_max");
  options.inflate.swell_ratio_max = settings.count("swell_ratio_max");
  options.inflate.swell_bytes_max = settings.bytes("swell_bytes_max");
  return options;
}

std::vector<FieldDoc> with_decoder_fields(std::vector<FieldDoc> fields) {
  fields.push_back({.name = "record_max",
                    .type = FieldType::bytes,
                    .help = "A longer record is set aside.",
                    .default_text = "8MiB"});
  fields.push_back({.name = "swell_ratio_max",
                    .type = FieldType::count,
                    .help = "A compressed document that swells to more than so many times its "
                            "size, and beyond swell_bytes_max, is bad from that byte on.",
                    .default_text = "1000"});
  fields.push_back({.name = "swell_bytes_max",
                    .type = FieldType::bytes,
                    .help = "See swell_ratio_max.",
                    .default_text = "1GiB"});
  return fields;
}

}  // namespace sluice

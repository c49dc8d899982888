// A document's records, their offsets and its fate are the same however its bytes come and however
// large the window is.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "codec/auto_records.h"
#include "codec/json_document.h"
#include "codec/lines.h"

namespace {

using namespace sluice;

struct Outcome {
  std::vector<std::string> records;
  std::vector<uint64_t> offsets;
  std::vector<SetAside> bad;
  bool good = false;
  uint64_t bad_offset = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome decode(Decoder& decoder, std::string_view whole, size_t chunk_bytes, size_t window_bytes) {
  Outcome outcome;
  decoder.reset();
  Buffer window(window_bytes);
  std::vector<Span> spans;
  for (;;) {
    std::string_view chunk = whole.substr(0, std::min(chunk_bytes, whole.size()));
    whole.remove_prefix(chunk.size());
    for (;;) {
      spans.clear();
      auto step = decoder.step(chunk, whole.empty(), window, spans, outcome.bad);
      for (SetAside& bad : outcome.bad) {
        if (bad.text_end > window.size()) std::abort();
        bad.text_begin = bad.text_end = 0;  // By the window, which differs
      }
      for (const Span& span : spans) {
        outcome.records.emplace_back(span.of(window.view()));
        outcome.offsets.push_back(decoder.window_offset() + span.begin);
      }
      if (!step.ok()) {
        outcome.bad_offset = decoder.bad_offset();
        return outcome;
      }
      if (step->next == DecodeStep::Next::finished) {
        outcome.good = true;
        return outcome;
      }
      const std::string rest(window.view().substr(step->consumed));
      window.clear();
      window.append(rest);
      decoder.dropped(step->consumed);
      if (step->next == DecodeStep::Next::more_room && window.room() == 0) {
        window.grow(window.capacity() + 64);
      }
      if (step->next == DecodeStep::Next::more_input) break;
    }
    if (whole.empty()) std::abort();  // Neither an error nor the end
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  const std::string_view whole(reinterpret_cast<const char*>(data + 3), size - 3);
  // Swollen text in tiny windows is only slow.
  if (whole.starts_with("\x1f\x8b") || whole.starts_with("\x28\xb5")) return 0;
  DecoderOptions options;
  options.record_max = 40;
  const auto maker = data[0] % 5 == 0 ? make_json_array_decoders({}, options)
                     : data[0] % 5 == 1
                         ? make_json_array_decoders({{json::Step::member("Records")}}, options)
                     : data[0] % 5 == 2 ? make_json_single_decoders(options)
                     : data[0] % 5 == 3 ? make_auto_decoders(options)
                                        : make_json_line_decoders(options);
  const auto decoder = maker->make();
  const Outcome at_once = decode(*decoder, whole, SIZE_MAX, whole.size() + 1);
  const Outcome in_pieces = decode(*decoder, whole, 1 + data[1] % 50, 1 + data[2] % 100);
  if (at_once != in_pieces) std::abort();
  return 0;
}

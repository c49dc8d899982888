// Gathers a document's Envelope (flow/stage.h) while its records are sliced: what there is besides
// them, how many they are, and a hash by which the same page is known again.
#pragma once

#include <span>
#include <string_view>

#include "base/hash.h"
#include "flow/stage.h"

namespace sluice {

class EnvelopeGatherer {
 public:
  // The records of one step, good and bad, in order each; they lie in `window`.
  void add(std::string_view window, std::span<const Span> records, std::span<const SetAside> bad) {
    const auto text = [&](size_t begin, size_t end) { return window.substr(begin, end - begin); };
    if (!records.empty()) {
      if (records_ == 0) first_ = hash64(text(records.front().begin, records.front().end));
      last_ = hash64(text(records.back().begin, records.back().end));
    }
    for (const SetAside& one : bad) {
      constexpr uint64_t odd = 0x9e37'79b9'7f4a'7c15ULL;
      bad_ = bad_ * odd ^ hash64(text(one.text_begin, one.text_end)) ^ one.bytes;
    }
    records_ += records.size() + bad.size();
  }
  Envelope envelope(uint64_t document, const Decoder& decoder) const {
    Envelope made{.document = document, .records = records_};
    made.content = first_ * 0x9e37'79b9'7f4a'7c15ULL ^ last_ ^ bad_ ^ records_;
    for (size_t i = 0; i < decoder.envelope_size(); ++i) {
      const auto value = decoder.envelope(i);
      made.values.push_back(value ? std::optional(std::string(*value)) : std::nullopt);
    }
    return made;
  }

 private:
  uint64_t records_ = 0;
  uint64_t first_ = 0, last_ = 0, bad_ = 0;  // Hashes: of the good ones' ends, of all bad ones
};

}  // namespace sluice

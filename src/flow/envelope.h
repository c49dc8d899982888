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
  // The records of one step, in order; spans of `window`.
  void add(std::string_view window, std::span<const Span> records) {
    if (records.empty()) return;
    const auto text = [&](const Span& record) {
      return window.substr(record.begin, record.end - record.begin);
    };
    if (records_ == 0) first_ = hash64(text(records.front()));
    last_ = hash64(text(records.back()));
    records_ += records.size();
  }
  Envelope envelope(uint64_t document, const Decoder& decoder) const {
    Envelope made{.document = document, .records = records_};
    made.content = first_ * 0x9e37'79b9'7f4a'7c15ULL ^ last_ ^ records_;
    for (size_t i = 0; i < decoder.envelope_size(); ++i) {
      const auto value = decoder.envelope(i);
      made.values.push_back(value ? std::optional(std::string(*value)) : std::nullopt);
    }
    return made;
  }

 private:
  uint64_t records_ = 0, first_ = 0, last_ = 0;
};

}  // namespace sluice

// Fills a batch with what refine() has decided on, and charges what that costs: records, places,
// texts that transforms have made, and what is set aside, with its copies. Where the charge can't
// grow any more, it says so, and what is left is for the next batch; an empty batch always takes
// one. On one worker at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "flow/refine.h"
#include "record/batch.h"

namespace sluice {

class BatchFiller {
 public:
  // Both outlive it.
  BatchFiller(const RefineInput& input, Batch& batch) : in_(input), batch_(batch) {
    if (batch.places.size() > places_searched_max) list_places();
  }

  // Room for so many records; fewer if that can't be charged.
  size_t make_room(size_t wanted) {
    std::vector<Record>& records = batch_.records;
    if (records.capacity() - records.size() >= wanted) return wanted;
    const size_t before = records.capacity();
    const size_t grown = std::max(records.size() + wanted, before + before / 2);
    const uint64_t each = sizeof(Record) + (in_.unit.since ? sizeof(HighWater::Mark) : 0);
    if (pay(each * grown)) {
      records.reserve(grown);
      credit_ += each * before;
      return wanted;
    }
    if (records.empty()) records.reserve(std::min(wanted, records_uncharged));
    return records.capacity() - records.size();
  }

  // The index of a place; nothing: there is no room for one more.
  std::optional<uint32_t> place(std::string_view place) {
    if (!batch_.places.empty() && batch_.places[last_place_] == place) return last_place_;
    // A batch mostly has a few places: then looking at each is quicker than a table.
    if (batch_.places.size() <= places_searched_max) {
      for (uint32_t i = 0; i < batch_.places.size(); ++i) {
        if (batch_.places[i] == place) return last_place_ = i;
      }
    } else if (const auto found = places_.find(place); found != places_.end()) {
      return last_place_ = found->second;
    }
    if (!pay_for_record(place_cost + 2 * place.size())) return std::nullopt;
    last_place_ = static_cast<uint32_t>(batch_.places.size());
    batch_.places.emplace_back(place);
    if (batch_.places.size() == places_searched_max + 1) list_places();
    if (batch_.places.size() > places_searched_max) places_.emplace(place, last_place_);
    return last_place_;
  }

  // A text that lies nowhere else, for as long as the batch; nothing: there is no room for it.
  std::optional<std::string_view> keep(std::string& text) {
    if (!pay_for_record(batch_.texts.cost(text))) return std::nullopt;
    return batch_.texts.add(text);
  }

  // False: there is no room for it.
  bool set_aside(std::string_view text, uint64_t offset, std::string reason) {
    SetAside what{.document = {}, .offset = offset, .bytes = text.size()};
    what.reason = std::move(reason);
    return set_aside(std::move(what), text);
  }

  bool set_aside(SetAside what, std::string_view text) {
    const bool copies = in_.recipe.set_aside_place && !text.empty();
    if (copies && !keep_copy(what, text)) return false;
    return list_set_aside(std::move(what), copies);
  }

 private:
  static constexpr size_t places_searched_max = 16;

  // What is charged: for a place besides its name, for an entry of what is set aside besides its
  // reason; and at least so much at once, since asking costs.
  static constexpr uint64_t place_cost = 192, set_aside_cost = sizeof(SetAside) + 32;
  static constexpr uint64_t charge_bytes_min = 4 << 10;
  // Records that an empty batch may hold although nothing is left to charge them to.
  static constexpr size_t records_uncharged = 64;

  // So many bytes more in the batch's charge; false: it can't have them. What the first of an empty
  // batch needs it gets at the head, so that no record is ever waited for in vain; elsewhere only
  // if it is little.
  bool pay(uint64_t bytes) {
    if (!batch_.charge) return true;
    if (credit_ < bytes) {
      const uint64_t more = std::max(bytes - credit_, charge_bytes_min);
      if (!batch_.charge.try_grow(more)) return false;
      credit_ += more;
    }
    credit_ -= bytes;
    return true;
  }
  bool may_owe(uint64_t bytes) const {
    return batch_.records.empty() && batch_.set_aside.empty() &&
           (in_.turn == Turn::head || bytes <= charge_bytes_min);
  }
  bool pay_for_record(uint64_t bytes) { return bytes == 0 || pay(bytes) || may_owe(bytes); }

  void list_places() {
    for (uint32_t i = 0; i < batch_.places.size(); ++i) places_.emplace(batch_.places[i], i);
  }

  bool keep_copy(const SetAside& what, std::string_view text) {
    const auto at = place(*in_.recipe.set_aside_place);
    if (!at) return false;
    std::string line = set_aside_line(in_.recipe.secrets, what, in_.document.name, text);
    const auto kept = keep(line);
    if (!kept) return false;
    batch_.records.push_back(
        {.text = *kept, .offset = what.offset, .place = *at, .copy_of_set_aside = true});
    return true;
  }

  bool list_set_aside(SetAside what, bool copied) {
    if (batch_.set_aside.size() >= set_aside_listed_max) {
      ++batch_.set_aside_more;
      return true;
    }
    // With a copy in the batch there is no way back.
    if (!pay_for_record(set_aside_cost + what.reason.size()) && !copied) return false;
    batch_.set_aside.push_back(std::move(what));
    return true;
  }

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  const RefineInput& in_;
  Batch& batch_;
  uint64_t credit_ = 0;  // Charged, and not used yet
  uint32_t last_place_ = 0;
  std::unordered_map<std::string, uint32_t, Hash, std::equal_to<>> places_;
};

}  // namespace sluice

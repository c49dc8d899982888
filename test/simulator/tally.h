// How often each fault and each branch of the protocol was met, over all seeds. What is named here
// and was never met is a hole in the simulator.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::simulator {

enum class Met : uint8_t {
  // What the store did
  call_failed,
  answer_lost,
  answer_lost_of_claim,
  answer_lost_of_commit,
  landed_late,
  throttled,
  slow_phase,
  upload_lapsed,
  // What came to processes
  killed,
  killed_before_claim,
  killed_filling,
  killed_with_intent,
  stopped,
  side_by_side,
  taken_over,
  redone,
  limited,
  // What units ended as
  done,
  done_already,
  done_by_other,
  lost,
  claimed,
  failed,
  unit_stopped,
  stale,
  // What the world gave
  bad_document,
  bad_record,
  duplicate,
  conflict,
  filtered,
  no_place,
  nothing_given,
  listing_changed,
  vanished,
  large_document,
  many_parts,
  // What was seen of the protocol
  intent_settled,
  uploads_swept,
  retired_objects,
  same_twice,
  count
};
inline constexpr size_t met_count = static_cast<size_t>(Met::count);
inline constexpr std::array<std::string_view, met_count> met_names = {
    "call failed",
    "answer lost",
    "answer lost of a claim",
    "answer lost of a commit",
    "request landed after its error",
    "throttled",
    "slow phase",
    "upload lapsed",
    "killed",
    "killed before a claim",
    "killed while filling",
    "killed with an intent",
    "stopped",
    "side by side",
    "--take-over",
    "--redo",
    "--limit",
    "unit done",
    "unit done already",
    "unit done by another",
    "unit lost",
    "unit claimed",
    "unit failed",
    "unit stopped",
    "unit stale",
    "bad document",
    "bad record",
    "duplicate",
    "conflict",
    "filtered",
    "no place for a record",
    "unit without documents",
    "listing changed",
    "document vanished",
    "large document",
    "object of many parts",
    "intent settled by the next run",
    "uploads swept by the next run",
    "objects retired",
    "same objects by another schedule"};

class Tally {
 public:
  void met(Met what, uint64_t times = 1) { counts_[static_cast<size_t>(what)] += times; }
  uint64_t of(Met what) const { return counts_[static_cast<size_t>(what)]; }

 private:
  std::array<uint64_t, met_count> counts_ = {};
};

}  // namespace sluice::simulator

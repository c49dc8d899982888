// How often each fault and each branch of the protocol was met, over all seeds. What is named here
// and was never met is a hole in the simulator.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::simulator {

enum class Met : uint8_t {
  call_failed,
  answer_lost,
  answer_lost_of_claim,
  answer_lost_of_commit,
  landed_late,
  throttled,
  denied,
  slow_phase,
  upload_lapsed,

  api_failed,
  api_throttled,
  api_cut,
  api_page_again,
  api_grew,

  killed,
  killed_before_claim,
  killed_filling,
  killed_with_intent,
  stopped,
  side_by_side,
  waited_for_lease,
  taken_over,
  redone,
  limited,
  settled,
  verified,

  unit_done,
  unit_done_already,
  unit_done_by_other,
  unit_lost,
  unit_claimed,
  unit_failed,
  unit_stopped,

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
  checkpoint_written,
  resumed,
  completed_for_another,
  aborted_for_another,
  retired_object,
  same_twice,
  count
};

inline constexpr size_t met_count = static_cast<size_t>(Met::count);
inline constexpr std::array<std::string_view, met_count> met_names = {
    "the store fails a call",
    "its answer is lost",
    "... of a claim",
    "... of an intent or a manifest",
    "a request lands after its error",
    "the store throttles",
    "the store denies",
    "a call in a slow phase",
    "an upload lapses",

    "the API fails",
    "it throttles",
    "a page breaks off",
    "it gives a page again",
    "it grows",

    "a process is killed",
    "... where no claim is open",
    "... where a claim is open",
    "... where an intent is open",
    "a process is told to stop",
    "processes run side by side",
    "a process waits for another's lease",
    "--take-over",
    "--redo",
    "--limit",
    "settle",
    "verify",

    "a unit is done",
    "done already",
    "done by another run",
    "lost to another run",
    "left to another run",
    "failed",
    "stopped",

    "a document is bad",
    "a record is bad",
    "a duplicate",
    "a conflict of dedupe",
    "a record is filtered",
    "a record has no place",
    "nothing is given at all",
    "a listing changes",
    "a document has vanished since the listing",
    "a document of more than 4 MiB",

    "a second part of an upload",
    "a checkpoint in a record",
    "a unit is gone on with behind it",
    "an upload is completed for another process",
    "an upload is aborted for another process",
    "an object is retired",
    "the same objects by another schedule"};

class Tally {
 public:
  void met(Met what, uint64_t times = 1) { counts_[static_cast<size_t>(what)] += times; }
  uint64_t of(Met what) const { return counts_[static_cast<size_t>(what)]; }

 private:
  std::array<uint64_t, met_count> counts_ = {};
};

}  // namespace sluice::simulator

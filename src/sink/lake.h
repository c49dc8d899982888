// The lake sink: one open object for each place, rolled by size and count, uploaded while it fills.
// It prepares uploads; the unit's ledger commits them.
//
// What a unit's objects are (their keys, where one ends and the next begins, their bytes) follows
// from its records and its share alone, never from timing: objects end where the record stream says
// so, or where the share is full although nothing is under way any more. Till then the source
// waits.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "flow/makers.h"
#include "flow/output_names.h"
#include "store/store.h"

namespace sluice {

struct LakeOptions {
  Store& store;
  std::string prefix;  // Of every key: "" or ending in "/"
  const OutputNames& names;
  const Encoder& encoder;
  std::optional<std::string> set_aside_place = {};  // Its objects are numbered like any other's
  uint64_t roll_bytes = 0;                          // As stored; 0: never
  uint64_t roll_records = 0;                        // 0: never
  bool dedupe = false;                              // Records carry their hashes then
  uint32_t requests_in_flight = 64;                 // Of one unit
};

// A sink share below this can't make progress, whatever the encoder.
inline constexpr uint64_t sink_share_bytes_min = 8 << 20;
// ... nor one below this with this encoder, whose compressors may be large.
uint64_t sink_share_bytes_min_of(const Encoder& encoder);
// A unit's manifest lists all of its objects; more are a sign of a wrong partition.
inline constexpr size_t objects_max = 50'000;

std::unique_ptr<SinkMaker> make_lake_sink(LakeOptions options);

}  // namespace sluice

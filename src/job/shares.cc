#include "job/shares.h"

#include <algorithm>

#include "flow/whole_documents.h"

namespace sluice {
namespace {

// Two for the source's input and its windows, and what records of the greatest size need.
uint64_t input_share_bytes() {
  return whole_bytes_max + chunk_bytes_max;
}
uint64_t window_share_bytes(const Job& job) {
  return std::max(hold_bytes_max, job.record_bytes_max) + 4 * chunk_bytes_max;
}

}  // namespace

uint64_t unit_bytes_min(const Job& job) {
  return job.sink_share_bytes + input_share_bytes() + window_share_bytes(job);
}

Shares::Shares(const Job& job, Budget& common, InFlight& slots, Lease& unit)
    : unit_(unit),
      sink_(unit.split(job.sink_share_bytes)),
      purse_(common, slots, unit.split(input_share_bytes()),
             unit.split(window_share_bytes(job))) {}

Shares::~Shares() {
  unit_.merge(sink_.release());
  for (Lease& share : purse_.release()) unit_.merge(std::move(share));
}

}  // namespace sluice

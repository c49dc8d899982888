#include "job/shares.h"

#include <algorithm>

#include "base/time.h"
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

constexpr uint64_t read_ahead_bytes_wanted = 8 << 20;

// Some 25,000 records: a unit of as many at most never waits for another.
uint64_t hashes_share_bytes(const Job& job) {
  return job.dedupe ? 1 << 20 : 0;
}

}  // namespace

uint64_t unit_bytes_min(const Job& job) {
  return job.sink_share_bytes + input_share_bytes() + window_share_bytes(job) +
         hashes_share_bytes(job);
}

Status check_memory(const Job& job, uint64_t memory_bytes) {
  if (unit_bytes_min(job) <= memory_bytes) return {};
  return Error{ErrorKind::invalid,
               "--memory " + print_bytes(memory_bytes) + " is too small: one unit needs " +
                   print_bytes(unit_bytes_min(job)) + " (its sink_share and the greatest record)"};
}

uint64_t hashes_annex_bytes(const Job& job, uint64_t memory_bytes) {
  const uint64_t least = unit_bytes_min(job);
  if (!job.dedupe || memory_bytes <= least) return 0;
  const uint64_t rest = memory_bytes - least;
  // Below some MiB documents are decoded one by one, which costs twice the CPU.
  const uint64_t spare = rest > read_ahead_bytes_wanted ? rest - read_ahead_bytes_wanted : 0;
  return std::min(rest / 2, spare);
}

uint64_t hashes_bytes_max(const Job& job, uint64_t memory_bytes) {
  return hashes_share_bytes(job) + hashes_annex_bytes(job, memory_bytes);
}

Shares::Shares(const Job& job, Budget& common, InFlight& slots, Lease& unit)
    : unit_(unit),
      sink_(unit.split(job.sink_share_bytes)),
      hashes_(unit.split(hashes_share_bytes(job))),
      purse_(common, slots, unit.split(input_share_bytes()), unit.split(window_share_bytes(job))) {}

Shares::~Shares() {
  unit_.merge(sink_.release());
  unit_.merge(hashes_.release());
  for (Lease& share : purse_.release()) unit_.merge(std::move(share));
}

}  // namespace sluice

#include "job/checkpoints.h"

#include <algorithm>

namespace sluice {
namespace {

// Marks whose points the sink never stored at are dropped with the first later one it has; with a
// sink that stores at none they would only grow.
constexpr size_t marks_max = 100'000;

}  // namespace

std::optional<std::string> Checkpoints::cursor() const {
  if (!begun_) return std::nullopt;
  return begun_->cursor;
}

std::optional<SinkCheckpoint> Checkpoints::sink() const {
  if (!begun_) return std::nullopt;
  SinkCheckpoint made{.uploads = begun_->uploads, .state = begun_->state};
  made.tally.records = begun_->sums.records;
  return made;
}

void Checkpoints::mark(uint64_t point, std::string cursor, const Tally& tally, size_t set_aside) {
  if (marks_.size() >= marks_max) marks_.pop_front();
  marks_.push_back({point, std::move(cursor), tally, set_aside});
}

void Checkpoints::store(SinkCheckpoint stored, const std::vector<SetAside>& set_aside) {
  while (!marks_.empty() && marks_.front().point < stored.point) marks_.pop_front();
  if (marks_.empty() || marks_.front().point != stored.point) return;
  const Mark mark = std::move(marks_.front());
  marks_.pop_front();
  ledger::Checkpoint made{.cursor = mark.cursor};
  made.sums = total_sums(mark.tally + stored.tally, sums_before());
  made.state = std::move(stored.state);
  made.uploads = std::move(stored.uploads);
  made.set_aside =
      all_set_aside(std::span(set_aside).first(std::min(mark.set_aside, set_aside.size())));
  latest_ = std::move(made);
}

std::vector<ledger::SetAside> Checkpoints::all_set_aside(std::span<const SetAside> own) const {
  std::vector<ledger::SetAside> all;
  if (begun_) all = begun_->set_aside;
  for (const SetAside& what : own) {
    if (all.size() >= set_aside_listed_max) break;
    all.push_back({.document = what.document,
                   .offset = what.offset,
                   .reason = what.reason,
                   .partial = what.partial});
  }
  return all;
}

std::optional<ledger::Checkpoint> Checkpoints::take() {
  return std::exchange(latest_, std::nullopt);
}

ledger::Sums total_sums(const Tally& tally, const ledger::Sums& before) {
  return {.documents = before.documents + tally.documents,
          .records = tally.records,  // The sink goes on counting where an earlier one had ended.
          .bytes_read = before.bytes_read + tally.bytes_read,
          .bytes = tally.bytes_written,
          .duplicates = before.duplicates + tally.duplicates,
          .conflicts = before.conflicts + tally.conflicts,
          .set_aside = before.set_aside + tally.documents_set_aside + tally.records_set_aside,
          .partial = before.partial + tally.documents_partial};
}

}  // namespace sluice

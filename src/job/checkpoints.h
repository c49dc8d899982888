// The checkpoints of a unit that can be resumed: what the source, the walk and the sink say of one
// point of the record stream, put together as its record keeps it; and taken apart again, where an
// earlier run had got so far.
//
// A point is marked when a document is placed and counts once the sink has stored everything before
// it; that comes later, when more has been placed already. The loop's thread only.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "flow/stage.h"
#include "flow/walk.h"
#include "ledger/record.h"

namespace sluice {

class Checkpoints {
 public:
  // `begun`: of an earlier run, which this one goes on with.
  explicit Checkpoints(std::optional<ledger::Checkpoint> begun) : begun_(std::move(begun)) {}

  bool resumed() const { return begun_.has_value(); }
  std::optional<std::string> cursor() const;
  std::optional<SinkCheckpoint> sink() const;
  // What earlier runs had counted; nothing of it is in this one's tally, but for the sink's.
  ledger::Sums sums_before() const { return begun_ ? begun_->sums : ledger::Sums{}; }
  // What is listed of theirs, then of this one's.
  std::vector<ledger::SetAside> all_set_aside(std::span<const SetAside> own) const;

  void mark(uint64_t point, std::string cursor, const Tally& tally, size_t set_aside);
  // `set_aside`: all of this run so far.
  void store(SinkCheckpoint stored, const std::vector<SetAside>& set_aside);
  // The latest, each once.
  std::optional<ledger::Checkpoint> take();

 private:
  struct Mark {
    uint64_t point = 0;
    std::string cursor;
    Tally tally;
    size_t set_aside = 0;
  };
  const std::optional<ledger::Checkpoint> begun_;
  std::deque<Mark> marks_;
  std::optional<ledger::Checkpoint> latest_;
};

// The manifest's sums of a fill that went on with an earlier one's.
ledger::Sums total_sums(const Tally& tally, const ledger::Sums& before);

}  // namespace sluice

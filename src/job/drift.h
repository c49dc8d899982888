// Drift: a unit whose records are other in number, size or fields than those of earlier commits.
// Nothing is wrong with such a unit, so it is committed; the report warns, while whoever changed
// the source still remembers.
//
// A unit that was committed before is held against its last manifest; else, of a job of days or
// hours, against the unit before it and the same day a week, or hour a day, earlier: it has drifted
// if it is unlike all of them. Only manifests of the same form of the job count.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/inbox.h"
#include "job/job_file.h"
#include "job/report.h"
#include "job/run.h"
#include "ledger/record.h"

namespace sluice {

// By how much a figure may differ from an earlier unit's, as a part of that.
inline constexpr double drift_records = 0.30;
inline constexpr double drift_record_bytes = 0.25;
// A field has gone only if, as often as it was there, so many of the records looked at should have
// had it; likewise the other way round. Rare fields come and go: with ten expected, none is there
// by chance less than once in 20,000 times.
inline constexpr double drift_field_records = 10;
inline constexpr uint64_t drift_field_seen_min = 3;  // Records that have it, where it is
// The first so many units of a run are watched. A back-fill of more would only tell of history.
inline constexpr size_t drift_units_max = 1'000;

// What a manifest says about it; nothing if its records were not looked at.
std::optional<UnitProfile> profile_of(const ledger::Manifest& manifest, std::string name);
ledger::Shape to_shape(const WalkShape& shape);
// Puts a fill's shape into its intent, and what it is to be held against into its report. `record`:
// the unit's, as it was claimed. Nothing for a stream, nor for a fill that has resumed an earlier
// one, since what that had read is not in the shape, nor for one that was cut short.
void note_profile(const Job& job, const ledger::Record& record, bool is_resumed,
                  const WalkShape& shape, ledger::Intent& intent, UnitReport& report);

// "drift: 83,688 records as before, but 28.4KiB each, was 18.8KiB (+51 %); new fields: .sources;
// gone: .legacy_id (against 2024-02-07)". Empty: as before. The first of `before` gives the
// words.
std::string drift(const UnitProfile& now, const std::vector<UnitProfile>& before);

// What units of earlier runs were like, read beside the run's own work. What can't be read is left
// out. The loop's thread only.
class EarlierUnits {
 public:
  EarlierUnits(const Job& job, const JobParts& parts, Inbox& inbox, TicketSeries tickets)
      : job_(job), parts_(parts), inbox_(inbox), tickets_(tickets) {}
  // Begins to read the record of a unit, unless that was begun before.
  void read(const std::string& unit);
  bool owns(Ticket ticket) const { return tickets_.owns(ticket); }
  void on(Event& event);
  bool idle() const { return open_.empty(); }
  // Of one that was read; null: it wasn't.
  const std::optional<UnitProfile>* find(const std::string& unit) const;

 private:
  const Job& job_;
  const JobParts& parts_;
  Inbox& inbox_;
  TicketSeries tickets_;
  std::unordered_map<Ticket, std::string> open_;
  std::unordered_map<std::string, std::optional<UnitProfile>> known_;
};

// Adds the warnings to a run's report, unless it was stopped. Units that are neither among the
// run's nor among `earlier` are read now, one after the other.
void warn_of_drift(const Job& job, const JobParts& parts, const EarlierUnits& earlier,
                   RunReport& report);

// Memory that comes close to where a run would fail: the process against its cgroup's limit, by
// which it would be killed. Empty: it doesn't. (How full the budget was tells nothing: reading
// ahead fills it whenever there is enough to read, and waits where it is full.)
inline constexpr double memory_warned_of = 0.80;
std::string memory_warning(uint64_t resident_peak_bytes, uint64_t limit_bytes,
                           uint64_t budget_bytes);

}  // namespace sluice

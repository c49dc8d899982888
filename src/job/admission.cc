#include "job/admission.h"

#include "job/at_once.h"
#include "job/recorded_inputs.h"
#include "job/shares.h"
#include "job/units.h"
#include "ledger/change.h"

namespace sluice {
namespace {

using Kind = Admission::Kind;

class Look {
 public:
  Look(const Job& job, const JobParts& parts, const Resources& resources)
      : job_(job), parts_(parts), resources_(resources), now_(resources.clock.wall()) {}

  // May there be other inputs now than when it was done?
  bool is_young(const UnitNames& unit) const {
    return (job_.units.late > 0 && may_still_change(unit, job_.units.late, now_)) ||
           (job_.asks_by_time && !is_over(unit, now_));
  }

  Admission at(const UnitNames& unit) const {
    auto admission = decide(unit);
    if (admission.ok()) return std::move(*admission);
    return {Kind::unreadable, std::move(admission.error()).in("unit " + unit.id)};
  }

 private:
  Result<Admission> decide(const UnitNames& unit) const {
    const ledger::UnitPtr known = ledger_unit(job_, parts_, unit, unit.run_id, resources_);
    const Key key = known->record_key();
    auto found = call(*parts_.state, Get{.key = key, .most = ledger::record_bytes_max});
    if (!found.ok()) {
      if (found.error().kind == ErrorKind::not_found) return Admission{};
      return std::move(found).error();
    }
    const ledger::Record record =
        TRY(ledger::parse_record(std::get<Body>(*found).bytes.view(), key));
    if (!ledger::committed(record) || !record.manifest->provisional.empty()) return Admission{};
    const ledger::Manifest& manifest = *record.manifest;
    if (manifest.early && is_over(unit, now_)) return Admission{};
    // What is open, or was left behind, is the claim's to settle; but it doesn't know the inputs.
    const bool is_open = record.run || record.failed || record.checkpoint || manifest.todo;
    if (manifest.fingerprint != job_.fingerprint)
      return Admission{manifest.early || is_open ? Kind::claim : Kind::stale};
    // Where nobody knows what there is, it is done again.
    if (is_young(unit) &&
        (!parts_.source->traits().lists || TRY(inputs_changed(manifest, *known, unit))))
      return Admission{Kind::redo};
    return Admission{is_open ? Kind::claim : Kind::done_already};
  }

  // Both come in key order.
  Result<bool> inputs_changed(const ledger::Manifest& manifest, const ledger::Unit& known,
                              const UnitNames& unit) const {
    RecordedInputs recorded(manifest.inputs, known, *parts_.state);
    Status status;
    bool changed = false;
    const auto each = [&](const Document& document) {
      if (changed || !status.ok()) return;
      auto input = recorded.next();
      if (!input.ok()) {
        status = std::move(input.error());
      } else {
        changed = !*input || (*input)->key != document.key || (*input)->etag != document.etag ||
                  (*input)->bytes != document.bytes;
      }
    };
    PlannedInput planned;
    TRY(parts_.source->list(unit, each, planned));
    TRY(std::move(status));
    return changed || TRY(recorded.next()).has_value();
  }

  const Job& job_;
  const JobParts& parts_;
  const Resources& resources_;
  const WallTime now_;
};

}  // namespace

std::vector<Admission> admissions(const Job& job, const JobParts& parts,
                                  const std::vector<UnitNames>& units, const RunOptions& options,
                                  const Resources& resources) {
  std::vector<Admission> out(units.size());
  if (options.redo) {
    for (Admission& admission : out) admission.kind = Kind::redo;
    return out;
  }
  if (parts.source->traits().goes_on()) return out;
  const Look look(job, parts, resources);
  const bool are_many = units.size() > resources.budget.capacity() / 2 / unit_bytes_min(job) + 1;
  std::vector<size_t> wanted;
  for (size_t i = 0; i < units.size(); ++i) {
    if (are_many || look.is_young(units[i])) wanted.push_back(i);
  }
  at_once(wanted.size(), lists_at_once,
          [&](size_t i) { out[wanted[i]] = look.at(units[wanted[i]]); });
  return out;
}

}  // namespace sluice

#include "job/drift.h"

#include <algorithm>
#include <cmath>

#include "base/time.h"
#include "job/units.h"
#include "ledger/change.h"  // record_bytes_max

namespace sluice {
namespace {

constexpr size_t names_shown_max = 12;

std::string grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

// "+51 %"
std::string change(double now, double before) {
  const auto percent = static_cast<int64_t>(std::llround((now / before - 1) * 100));
  return (percent < 0 ? "" : "+") + std::to_string(percent) + " %";
}

double record_bytes(const UnitProfile& profile) {
  return profile.shape.records == 0 ? 0
                                    : static_cast<double>(profile.shape.bytes) /
                                          static_cast<double>(profile.shape.records);
}

bool is_off(double now, double before, double limit) {
  return std::abs(now - before) > limit * before;
}

using Names = std::vector<std::string>;

// ---- fields -------------------------------------------------------------------------------------

// Of one level. Fields of `a` that should be in `b`, as often as `a` has them, and are not.
Names missing(const std::vector<ledger::FieldCount>& a, uint64_t looked_at_a,
              const std::vector<ledger::FieldCount>& b, uint64_t looked_at_b) {
  Names names;
  for (const ledger::FieldCount& field : a) {
    if (field.records < drift_field_seen_min) continue;
    if (std::ranges::find(b, field.name, &ledger::FieldCount::name) != b.end()) continue;
    const double share = static_cast<double>(field.records) / static_cast<double>(looked_at_a);
    if (std::min(1.0, share) * static_cast<double>(looked_at_b) < drift_field_records) continue;
    names.push_back(field.name);
  }
  return names;
}

Names missing(const ledger::Shape& a, const ledger::Shape& b) {
  const uint64_t levels = std::min(a.levels, b.levels);
  Names names;
  if (a.looked_at == 0 || b.looked_at == 0 || levels == 0) return names;
  names = missing(a.fields, a.looked_at, b.fields, b.looked_at);
  if (levels < 2) return names;
  for (std::string& name : missing(a.nested, a.looked_at, b.nested, b.looked_at)) {
    // Of a member that is missing itself, its members are no news.
    const auto is_inside = [&](const std::string& outer) { return name.starts_with(outer + '.'); };
    if (std::ranges::none_of(names, is_inside)) names.push_back(std::move(name));
  }
  return names;
}

// Names that are in all of the lists.
Names in_all(std::vector<Names> lists) {
  Names names = std::move(lists.front());
  for (size_t i = 1; i < lists.size(); ++i) {
    std::erase_if(names, [&](const std::string& name) {
      return std::ranges::find(lists[i], name) == lists[i].end();
    });
  }
  return names;
}

std::string listed(const Names& names) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < names_shown_max; ++i) {
    text += (i > 0 ? ", " : "") + names[i];
  }
  if (names.size() > names_shown_max) {
    text += " and " + std::to_string(names.size() - names_shown_max) + " more";
  }
  return text;
}

// ---- words --------------------------------------------------------------------------------------

// "83,688 records as before, but 28.4KiB each, was 18.8KiB (+51 %)"
std::string figures(const UnitProfile& now, const UnitProfile& before, bool sizes_are_off) {
  std::string text = grouped(now.records) + " records";
  if (now.records == before.records) {
    text += " as before";
  } else {
    text += ", was " + grouped(before.records);
    if (before.records > 0) {
      text += " (" + change(static_cast<double>(now.records), static_cast<double>(before.records)) +
              ")";
    }
  }
  if (!sizes_are_off) return text;
  const double bytes = record_bytes(now), bytes_before = record_bytes(before);
  text += now.records == before.records ? ", but " : ", and ";
  text += print_bytes(static_cast<uint64_t>(bytes)) + " each, was " +
          print_bytes(static_cast<uint64_t>(bytes_before));
  return text + " (" + change(bytes, bytes_before) + ")";
}

}  // namespace

std::string drift(const UnitProfile& now, const std::vector<UnitProfile>& before) {
  if (before.empty()) return {};
  bool rows_are_off = true, sizes_are_off = true;
  std::vector<Names> added, gone;
  for (const UnitProfile& earlier : before) {
    rows_are_off &= is_off(static_cast<double>(now.records), static_cast<double>(earlier.records),
                           drift_records);
    const bool has_both = now.shape.records > 0 && earlier.shape.records > 0;
    sizes_are_off &=
        has_both && is_off(record_bytes(now), record_bytes(earlier), drift_record_bytes);
    added.push_back(missing(now.shape, earlier.shape));
    gone.push_back(missing(earlier.shape, now.shape));
  }
  const Names new_fields = in_all(std::move(added)), gone_fields = in_all(std::move(gone));
  std::string text;
  const auto add = [&](const std::string& words) { text += (text.empty() ? "" : "; ") + words; };
  if (rows_are_off || sizes_are_off) add(figures(now, before[0], sizes_are_off));
  if (!new_fields.empty()) add("new fields: " + listed(new_fields));
  if (!gone_fields.empty()) add("gone: " + listed(gone_fields));
  return text.empty() ? text : "drift: " + text + " (against " + before[0].name + ")";
}

// ---- profiles -----------------------------------------------------------------------------------

ledger::Shape to_shape(const WalkShape& shape) {
  ledger::Shape out{.records = shape.records, .bytes = shape.bytes};
  if (shape.fields.looked_at() == 0) return out;
  out.looked_at = shape.fields.looked_at();
  out.levels = shape.fields.too_many_top() ? 0 : shape.fields.too_many_nested() ? 1 : 2;
  for (const auto& [name, records] : shape.fields.top()) out.fields.push_back({name, records});
  if (out.levels < 2) return out;
  for (const auto& [name, records] : shape.fields.nested()) out.nested.push_back({name, records});
  return out;
}

std::optional<UnitProfile> profile_of(const ledger::Manifest& manifest, std::string name) {
  if (manifest.shape == ledger::Shape{}) return std::nullopt;
  return UnitProfile{std::move(name), manifest.sums.records, manifest.shape};
}

void note_profile(const Job& job, const ledger::Record& record, bool is_resumed,
                  const WalkShape& shape, ledger::Intent& intent, UnitReport& report) {
  report.profile.reset();
  report.profile_before.reset();
  if (!job.watch_drift || intent.end > 0 || is_resumed || !intent.provisional.empty()) return;
  intent.shape = to_shape(shape);
  report.profile = UnitProfile{report.unit, intent.sums.records, intent.shape};
  if (record.manifest && record.manifest->fingerprint == job.fingerprint) {
    report.profile_before = profile_of(*record.manifest, "its last commit");
  }
}

namespace {

Key record_key(const Job& job, const JobParts& parts, const std::string& unit) {
  return ledger::Unit{.job = job.name, .id = unit, .state_prefix = parts.state_prefix}.record_key();
}

Get get_record(const Key& key) {
  return {.key = key, .most = ledger::record_bytes_max};
}

// Of a unit by its record, if that could be read and was finished by the same form of the job.
std::optional<UnitProfile> profile_in(const Job& job, const Key& key, const std::string& unit,
                                      const Result<Body>& found) {
  if (!found.ok()) return std::nullopt;
  const auto record = ledger::parse_record(found->bytes.view(), key);
  if (!record.ok() || !ledger::finished(*record, job.fingerprint)) return std::nullopt;
  return profile_of(*record->manifest, unit);
}

}  // namespace

void EarlierUnits::read(const std::string& unit) {
  if (!known_.try_emplace(unit).second) return;
  const Ticket ticket = tickets_.next();
  open_[ticket] = unit;
  parts_.state->start(get_record(record_key(job_, parts_, unit)), {}, ticket, inbox_);
}

void EarlierUnits::on(Event& event) {
  const auto found = open_.find(event.ticket);
  if (found == open_.end()) return;
  const std::string unit = std::move(found->second);
  open_.erase(found);
  auto& answer = dynamic_cast<Answered&>(event).answer;
  const Result<Body> body =
      answer.ok() ? Result<Body>(std::get<Body>(std::move(*answer))) : answer.error();
  known_[unit] = profile_in(job_, record_key(job_, parts_, unit), unit, body);
}

const std::optional<UnitProfile>* EarlierUnits::find(const std::string& unit) const {
  const auto found = known_.find(unit);
  return found == known_.end() ? nullptr : &found->second;
}

namespace {

// Of this run's units, or from the records of others.
class Profiles {
 public:
  Profiles(const Job& job, const JobParts& parts, const EarlierUnits& earlier,
           const RunReport& report)
      : job_(job), parts_(parts), earlier_(earlier) {
    for (const UnitReport& unit : report.units) {
      if (unit.profile) known_[unit.unit] = unit.profile;
    }
  }

  const std::optional<UnitProfile>& of(const std::string& id) {
    const auto found = known_.find(id);
    if (found != known_.end()) return found->second;
    const auto* earlier = earlier_.find(id);
    return known_[id] = earlier != nullptr ? *earlier : read(id);
  }

 private:
  std::optional<UnitProfile> read(const std::string& id) {
    const Key key = record_key(job_, parts_, id);
    return profile_in(job_, key, id, call_for<Body>(*parts_.state, get_record(key)));
  }

  const Job& job_;
  const JobParts& parts_;
  const EarlierUnits& earlier_;
  std::unordered_map<std::string, std::optional<UnitProfile>> known_;
};

}  // namespace

std::string memory_warning(uint64_t resident_peak_bytes, uint64_t limit_bytes,
                           uint64_t budget_bytes) {
  const auto peak = static_cast<double>(resident_peak_bytes);
  const auto limit = static_cast<double>(limit_bytes);
  if (peak < memory_warned_of * limit) return {};
  return "memory: the process took " + print_bytes(resident_peak_bytes) + ", " +
         std::to_string(std::llround(100 * peak / limit)) + " % of the " +
         print_bytes(limit_bytes) + " that it may have, beyond which it would be killed; give it " +
         "a smaller --memory than " + print_bytes(budget_bytes) + ", or a higher limit";
}

void warn_of_drift(const Job& job, const JobParts& parts, const EarlierUnits& earlier,
                   RunReport& report) {
  const auto is_stopped = [](const UnitReport& unit) {
    return unit.outcome == UnitOutcome::stopped;
  };
  if (!job.watch_drift || std::ranges::any_of(report.units, is_stopped)) return;
  Profiles profiles(job, parts, earlier, report);
  for (UnitReport& unit : report.units) {
    if (!unit.profile) continue;
    std::vector<UnitProfile> before;
    if (unit.profile_before) {
      before.push_back(*unit.profile_before);
    } else {
      for (const std::string& id : units_like(job.units.each, unit.unit)) {
        if (const auto& profile = profiles.of(id)) before.push_back(*profile);
      }
    }
    const std::string words = drift(*unit.profile, before);
    if (!words.empty()) unit.warnings.push_back("unit " + unit.unit + ": " + words);
  }
}

}  // namespace sluice

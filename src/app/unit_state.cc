#include "app/unit_state.h"

#include <algorithm>
#include <set>

#include "app/process.h"
#include "base/time.h"
#include "ledger/change.h"
#include "store/page_order.h"

namespace sluice {
namespace {

Standing standing_of(const ledger::Record& record, const std::string& fingerprint) {
  if (record.intent || !record.leftovers.empty()) return Standing::unfinished;
  if (record.run) return Standing::claimed;
  if (record.checkpoint) return Standing::unfinished;
  if (record.failed) return Standing::failed;
  if (!record.manifest) return Standing::missing;
  if (!record.manifest->provisional.empty()) return Standing::unfinished;
  if (record.manifest->early) return Standing::early;
  return record.manifest->fingerprint == fingerprint ? Standing::done : Standing::stale;
}

}  // namespace

std::string_view to_string(Standing standing) {
  switch (standing) {
    case Standing::done:
      return "done";
    case Standing::stale:
      return "stale";
    case Standing::early:
      return "early";
    case Standing::claimed:
      return "claimed";
    case Standing::unfinished:
      return "unfinished";
    case Standing::failed:
      return "failed";
    case Standing::missing:
      return "missing";
    case Standing::unreadable:
      return "unreadable";
  }
  return "unknown";
}

ledger::UnitPtr ledger_unit_of(OpenedJob& opened, const UnitNames& unit,
                               const std::string& run_id) {
  return ledger_unit(opened.job, opened.parts, unit, run_id, host_name(), opened.clock);
}

Result<UnitState> look_at(OpenedJob& opened, const UnitNames& unit) {
  UnitState state{.unit = unit};
  const Key key =
      ledger::Unit{.job = opened.job.name, .id = unit.id, .state_prefix = opened.parts.state_prefix}
          .record_key();
  auto found = call(*opened.parts.state, Get{.key = key, .most = ledger::record_bytes_max});
  if (!found.ok()) {
    if (found.error().kind == ErrorKind::not_found) return state;
    return std::move(found).error().in("unit " + unit.id);
  }
  auto record = ledger::parse_record(std::get<Body>(*found).bytes.view(), key);
  if (record.ok()) {
    state.standing = standing_of(*record, opened.job.fingerprint);
    state.record = std::move(*record);
  } else {
    state.standing = Standing::unreadable;
    state.why = record.error().message;
  }
  return state;
}

Result<std::vector<UnitNames>> units_to_look_at(OpenedJob& opened, const UnitsAsked& asked) {
  const bool all = asked.from.empty() && asked.to.empty() && asked.ids.empty();
  std::vector<UnitNames> units;
  auto planned = opened.units(asked);
  if (planned.ok()) {
    units = std::move(*planned);
  } else if (!all) {
    return std::move(planned).error();
  }
  if (!all) return units;

  std::set<std::string> known;
  for (const UnitNames& unit : units) known.insert(unit.id);
  std::vector<UnitNames> recorded;
  const std::string prefix = opened.parts.state_prefix + opened.job.name + "/";
  TRY(each_object(*opened.parts.state, prefix, [&](const Listed& listed) -> Status {
    const auto id = ledger::unit_of_record_key(listed.key.view().substr(prefix.size()));
    if (!id || !known.insert(*id).second) return {};
    auto unit = unit_named(opened.job.units, opened.job.zone, *id);
    // Of an earlier form of the job: it has no such unit now.
    recorded.push_back(unit.ok() ? std::move(*unit) : UnitNames{.id = *id});
    return {};
  }));
  units.insert(units.end(), std::make_move_iterator(recorded.begin()),
               std::make_move_iterator(recorded.end()));
  const bool by_time = std::all_of(units.begin(), units.end(),
                                   [](const UnitNames& unit) { return unit.start.has_value(); });
  if (by_time) {
    std::stable_sort(units.begin(), units.end(),
                     [](const UnitNames& a, const UnitNames& b) { return *a.start < *b.start; });
  }
  return units;
}

Status each_object(Store& store, const std::string& prefix,
                   const std::function<Status(const Listed&)>& each) {
  std::string after;
  PageOrder order;
  for (;;) {
    const Page page = TRY(call_for<Page>(store, List{.prefix = prefix, .after = after}));
    TRY_IN(order.pass(page), "list " + store.name() + prefix);
    for (const Listed& listed : page.objects) TRY(each(listed));
    if (!page.next) return {};
    after = *page.next;
  }
}

}  // namespace sluice

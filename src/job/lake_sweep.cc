#include "job/lake_sweep.h"

#include <algorithm>
#include <map>

#include "job/key_owners.h"
#include "job/units.h"

namespace sluice {
namespace {

// What the sweep holds of units while it looks for theirs is in nobody's share: some 2 MiB.
constexpr size_t units_at_once_max = 1'000;

}  // namespace

LakeSweep::LakeSweep(const Job& job, const JobParts& parts, Resources& resources,
                     std::string run_id, TicketSeries lists, TicketSeries ledger)
    : job_(job),
      parts_(parts),
      resources_(resources),
      run_id_(std::move(run_id)),
      records_prefix_(parts.state_prefix + job.name + "/"),
      lists_(lists),
      driver_({*parts.state, *parts.lake}, resources.inbox, ledger, resources.chance) {
  list_uploads();
}

void LakeSweep::list_uploads() {
  parts_.lake->start(ListUploads{parts_.lake_prefix, after_}, {}, lists_.next(), resources_.inbox);
}

void LakeSweep::list_records() {
  parts_.state->start(List{.prefix = records_prefix_, .after = after_}, {}, lists_.next(),
                      resources_.inbox);
}

void LakeSweep::on(Event& event) {
  if (driver_.owns(event.ticket)) return driver_.on(*sweep_, event);
  Result<Answer> answer = std::move(dynamic_cast<Answered&>(event).answer);
  if (!answer.ok()) return give_up(answer.error());
  at_ == At::listing ? took_uploads(std::move(answer)) : took_records(std::move(answer));
}

void LakeSweep::took_uploads(Result<Answer> answer) {
  UploadPage& page = std::get<UploadPage>(*answer);
  if (const Status ordered = order_.pass(page); !ordered.ok()) return give_up(ordered.error());
  listed_.insert(listed_.end(), std::make_move_iterator(page.uploads.begin()),
                 std::make_move_iterator(page.uploads.end()));
  after_ = std::move(page.next).value_or("");
  if (!after_.empty() && listed_.size() < swept_uploads_max && !skipped_) return list_uploads();
  at_ = At::listed;
  if (units_ != nullptr || skipped_) begin();
}

void LakeSweep::sweep(const std::vector<UnitNames>& units) {
  units_ = &units;
  if (at_ == At::listed) begin();
}

void LakeSweep::skip() {
  skipped_ = true;
  if (at_ == At::listed) begin();
}

void LakeSweep::begin() {
  if (listed_.empty() || skipped_) {
    at_ = At::ended;
    return;
  }
  take_those_of(*units_);
  after_.clear();
  order_ = {};
  if (listed_.empty()) return next_unit();
  // Of units that this run was not asked for, or of another job.
  at_ = At::records;
  list_records();
}

void LakeSweep::took_records(Result<Answer> answer) {
  const Page& page = std::get<Page>(*answer);
  if (const Status ordered = order_.pass(page); !ordered.ok()) return give_up(ordered.error());
  std::vector<UnitNames> units;
  for (const Listed& record : page.objects) {
    const auto id = ledger::unit_of_record_key(record.key.view().substr(records_prefix_.size()));
    if (!id || looked_at_.contains(*id)) continue;
    // Of an earlier form of the job: it has no such unit now, and nobody can tell its keys.
    auto unit = unit_named(job_.units, job_.zone, *id);
    if (unit.ok()) units.push_back(std::move(*unit));
  }
  take_those_of(units);
  after_ = page.next.value_or("");
  after_.empty() || listed_.empty() ? next_unit() : list_records();
}

void LakeSweep::take_those_of(std::span<const UnitNames> units) {
  while (!units.empty() && !listed_.empty()) {
    const size_t some = std::min(units.size(), units_at_once_max);
    take_those_of_some(units.first(some));
    units = units.subspan(some);
  }
}

void LakeSweep::take_those_of_some(std::span<const UnitNames> units) {
  std::vector<ledger::UnitPtr> known;
  for (const UnitNames& unit : units) {
    if (looked_at_.insert(unit.id).second)
      known.push_back(ledger_unit(job_, parts_, unit, run_id_, resources_));
  }
  const KeyOwners owners(known);
  std::map<size_t, std::vector<OpenUpload>> taken;
  std::erase_if(listed_, [&](OpenUpload& upload) {
    const auto owner = owners.owner_of(upload.key.view());
    if (owner) taken[*owner].push_back(std::move(upload));
    return owner.has_value();
  });
  for (auto& [owner, uploads] : taken)
    orphans_.push_back({std::move(known[owner]), std::move(uploads)});
}

void LakeSweep::next_unit() {
  at_ = At::sweeping;
  if (orphans_.empty()) {
    at_ = At::ended;
    return;
  }
  sweep_.emplace(std::move(orphans_.front().unit), std::move(orphans_.front().uploads));
  orphans_.pop_front();
}

void LakeSweep::start_what_fits() {
  while (at_ == At::sweeping) {
    driver_.start_what_fits(*sweep_);
    if (!sweep_->done() || !driver_.idle()) return;
    if (sweep_->error()) warn(*sweep_->error());
    aborted_ += sweep_->aborted();
    next_unit();
  }
}

void LakeSweep::give_up(const Error& error) {
  warn(error);
  at_ = At::ended;
}

void LakeSweep::warn(const Error& error) {
  warning_ = "uploads of runs that died may have been left open: " + error.message;
}

}  // namespace sluice

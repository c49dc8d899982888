#include "job/others_claim.h"

#include "base/time.h"

namespace sluice {

void OthersClaim::decide(ledger::UnitRun& run, UnitReport& report) {
  if (waits_for_timer()) return;
  const ledger::Held& other = run.others();
  const ledger::Record& record = *other.record;
  watch_.see(other.etag, now());
  words_ = "run " + *record.run + (record.host.empty() ? "" : " on host " + record.host) +
           " has claimed it" + (record.since.empty() ? "" : ", since " + record.since);
  // Beneath the claim the unit may be finished: then nobody need wait for one that is alive.
  const bool done_anyway = run.is_done_beneath() && watch_.has_changed();
  if (stopping_ || options_.others == Others::leave || done_anyway) return run.leave_alone();
  if (resources_.has_ended && resources_.has_ended(record.process)) return run.take_over();
  const std::string why = reason_to_take(record.epoch);
  if (why.empty()) return wait(report);
  const std::string warning = "taken over from another run (" + why + "): " + words_;
  if (report.warnings.empty() || report.warnings.back() != warning)
    report.warnings.push_back(warning);
  run.take_over();
}

std::string OthersClaim::reason_to_take(uint64_t epoch) {
  if (options_.others == Others::take_over && taken_.value_or(epoch) == epoch) {
    taken_ = epoch;
    return "--take-over";
  }
  return watch_.is_stale(now()) ? "no sign of life for " + print_duration(options_.lease) : "";
}

void OthersClaim::wait(const UnitReport& report) {
  if (!said_ && options_.on_notice) {
    options_.on_notice("unit " + report.unit + ": " + words_ +
                       "; waiting for it, until it is done or has shown no sign of life for " +
                       print_duration(options_.lease) +
                       " (--no-wait: don't wait; --take-over: take it at once)");
  }
  said_ = true;
  looks_at_ = timer_.next();
  resources_.inbox.post_at(now() + watch_.pause(), std::make_unique<Event>(looks_at_));
}

void OthersClaim::on(const Event& event, ledger::UnitRun& run) {
  if (event.ticket != looks_at_) return;
  looks_at_ = 0;
  if (run.waits()) run.look_again();
}

void OthersClaim::stop(ledger::UnitRun& run) {
  stopping_ = true;
  if (!waits_for_timer()) return;
  looks_at_ = 0;
  run.leave_alone();
}

void Renewal::begin() {
  is_due_ = false;
  timer_now_ = timer_.next();
  inbox_.post_at(now() + interval_, std::make_unique<Event>(timer_now_));
}

void Renewal::renew_if_due(ledger::UnitRun& run) {
  if (!is_due_ || !run.may_renew() || run.checkpointing()) return;
  run.renew();
  begin();
}

}  // namespace sluice

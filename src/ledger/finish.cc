#include "ledger/finish.h"

#include "ledger/complete.h"

namespace sluice::ledger {

// ---- Finish -------------------------------------------------------------------------------------

Finish::Finish(UnitPtr unit, std::optional<Held> held, Look look)
    : unit_(std::move(unit)), look_(look == Look::at_catalogue) {
  if (!held) {
    step_.go(ReadRecord(unit_));
    return;
  }
  held_ = std::move(*held);
  begin();
  go_on();
}

void Finish::take(uint32_t id, Result<Answer> answer) {
  step_.take(id, std::move(answer));
  go_on();
}

void Finish::go_on() {
  while (!done() && step_.done()) {
    if (step_.error()) {
      error_ = step_.error();
      step_.go(Rest());
    } else if (step_.at<ReadRecord>()) {
      after_read();
    } else if (step_.at<ReadText>()) {
      const bool same = step_.as<ReadText>().text() == held_.record->manifest->catalogue;
      same ? retire() : write_catalogue();
    } else if (step_.at<PutText>()) {
      retire();
    } else if (step_.at<DeleteAll>()) {
      note();
    } else if (step_.as<Change>().ours()) {
      held_ = step_.as<Change>().held();
      step_.go(Rest());
    } else {
      look_again();
    }
  }
}

void Finish::begin() {
  const bool look = look_ && unit_->rules.catalogue_checked;
  if (!held_.record || !held_.record->manifest || (!held_.record->manifest->todo && !look)) {
    step_.go(Rest());
    return;
  }
  const Manifest& manifest = *held_.record->manifest;
  if (manifest.catalogue.empty()) {
    retire();
  } else if (manifest.todo) {
    write_catalogue();
  } else {
    step_.go(ReadText(unit_->catalogue_key()));
  }
}

void Finish::write_catalogue() {
  step_.go(PutText(unit_->catalogue_key(), held_.record->manifest->catalogue));
}

void Finish::retire() {
  const Manifest& manifest = *held_.record->manifest;
  const bool atomic = unit_->rules.atomic_delete;
  step_.go(DeleteAll(unit_, Where::lake, manifest.todo ? manifest.retire : std::vector<Retired>(),
                     atomic ? DeleteAll::How::exactly : DeleteAll::How::if_the_same));
}

void Finish::note() {
  const Record& record = *held_.record;
  if (record.manifest->todo && !record.intent && (!record.run || record.run == unit_->run)) {
    Record noted = record;
    noted.manifest.change([](Manifest& manifest) { manifest.todo = false; });
    step_.go(Change(unit_, held_, std::move(noted)));
  } else {
    look_again();
  }
}

void Finish::look_again() {
  epoch_done_ = held_.record->manifest->epoch;
  held_ = {};
  step_.go(ReadRecord(unit_));
}

void Finish::after_read() {
  held_ = step_.as<ReadRecord>().held();
  if (!epoch_done_) return begin();
  const bool newer =
      held_.record && held_.record->manifest && held_.record->manifest->epoch != epoch_done_;
  epoch_done_.reset();
  look_ = true;
  newer && unit_->rules.catalogue_checked ? begin() : step_.go(Rest());
}

// ---- GiveUp -------------------------------------------------------------------------------------

GiveUp::GiveUp(UnitPtr unit, const Held& claim, std::optional<Failed> why, Checkpoint checkpoint,
               std::vector<OpenUpload> mine)
    : unit_(std::move(unit)), mine_(std::move(mine)) {
  Record record = *claim.record;
  close_claim(record);
  if (checkpoint == Checkpoint::kept) record.checkpoint = claim.record->checkpoint;
  if (why) record.failed = std::move(why);
  step_.go(Change(unit_, claim, std::move(record)));
}

void GiveUp::take(uint32_t id, Result<Answer> answer) {
  step_.take(id, std::move(answer));
  go_on();
}

void GiveUp::go_on() {
  while (!done() && step_.done()) {
    if (step_.error()) {
      error_ = step_.error();
      step_.go(Rest());
    } else if (step_.at<Change>()) {
      held_ = step_.as<Change>().held();
      if (held_.record && unit_->rules.record_owns_uploads) {
        mine_ = unnamed(std::move(mine_), *held_.record);
      }
      step_.go(AbortAll(unit_, std::move(mine_)));
      mine_.clear();
    } else {
      step_.go(Rest());
    }
  }
}

}  // namespace sluice::ledger

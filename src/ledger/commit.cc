#include "ledger/commit.h"

#include <algorithm>
#include <map>

namespace sluice::ledger {

// ---- Retire -------------------------------------------------------------------------------------

namespace {

// By key: what this unit may have left visible. Without an ETag it is only known that it may be
// there.
std::map<Key, Retired> left_visible(const Unit& unit, const Record& record, bool stream) {
  std::map<Key, Retired> was;
  if (record.manifest && !stream) {
    const Mark mark = unit.mark(record.manifest->epoch);
    for (const Output& output : record.manifest->outputs) {
      was.insert({output.key, {output.key, output.etag, mark}});
    }
  }
  if (record.manifest && record.manifest->todo && unit.rules.carry_retire) {
    for (const Retired& retired : record.manifest->retire) was.insert({retired.key, retired});
  }
  for (const Key& key : record.leftovers) was.insert({key, {key, {}, {}}});
  return was;
}

}  // namespace

// NOLINTNEXTLINE(performance-unnecessary-value-param): every machine is handed its unit by value.
Retire::Retire(UnitPtr unit, const Record& record, const std::vector<Upload>& uploads,
               bool stream) {
  std::map<Key, Retired> was = left_visible(*unit, record, stream);
  for (const Upload& upload : uploads) was.erase(upload.key);
  for (auto& [key, retired] : was) seen_.push_back(std::move(retired));
  batch_ = Batch(seen_.size(), unit->calls_in_flight);
  if (!unit->rules.retire_by_head) batch_.stop();
}

std::optional<Call> Retire::next() {
  const auto item = batch_.start();
  if (!item) return std::nullopt;
  return Call{*item, Where::lake, Head{seen_[*item].key}, batch_.attempt(*item)};
}

void Retire::take(uint32_t id, Result<Answer> answer) {
  if (no_answer(answer)) return batch_.repeat(id);
  batch_.finish(id);
  if (answer.ok()) {
    const Meta& found = std::get<Meta>(*answer);
    seen_[id].etag = found.etag;
    seen_[id].mark = found.mark;
  } else if (is(answer, ErrorKind::not_found)) {
    seen_[id].etag = ETag();
  } else {
    error_ = std::move(answer).error();
    batch_.stop();
  }
}

std::vector<Retired> Retire::retired() const {
  std::vector<Retired> there = seen_;
  std::erase_if(there, [](const Retired& object) { return object.etag.empty(); });
  return there;
}

// ---- Commit -------------------------------------------------------------------------------------

Commit::Commit(UnitPtr unit, Held claim, Intent intent, After after)
    : unit_(std::move(unit)), held_(std::move(claim)), after_(after) {
  intent.epoch = held_.record.value().epoch;
  intent.run = unit_->run;
  intent.fingerprint = unit_->fingerprint;
  begin(std::move(intent));
  go_on();
}

void Commit::take(uint32_t id, Result<Answer> answer) {
  step_.take(id, std::move(answer));
  go_on();
}

void Commit::go_on() {
  while (!done() && step_.done()) {
    if (step_.error()) {
      error_ = step_.error();
      step_.go(Rest());
      return;
    }
    switch (at_) {
      case At::inputs:
        write_intent();
        break;
      case At::intent:
        after_intent();
        break;
      case At::complete:
        after_complete();
        break;
      case At::look:
        after_look();
        break;
      case At::keep:
        write_manifest();
        break;
      case At::manifest:
        after_manifest();
        break;
      case At::finish:
        held_ = step_.as<Finish>().held();
        end(Outcome::won);
        break;
      case At::abort:
        end(Outcome::lost);
        break;
    }
  }
}

// A long list of inputs is written beside the record before the record names it.
void Commit::begin(Intent intent) {
  Inputs& inputs = intent.inputs;
  step_.go(PutText(Key(), {}));
  if (inputs.file.empty()) {
    inputs.count = inputs.list.size();
    std::string text = print_inputs(inputs.list);
    if (text.size() > inputs_inline_bytes_max) {
      inputs.file = unit_->inputs_file(intent.epoch);
      inputs.list = {};
      step_.go(PutText(unit_->side_key(inputs.file), std::move(text)));
    }
  }
  intent_ = std::move(intent);
}

// Without uploads there is nothing to make visible: the manifest is the intent.
void Commit::write_intent() {
  if (intent_->uploads.empty()) {
    at_ = At::keep;
    step_.go(keep_manifest(*unit_, *held_.record));
    return;
  }
  at_ = At::intent;
  Record meant = *held_.record;
  meant.intent = intent_;
  step_.go(Change(unit_, held_, std::move(meant)));
}

void Commit::after_intent() {
  Held now = step_.as<Change>().held();
  if (!step_.as<Change>().ours()) return superseded(std::move(now));
  held_ = std::move(now);
  intent_written_ = true;
  at_ = At::complete;
  step_.go(CompleteAll(unit_, intent_));
}

void Commit::after_complete() {
  if (step_.as<CompleteAll>().outcome() == CompleteAll::Outcome::all) {
    etags_ = step_.as<CompleteAll>().etags();
    at_ = At::keep;
    step_.go(keep_manifest(*unit_, *held_.record));
  } else {
    at_ = At::look;
    step_.go(ReadRecord(unit_));
  }
}

void Commit::after_look() {
  Held now = step_.as<ReadRecord>().held();
  if (now.record && now.etag == held_.etag) return end(Outcome::again);
  superseded(std::move(now));
}

void Commit::write_manifest() {
  at_ = At::manifest;
  step_.go(Change(unit_, held_, ledger::committed(*held_.record, intent_, etags_, after_)));
}

void Commit::after_manifest() {
  Held now = step_.as<Change>().held();
  if (!step_.as<Change>().ours()) return superseded(std::move(now));
  held_ = now;
  committed_ = true;
  at_ = At::finish;
  step_.go(Finish(unit_, std::move(now)));
}

// The record has moved on. Somebody may have committed our intent for us: then the record says so.
void Commit::superseded(Held now) {
  held_ = std::move(now);
  if (!held_.record) {
    error_ = Error{ErrorKind::invalid, unit_->record_key().str() +
                                           " is gone: somebody has deleted it while the unit was "
                                           "being committed. Run the unit again"};
    step_.go(Rest());
    return;
  }
  const Record& record = *held_.record;
  if (record.manifest && record.manifest->epoch == intent_->epoch &&
      record.position == intent_->end) {
    committed_ = by_other_ = true;
    return end(Outcome::won);
  }
  std::vector<OpenUpload> ours;
  ours.reserve(intent_->uploads.size());
  for (const Upload& upload : intent_->uploads) ours.push_back({upload.key, upload.id});
  if (unit_->rules.record_owns_uploads) ours = unnamed(std::move(ours), record);
  at_ = At::abort;
  step_.go(AbortAll(unit_, std::move(ours)));
}

void Commit::end(Outcome outcome) {
  outcome_ = outcome;
  step_.go(Rest());
}

}  // namespace sluice::ledger

#include "ledger/settle.h"

#include "base/text.h"

namespace sluice::ledger {

namespace {

// The epoch in `<unit>/<epoch>.inputs.json` and `<unit>/<epoch>.inputs.<piece>.json`; nothing if
// that is not the file's form.
std::optional<uint64_t> epoch_of(std::string_view file) {
  const size_t slash = file.rfind('/');
  if (slash == file.npos || !file.ends_with(".json")) return std::nullopt;
  file.remove_prefix(slash + 1);
  const size_t dot = file.find('.');
  if (!file.substr(dot).starts_with(".inputs.")) return std::nullopt;
  return parse_number<uint64_t>(file.substr(0, dot));
}

bool names_file(const Record& record, std::string_view file) {
  const auto epoch = epoch_of(file);
  return (record.intent && epoch_of(record.intent->inputs.file) == epoch) ||
         (record.manifest && epoch_of(record.manifest->inputs.file) == epoch);
}

}  // namespace

std::optional<Call> ListSide::next() {
  if (done_ || !call_.waiting()) return std::nullopt;
  return call_.start(Where::state, List{.prefix = unit_->side_prefix(), .after = after_});
}

void ListSide::take(uint32_t, Result<Answer> answer) {
  if (no_answer(answer)) return call_.repeat();
  call_.follow();
  if (!answer.ok()) {
    error_ = std::move(answer).error();
    done_ = true;
    return;
  }
  Page& page = std::get<Page>(*answer);
  if (Status ordered = order_.pass(page); !ordered.ok()) {
    error_ = std::move(ordered.error()).in("list " + unit_->side_prefix());
    done_ = true;
    return;
  }
  const size_t folder_bytes = unit_->side_key("").view().size();
  for (const Listed& listed : page.objects) {
    const std::string file(listed.key.view().substr(folder_bytes));
    if (epoch_of(file)) files_.push_back(file);
  }
  done_ = !page.next.has_value();
  if (done_) order_ = {};
  after_ = std::move(page.next).value_or("");
}

Settle::Settle(UnitPtr unit) : unit_(std::move(unit)) {
  step_.go(ListOpen(unit_));
}

void Settle::take(uint32_t id, Result<Answer> answer) {
  step_.take(id, std::move(answer));
  go_on();
}

void Settle::go_on() {
  while (!done() && step_.done()) {
    if (step_.error()) {
      error_ = step_.error();
      step_.go(Rest());
    } else if (step_.at<ListOpen>()) {
      listed_ = step_.as<ListOpen>().uploads();
      step_.go(ListSide(unit_));
    } else if (step_.at<ListSide>()) {
      side_files_ = step_.as<ListSide>().files();
      step_.go(ReadRecord(unit_));
    } else if (step_.at<ReadRecord>()) {
      after_read();
    } else if (step_.at<Settled>()) {
      after_settled();
    } else if (step_.at<Change>()) {
      after_change();
    } else if (step_.at<AbortAll>()) {
      step_.go(Finish(unit_, held_, Finish::Look::at_catalogue));
    } else if (step_.at<Finish>()) {
      delete_side_files();
    } else {
      step_.go(Rest());
    }
  }
}

void Settle::after_read() {
  held_ = step_.as<ReadRecord>().held();
  if (!held_.record) {
    step_.go(Rest());
  } else if (held_.record->run || held_.record->intent) {
    step_.go(Settled(unit_, *held_.record));
  } else {
    if (!unit_->rules.settle_always_lists) listed_.clear();
    sweep();
  }
}

void Settle::after_settled() {
  const Settled settled = std::move(step_.as<Settled>());
  if (settled.stuck()) {
    step_.go(Rest());
    return;
  }
  Record fenced = settled.record();
  const std::optional<Checkpoint> checkpoint =
      finished(fenced) ? std::nullopt : std::move(fenced.checkpoint);
  close_claim(fenced);
  fenced.checkpoint = checkpoint;
  fenced.epoch += 1;
  step_.go(Change(unit_, held_, std::move(fenced)));
}

void Settle::after_change() {
  if (!step_.as<Change>().ours()) {
    listed_.clear();
    side_files_.clear();
    held_ = {};
    step_.go(ListOpen(unit_));
    return;
  }
  held_ = step_.as<Change>().held();
  fenced_ = true;
  sweep();
}

void Settle::sweep() {
  listed_ = unnamed(std::move(listed_), *held_.record);
  aborted_ = listed_.size();
  step_.go(AbortAll(unit_, std::move(listed_)));
  listed_.clear();
}

// By the record as it was when it was fenced or read, after the listing: a list of inputs of an
// earlier epoch that it doesn't name will never be named.
void Settle::delete_side_files() {
  std::vector<Retired> orphans;
  for (const std::string& file : side_files_) {
    if (*epoch_of(file) < held_.record->epoch && !names_file(*held_.record, file)) {
      orphans.push_back({unit_->side_key(file), {}, {}});
    }
  }
  side_files_.clear();
  held_ = step_.as<Finish>().held();
  step_.go(DeleteAll(unit_, Where::state, std::move(orphans), DeleteAll::How::whatever));
}

}  // namespace sluice::ledger

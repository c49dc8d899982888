#include "explorer/process.h"

namespace sluice::explorer {

namespace {

constexpr uint32_t fill_call = 1'000;  // Beside the ledger's own

// Even messages go to one place, odd ones to another, so that a span may have two objects.
Outputs places(uint64_t begin, uint64_t end) {
  std::string even, odd;
  for (uint64_t message = begin; message < end; ++message) {
    std::string& place = message % 2 == 0 ? even : odd;
    place += (place.empty() ? "" : ",") + std::to_string(message);
  }
  Outputs outputs;
  if (!even.empty()) outputs.push_back({"lake/u-x-" + std::to_string(begin), even});
  if (!odd.empty()) outputs.push_back({"lake/u-y-" + std::to_string(begin), odd});
  return outputs;
}

}  // namespace

std::vector<sluice::OpenUpload> open_ones(const std::vector<Upload>& uploads) {
  std::vector<sluice::OpenUpload> open;
  for (const Upload& upload : uploads) open.push_back({upload.key, upload.id});
  return open;
}

Process::Machine Process::machine_for(const Task& task) {
  if (task.kind == Task::Kind::settle) return ledger::Settle(task.unit);
  if (task.kind == Task::Kind::sweep) return ledger::SweepTwins(task.unit);
  return ledger::UnitRun(task.unit, {.redo = task.redo,
                                     .resume = task.kind == Task::Kind::ingest && task.resumes,
                                     .stream = task.kind == Task::Kind::consume,
                                     .ends = task.one_pass,
                                     .waits = task.waits});
}

Process::Process(const Task& task) : task_(&task), machine_(machine_for(task)) {}

std::vector<OpenCall> Process::begin_calls() {
  std::vector<OpenCall> calls;
  if (filling_ != Filling::no) calls = fill_calls();
  const auto add_all = [&](auto& machine) {
    while (auto call = machine.next())
      calls.push_back({call->id, request_of(call->request, task_->name)});
  };
  twins_ ? add_all(*twins_) : std::visit(add_all, machine_);
  return calls;
}

void Process::take(uint32_t id, const Answer& answer) {
  if (id == fill_call) {
    task_->kind == Task::Kind::ingest ? take_ingested(answer) : take_filling(answer);
  } else if (twins_) {
    twins_->take(id, answer_of(answer));
    sweep_on();
  } else {
    std::visit([&](auto& machine) { machine.take(id, answer_of(answer)); }, machine_);
    go_on();
  }
}

void Process::go_on() {
  if (!is_run()) return;
  if (run().waits()) {
    filling_ = Filling::wait;
  } else if (run().done()) {
    if (!task_->sweeps_twins || end_of_ == End::swept || result() != "failed") return;
    end_of_ = End::swept;
    twins_.emplace(task_->unit);
    sweep_on();
  } else if (task_->kind == Task::Kind::ingest) {
    ingest_on();
  } else if (begun_) {
    next_step();
  } else if (run().wants_fill()) {
    if (task_->kind == Task::Kind::consume && end_ > 0 && run().committed()) {
      filling_ = Filling::acknowledge;
    } else {
      begin_fill();
    }
  }
}

void Process::take_waiting(uint64_t choice) {
  filling_ = Filling::no;
  if (choice == 0) return run().leave_alone();
  if (choice == 1) return run().look_again();
  ++take_overs_;
  run().take_over();
}

bool Process::may_choose_to_renew() const {
  return run().may_renew() && run().record().renewals < task_->renewals;
}

// ---- the fill of a bounded unit, or of a stream's span ------------------------------------------

void Process::begin_fill() {
  end_ = 0;
  if (task_->kind == Task::Kind::run) {
    begun_ = true;
    return next_step();
  }
  filling_ = Filling::choose;
  if (run().beginning().position < task_->messages) return;
  filling_ = Filling::no;
  if (task_->walks_off) {
    end_of_ = End::walked_off;
  } else {
    run().leave();
  }
}

void Process::next_step() {
  if (open_) return;
  if (run().claim_lost()) return give_up_fill();
  if (may_choose_to_renew() && !asked_) {
    filling_ = Filling::renew;
  } else if (uploads_.size() < outputs().size()) {
    filling_ = Filling::create;
  } else {
    filling_ = Filling::no;
    if (!run().checkpointing()) filled();
  }
}

void Process::give_up_fill() {
  const auto mine = open_ones(uploads_);
  uploads_.clear();
  filling_ = Filling::no;
  begun_ = asked_ = false;
  run().upload_gone(mine);
  go_on();
}

Outputs Process::outputs() const {
  if (task_->kind == Task::Kind::run) return task_->outputs;
  return places(run().record().position, end_);
}

std::vector<OpenCall> Process::fill_calls() {
  if (open_) return {};
  open_ = true;
  Request request;
  switch (filling_) {
    case Filling::wait:
      request.kind = Request::Kind::choose;
      request.options = take_overs_ < task_->take_overs ? 3 : 2;
      break;
    case Filling::renew:
      request.kind = Request::Kind::choose;
      request.options = 2;
      break;
    case Filling::acknowledge:
      request.kind = Request::Kind::put;
      request.key = "group";
      request.body = std::to_string(end_);
      break;
    case Filling::choose:
      request.kind = Request::Kind::choose;
      request.options = task_->messages - run().record().position;
      break;
    case Filling::create: {
      const auto [key, content] = outputs()[uploads_.size()];
      const uint64_t number = 10 * run().record().position + uploads_.size();
      request.kind = Request::Kind::create;
      request.id = upload_name(number);
      request.key = key;
      request.mark = run().mark().str();
      request.parts = {{1, content}};
      break;
    }
    default:
      request = ingest_request();
  }
  return {{fill_call, std::move(request)}};
}

// What the store makes up, here made of who asks, in which epoch, which of its uploads, and how
// often.
std::string Process::upload_name(uint64_t number) const {
  return task_->name + "." + std::to_string(run().epoch()) + "." + std::to_string(number) +
         std::string(lost_, '\'');
}

void Process::take_filling(const Answer& answer) {
  open_ = false;
  const bool lost = answer.kind == Answer::Kind::lost;
  switch (filling_) {
    case Filling::wait:
      take_waiting(answer.choice);
      return go_on();
    case Filling::renew:
      asked_ = true;
      if (answer.choice == 1) run().renew();
      return next_step();
    case Filling::acknowledge:
      if (lost) return;
      begin_fill();
      return go_on();
    case Filling::choose:
      end_ = task_->messages - answer.choice;
      begun_ = true;
      return next_step();
    default:
      return take_created(answer);
  }
}

void Process::take_created(const Answer& answer) {
  if (answer.kind == Answer::Kind::lost) {
    ++lost_;
  } else {
    const auto [key, content] = outputs()[uploads_.size()];
    uploads_.push_back({Key(key), UploadId(answer.id), run().mark(), {{1, ETag(content), 0}}});
    lost_ = 0;
    asked_ = false;
  }
  next_step();
}

void Process::filled() {
  begun_ = asked_ = false;
  if (!task_->sweeps_twins) return write_intent();
  std::vector<UploadId> kept;
  for (const Upload& upload : uploads_) kept.push_back(upload.id);
  twins_.emplace(task_->unit, run().epoch(), std::move(kept));
}

void Process::sweep_on() {
  if (!twins_->done()) return;
  twins_.reset();
  if (!run().done()) write_intent();
}

void Process::write_intent() {
  ledger::Intent intent{.uploads = std::move(uploads_), .catalogue = task_->catalogue, .end = end_};
  uploads_.clear();
  run().fill(std::move(intent));
  go_on();
}

// ---- how it ends --------------------------------------------------------------------------------

const std::optional<Error>& Process::error() const {
  return std::visit([](const auto& m) -> const std::optional<Error>& { return m.error(); },
                    machine_);
}

std::optional<std::string> Process::result() const {
  if (end_of_ == End::walked_off) return "caught up";
  if (filling_ != Filling::no || twins_) return std::nullopt;
  if (!std::visit([](const auto& machine) { return machine.done(); }, machine_))
    return std::nullopt;
  if (error()) return "error: " + error()->message;
  if (task_->kind == Task::Kind::settle) return "settled";
  if (task_->kind == Task::Kind::sweep) return "swept";
  switch (run().outcome()) {
    case ledger::UnitRun::Outcome::won:
      return "won";
    case ledger::UnitRun::Outcome::lost:
      return "lost";
    case ledger::UnitRun::Outcome::nothing_to_do:
      return "nothing to do";
    case ledger::UnitRun::Outcome::stale:
      return "stale";
    case ledger::UnitRun::Outcome::left:
      return "left";
    case ledger::UnitRun::Outcome::left_alone:
      return "left alone";
    case ledger::UnitRun::Outcome::failed:
      return "failed";
  }
  return "?";
}

}  // namespace sluice::explorer

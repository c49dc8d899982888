#include "explorer/process.h"

namespace sluice::explorer {

namespace {

constexpr uint32_t ingest_call = 1'000;  // Beside the ledger's own

std::variant<ledger::UnitRun, ledger::Settle> machine_for(const Task& task) {
  if (task.kind == Task::Kind::settle) return ledger::Settle(task.unit);
  return ledger::UnitRun(task.unit, {.redo = task.redo,
                                     .resume = task.kind == Task::Kind::ingest,
                                     .stream = task.kind == Task::Kind::consume,
                                     .ends = task.one_pass});
}

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

Process::Process(const Task& task) : task_(&task), machine_(machine_for(task)) {}

std::vector<OpenCall> Process::begin_calls() {
  std::vector<OpenCall> calls;
  if (filling_ != Filling::no) calls = fill_calls();
  if (filling_ != Filling::no && task_->kind != Task::Kind::ingest) return calls;
  while (auto call = std::visit([](auto& machine) { return machine.next(); }, machine_)) {
    calls.push_back({call->id, request_of(call->request, task_->name)});
  }
  return calls;
}

void Process::take(uint32_t id, const Answer& answer) {
  if (task_->kind == Task::Kind::ingest && id == ingest_call) return take_ingested(answer);
  if (filling_ != Filling::no && task_->kind != Task::Kind::ingest) return take_filling(answer);
  std::visit([&](auto& machine) { machine.take(id, answer_of(answer)); }, machine_);
  go_on();
}

void Process::go_on() {
  if (task_->kind == Task::Kind::ingest) return ingest_on();
  if (task_->kind == Task::Kind::settle || !run().wants_fill()) return;
  if (task_->kind == Task::Kind::consume && end_ > 0 && run().committed()) {
    filling_ = Filling::acknowledge;
  } else {
    begin_fill();
  }
}

void Process::begin_fill() {
  end_ = 0;
  filling_ = Filling::create;
  if (task_->kind == Task::Kind::consume) {
    filling_ = Filling::choose;
    if (run().record().position >= task_->messages) {
      filling_ = Filling::no;
      run().leave();
    }
  } else if (task_->outputs.empty()) {
    filled();
  }
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
      return {{ingest_call, ingest_request()}};
  }
  return {{0, std::move(request)}};
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
  if (filling_ == Filling::acknowledge) {
    if (!lost) begin_fill();
  } else if (filling_ == Filling::choose) {
    end_ = task_->messages - answer.choice;
    filling_ = Filling::create;
  } else if (lost) {
    ++lost_;
  } else {
    const auto [key, content] = outputs()[uploads_.size()];
    uploads_.push_back({Key(key), UploadId(answer.id), run().mark(), {{1, ETag(content), 0}}});
    lost_ = 0;
    if (uploads_.size() == outputs().size()) filled();
  }
}

void Process::filled() {
  filling_ = Filling::no;
  ledger::Intent intent{.uploads = std::move(uploads_), .catalogue = task_->catalogue, .end = end_};
  uploads_.clear();
  run().fill(std::move(intent));
  go_on();
}

const std::optional<Error>& Process::error() const {
  return std::visit([](const auto& m) -> const std::optional<Error>& { return m.error(); },
                    machine_);
}

std::optional<std::string> Process::result() const {
  if (filling_ != Filling::no) return std::nullopt;
  if (!std::visit([](const auto& machine) { return machine.done(); }, machine_))
    return std::nullopt;
  if (error()) return "error: " + error()->message;
  if (task_->kind == Task::Kind::settle) return "settled";
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
      return "caught up";
    case ledger::UnitRun::Outcome::failed:
      return "failed";
  }
  return "?";
}

}  // namespace sluice::explorer

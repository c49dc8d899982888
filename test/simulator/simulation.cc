#include "simulator/simulation.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace sluice::simulator {
namespace {

Simulation* running = nullptr;

}  // namespace

Process::Process(std::string name, std::function<void()> body)
    : name_(std::move(name)), body_(std::move(body)), fiber_([this] {
        body_();
        ended_ = true;
      }) {}

Simulation::Simulation(uint64_t seed) : chance_(seed) {
  ENSURE(running == nullptr);
  running = this;
}

Simulation::~Simulation() {
  entries_.clear();
  running = nullptr;
}

Simulation& Simulation::current() {
  ENSURE(running != nullptr);
  return *running;
}

bool Simulation::is_running() {
  return running != nullptr;
}

Nanoseconds Simulation::between(Nanoseconds least, Nanoseconds most) {
  return least + static_cast<Nanoseconds>(chance_.below(static_cast<uint64_t>(most - least) + 1));
}

Simulation::At Simulation::add(Instant when, Process* whose, std::unique_ptr<Happening> what) {
  const At at(std::max(when, now_), order_++);
  entries_.emplace(at, Entry{whose, std::move(what)});
  return at;
}

void Simulation::drop_entries_of(const Process& process) {
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.whose == &process; });
}

Process& Simulation::begin(std::string name, std::function<void()> body) {
  processes_.push_back(std::make_unique<Process>(std::move(name), std::move(body)));
  Process& process = *processes_.back();
  after(0, &process, [this, &process] { resume(process); });
  return process;
}

void Simulation::resume(Process& process) {
  Process* const before = std::exchange(process_, &process);
  process.fiber_.resume();
  process_ = before;
  if (process.ended_) drop_entries_of(process);
}

bool Simulation::all_ended() const {
  return std::ranges::all_of(processes_, [](const auto& process) { return process->ended(); });
}

Status Simulation::run(Instant until) {
  while (!entries_.empty()) {
    const auto first = entries_.begin();
    if (first->first.first > until && !all_ended()) {
      return Error{ErrorKind::internal, "no end: " + std::to_string((until.ns) / 1'000'000'000) +
                                            " s of virtual time are over"};
    }
    now_ = first->first.first;
    Entry entry = std::move(first->second);
    entries_.erase(first);
    ++happened_;
    note(static_cast<uint64_t>(now_.ns));
    process_ = entry.whose;
    entry.what->happen();
    process_ = nullptr;
  }
  if (!all_ended()) {
    return Error{ErrorKind::internal, "locked up: a process waits, and nothing is under way"};
  }
  return {};
}

void Simulation::wait(const void* at, std::optional<Instant> until) {
  Process* const process = process_;
  ENSURE(process != nullptr);  // The world itself has nothing to wait for
  process->waits_at_ = at;
  if (until) {
    process->alarm_ = after(*until - now_, process, [this, process] {
      process->alarm_.reset();
      process->waits_at_ = nullptr;
      resume(*process);
    });
  }
  process->fiber_.yield();
}

void Simulation::wake(const void* at) {
  for (const auto& one : processes_) {
    Process* const process = one.get();
    if (process->waits_at_ != at || process->ended_) continue;
    process->waits_at_ = nullptr;
    if (process->alarm_) entries_.erase(*std::exchange(process->alarm_, std::nullopt));
    after(0, process, [this, process] { resume(*process); });
  }
}

void Simulation::say(const std::string& what) const {
  if (!trace_) return;
  std::printf("%12.3f ms  %s\n", static_cast<double>(now_.ns - 1'000'000'000) / 1e6, what.c_str());
}

}  // namespace sluice::simulator

// Virtual time, and the processes that live in it. Whatever happens is an event at an instant;
// events happen one after another, on one thread, in an order that follows from the seed alone.
//
// A process is a function on a stack of its own that waits in the doors of system.cc. Its events
// die with it; those of the world (a request that is under way) do not.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "simulator/fiber.h"

namespace sluice::simulator {

// What happens then. Not a std::function: it may carry what can't be copied.
struct Happening {
  virtual ~Happening() = default;
  virtual void happen() = 0;
};

class Process {
 public:
  Process(std::string name, std::function<void()> body);
  const std::string& name() const { return name_; }
  bool ended() const { return ended_; }
  void kill() { killed_ = true; }
  bool killed() const { return killed_; }

 private:
  friend class Simulation;
  const std::string name_;
  std::function<void()> body_;
  Fiber fiber_;
  const void* waits_at_ = nullptr;
  std::optional<std::pair<Instant, uint64_t>> alarm_;  // The entry that ends its wait
  bool killed_ = false, ended_ = false;
};

class Simulation {
 public:
  explicit Simulation(uint64_t seed);
  ~Simulation();
  static Simulation& current();
  static bool is_running();

  Instant now() const { return now_; }
  Chance& chance() { return chance_; }
  bool one_in(uint64_t n) { return chance_.below(n) == 0; }
  Nanoseconds between(Nanoseconds least, Nanoseconds most);
  Process* process() { return process_; }  // Whose turn it is; null: the world's own

  // `what()` happens then; of a process only if it has not ended.
  template <class F>
  std::pair<Instant, uint64_t> after(Nanoseconds delay, Process* whose, F what) {
    struct Made : Happening {
      explicit Made(F&& f) : what(std::move(f)) {}
      void happen() override { what(); }
      F what;
    };
    return add(now_ + delay, whose, std::make_unique<Made>(std::move(what)));
  }

  // Begins now. It lives in here until the end.
  Process& begin(std::string name, std::function<void()> body);

  // Until all processes have ended; what the world has still under way then comes to pass as well.
  // An error: a process waits and nothing will ever happen, or time has passed `until`.
  Status run(Instant until);

  // ---- for system.cc: where a process waits
  void wait(const void* at, std::optional<Instant> until);
  void wake(const void* at);

  // All that has happened, as one number: two runs of a seed must have the same.
  void note(uint64_t what) { fingerprint_ = (fingerprint_ ^ what) * 0x100000001b3ULL; }
  uint64_t fingerprint() const { return fingerprint_; }
  uint64_t happened() const { return happened_; }

  // The story, where somebody wants to read it.
  bool is_traced() const { return trace_; }
  void set_trace(bool trace) { trace_ = trace; }
  void say(const std::string& what) const;

 private:
  struct Entry {
    Process* whose;
    std::unique_ptr<Happening> what;
  };
  using At = std::pair<Instant, uint64_t>;  // And its place among those of one instant
  At add(Instant when, Process* whose, std::unique_ptr<Happening> what);
  void drop_entries_of(const Process& process);
  void resume(Process& process);
  bool all_ended() const;

  Chance chance_;
  Instant now_ = {1'000'000'000};
  std::map<At, Entry> entries_;
  std::vector<std::unique_ptr<Process>> processes_;
  Process* process_ = nullptr;
  uint64_t order_ = 0, happened_ = 0, fingerprint_ = 0xcbf29ce484222325ULL;
  bool trace_ = false;
};

}  // namespace sluice::simulator

// An S3-like store as processes see it: answers come later, in whatever order, or not as they
// should. What it holds is right at every instant; what a process is told of it depends on the
// weather.
#pragma once

#include <functional>
#include <map>

#include "simulator/simulation.h"
#include "simulator/tally.h"
#include "simulator/weather.h"
#include "store/memory.h"

namespace sluice::simulator {

class StormyStore : public Store {
 public:
  StormyStore(Simulation& simulation, Tally& tally, std::string name);

  void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) override;
  Features features() const override { return memory_->features(); }
  std::string name() const override { return memory_->name(); }

  // What it holds, without weather.
  MemoryStore& memory() const { return *memory_; }
  void set_weather(const Weather& weather) {
    weather_ = weather;
    since_ = simulation_.now();
  }
  uint64_t calls() const { return calls_; }
  // Told of each call, before anything comes of it.
  void when_called(std::function<void(const Request&)> told) { when_called_ = std::move(told); }

 private:
  enum class Fate : uint8_t { answered, failed, lost, late, throttled, denied };
  Fate fate();
  Nanoseconds latency() const;
  Result<Answer> told(Fate fate, Result<Answer> answer, const std::string& what) const;
  void deny(Lease lease, Ticket ticket, Inbox& inbox);
  void note(const Request& request, Fate fate);
  // What the protocol's branches are told by, once a request has come to pass.
  struct Facts {
    size_t verb;
    UploadId id = {};
    bool is_second_part = false, is_of_data = false, has_checkpoint = false;
  };
  static Facts facts_of(const Request& request);
  void note(const Facts& facts, const Result<Answer>& answer, const Process* asker);

  Simulation& simulation_;
  Tally& tally_;
  std::unique_ptr<MemoryStore> memory_;
  Weather weather_;
  Instant since_;
  uint64_t calls_ = 0;
  std::function<void(const Request&)> when_called_;
  std::map<UploadId, const Process*> uploads_;  // Who has created it
};

}  // namespace sluice::simulator

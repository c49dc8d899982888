// A store that fails on cue, for tests: the n-th call does not happen, or happens and its answer is
// lost, or the process dies before or after it, or the answer is withheld.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/store.h"

namespace sluice {

enum class FaultKind : uint8_t {
  fail,         // An error; nothing happened
  lose_answer,  // An error; it happened all the same
  half_write,   // put_part: an error, and only half of the body is there. Else: as fail
  die_before,   // on_die() instead of the call
  die_after,    // The call, and on_die() instead of its answer
  stall,        // The answer waits for release()
};

struct Fault {
  FaultKind kind = FaultKind::fail;
  uint64_t at = 1;        // The n-th call, counted from 1; 0: each one
  std::string verb = {};  // Counts only these calls ("put", "complete"), or all
  Error error = {ErrorKind::transient, "connection lost"};
};

struct FaultPlan {
  std::vector<Fault> faults;  // The first that fits
  // Must not return if the kill is to be real; if it does, the answer is `cancelled`. Else
  // _exit(137).
  std::function<void()> on_die = {};
};

class FaultyStore : public Store {
 public:
  // Safe on any thread.
  virtual uint64_t calls() const = 0;  // Requests started so far
  virtual uint64_t calls(std::string_view verb) const = 0;
  virtual uint64_t faults() const = 0;  // That came to pass
  virtual uint64_t stalled() const = 0;
  virtual void set_plan(FaultPlan plan) = 0;  // Counts from the start again
  virtual void release() = 0;                 // All that is stalled; stalls no more
};

// The inner store must outlive this one, and this one its last answer.
std::unique_ptr<FaultyStore> make_faulty_store(Store& inner, FaultPlan plan = {});

}  // namespace sluice

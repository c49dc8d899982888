// A store whose every call is counted and timed, none sampled away.
#pragma once

#include <memory>

#include "store/store.h"

namespace sluice {

// What is told of each call.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  // From any thread, several at once; before the answer is delivered. `verb` is the request's index
  // in Request. not_found and conflict are answers, too: `is_failed` is everything else.
  virtual void on_call(size_t verb, const Answered& answered, bool is_failed) = 0;
};

// Both must outlive the store and its last answer.
std::unique_ptr<Store> make_metered_store(Store& inner, CallObserver& observer);

// Into the meter's gauges for one side of the walk, and to its trace.
class Meter;
enum class Side : uint8_t;
std::unique_ptr<CallObserver> make_meter_observer(Meter& meter, Side side);

}  // namespace sluice

// Exchanges whose time hasn't come yet, the earliest first. Belongs to one thread.
#pragma once

#include <optional>
#include <vector>

#include "http/connection.h"

namespace sluice {

class Timers {
 public:
  struct Timed {
    Instant when;
    Pending pending;
  };
  void push(Timed timed);  // O(log n)
  // The earliest, if its time has come at `at`. O(log n).
  std::optional<Pending> take_due(Instant at);
  // That one, before its time; nothing if it isn't here. O(n): for what is given up.
  std::optional<Pending> take(ExchangeId id);
  // When the earliest is due; nothing if there is none.
  std::optional<Instant> next() const;

 private:
  std::vector<Timed> heap_;  // The earliest on top
};

}  // namespace sluice

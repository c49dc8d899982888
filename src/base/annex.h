// Bytes that one of several may have at a time, beside a share of its own. Whoever asked first has
// them all until it leaves; the next one has them then. So each can count on all of them, how many
// there are at once doesn't matter, and nobody holds some of them while it waits for the rest.
//
// The loop's thread only. Seats don't outlive their annex.
#pragma once

#include <deque>

#include "base/budget.h"

namespace sluice {

class Annex {
 public:
  explicit Annex(Lease bytes) : budget_(std::move(bytes)) {}
  Annex(const Annex&) = delete;
  Annex& operator=(const Annex&) = delete;

  uint64_t capacity() const { return budget_.capacity(); }

  class Seat {
   public:
    explicit Seat(Annex& annex) : annex_(annex) {}
    ~Seat() { std::erase(annex_.waiting_, this); }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    // The annex, if it is our turn; null: another has it now, ask again after the next event. Its
    // leases must have been returned before the seat goes.
    Budget* ask() {
      if (!asked_) annex_.waiting_.push_back(this);
      asked_ = true;
      return annex_.waiting_.front() == this ? &annex_.budget_ : nullptr;
    }

   private:
    Annex& annex_;
    bool asked_ = false;
  };

 private:
  Budget budget_;
  std::deque<Seat*> waiting_;  // The first of them has it
};

}  // namespace sluice

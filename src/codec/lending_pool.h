// Things that are dear to make, lent to one user at a time: compressors, to the threads that share
// an encoder. Makes a new one when all are out, so it holds as many as were ever out at once.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace sluice {

// Safe from any thread. Outlives its loans.
template <class T>
class LendingPool {
 public:
  class Loan {
   public:
    Loan(LendingPool& pool, std::unique_ptr<T> thing) : pool_(pool), thing_(std::move(thing)) {}
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() {
      const std::lock_guard lock(pool_.mutex_);
      pool_.idle_.push_back(std::move(thing_));
    }
    T& operator*() const { return *thing_; }
    T* operator->() const { return thing_.get(); }

   private:
    LendingPool& pool_;
    std::unique_ptr<T> thing_;
  };

  template <class Make>
  Loan lend(Make&& make) {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto thing = std::move(idle_.back());
        idle_.pop_back();
        return Loan(*this, std::move(thing));
      }
    }
    return Loan(*this, make());
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> idle_;  // Guarded by mutex_
};

}  // namespace sluice

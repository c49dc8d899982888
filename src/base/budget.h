// The one byte budget: bytes are reserved before a request is started or a buffer grown, and given
// back when they leave.
//
// A Lease is the right to hold so many bytes. It is given back when it is destroyed, on whatever
// thread that happens. A Budget may itself live on a lease: that is how a unit gets a fixed share
// out of which nobody else can take.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

namespace sluice {

class Budget;

class Lease {
 public:
  Lease() = default;
  Lease(Lease&& other) noexcept { *this = std::move(other); }
  Lease& operator=(Lease&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() { release(); }

  uint64_t bytes() const { return bytes_; }
  explicit operator bool() const { return budget_ != nullptr; }
  void release();
  // Gives back what is more than `bytes`.
  void shrink(uint64_t bytes);
  // Takes more from the same budget if it has it.
  bool try_grow(uint64_t bytes);
  // Cuts `bytes` off into a lease of their own; at most bytes().
  Lease split(uint64_t bytes);
  // Both must be of one budget; an empty one is of any.
  void merge(Lease other);

 private:
  friend class Budget;
  Lease(Budget* budget, uint64_t bytes) : budget_(budget), bytes_(bytes) {}

  Budget* budget_ = nullptr;
  uint64_t bytes_ = 0;
};

// Safe to use from any thread. Must outlive its leases.
class Budget {
 public:
  explicit Budget(uint64_t capacity) : capacity_(capacity) {}
  // A budget of its own over bytes that are reserved already.
  explicit Budget(Lease share) : capacity_(share.bytes()), share_(std::move(share)) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  // Nothing if it doesn't fit now. Never blocks.
  std::optional<Lease> try_reserve(uint64_t bytes);
  // Gives the share back that it lives on. All of its own leases must have been returned.
  Lease release();

  uint64_t capacity() const { return capacity_; }
  uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  uint64_t peak() const { return peak_.load(std::memory_order_relaxed); }

 private:
  friend class Lease;
  bool take(uint64_t bytes);
  void give_back(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_release); }

  const uint64_t capacity_;
  Lease share_;
  std::atomic<uint64_t> used_{0};
  std::atomic<uint64_t> peak_{0};
};

}  // namespace sluice

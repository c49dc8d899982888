#include "base/budget.h"

#include "base/result.h"

namespace sluice {

void Lease::release() {
  if (budget_ != nullptr) budget_->give_back(bytes_);
  budget_ = nullptr;
  bytes_ = 0;
}

void Lease::shrink(uint64_t bytes) {
  if (bytes >= bytes_) return;
  budget_->give_back(bytes_ - bytes);
  bytes_ = bytes;
}

bool Lease::try_grow(uint64_t bytes) {
  ENSURE(budget_ != nullptr);
  if (!budget_->take(bytes)) return false;
  bytes_ += bytes;
  return true;
}

Lease Lease::split(uint64_t bytes) {
  ENSURE(bytes <= bytes_);
  bytes_ -= bytes;
  return Lease(budget_, bytes);
}

void Lease::merge(Lease other) {
  if (!other) return;
  if (budget_ == nullptr) budget_ = other.budget_;
  ENSURE(budget_ == other.budget_);
  bytes_ += other.bytes_;
  other.budget_ = nullptr;
  other.bytes_ = 0;
}

bool Budget::take(uint64_t bytes) {
  uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (bytes > capacity_ || used > capacity_ - bytes) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_acquire));
  uint64_t peak = peak_.load(std::memory_order_relaxed);
  while (peak < used + bytes && !peak_.compare_exchange_weak(peak, used + bytes)) {
  }
  return true;
}

Lease Budget::release() {
  ENSURE(used() == 0);
  return std::move(share_);
}

std::optional<Lease> Budget::try_reserve(uint64_t bytes) {
  if (!take(bytes)) return std::nullopt;
  return Lease(this, bytes);
}

}  // namespace sluice

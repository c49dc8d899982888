// A value that its copies share: read only, so whoever changes it makes another. For what is large
// and kept in several places at once. Empty, or there; equal by value. As safe between threads as a
// const value is.
#pragma once

#include <memory>
#include <utility>

namespace sluice {

template <class T>
class Shared {
 public:
  Shared() = default;
  Shared(T value) : value_(std::make_shared<const T>(std::move(value))) {}  // NOLINT: as optional

  bool has_value() const { return value_ != nullptr; }
  explicit operator bool() const { return has_value(); }
  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  void reset() { value_.reset(); }

  // Another value in its place: a copy of this one, changed.
  template <class Edit>
  void change(Edit&& edit) {
    T changed = *value_;
    edit(changed);
    *this = Shared(std::move(changed));
  }

  friend bool operator==(const Shared& a, const Shared& b) {
    if (a.value_ == b.value_) return true;
    return a.has_value() && b.has_value() && *a == *b;
  }

 private:
  std::shared_ptr<const T> value_;
};

}  // namespace sluice

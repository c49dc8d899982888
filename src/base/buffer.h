// A run of bytes on the heap, owned by one. Not zeroed. Grows only when told to, so that whoever
// grows it has reserved the bytes in the budget before.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace sluice {

class Buffer {
 public:
  // So many bytes behind the capacity may be read (not written) by wide loads.
  static constexpr size_t padding_bytes = 64;

  Buffer() = default;
  explicit Buffer(size_t capacity) { grow(capacity); }
  static Buffer of(std::string_view text) {
    Buffer buffer(text.size());
    buffer.append(text);
    return buffer;
  }
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { std::free(data_); }

  char* data() { return data_; }
  const char* data() const { return data_; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  size_t room() const { return capacity_ - size_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {data_, size_}; }

  void clear() { size_ = 0; }
  // Bytes up to the new size must have been written by the caller.
  void resize(size_t size) {
    ENSURE(size <= capacity_);
    size_ = size;
  }
  void append(std::string_view text) {
    ENSURE(text.size() <= room());
    if (!text.empty()) std::memcpy(data_ + size_, text.data(), text.size());
    size_ += text.size();
  }
  // Keeps the bytes. Never shrinks.
  void grow(size_t capacity) {
    if (capacity <= capacity_ && data_ != nullptr) return;
    char* grown = static_cast<char*>(std::realloc(data_, capacity + padding_bytes));
    ENSURE(grown != nullptr);
    std::memset(grown + capacity, 0, padding_bytes);
    data_ = grown;
    capacity_ = capacity;
  }

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace sluice

#include "counting_malloc.h"

#include <errno.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>

// glibc's own, under the names it keeps for those who replace the public ones.
extern "C" {
void* __libc_malloc(size_t bytes);                      // NOLINT
void __libc_free(void* memory);                         // NOLINT
void* __libc_calloc(size_t count, size_t bytes);        // NOLINT
void* __libc_realloc(void* memory, size_t bytes);       // NOLINT
void* __libc_memalign(size_t alignment, size_t bytes);  // NOLINT
}

namespace {

std::atomic<size_t> live{0}, peak{0};

void* add(void* memory) {
  if (memory == nullptr) return memory;
  const size_t bytes = malloc_usable_size(memory);
  const size_t now = live.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  size_t before = peak.load(std::memory_order_relaxed);
  while (before < now && !peak.compare_exchange_weak(before, now, std::memory_order_relaxed)) {
  }
  return memory;
}

void drop(void* memory) {
  if (memory != nullptr) live.fetch_sub(malloc_usable_size(memory), std::memory_order_relaxed);
}

}  // namespace

extern "C" {

void* malloc(size_t bytes) {
  return add(__libc_malloc(bytes));
}
void free(void* memory) {
  drop(memory);
  __libc_free(memory);
}
void* calloc(size_t count, size_t bytes) {
  return add(__libc_calloc(count, bytes));
}
void* realloc(void* memory, size_t bytes) {
  drop(memory);
  return add(__libc_realloc(memory, bytes));
}
void* memalign(size_t alignment, size_t bytes) {
  return add(__libc_memalign(alignment, bytes));
}
void* aligned_alloc(size_t alignment, size_t bytes) {
  return add(__libc_memalign(alignment, bytes));
}
int posix_memalign(void** memory, size_t alignment, size_t bytes) {
  *memory = add(__libc_memalign(alignment, bytes));
  return *memory == nullptr ? ENOMEM : 0;
}

}  // extern "C"

namespace sluice {

size_t heap_live_bytes() {
  return live.load();
}
size_t heap_peak_bytes() {
  return peak.load();
}
void reset_heap_peak() {
  peak.store(live.load());
}

}  // namespace sluice

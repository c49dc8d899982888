// Objects in this process's memory: for tests, for the explorer, for a lake that is thrown away.
//
// Answers are posted from within start(), on the caller's thread. Safe to use from many threads at
// once. The flags can be changed, so that a test can say what a store lacks: without conditional
// puts an `expect` is refused, part sizes are held to the limits; the rest is for the callers to
// heed.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "store/store.h"

namespace sluice {

class MemoryStore : public Store {
 public:
  // What a test sees from above, all at one moment. Safe on any thread.
  virtual std::map<Key, std::string> objects() const = 0;  // Key to bytes, in byte order
  virtual std::vector<OpenUpload> open_uploads() const = 0;
  virtual Mark mark_of(const Key& key) const = 0;  // Empty where nothing is
  virtual uint64_t calls() const = 0;              // Requests started so far
  virtual void set_features(const Features& features) = 0;
};

std::unique_ptr<MemoryStore> make_memory_store(std::string name = "memory:");

}  // namespace sluice

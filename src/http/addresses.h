// The addresses of one name, and what has been found out about each: which one the next connection
// goes to. RFC 8305: the system's order is kept, families by turns; one that doesn't answer at once
// is overtaken by the next; what worked is used again, what failed isn't until the others have.
//
// Pure; belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "http/resolver.h"

namespace sluice {

class Addresses {
 public:
  // After this without an answer another address is tried besides (RFC 8305, 5).
  static constexpr Nanoseconds overtaken_after = 250_ms;
  // A failure is forgotten after this: whatever it was, it may have passed.
  static constexpr Nanoseconds forgiven_after = 60_s;
  // With so many connections to one address the next is used too: large services have several so
  // that all of them are used.
  static constexpr uint32_t spread_min = 8;

  // What the name has now; what it doesn't have any more is forgotten.
  void learn(const std::vector<Address>& found);
  bool empty() const { return known_.empty(); }
  size_t size() const { return known_.size(); }
  std::vector<Address> all() const;

  // Where the next connection goes. Nothing: all addresses are being tried, and none has answered.
  std::optional<Address> pick(Instant at);
  // A connection to it was begun, and has ended.
  void opened(const Address& address);
  void closed(const Address& address);
  // What became of it. Overtaken: it hasn't answered yet; false if there is no other to try.
  void worked(const Address& address);
  void failed(const Address& address, Instant at);
  bool overtake(const Address& address, Instant at);

 private:
  enum class State : uint8_t { untried, good, slow, bad };
  struct Known {
    Address address;
    State state = State::untried;
    uint32_t open = 0;     // Connections
    Instant since = {};    // Slow or bad
    bool awaited = false;  // Slow, and still being tried
  };
  Known* find(const Address& address);
  void forgive(Instant at);
  bool is_hopeful(const Known& one) const;
  Known* most_hopeful();

  std::vector<Known> known_;
  std::optional<sa_family_t> family_;  // That has worked
};

}  // namespace sluice

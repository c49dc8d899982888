#include "http/addresses.h"

#include <algorithm>
#include <tuple>

namespace sluice {
namespace {

constexpr size_t addresses_max = 64;

// RFC 8305, 4: the first of one family, the first of the other, the second of the one, ...
std::vector<Address> by_turns(const std::vector<Address>& found) {
  std::vector<Address> first, other, both;
  for (const Address& one : found) {
    const bool is_first = one.storage.ss_family == found.front().storage.ss_family;
    (is_first ? first : other).push_back(one);
  }
  for (size_t i = 0; i < std::max(first.size(), other.size()); ++i) {
    if (i < first.size()) both.push_back(first[i]);
    if (i < other.size()) both.push_back(other[i]);
  }
  both.resize(std::min(both.size(), addresses_max));
  return both;
}

}  // namespace

void Addresses::learn(const std::vector<Address>& found) {
  std::vector<Known> now;
  for (const Address& one : by_turns(found)) {
    const Known* known = find(one);
    now.push_back(known != nullptr ? *known : Known{.address = one});
  }
  known_ = std::move(now);
}

Addresses::Known* Addresses::find(const Address& address) {
  const auto found = std::find_if(known_.begin(), known_.end(),
                                  [&](const Known& one) { return one.address == address; });
  return found == known_.end() ? nullptr : &*found;
}

void Addresses::forgive(Instant at) {
  for (Known& one : known_) {
    const bool is_marked = one.state == State::bad || one.state == State::slow;
    if (is_marked && !one.awaited && at - one.since > forgiven_after) one.state = State::untried;
  }
}

// Nothing speaks against it.
bool Addresses::is_hopeful(const Known& one) const {
  return one.state == State::good || one.state == State::untried;
}

// The first that has worked, then the first of its family, then of any; one that has many
// connections already only if all have.
Addresses::Known* Addresses::most_hopeful() {
  const auto rank = [&](const Known& one) {
    if (one.state == State::good) return 0;
    return family_ && one.address.storage.ss_family == *family_ ? 1 : 2;
  };
  const auto key = [&](const Known& one) {
    const bool is_foreign = family_ && rank(one) == 2;
    return std::tuple(is_foreign, one.open < spread_min ? 0 : one.open, rank(one));
  };
  Known* best = nullptr;
  for (Known& one : known_) {
    if (is_hopeful(one) && (best == nullptr || key(one) < key(*best))) best = &one;
  }
  return best;
}

std::vector<Address> Addresses::all() const {
  std::vector<Address> all;
  all.reserve(known_.size());
  for (const Known& one : known_) all.push_back(one.address);
  return all;
}

std::optional<Address> Addresses::pick(Instant at) {
  forgive(at);
  if (const Known* best = most_hopeful()) return best->address;
  // All have failed or are slow: whoever has been so for longest, unless it is being tried.
  const Known* oldest = nullptr;
  for (const Known& one : known_) {
    if (!one.awaited && (oldest == nullptr || one.since < oldest->since)) oldest = &one;
  }
  if (oldest == nullptr) return std::nullopt;
  return oldest->address;
}

void Addresses::opened(const Address& address) {
  if (Known* one = find(address)) ++one->open;
}

void Addresses::closed(const Address& address) {
  Known* one = find(address);
  if (one != nullptr && one->open > 0) --one->open;
}

void Addresses::worked(const Address& address) {
  family_ = address.storage.ss_family;
  if (Known* one = find(address))
    *one = {.address = address, .state = State::good, .open = one->open};
}

void Addresses::failed(const Address& address, Instant at) {
  Known* one = find(address);
  if (one == nullptr) return;
  one->state = State::bad;
  one->since = at;
  one->awaited = false;
}

bool Addresses::overtake(const Address& address, Instant at) {
  Known* one = find(address);
  if (one == nullptr) return !known_.empty();
  const State before = one->state;
  one->state = State::slow;
  if (most_hopeful() == nullptr) {
    one->state = before;
    return false;
  }
  one->since = at;
  one->awaited = true;
  return true;
}

}  // namespace sluice

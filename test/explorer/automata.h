// Processes as automata: each local state, request and answer once, by number, so that a state of
// the search is a few numbers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "explorer/process.h"
#include "explorer/simulation.h"

namespace sluice::explorer {

constexpr uint32_t dead = UINT32_MAX;  // In place of a local state: the process has crashed.

using Number = uint32_t;  // Of an interned world, request, answer or local state

inline uint64_t pair_of(Number a, Number b) {
  return static_cast<uint64_t>(a) << 32 | b;
}

// Values by number, each once.
template <class Value>
class Interned {
 public:
  Number number(Value value, std::string text) {
    const auto [found, fresh] =
        numbers_.insert({std::move(text), static_cast<Number>(values_.size())});
    if (fresh) values_.push_back(std::move(value));
    return found->second;
  }
  const Value& operator[](Number number) const { return values_[number]; }
  size_t size() const { return values_.size(); }

 private:
  std::unordered_map<std::string, Number> numbers_;
  std::vector<Value> values_;
};

// Local states, compiled on the way: each once, whatever history led to it.
class Automata {
 public:
  struct Open {
    uint32_t call = 0;
    Number request = 0;
    bool operator==(const Open&) const = default;
  };
  struct Node {
    Process process;
    std::vector<Open> open;  // By call
    std::optional<std::string> result;
  };

  Number start(const Task& task) { return intern(Process(task), {}); }

  Number step(Number node, uint32_t call, Number answer) {
    const auto [found, fresh] = moves_.insert({{pair_of(node, answer), call}, 0});
    if (!fresh) return found->second;
    Process process = nodes_[node].process;
    std::vector<Open> open = nodes_[node].open;
    std::erase_if(open, [&](const Open& other) { return other.call == call; });
    process.take(call, answers[answer]);
    const Number next = intern(std::move(process), std::move(open));
    return moves_[{pair_of(node, answer), call}] = next;
  }

  const Node& operator[](Number node) const { return nodes_[node]; }
  bool running(Number node) const { return node != dead && !nodes_[node].result; }
  size_t size() const { return nodes_.size(); }

  Interned<Request> requests;
  Interned<Answer> answers;

 private:
  struct MoveHash {
    size_t operator()(const std::pair<uint64_t, uint32_t>& move) const {
      return (move.first + move.second) * 0x9E3779B97F4A7C15ULL >> 7;
    }
  };

  Number intern(Process process, std::vector<Open> open) {
    for (OpenCall& call : process.begin_calls()) {
      std::string text = call.request.text();
      open.push_back({call.id, requests.number(std::move(call.request), std::move(text))});
    }
    std::ranges::sort(open, {}, &Open::call);
    std::optional<std::string> result = process.result();
    uint64_t hash = result ? hash64(*result) : 0;
    for (const Open& call : open)
      hash = (hash + pair_of(call.call, call.request)) * 0x9E3779B97F4A7C15ULL;
    auto [candidate, last] = index_.equal_range(hash);
    for (; candidate != last; ++candidate) {
      const Node& node = nodes_[candidate->second];
      if (node.open == open && node.process == process) return candidate->second;
    }
    const Number number = static_cast<Number>(nodes_.size());
    index_.insert({hash, number});
    nodes_.push_back({std::move(process), std::move(open), std::move(result)});
    return number;
  }

  std::vector<Node> nodes_;
  std::unordered_multimap<uint64_t, Number> index_;
  std::unordered_map<std::pair<uint64_t, uint32_t>, Number, MoveHash> moves_;
};

}  // namespace sluice::explorer

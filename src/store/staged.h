// For tests: a memory store whose answers are held back and let go one by one, in
// whatever order chance says, and that can be told to fail. One thread.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "store/memory.h"
#include "store/store.h"

namespace sluice {

class StagedStore : public Store {
 public:
  explicit StagedStore(uint64_t seed = 1, Features features = {})
      : chance_(seed), features_(features) {}

  // Asked before each request: an error to answer instead, or nothing.
  std::function<std::optional<Error>(const Request&)> fault = {};
  std::map<std::string, uint64_t, std::less<>> calls = {};  // By verb
  size_t open_most = 0;
  uint32_t page_entries_most = 1000;

  // What lies in it; answers at once.
  Store& inner() { return *memory_; }
  void put(std::string_view key, std::string_view body) {
    ENSURE(call(*memory_, Put{.key = Key(key), .body = std::string(body)}).ok());
  }
  void remove(std::string_view key) { ENSURE(call(*memory_, Delete{.key = Key(key)}).ok()); }

  void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) override {
    ++calls[std::string(verb(request))];
    if (auto* list = std::get_if<List>(&request))
      list->most = std::min(list->most, page_entries_most);
    held_.push_back({std::move(request), std::move(lease), ticket, &inbox});
    open_most = std::max(open_most, held_.size());
  }
  Features features() const override { return features_; }
  std::string name() const override { return "memory:"; }

  // Answers one of the requests that are open. False: there are none.
  bool release_one() {
    if (held_.empty()) return false;
    std::swap(held_[chance_.below(held_.size())], held_.back());
    Held held = std::move(held_.back());
    held_.pop_back();
    Result<Answer> answer = Answer(Done());
    std::optional<Error> error;
    if (fault) error = fault(held.request);
    if (error) {
      answer = *error;
    } else {
      answer = call(*memory_, std::move(held.request));
    }
    held.inbox->post(std::make_unique<Answered>(held.ticket, std::move(answer),
                                                std::move(held.lease), Timing()));
    return true;
  }
  size_t open() const { return held_.size(); }

 private:
  struct Held {
    Request request;
    Lease lease;
    Ticket ticket = 0;
    Inbox* inbox = nullptr;
  };
  std::unique_ptr<MemoryStore> memory_ = make_memory_store();
  Chance chance_;
  const Features features_;
  std::vector<Held> held_;
};

}  // namespace sluice

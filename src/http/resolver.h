// Names to addresses, asked of the system on one thread of its own, so that nobody else waits.
#pragma once

#include <netinet/in.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"

namespace sluice {

struct Address {
  sockaddr_storage storage = {};
  socklen_t bytes = 0;
  bool operator==(const Address& other) const;
  std::string text() const;  // "127.0.0.1:9000"
};

// A numeric address needs no asking.
std::vector<Address> numeric_address(const std::string& host, uint16_t port);

class Resolver {
 public:
  using Answered = std::function<void(Result<std::vector<Address>>)>;

  Resolver() = default;
  ~Resolver();  // Waits for a question under way; those behind it are dropped.
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `answered` is called on the resolver's thread. `invalid`: nobody has that name; `transient`:
  // no answer. The thread is started by the first question.
  void resolve(std::string host, uint16_t port, Answered answered);

 private:
  struct Question {
    std::string host;
    uint16_t port;
    Answered answered;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Question> questions_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace sluice

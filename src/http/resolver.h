// Names to addresses, asked of the system on threads of their own, so that nobody else waits, not
// even for another name that is slow.
#pragma once

#include <netinet/in.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice {

struct Address {
  sockaddr_storage storage = {};
  socklen_t bytes = 0;
  bool operator==(const Address& other) const;
  std::string text() const;  // "127.0.0.1:9000"
};

// https://www.rfc-editor.org/rfc/rfc6761#section-6.3: these names mean this machine, whatever its
// hosts file says. In small containers there is none.
bool is_localhost(std::string_view host);

// A numeric address needs no asking.
std::vector<Address> numeric_address(const std::string& host, uint16_t port);

class Resolver {
 public:
  using Answered = std::function<void(Result<std::vector<Address>>)>;

  Resolver();
  // Nobody is answered any more. A question under way can't be broken off, and isn't waited for.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `answered` is called on a thread of the resolver's; it must not ask from there. `invalid`:
  // nobody has that name; `transient`: no answer.
  void resolve(std::string host, uint16_t port, Answered answered);

 private:
  struct Shared;
  // Shared with the threads, which may outlive the resolver.
  const std::shared_ptr<Shared> shared_;
};

}  // namespace sluice

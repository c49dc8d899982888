// One HTTP/1.0 request to a server on this machine: for asking whether it is ready and for telling
// a proxy what to break. Unsigned, blocking, a connection each; not what is tested.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

struct ControlAnswer {
  int status = 0;
  std::string body;
};

// To 127.0.0.1:`port`; gives up after five seconds of silence. Any thread.
Result<ControlAnswer> control(uint16_t port, std::string_view method, std::string_view path,
                              std::string_view body = {});

// A port of 127.0.0.1 that was free a moment ago; 0 if there is none.
uint16_t free_port();

}  // namespace sluice

// What the programs around a server share: their words, and serving until a signal says to end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "http_server/http_server.h"

namespace sluice::http_server {

// Takes the words of a command line one by one. They must outlive it.
class Words {
 public:
  explicit Words(const std::vector<std::string>& words) : words_(words) {}
  bool done() const { return at_ == words_.size(); }
  const std::string& next() { return words_[at_++]; }
  Result<std::string> value_of(std::string_view option) {
    if (done()) return Error{ErrorKind::invalid, std::string(option) + " needs a value"};
    return next();
  }
  template <class Number>
  Result<Number> number_of(std::string_view option) {
    const std::string text = TRY(value_of(option));
    const auto number = parse_number<Number>(text);
    if (!number) {
      return Error{ErrorKind::invalid, std::string(option) + " " + text + ": not a number"};
    }
    return *number;
  }

 private:
  const std::vector<std::string>& words_;
  size_t at_ = 0;
};

// Prints "listening on 127.0.0.1:PORT" once it does, and serves until SIGTERM or SIGINT. Once a
// process.
Status serve_until_signal(const HttpServerOptions& options,
                          const std::function<std::unique_ptr<Handler>()>& make_handler);

}  // namespace sluice::http_server

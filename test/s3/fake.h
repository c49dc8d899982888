// The fake S3 as the tests of faults use it: what it is to do wrong, what it has counted, and one
// request to it with how often the store asked.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "s3/door.h"

namespace sluice {

class Fake {
 public:
  explicit Fake(const std::vector<std::string>& arguments = {});

  const S3Server& server() const { return *server_; }
  // A request to its control (test/fake_s3/control.cc).
  void tell(const std::string& what, const std::string& body = {}) const;
  // Nothing there, nothing counted; then this goes wrong.
  void begin(const std::string& plan = {}) const;
  // The same, but what is there stays.
  void again(const std::string& plan) const;
  // Of the counters, or of the object of that name in them; what isn't there is 0.
  uint64_t count(std::string_view name, std::string_view section = {}) const;
  uint64_t asked(std::string_view verb) const { return count(verb, "by_verb"); }
  uint64_t open_uploads() const { return count("open_uploads"); }

 private:
  const std::unique_ptr<S3Server> server_;
};

// Patience of half a second, and no hedges, so that each request is counted once.
S3Options options_for_faults(const Fake& fake);

struct Told {
  Result<Answer> answer;
  uint32_t attempts = 0;
  bool ok() const { return answer.ok(); }
  ErrorKind kind() const { return answer.ok() ? ErrorKind::internal : answer.error().kind; }
  std::string message() const { return answer.ok() ? "" : answer.error().message; }
};
Told ask(Store& store, Request request);

}  // namespace sluice

// The fake API for C++ tests: starts it on a free port, asks it what has happened, says what is to
// go wrong. It ends with this, or with the thread that started it.
//
//   FakeApi api({"--records", "500", "--page-records", "50"});
//   api.begin("page=3 status=500 times=1");
//   ... api.url("/cursor") ...
//   CHECK(api.asked("/cursor", 3) == 2);
//
// Its words are in test/fake_api/options.cc (--help) and faults.h. One thread; a failure ends the
// test case.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "servers/process.h"

namespace sluice {

class FakeApi {
 public:
  explicit FakeApi(const std::vector<std::string>& arguments = {});

  uint16_t port() const { return port_; }
  // "http://127.0.0.1:1234" and the target behind it.
  std::string url(std::string_view target = {}) const;
  // A request to its control (test/fake_api/control.cc): "latency?ms=50".
  void tell(std::string_view what, std::string_view body = {}) const;
  // Nothing counted; then this goes wrong, a rule a line.
  void begin(std::string_view plan = {}) const;
  // Of the counters, or of the object of that name in them; what isn't there is 0.
  uint64_t count(std::string_view name, std::string_view section = {}) const;
  // How often that page was asked for, from 1; `path` with what narrows it: "/cursor?part=0%2F3".
  uint64_t asked(std::string_view path, uint64_t page) const;

  // The right records first <= i < end, in order.
  std::vector<std::string> expected(uint64_t first = 0, uint64_t end = UINT64_MAX) const;
  struct Digest {
    uint64_t count = 0, bytes = 0;  // With a line break behind each
    std::string sha256;             // In hex
    uint64_t crc32_sum = 0;         // Of the records without line breaks; the same in every order
    bool operator==(const Digest&) const = default;
  };
  Digest digest(uint64_t first = 0, uint64_t end = UINT64_MAX) const;

 private:
  std::string get(std::string_view what) const;

  std::unique_ptr<Process> process_;
  uint16_t port_ = 0;
};

}  // namespace sluice

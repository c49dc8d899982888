// What the fake API has seen.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace sluice::fake_api {

struct Counters {
  uint64_t requests = 0;
  uint64_t records = 0;  // In answers that are pages
  uint64_t bytes_in = 0, bytes_out = 0;
  uint64_t auth_failures = 0;
  uint64_t rate_violations = 0;         // Requests beyond --rate
  uint64_t early_retries = 0;           // A page asked again before its Retry-After was over
  uint64_t tokens_given = 0;            // By /oauth/token
  uint64_t elsewhere = 0;               // Requests below /elsewhere ...
  uint64_t elsewhere_with_secrets = 0;  // ... that brought a secret along
  uint64_t requests_open = 0, requests_open_max = 0;
  uint64_t connections_accepted = 0, connections_open = 0, connections_open_max = 0;
  std::map<std::string, uint64_t, std::less<>> by_path;
  std::map<int, uint64_t> by_status;
  // By what they brought along, as "Bearer T": for tokens that take turns.
  std::map<std::string, uint64_t, std::less<>> by_caller;
  // How often each page was asked for: by path with what narrows it, and the page's number.
  std::map<std::string, std::map<uint64_t, uint64_t>, std::less<>> pages;

  // To zero; what is open stays open.
  void reset();
  // One JSON object; `faults` is the plan's JSON.
  std::string json(uint64_t faults_done, std::string_view faults) const;
};

}  // namespace sluice::fake_api

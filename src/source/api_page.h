// A page that PageFetcher brings, with all that is known of it. For page_fetcher.cc and
// page_patience.cc only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "source/page_fetcher.h"

namespace sluice {

struct PageFetcher::ApiPage {
  enum class State : uint8_t { waiting, under_way, resting, ended };
  uint64_t number = 0;
  PageRequest request;
  std::string url;  // The request's, or where it was redirected to
  std::string method;
  State state = State::waiting;
  Ticket ticket = 0;
  std::unique_ptr<Fetch> fetch;
  size_t identity = 0;
  std::shared_ptr<HttpRequest> sent = {};  // With what proved who we are; once it has ended

  std::deque<Chunk> held;  // The last that came is always among them: it may be the page's last
  uint64_t came = 0;       // Bytes, in this attempt
  bool is_packed = false;  // gzip or zstd, by its first bytes
  uint64_t gone_on = 0;    // Bytes that arrivals have been made of, in any attempt
  uint32_t gone_on_crc = 0;
  uint32_t repeated_crc = 0;  // Of what came again

  uint32_t failures = 0, refusals = 0, odd_answers = 0;
  int redirects = 0;
  Instant started = {};       // This attempt
  Instant first_failed = {};  // Later by what the API has asked to wait
  Nanoseconds asked_for = 0;  // The sum of that
  Answer answer;
};

}  // namespace sluice

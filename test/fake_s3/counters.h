// What the fake S3 has seen. Guarded by World's mutex.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "objects.h"
#include "verbs.h"

namespace sluice::fake_s3 {

class Counters {
 public:
  Counters() { reset(); }
  // To zero; what is open stays open.
  void reset();

  void connection_opened();
  void connection_closed() { --connections_open_; }
  void request_opened(uint64_t bytes);
  void request_closed(uint64_t bytes_sent);
  void answered(Verb verb, int status) {
    ++verbs_[static_cast<size_t>(verb)];
    ++statuses_[status];
  }
  void refused(std::string_view code) { ++codes_[std::string(code)]; }
  void fault_done() { ++faults_; }
  // These bytes of the object have all gone out.
  void object_sent(const Object& object, uint64_t first, uint64_t end);

  // One JSON object; buckets for their open uploads, `faults` the plan's JSON.
  std::string json(Buckets& buckets, std::string_view faults);

 private:
  static constexpr std::array<uint64_t, 7> levels = {1, 16, 64, 128, 256, 450, 512};
  void spend(Instant at);

  uint64_t epoch_ = 0;
  std::array<uint64_t, verb_count> verbs_{};
  std::map<int, uint64_t> statuses_;
  std::map<std::string, uint64_t, std::less<>> codes_;
  uint64_t bytes_in_ = 0, bytes_out_ = 0, faults_ = 0;
  std::set<std::string> read_twice_;
  uint64_t objects_sent_ = 0, sent_twice_ = 0;
  uint64_t connections_accepted_ = 0, connections_open_ = 0, connections_open_max_ = 0;
  uint64_t requests_open_ = 0, requests_open_max_ = 0;
  std::array<Nanoseconds, levels.size() + 1> spent_{};  // By how many levels were reached
  Instant spent_until_;
  size_t level_ = 0;  // How many levels requests_open_ reaches
};

}  // namespace sluice::fake_s3

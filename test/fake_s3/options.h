// The command line of fake_s3.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "world.h"

namespace sluice::fake_s3 {

extern const std::string_view usage;

struct Options {
  uint16_t port = 0;
  int threads = 1;
  uint64_t bytes_per_second = 0;
  std::string certificate_file, key_file;                  // Both or none
  std::vector<std::pair<std::string, std::string>> loads;  // "bucket/prefix" and folder
  bool wants_help = false;
};

// Fills `world` too.
Status read_options(const std::vector<std::string>& words, Options& options, World& world);

}  // namespace sluice::fake_s3

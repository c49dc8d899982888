// A stream to test streams with: endless, and every message a pure function of seed and offset, so
// that a test knows what must have arrived without anybody having kept it.
//
//   {"offset":7,"time":"2024-01-01T00:00:07Z","key":"k03","payload":"5f1c…"}
//
// Documents are runs of messages that end at multiples of `messages`, whatever position they begin
// at. No store, no network: documents are made on the loop's thread as memory allows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "flow/makers.h"
#include "flow/part.h"

namespace sluice {

struct ReplayOptions {
  uint64_t messages = 500;  // In a document
  uint64_t seed = 1;
  uint64_t keys = 16;
  uint64_t payload_bytes = 64;
  Nanoseconds spacing = 1_s;  // Between the messages' own times
  uint64_t rate = 0;          // Messages a second; 0: as fast as they are taken
  uint64_t end = UINT64_MAX;  // The offset behind the last message
};

const PartDoc& replay_doc();
Result<std::unique_ptr<SourceMaker>> make_replay(const Settings& settings);
std::unique_ptr<SourceMaker> make_replay_source_maker(ReplayOptions options);

// The message at an offset, with its line break.
void append_replay_message(const ReplayOptions& options, uint64_t offset, std::string& out);

}  // namespace sluice

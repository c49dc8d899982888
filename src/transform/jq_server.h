// The process in which a jq program runs: this very program, started once more with a word that
// nobody else gives. It reads lines and answers each with one:
//
//   <- the program, as a JSON string          -> ready
//   <- a record                               -> = | - | +text | !why     as it is, dropped,
//   changed,
//                                                                         set aside
//
// It has so much memory and no more; where it needs more it aborts, having answered all that came
// before. It goes when its input ends or whoever started it has gone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice {

// The command that starts it.
std::vector<std::string> jq_server_words(uint64_t memory_bytes);

}  // namespace sluice

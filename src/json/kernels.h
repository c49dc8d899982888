// The loops that look at every byte, 64 at a time, in one build for each kind of CPU. All give the
// same answers; kernels() is the fastest that this CPU can run.
//
// None of them reads outside of text[0, bytes).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::json {

// Where skim() is between two pieces of one container.
struct Skim {
  uint64_t depth = 1;      // Containers open, the one skimmed included
  uint64_t in_string = 0;  // All ones inside a string
  uint64_t escaped = 0;    // 1 if the next byte comes after a backslash
};

// Where index() is between two pieces of one text, and what it has seen so far.
struct Indexing {
  uint64_t in_string = 0;
  uint64_t escaped = 0;
  uint64_t in_scalar = 0;    // 1 if the last byte was of a number, a literal or garbage
  bool bad = false;          // A control character in a string, or no such escape
  uint64_t backslashes = 0;  // Not zero once there was one; likewise:
  uint64_t controls = 0;
  bool non_ascii = false;
};

struct Kernels {
  const char* name;
  // Looks for the end of a container whose opening bracket was read before. Answers the position
  // behind the closing one, or `bytes` with depth > 0. Brackets are only counted, not matched.
  size_t (*skim)(const char* text, size_t bytes, Skim& skim);
  // Looks for the end of a string whose opening quote was read before. Answers the position behind
  // the closing one, or 0. `escaped` as in Skim.
  size_t (*string_end)(const char* text, size_t bytes, uint64_t& escaped);
  // Writes where tokens begin: brackets, commas, colons, opening quotes, numbers, literals and
  // garbage; each as its position in `text` + `base`. `end` is where the whole text ends, of which
  // `text` is a piece. All pieces but the last are multiples of 64 bytes. `out` has room for
  // bytes + 64. Answers how many.
  size_t (*index)(const char* text, size_t bytes, const char* end, uint32_t base, Indexing& state,
                  uint32_t* out);
};

const Kernels& kernels();
// Every one that this CPU can run, for tests that hold them against each other.
std::span<const Kernels* const> all_kernels();

}  // namespace sluice::json

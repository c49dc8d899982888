// Where a flat prefix may be cut, so that its parts can be listed at once: keys of a page are taken
// as numbers, written with the signs that vary in them, and counted on behind the page's last.
//
// A guess: it decides how much is found at each place, never what is found. Keys that count (dates,
// sequences, padded or hexadecimal numbers, hashes) are hit well; of others a part may be empty or
// long.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "store/store.h"

namespace sluice {

// At most `most` keys behind the last of `page`, ascending, each about as many objects behind the
// one before as the page has. They begin with the page's last key's first `fixed` bytes, and are
// less than `end` unless that is empty. None where nothing can be told.
std::vector<std::string> steps_behind(const std::vector<Listed>& page, size_t fixed,
                                      const std::string& end, size_t most);

}  // namespace sluice

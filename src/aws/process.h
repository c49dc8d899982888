// A program that prints credentials (credential_process): its words, and running it without a
// shell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sluice::aws {

// As a shell would split them: blanks separate, '...' and "..." keep them, \ takes the next
// character as it is (in "..." only before " and \). Nothing is expanded. `invalid`: a quote that
// doesn't end, no word at all.
Result<std::vector<std::string>> split_words(std::string_view command);

// What the program prints, at most 1 MiB. Its errors go where ours go; it reads nothing. `denied`
// if it can't be started, fails or takes longer than `within`: then it is killed, with all that it
// has started. Blocks.
Result<std::string> run_process(const std::vector<std::string>& words, Nanoseconds within = 60_s);

}  // namespace sluice::aws

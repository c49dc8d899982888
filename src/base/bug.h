// How the process ends by a bug of its own: with what was wrong and, where the C library can tell,
// the calls that led there: the file of each and where in it, for addr2line. ENSURE's
// check_failed() is in bug.cc, too.
#pragma once

namespace sluice {

// For std::set_terminate(): an exception that nobody catches is named before the process aborts.
// It has the stack that it was thrown from.
[[noreturn]] void end_by_exception() noexcept;

}  // namespace sluice

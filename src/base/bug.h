// How the process ends by a bug of its own: with what was wrong, and the calls that led there.
#pragma once

namespace sluice {

// To standard error, a line a call: the file and where in it, for addr2line. Nothing where the C
// library can't tell.
void print_calls();

// For std::set_terminate(): an exception that nobody catches is named before the process aborts.
// It has the stack that it was thrown from.
[[noreturn]] void end_by_exception() noexcept;

}  // namespace sluice

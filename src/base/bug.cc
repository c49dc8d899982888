#include "base/bug.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#if __has_include(<execinfo.h>)
#include <execinfo.h>
#endif

namespace sluice {

void print_calls() {
#if __has_include(<execinfo.h>)
  constexpr int calls_max = 64;
  void* calls[calls_max];
  ::backtrace_symbols_fd(calls, ::backtrace(calls, calls_max), STDERR_FILENO);
#endif
}

void end_by_exception() noexcept {
  const char* what = "an exception that nobody catches";
  if (const std::exception_ptr thrown = std::current_exception()) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& exception) {
      what = exception.what();
    } catch (...) {  // NOLINT(bugprone-empty-catch): it has no words
    }
    std::fprintf(stderr, "bug: %s\n", what);
  } else {
    std::fprintf(stderr, "bug: std::terminate() was called\n");
  }
  print_calls();
  std::abort();
}

}  // namespace sluice

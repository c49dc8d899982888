#include "base/bug.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#if __has_include(<execinfo.h>)
#include <execinfo.h>
#endif

#include "base/result.h"

namespace sluice {
namespace {

void print_calls() {
#if __has_include(<execinfo.h>)
  constexpr int calls_max = 64;
  void* calls[calls_max];
  ::backtrace_symbols_fd(calls, ::backtrace(calls, calls_max), STDERR_FILENO);
#endif
}

}  // namespace

void check_failed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: bug: ENSURE(%s) failed\n", file, line, condition);
  print_calls();
  std::abort();
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

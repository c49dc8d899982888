#include "base/result.h"

#include <cstdio>
#include <cstdlib>

#include "base/bug.h"

namespace sluice {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::transient:
      return "transient";
    case ErrorKind::throttled:
      return "throttled";
    case ErrorKind::not_found:
      return "not found";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::denied:
      return "denied";
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::corrupt:
      return "corrupt";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::internal:
      return "internal";
  }
  return "unknown";
}

void check_failed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: bug: ENSURE(%s) failed\n", file, line, condition);
  print_calls();
  std::abort();
}

}  // namespace sluice

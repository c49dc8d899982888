#include "base/open_files.h"

#include <sys/resource.h>

namespace sluice {

uint64_t open_files_max() {
  rlimit files = {};
  const bool is_known = ::getrlimit(RLIMIT_NOFILE, &files) == 0;
  return is_known && files.rlim_cur != RLIM_INFINITY ? files.rlim_cur : UINT64_MAX;
}

}  // namespace sluice

#include "base/no_thread.h"

namespace sluice {

Error no_thread(const std::system_error& error) {
  return {ErrorKind::transient, "a thread can't be started: " + error.code().message() +
                                    "; raise the limit of processes (ulimit -u, or the "
                                    "container's pids)"};
}

}  // namespace sluice

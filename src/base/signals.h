// For threads of a library's own making.
#pragma once

#include <csignal>

namespace sluice {

// From now on signals sent to the process are for other threads. Said first in a thread, so that
// SIGINT and SIGTERM reach the one that knows how to stop a run.
inline void leave_signals_to_others() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace sluice

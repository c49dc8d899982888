// Who ends our children when we are killed and can't: a process of its own, this very program
// started once more with a word that nobody else gives. It is told of each group of processes that
// begins and that is over, through a pipe that only we hold; when that breaks it kills those that
// are left, and goes. So it needs no thread of ours to live on (as PR_SET_PDEATHSIG does), and what
// children have started goes too, unless it has left their group (setsid).
//
// Where it can't be started (no process left, no /proc) children are started without it.
#pragma once

#include <sys/types.h>

namespace sluice {

// One thread at a time. The first begins it.
void keep_group(pid_t leader);
// Before its leader is waited for: till then its number is its own.
void let_group_go(pid_t leader);

}  // namespace sluice

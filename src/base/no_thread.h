// What to say where the system has no more threads to give: std::thread throws then.
#pragma once

#include <system_error>

#include "base/result.h"

namespace sluice {

// `transient`: others may end meanwhile.
Error no_thread(const std::system_error& error);

}  // namespace sluice

// The transform `rename`: members get another key, in their place and with their value.
//
//   rename: { eventID: event_id, userIdentity.type: kind }
//
// What isn't there is fine; an object that has a member of the new name already sets its record
// aside.
#pragma once

#include <memory>

#include "flow/part.h"

namespace sluice {

const PartDoc& rename_doc();
Result<std::unique_ptr<Transform>> make_rename(const Settings& settings);

}  // namespace sluice

// The transform `drop`: fields go, with their values. One that isn't there is fine.
//
//   drop: [ .requestParameters, .userIdentity.sessionContext ]
#pragma once

#include <memory>

#include "flow/part.h"

namespace sluice {

const PartDoc& drop_doc();
Result<std::unique_ptr<Transform>> make_drop(const Settings& settings);

}  // namespace sluice

// The transform `stringify`: values become JSON strings of their own text. Strings and null stay.
//
//   stringify: [ .requestParameters ]          {"a":1} becomes "{\"a\":1}"
#pragma once

#include <memory>

#include "flow/part.h"

namespace sluice {

const PartDoc& stringify_doc();
Result<std::unique_ptr<Transform>> make_stringify(const Settings& settings);

}  // namespace sluice

// The transform `filter`: only records that fit go on; the others are counted, not set aside.
//
//   filter: { field: .eventName, in: [ GetObject, PutObject ] }
//   filter: { field: .eventSource, matches: "*.amazonaws.com", not: true }
//   filter: .errorCode                          records that have one
//
// All conditions given must hold; several filters are written one after the other. `equals`, `in`
// and `matches` look at the value's text: a string decoded, a number as it is written (1.10 is not
// 1.1), true, false. What has no such value (it isn't there, null, an object, an array) fits none
// of them. `exists` asks whether there is a value of any kind but null.
#pragma once

#include <memory>

#include "flow/part.h"

namespace sluice {

const PartDoc& filter_doc();
Result<std::unique_ptr<Transform>> make_filter(const Settings& settings);

}  // namespace sluice

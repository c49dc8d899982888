// The transform `flatten`: objects inside a record become members of the record, under their keys
// joined. What is not taken apart keeps its text, byte for byte, and its place among the others.
//
//   flatten:                                    {"a":{"b":1,"c":{"d":2}},"e":3}
//                                            -> {"a_b":1,"a_c_d":2,"e":3}
//   flatten: { fields: .a, depth: 1 }        -> {"a_b":1,"a_c":{"d":2},"e":3}
//
// An empty object stays as it is, under its joined key. Arrays stay too, or become text. Two
// members that end up with one name set the record aside, unless they are one doubled key that was
// there before. A record that is no object stays.
#pragma once

#include <memory>

#include "flow/part.h"

namespace sluice {

const PartDoc& flatten_doc();
Result<std::unique_ptr<Transform>> make_flatten(const Settings& settings);

}  // namespace sluice

// The transform `cast`: values get another type. It edits their text, and no number ever goes
// through a double: what was 1.10 is 1.10 afterwards, of 20 digits all stay.
//
//   cast: { .price: number, .id: string, .flag: boolean, .when: time, .seen: { to: time, unit: ms }
//   }
//
//   number   a string that holds a JSON number becomes it ("1.10" is 1.10, "007" is none)
//   string   a number, true or false becomes a string of its own text
//   boolean  "true" and "false" in any case, 1 and 0, "1" and "0"
//   time     RFC 3339 with any offset, a date, or a number since 1970 becomes RFC 3339 in UTC
//
// What has the type already stays as it is; so do null and fields that aren't there. What can't be
// cast sets the record aside, or is left alone, or becomes null, as `on_error` says.
#pragma once

#include <memory>

#include "flow/part.h"

namespace sluice {

const PartDoc& cast_doc();
Result<std::unique_ptr<Transform>> make_cast(const Settings& settings);

}  // namespace sluice

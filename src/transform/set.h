// The transform `set`: fields get values made of templates.
//
//   set: { ingest_date: "{unit:%F}", source.account: "{path.account}", id: "{.detail.id}" }
//
// A template that is one field and nothing else copies a string, number, true or false as it is;
// every other value becomes a string. What stands without quotes and is a number, true, false or
// null is just that. Fields are read as they were before this `set`; one that is missing sets the
// record aside. A member that isn't there is added as the last.
#pragma once

#include <memory>

#include "flow/part.h"

namespace sluice {

const PartDoc& set_doc();
Result<std::unique_ptr<Transform>> make_set(const Settings& settings);

}  // namespace sluice

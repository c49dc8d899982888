// What the descriptions of the parts say, written for people and for editors. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/part.h"

namespace sluice {

// A page about one part, for a terminal.
std::string explain(const PartDoc& doc);
// By name: a part of any role, `job`, `units`, or a role ("source": what there is). `invalid` with
// the nearest word.
Result<std::string> explain(const Catalog& catalog, std::string_view name);
// All there is to explain, a line each.
std::string overview(const Catalog& catalog);
// The JSON Schema (2020-12) of a job file, for editors.
std::string schema(const Catalog& catalog);
// A reference page in Markdown.
std::string reference(const Catalog& catalog);

}  // namespace sluice

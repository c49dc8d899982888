// The transform `jq`: a record becomes what a jq program makes of it.
//
//   jq: '{id: .detail.id, tags: [.tags[].name]} | select(.id != null)'
//
// No result drops the record, one is the record; several set it aside, since a record can't become
// several. An error of the program sets it aside too, with jq's words. What jq makes is its own
// compact text, so the record is not verbatim any more: of doubled keys jq keeps the last.
//
// jq 1.6 turns all numbers into doubles. No number changes its value here: see exact_numbers.h.
#pragma once

#include <memory>

#include "flow/part.h"

namespace sluice {

const PartDoc& jq_doc();
// Compiles the program, once for a look and once for each worker.
Result<std::unique_ptr<Transform>> make_jq(const Settings& settings);

}  // namespace sluice

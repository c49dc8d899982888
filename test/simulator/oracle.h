// Knows what was given, and says what is wrong with what is there at the end. It shares no line
// with the program but the record's parser.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/verify_findings.h"
#include "job/report.h"
#include "ledger/record.h"
#include "simulator/tally.h"
#include "simulator/world.h"
#include "store/memory.h"

namespace sluice::simulator {

// After a run that has ended well, with nothing under way: each complaint a sentence.
std::vector<std::string> complaints(const World& world, const MemoryStore& lake, Tally& tally);

// ... of what a run then says that it has done of a unit.
std::vector<std::string> complaints(const UnitReport& unit, MemoryStore& lake);

// ... and of what `verify` has found then, beside the manifests.
std::vector<std::string> complaints(const World& world, MemoryStore& lake, const Findings& found);

// What is known of a unit, at any time.
Result<ledger::Record> record_of(const std::string& unit, MemoryStore& lake);

// The data objects, as they are stored.
std::map<std::string, std::string> data_objects(const MemoryStore& lake);

}  // namespace sluice::simulator

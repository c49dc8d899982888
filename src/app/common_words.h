// Words that several verbs have: what they are called, what they mean, and where their values go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/words.h"
#include "base/clock.h"
#include "job/units.h"
#include "job/variables.h"

namespace sluice {

// JOB --var
struct JobWords {
  std::string file;
  Variables variables = {};
};
void add_job(Words& words, JobWords& job);
// --from --to --units
void add_units(Words& words, UnitsAsked& units);
// All that a verb is asked that goes by units' records alone: JOB --var --from --to --units
// --deadline --json
struct RecordsAsked {
  JobWords job;
  UnitsAsked units = {};
  std::optional<Nanoseconds> deadline = {};
  bool json = false;
};
void add_records(Words& words, RecordsAsked& asked);
// --limit: documents of each unit
void add_limit(Words& words, uint64_t& limit);
// --memory
void add_memory(Words& words, std::optional<uint64_t>& bytes);
// --allow-empty
void add_allow_empty(Words& words, bool& allow_empty);
// --deadline: from now. It is for the verb's StopOnSignal.
void add_deadline(Words& words, std::optional<Nanoseconds>& deadline);
// --json
void add_json(Words& words, bool& json);

}  // namespace sluice

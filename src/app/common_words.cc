#include "app/common_words.h"

namespace sluice {

void add_job(Words& words, JobWords& job) {
  words.text("JOB", job.file, "The job file (YAML or JSON)");
  words.pairs("--var", job.variables, "NAME=value for ${NAME} in the job file");
}

void add_units(Words& words, UnitsAsked& units) {
  words.text("--from", units.from, "The first unit: 2024-02-08, yesterday");
  words.text("--to", units.to, "The last unit, included");
  words.list("--units", units.ids, "These units: 2024-02-08,2024-02-11");
}

void add_records(Words& words, RecordsAsked& asked) {
  add_job(words, asked.job);
  add_units(words, asked.units);
  add_deadline(words, asked.deadline);
  add_json(words, asked.json);
}

void add_limit(Words& words, uint64_t& limit) {
  words.count("--limit", limit, "Only so many documents of each unit, which stays unfinished");
}

void add_memory(Words& words, std::optional<uint64_t>& bytes) {
  words.bytes("--memory", bytes,
              "The byte budget (default: the job's, or 256MiB, or 60 % of the cgroup's)");
}

void add_allow_empty(Words& words, bool& allow_empty) {
  words.flag("--allow-empty", allow_empty, "Finding nothing is no error");
}

void add_deadline(Words& words, std::optional<Nanoseconds>& deadline) {
  words.duration("--deadline", deadline, "Stop after so long: 90s, 10m");
}

void add_json(Words& words, bool& json) {
  words.flag("--json", json, "The result as one JSON value");
}

}  // namespace sluice

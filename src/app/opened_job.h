// A job file read, its stores opened and its parts made: where every verb about a job begins.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/common_words.h"
#include "app/parts.h"
#include "app/stores.h"
#include "base/clock.h"
#include "job/job_file.h"
#include "job/units.h"
#include "meter/meter.h"

namespace sluice {

inline constexpr int exit_done = 0, exit_failed = 1, exit_wrong = 2;

// Stays where it is: its members point at each other.
struct OpenedJob {
  explicit OpenedJob(Trace* trace = nullptr) : meter(trace) {}
  Job job;
  TestAids aids;
  Meter meter;
  Clock clock;
  std::unique_ptr<Stores> stores;
  JobParts parts;

  // Those asked for; their runs' fields are left empty.
  Result<std::vector<UnitNames>> units(const UnitsAsked& asked) const;
};

// Are secrets that are kept elsewhere fetched? Else placeholders stand for them.
enum class References : uint8_t {
  none,
  early,  // All, if the job isn't the same with placeholders: one stands in a store's place
  all     // For who sends requests to the source
};
Result<Job> read_job(const JobWords& asked, References references);
// Of a text that is no file's: `name` is for messages.
Result<Job> read_job_text(const std::string& name, const std::string& text,
                          const Variables& variables, References references);
// Opens its stores and makes its parts. A trace outlives them.
Result<std::unique_ptr<OpenedJob>> open_job(Job job, Stores::Use use, Trace* trace = nullptr);

// What an error means for who called the program: 2 for what a human must edit, else 1.
int exit_code_of(const Error& error);
// The doors through which words leave the program, whole: no secret of the jobs that were read goes
// through them, and no control character of whoever sent one.
//
// "sluice: ..." on stderr, a line for each of the message's; answers exit_code_of().
int complain(const Error& error);
// Text as it may leave by a door of its own, a progress line's.
std::string shown(std::string_view text);
void warn(std::string_view text);        // "warning: ..." on stderr
void print(std::string_view text);       // To stdout
void print_json(std::string_view json);  // Likewise; it stays JSON
// What is of no use unless it is what the job means (a policy with its buckets, a job file).
void print_to_use(std::string_view text);

}  // namespace sluice

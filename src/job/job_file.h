// The job file as types: read, filled in, checked whole, with every mistake at file:line:column.
//
// It knows which words there are (job/words.h and the catalogue's descriptions) and what they mean
// together; what a part's own values mean is the part's. Nothing here touches a store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "base/time.h"
#include "flow/output_names.h"
#include "flow/part.h"
#include "flow/settings.h"
#include "job/units.h"
#include "job/variables.h"

namespace sluice {

// Points into the catalogue it was read with.
struct Job {
  std::string name;  // Letters, digits, "_", "-", "."
  std::string file;
  UnitsSpec units;
  TimeZone zone;

  Settings source, decode, sink, format;  // part() of each makes it
  std::vector<Settings> transforms;

  // Of the sink (flow/lake_words.h).
  std::string lake;   // "s3://lake/cloudtrail/", "data/lake/"; ends with "/"
  std::string state;  // Likewise; by default <lake>_sluice/
  OutputNames names;
  std::optional<json::Path> dedupe;
  // Units are of time, and the source is asked for what belongs to it: before a unit is over there
  // may be more to come.
  bool asks_by_time = false;
  uint64_t roll_bytes = 0, roll_records = 0;  // 0: never
  bool shared = false, single_writer = false;
  std::optional<std::string> place_if_missing;  // Of records that lack a field of the partition
  uint64_t sink_share_bytes = 24 << 20;

  OnBad on_bad = OnBad::set_aside;
  bool keep_set_aside = false;  // Copies of what is set aside, below the state
  bool ok_set_aside = false;    // Exit 0 although something was
  bool allow_empty = false;
  bool watch_drift = true;              // Hold units against earlier ones (job/drift.h)
  uint64_t record_bytes_max = 8 << 20;  // As `decode` has it
  std::optional<uint64_t> memory_bytes;

  // Of source, decode, transforms and sink as they act: two files that do the same have the same.
  // References to secrets count, not what they refer to.
  std::string fingerprint;
  Secrets secrets;
  std::vector<SecretReference> references;  // ${file:...}, ${secretsmanager:...}, ${ssm:...}
  // With placeholders for them its stores can't be opened, or the job isn't the same.
  bool needs_references_early = false;
  std::vector<std::string> warnings;  // "cloudtrail.yaml:5:3: ..."
};

// `invalid`: every mistake on a line of its own, "cloudtrail.yaml:7:3: unknown word `partitoin` in
// sink; did you mean `partition`?". Secrets are asked for once all else is right; without `resolve`
// placeholders stand for them. An error of `resolve` keeps its kind.
Result<Job> parse_job(std::string_view file_name, std::string_view text,
                      const Environment& environment, const Variables& variables,
                      const Catalog& catalog, const ResolveSecret& resolve = {});

}  // namespace sluice

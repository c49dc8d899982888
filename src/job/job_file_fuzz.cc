// Whatever stands in a job file, it is read or refused with words: no crash, no secret in them, and
// the same file is the same job.
#include <cstdlib>

#include "flow/lake_words.h"
#include "job/job_file.h"

namespace sluice {
namespace {

constexpr std::string_view secret = "s3cr3t-of-the-fuzzer";

void must(bool holds) {
  if (!holds) std::abort();
}

Catalog some_parts() {
  Catalog parts;
  parts.add({.name = "objects",
             .role = Role::source,
             .fields = {{.name = "url", .type = FieldType::pattern, .required = true}}},
            MakeSource());
  parts.add({.name = "auto", .role = Role::decode}, MakeDecoder());
  parts.add({.name = "json",
             .role = Role::decode,
             .fields = {{.name = "records", .type = FieldType::field, .required = true}}},
            MakeDecoder());
  parts.add({.name = "set",
             .role = Role::transform,
             .fields = {{.name = "fields", .type = FieldType::templ, .many = Many::map}}},
            MakeTransform());
  parts.add({.name = "drop",
             .role = Role::transform,
             .fields = {{.name = "fields", .type = FieldType::field, .many = Many::list}}},
            MakeTransform());
  parts.add({.name = "jsonl.gz", .role = Role::format}, MakeEncoder());
  parts.add(lake_words(), MakeSink());
  return parts;
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  static const Catalog parts = some_parts();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.find(secret) != text.npos) return 0;  // Then it is none
  const Environment environment{{{"TOKEN", std::string(secret)}}};
  const auto job = parse_job("job.yaml", text, environment, {}, parts);
  const auto again = parse_job("job.yaml", text, environment, {}, parts);
  must(job.ok() == again.ok());
  if (!job.ok()) {
    must(job.error().message == again.error().message);
    must(job.error().message.starts_with("job.yaml:"));
    must(job.error().message.find(secret) == std::string::npos);
    return 0;
  }
  must(job->fingerprint == again->fingerprint);
  const auto units = plan_units(job->units, job->zone, {.from = {}, .to = {}},
                                WallTime{1'707'350'400'000'000'000});
  if (units.ok() && units->size() < 1000) {
    for (const UnitNames& unit : *units) must(unit_named(job->units, job->zone, unit.id).ok());
  }
  return 0;
}

// What a job says of S3 on each of its sides: who it is there, where that is, and what its objects
// are to be. The words stand in the group `s3` of a source of objects and of a lake.
#pragma once

#include "aws/surroundings.h"
#include "base/result.h"
#include "flow/part.h"
#include "flow/settings.h"
#include "s3/options.h"

namespace sluice {

// The group as a source has it, which only reads, and as a lake has it.
FieldDoc s3_words_of_source();
FieldDoc s3_words_of_lake();

struct S3Words {
  aws::AwsOptions aws;
  bool is_unsigned = false;
  // All that isn't a matter of where: bucket, URL and region are left empty.
  S3Options options;
};
// `settings`: of the part that may have the group. `invalid`: words that contradict each other, or
// a store that lacks what keeps two runs apart, where the job doesn't promise that it is alone.
Result<S3Words> s3_words(const Settings& settings, const Environment& environment);

}  // namespace sluice

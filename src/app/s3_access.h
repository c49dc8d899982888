// S3 for this process: one engine for all its buckets, and a store for each side of a job, with the
// endpoint, region and credentials that the environment and the job name for it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/s3_words.h"
#include "aws/credential_source.h"
#include "aws/surroundings.h"
#include "base/clock.h"
#include "base/environment.h"
#include "base/result.h"
#include "http/engine.h"
#include "s3/store.h"

namespace sluice {

class S3Access {
 public:
  // `invalid`: a proxy of the environment that can't be used.
  static Result<std::unique_ptr<S3Access>> make(const Environment& environment);
  ~S3Access();

  // The bucket's store. Credentials are looked for here, which may take requests; S3 itself is
  // asked nothing yet. `denied`: none were found. `invalid`: a CA bundle that can't be used.
  Result<std::unique_ptr<S3Store>> open(const std::string& bucket, const Settings& side);

 private:
  explicit S3Access(Environment environment);
  Result<HttpEngine*> engine(const S3Words& words);
  Result<aws::CredentialSource*> credentials(const S3Words& words, Engine& engine);

  const Environment environment_;
  const Clock clock_;
  // Sides that are the same to AWS share theirs. They end after the engines, whose open requests
  // may still be signed, and before those are destroyed, through which they load: see the
  // destructor.
  std::vector<std::pair<aws::AwsOptions, std::unique_ptr<aws::CredentialSource>>> credentials_;
  // One for all sides that trust the same authorities.
  std::vector<std::pair<TlsOptions, std::unique_ptr<HttpEngine>>> engines_;
};

}  // namespace sluice

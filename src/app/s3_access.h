// S3 for this process: one engine for all its buckets, and a store for each side of a job, with the
// endpoint, region and credentials that the environment and the job name for it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/environment.h"
#include "base/result.h"
#include "http/engine.h"
#include "s3/store.h"

namespace sluice {

class S3Access {
 public:
  // `invalid`: a proxy or a CA bundle of the environment that can't be used.
  static Result<std::unique_ptr<S3Access>> make(const Environment& environment);
  ~S3Access();

  // The bucket's store. Nothing is asked of S3 here.
  Result<std::unique_ptr<Store>> open(const std::string& bucket);

 private:
  explicit S3Access(Environment environment);

  const Environment environment_;
  const Clock clock_;
  std::vector<std::unique_ptr<CredentialFeed>> feeds_;
  std::unique_ptr<HttpEngine> engine_;  // Ends first: what is open may still use the others.
};

}  // namespace sluice

// The store over S3: store.h's promises kept by S3's conditional writes, strong reads and multipart
// uploads, over the engine of `http`, signed and judged by `aws`.
//
// Here requests are tried again: passing failures with jittered pauses, refusals at a pace shared
// by all requests to the bucket, each attempt signed anew. What was tried again after its answer
// had been lost may have happened: then a conditional put answers conflict, a Complete not_found, a
// CreateUpload may have a twin (Timing::attempts tells); the ledger settles all three by reading.
#pragma once

#include <memory>

#include "aws/credential_source.h"
#include "base/clock.h"
#include "http/http.h"
#include "s3/options.h"
#include "store/store.h"

namespace sluice {

struct S3Counts {
  uint64_t attempts = 0, retries = 0, refusals = 0;  // Refused: told to slow down
  uint64_t hedges = 0, hedges_won = 0;
};

class S3Store : public Store {
 public:
  virtual S3Counts counts() const = 0;
};

// The engine, the credentials and the clock must outlive the store, and the store its last answer.
// An attempt that nobody waits for any more may outlive the store within the engine. Whoever hands
// over credentials has loaded them once, and keeps them fresh; null: requests go unsigned.
std::unique_ptr<S3Store> make_s3_store(S3Options options, Engine& engine,
                                       aws::CredentialSource* credentials, const Clock& clock);

}  // namespace sluice

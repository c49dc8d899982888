// The store over S3: store.h's promises kept by S3's conditional writes, strong reads and multipart
// uploads, over the engine of `http`, signed and judged by `aws`.
//
// Here requests are tried again: passing failures with jittered pauses, refusals at a pace shared
// by all requests to the bucket, each attempt signed anew. What was tried again after its answer
// had been lost may have happened: then a conditional put answers conflict, a Complete not_found, a
// CreateUpload may have a twin (Timing::attempts tells); the ledger settles all three by reading.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "aws/credentials.h"
#include "base/clock.h"
#include "http/http.h"
#include "s3/options.h"
#include "store/store.h"

namespace sluice {

// Where credentials come from, as the store sees it. Safe from any thread.
class CredentialFeed {
 public:
  virtual ~CredentialFeed() = default;
  // What is at hand; never blocks. Whoever feeds it refreshes it in time.
  virtual aws::Credentials current() = 0;
  // S3 said that these have expired. `refreshed` is called once, from any thread, when there are
  // new ones, or with the reason why there are none.
  virtual void expired(const aws::Credentials& credentials,
                       std::function<void(Status)> refreshed) = 0;
};

struct S3Counts {
  uint64_t attempts = 0, retries = 0, refusals = 0;  // Refused: told to slow down
  uint64_t hedges = 0, hedges_won = 0;
};

class S3Store : public Store {
 public:
  virtual S3Counts counts() const = 0;
};

// The engine, the feed and the clock must outlive the store, and the store its last answer. An
// attempt that nobody waits for any more may outlive the store within the engine.
std::unique_ptr<S3Store> make_s3_store(S3Options options, Engine& engine, CredentialFeed& feed,
                                       const Clock& clock);

// Credentials that never change; none: requests go unsigned (public buckets).
std::unique_ptr<CredentialFeed> fixed_credentials(std::optional<aws::Credentials> credentials);

}  // namespace sluice

// The stores of a job, opened by their URLs: its source's, its lake's, its state's. Each is counted
// and timed by the meter.
//
// Where a run only looks (`plan`, `status`), a lake that isn't there yet is an empty one, and
// nothing is made.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/s3_access.h"
#include "app/test_aids.h"
#include "base/environment.h"
#include "base/result.h"
#include "flow/outside.h"
#include "job/job_file.h"
#include "meter/meter.h"
#include "store/file_threads.h"
#include "store/metered.h"
#include "store/slow.h"
#include "store/store.h"

namespace sluice {

class Stores : public Outside {
 public:
  enum class Use : uint8_t { look, write };
  // `use`: of the lake and the state. `meter` outlives this.
  Stores(Use use, Environment environment, Meter& meter, const TestAids& aids);
  // Over stores that somebody else owns: tests. The state lies in the lake.
  Stores(Store& source, Store& lake);
  ~Stores() override;

  Result<Store*> open_to_read(const std::string& url, const Settings& words,
                              const std::string& what) override;
  const Environment& environment() const override { return environment_; }
  // The job's lake and its state. Errors as open_to_read()'s.
  Status open_lake(const Job& job);

  Store* source() { return source_; }  // The first that was opened to be read; null: none was
  Store& lake() { return *lake_; }
  Store& state() { return *state_; }
  const std::string& lake_prefix() const { return lake_prefix_; }
  const std::string& state_prefix() const { return state_prefix_; }

  // What the stores over S3 had to repeat, one line each; nothing where nothing was.
  std::vector<std::string> remarks() const;

  // What the slow wrappers saw, as JSON members; empty without them.
  std::string test_figures() const;

 private:
  // `words`: of the part, which say how S3 is spoken to.
  Result<Store*> open_one(const std::string& url, const Settings& words, Use use,
                          const std::string& what);
  Result<Store*> open_written(const std::string& url, const Settings& words,
                              const std::string& what);
  Store* slowed(Store* store, Nanoseconds latency, const char* what);
  Store* metered(Store* store, Side side);

  const Use use_ = Use::write;
  const Environment environment_;
  const TestAids aids_;
  Meter* const meter_ = nullptr;  // Null: the stores are somebody else's
  std::unique_ptr<FileThreads> threads_;
  std::unique_ptr<S3Access> s3_;
  std::vector<std::unique_ptr<CallObserver>> observers_;
  std::vector<std::unique_ptr<Store>> owned_;  // An inner one stands before its wrapper.
  std::vector<S3Store*> on_s3_;
  std::vector<std::pair<std::string, SlowStore*>> slow_;
  Store* source_ = nullptr;
  Store* lake_ = nullptr;
  Store* state_ = nullptr;
  std::string lake_prefix_, state_prefix_;
};

// Where the source's documents are; null where it isn't one of objects.
const PathPattern* source_pattern(const Job& job);

}  // namespace sluice

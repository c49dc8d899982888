// The world around a job, as its parts are handed it: what one of them needs that isn't in its own
// words it asks for here, and gets nowhere else. For tests it is a fake.
#pragma once

#include <string>

#include "base/environment.h"
#include "base/result.h"
#include "base/secrets.h"
#include "base/time.h"

namespace sluice {

class Settings;
class Store;

// Asked while parts are made, on one thread. Outlives them.
class Outside {
 public:
  virtual ~Outside() = default;
  // What lies at a store's URL, to be read: counted and timed, spoken to as `words` say, those of
  // the part. Lives as long as this does. `what` begins an error's message: "source".
  // not_found, denied: a directory that can't be opened. A bucket is first spoken to when used.
  virtual Result<Store*> open_to_read(const std::string& url, const Settings& words,
                                      const std::string& what) = 0;
  virtual const Environment& environment() const = 0;
};

// All that a part is made of besides its own words.
struct PartContext {
  Outside& outside;
  const Secrets& secrets;  // The job's; what a part knows to be secret it tells them
  const TimeZone& zone;    // Of the job's units
};

}  // namespace sluice

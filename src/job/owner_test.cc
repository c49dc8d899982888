#include "job/owner.h"

#include <doctest/doctest.h>

#include "store/memory.h"

namespace sluice {
namespace {

// Who may write to the lake with this prefix: "" or why not.
std::string refusal(Store& store, const std::string& name, const std::string& prefix,
                    bool shared = false) {
  Job job;
  job.name = name;
  job.lake = "s3://lake/" + prefix;
  job.shared = shared;
  JobParts parts;
  parts.lake = &store;
  parts.lake_prefix = prefix;
  Inbox inbox;
  Ownership ownership(job, parts, inbox, TicketSeries(1));
  while (!ownership.done()) ownership.on(*inbox.wait());
  return ownership.status().ok() ? "" : ownership.status().error().message;
}

}  // namespace

TEST_CASE("a lake inside another one is refused before anything is written") {
  const auto store = make_memory_store("s3://lake/");
  CHECK(refusal(*store, "outer", "raw/") == "");
  CHECK(refusal(*store, "outer", "raw/") == "");
  CHECK(
      refusal(*store, "inner", "raw/orders/")
          .starts_with("s3://lake/raw/orders/ lies inside the lake s3://lake/raw/ of job `outer`"));
  CHECK(refusal(*store, "inner", "raw/a/b/c/") != "");
  CHECK(store->objects().size() == 1);
  CHECK(refusal(*store, "inner", "raw-orders/") == "");
  CHECK(refusal(*store, "told", "raw/told/", true) == "");
  CHECK(refusal(*store, "other", "raw/").find("belongs to job `outer`") != std::string::npos);
}

TEST_CASE("what lies above a prefix") {
  CHECK(prefixes_above("") == std::vector<std::string>());
  CHECK(prefixes_above("raw/") == std::vector<std::string>{""});
  CHECK(prefixes_above("raw/trail/") == std::vector<std::string>{"", "raw/"});
}

}  // namespace sluice

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

TEST_CASE("a lake made around an inner one is refused while it is new") {
  const auto store = make_memory_store("s3://lake/");
  CHECK(refusal(*store, "inner", "raw/dt=1/orders/") == "");
  const std::string why = refusal(*store, "outer", "raw/");
  CHECK_MESSAGE(why.starts_with("s3://lake/raw/ lies around the lake s3://lake/raw/dt=1/orders/"),
                why);
  CHECK(refusal(*store, "outer", "") != "");
  CHECK(store->objects().size() == 1);
  CHECK(refusal(*store, "inner", "raw/dt=1/orders/") == "");
  CHECK(refusal(*store, "beside", "raw/dt=1/other/") == "");
  CHECK(refusal(*store, "told", "raw/", true) == "");
  CHECK(refusal(*store, "told", "raw/", true) == "");
}

TEST_CASE("among very many folders a new lake is made after a bounded look") {
  const auto store = make_memory_store("s3://lake/");
  for (int i = 0; i < 300; ++i) {
    const Key key("raw/f" + std::to_string(i) + "/x");
    REQUIRE(call(*store, Put{key, "x", Anything{}}).ok());
  }
  CHECK(refusal(*store, "outer", "raw/") == "");
  CHECK(store->objects().size() == 301);
}

namespace {

// Lists the same once more, for ever.
class RoundStore : public Store {
 public:
  void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) override {
    const bool is_list = std::holds_alternative<List>(request);
    Result<Answer> answer = call(*memory, std::move(request));
    if (is_list) {
      ++lists;
      std::get<Page>(*answer).next = "same";
    }
    inbox.post(std::make_unique<Answered>(ticket, std::move(answer), std::move(lease), Timing()));
  }
  Features features() const override { return memory->features(); }
  std::string name() const override { return memory->name(); }
  const std::unique_ptr<MemoryStore> memory = make_memory_store("s3://lake/");
  int lists = 0;
};

}  // namespace

TEST_CASE("below a new lake no listing is followed in circles") {
  RoundStore store;
  CHECK(refusal(store, "outer", "raw/") == "");
  CHECK(store.lists == 2);
  CHECK(store.memory->objects().size() == 1);
}

TEST_CASE("what lies above a prefix") {
  CHECK(prefixes_above("") == std::vector<std::string>());
  CHECK(prefixes_above("raw/") == std::vector<std::string>{""});
  CHECK(prefixes_above("raw/trail/") == std::vector<std::string>{"", "raw/"});
}

}  // namespace sluice

#include "store/memory.h"

#include "store/contract.h"

namespace sluice {
namespace {

class MemorySubject : public contract::Subject {
 public:
  explicit MemorySubject(const Features& features) { store_->set_features(features); }
  Store& store() override { return *store_; }

 private:
  const std::unique_ptr<MemoryStore> store_ = make_memory_store();
};

}  // namespace

TEST_CASE("the memory store keeps the contract") {
  contract::check_store([] { return std::make_unique<MemorySubject>(Features()); });
}

TEST_CASE("the memory store keeps the contract with parts of at least 100 bytes") {
  contract::check_store([] {
    return std::make_unique<MemorySubject>(Features{.part_bytes_min = 100, .parts_max = 9'000});
  });
}

TEST_CASE("the memory store lets tests look inside and say what it lacks") {
  const auto store = make_memory_store("memory:lake/");
  CHECK(store->name() == "memory:lake/");
  REQUIRE(call(*store, Put{Key("a"), "1"}).ok());
  REQUIRE(call(*store, CreateUpload{Key("b"), Mark("m")}).ok());
  CHECK(store->objects() == std::map<Key, std::string>{{Key("a"), "1"}});
  CHECK(store->open_uploads().size() == 1);
  CHECK(store->calls() == 2);
  store->set_features(Features{.conditional_put = false});
  const auto refused = call(*store, Put{Key("c"), "1", Absent{}});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message ==
        "put memory:lake/c if absent: this store has no conditional writes");
}

}  // namespace sluice

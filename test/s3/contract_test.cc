// The contract suite over three servers: the fake S3, which errs only where S3 does, and two real
// ones. What a server lacks is a flag here, and each flag has a test that fails once the server has
// learnt it.
#include "store/contract.h"

#include <string>

#include "s3/door.h"
#include "servers/control.h"

namespace sluice {
namespace {

using Started = Result<std::unique_ptr<S3Server>>;

// One for all the cases of a suite: doctest comes in anew for each of them.
S3Server* shared(Started& server) {
  if (!server.ok()) CHECK_MESSAGE(skipped(server.error()), server.error().message);
  return server.ok() ? server->get() : nullptr;
}
S3Server* fake() {
  static Started server = start_fake_s3({});
  return shared(server);
}
S3Server* versitygw() {
  static Started server = start_versitygw();
  return shared(server);
}
S3Server* minio() {
  static Started server = start_minio();
  return shared(server);
}

Features features_of_versitygw() {
  Features features = S3Options().features;
  features.completes_once = false;
  return features;
}
Features features_of_minio() {
  Features features = S3Options().features;
  features.exact_delete = false;
  features.lists_uploads = false;
  return features;
}

// A place of its own in the bucket that all share.
class S3Subject : public contract::Subject {
 public:
  S3Subject(const S3Server& server, Features features)
      : server_(server), features_(features), prefix_("t" + std::to_string(++made_) + "/") {}
  Store& store() override {
    if (store_ == nullptr) store_ = another();
    return *store_;
  }
  std::unique_ptr<Store> another() override {
    S3Options options = options_of(server_);
    options.features = features_;
    return std::make_unique<S3Door>(server_, std::move(options));
  }
  bool can_fork() const override { return true; }
  std::string prefix() const override { return prefix_; }
  bool is_quick() const override { return false; }

 private:
  inline static int made_ = 0;
  const S3Server& server_;
  const Features features_;
  const std::string prefix_;
  std::unique_ptr<Store> store_;
};

void check_store(const S3Server& server, Features features) {
  contract::check_store([&] { return std::make_unique<S3Subject>(server, features); });
}

// ---- what is promised --------------------------------------------------------------------------

TEST_SUITE("fake") {
  TEST_CASE("the store over the fake S3 keeps the contract") {
    if (const S3Server* server = fake()) check_store(*server, S3Options().features);
  }
}

TEST_SUITE("versitygw") {
  TEST_CASE("the store over versitygw keeps the contract") {
    if (const S3Server* server = versitygw()) check_store(*server, features_of_versitygw());
  }
}

TEST_SUITE("minio") {
  TEST_CASE("the store over MinIO keeps the contract") {
    if (const S3Server* server = minio()) check_store(*server, features_of_minio());
  }
}

// ---- what is lacking ---------------------------------------------------------------------------

TEST_SUITE("minio") {
  TEST_CASE("MinIO ignores the If-Match of a DELETE: exact_delete is false there") {
    const S3Server* server = minio();
    if (server == nullptr) return;
    const std::string path = "/" + server->bucket() + "/exact";
    REQUIRE(signed_request(*server, "PUT", path, "kept?").ok());
    REQUIRE(signed_request(*server, "DELETE", path, {}, {}, {"if-match:\"another\""}).ok());
    CHECK_FALSE(signed_request(*server, "GET", path).ok());
  }
  TEST_CASE("MinIO lists uploads by their whole key alone: lists_uploads is false there") {
    const S3Server* server = minio();
    if (server == nullptr) return;
    const std::string bucket = "/" + server->bucket();
    REQUIRE(signed_request(*server, "POST", bucket + "/open/upload?uploads=").ok());
    const auto by_prefix = signed_request(*server, "GET", bucket + "?prefix=open%2F&uploads=");
    REQUIRE_MESSAGE(by_prefix.ok(), by_prefix.error().message);
    CHECK(by_prefix->find("<Upload>") == by_prefix->npos);
    const auto by_key = signed_request(*server, "GET", bucket + "?prefix=open%2Fupload&uploads=");
    REQUIRE_MESSAGE(by_key.ok(), by_key.error().message);
    CHECK(by_key->find("<Upload>") != by_key->npos);
  }
}

TEST_SUITE("versitygw") {
  TEST_CASE("versitygw completes an upload that never was: completes_once is false there") {
    const S3Server* server = versitygw();
    if (server == nullptr) return;
    S3Door store(*server, options_of(*server));
    const contract::Client client{store, "never-was/"};
    contract::require_ok(client.put("x", "another object"));
    // Its answer has the ETag of the parts that were named, so that nothing tells the lie.
    const PartTag tag{1, ETag("0123456789abcdef0123456789abcdef"), 7};
    CHECK(client.complete("x", UploadId("never-was"), {tag}).ok());
    CHECK(client.text("x") == "another object");
  }
  TEST_CASE("a store that knows what versitygw lacks sees through its success") {
    const S3Server* server = versitygw();
    if (server == nullptr) return;
    S3Options options = options_of(*server);
    options.features = features_of_versitygw();
    S3Door store(*server, std::move(options));
    const contract::Client client{store, "sees-through/"};
    contract::require_ok(client.put("x", "another object"));
    const PartTag tag{1, ETag("0123456789abcdef0123456789abcdef"), 7};
    CHECK(contract::kind(client.complete("x", UploadId("never-was"), {tag})) ==
          ErrorKind::not_found);
    const UploadId id = client.create("y", "mark");
    const PartTag part = client.tag("y", id, 1, Buffer::of("bytes"));
    contract::require_ok(client.complete("y", id, {part}));
    CHECK(client.text("y") == "bytes");
  }
}

}  // namespace
}  // namespace sluice

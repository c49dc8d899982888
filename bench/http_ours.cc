// What is measured: the engine with each request signed, and the store over it.
#include <condition_variable>
#include <mutex>

#include "aws/credential_source.h"
#include "aws/sign.h"
#include "base/inbox.h"
#include "http/engine.h"
#include "http_clients.h"
#include "s3/store.h"

namespace sluice::bench {
namespace {

const aws::Credentials credentials{"AKIDBENCH", "hush+bench"};

std::unique_ptr<HttpEngine> engine_of(const Work& work) {
  EngineOptions options;
  options.shards = work.threads;
  options.connections_max = work.connections;
  options.tls.ca_file = work.ca_file;
  auto made = make_engine(std::move(options));
  if (!made.ok()) fail(made.error().message);
  return std::move(*made);
}

// An answer starts the next request, on the engine's thread: nobody else is woken.
class EngineClient : public HttpClient {
 public:
  explicit EngineClient(const Work& work)
      : work_(work), origin_(work.origin()), engine_(engine_of(work)) {}

  Done run(uint64_t requests) override {
    done_ = {};
    to_start_ = wanted_ = requests;
    const uint64_t begun = std::min<uint64_t>(work_.connections, requests);
    for (uint64_t i = 0; i < begun; ++i) start_next();
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return done_.good == requests; });
    return done_;
  }

 private:
  class One : public Exchange {
   public:
    One(EngineClient& client, const std::string& target) : client_(client), target_(target) {}
    bool prepare() override {
      request_.url = client_.origin_ + target_;
      if (client_.work_.is_put) {
        request_.method = "PUT";
        request_.body = client_.work_.body;
      }
      aws::sign(request_, aws::SigningScope::s3("us-east-1", client_.clock_.wall()), credentials,
                client_.keys_, aws::unsigned_payload);
      return true;
    }
    const HttpRequest& request() const override { return request_; }
    void finished(Result<HttpResponse> response) override {
      if (!response.ok()) fail(response.error().message);
      if (response->status != 200) fail("status " + std::to_string(response->status));
      client_.answered(response->body.size());
    }

   private:
    EngineClient& client_;
    const std::string& target_;
    HttpRequest request_;
  };

  void start_next() {
    size_t at = 0;
    {
      const std::lock_guard lock(mutex_);
      if (to_start_ == 0) return;
      --to_start_;
      at = at_++ % work_.targets.size();
    }
    engine_->start(std::make_unique<One>(*this, work_.targets[at]));
  }
  void answered(uint64_t bytes) {
    bool is_last = false;
    {
      const std::lock_guard lock(mutex_);
      is_last = ++done_.good == wanted_;
      done_.bytes += bytes;
    }
    if (is_last) ended_.notify_one();
    start_next();
  }

  const Work work_;
  const std::string origin_;
  const Clock clock_;
  aws::SigningKeys keys_;
  std::mutex mutex_;
  std::condition_variable ended_;
  uint64_t wanted_ = 0, to_start_ = 0, at_ = 0;  // Guarded by mutex_
  Done done_;                                    // Guarded by mutex_
  std::unique_ptr<HttpEngine> engine_;           // Ends first
};

// As a loop of the program uses it: start what fits, wait for one.
class StoreClient : public HttpClient {
 public:
  explicit StoreClient(const Work& work)
      : work_(work),
        engine_(engine_of(work)),
        credentials_(aws::make_fixed_credentials(credentials)),
        store_(make_s3_store(options_of(work), *engine_, credentials_.get(), clock_)) {
    for (const std::string& target : work.targets)
      keys_.push_back(target.substr(bucket(work).size() + 2));
  }

  Done run(uint64_t requests) override {
    Done done;
    uint64_t started = 0;
    while (done.good < requests) {
      while (started < requests && started - done.good < work_.connections) start(started++);
      const auto event = inbox_.wait();
      auto& answer = static_cast<Answered&>(*event).answer;
      if (!answer.ok()) fail(answer.error().message);
      if (const auto* body = std::get_if<Body>(&*answer)) done.bytes += body->bytes.size();
      ++done.good;
    }
    return done;
  }

 private:
  static std::string bucket(const Work& work) {
    return work.targets[0].substr(1, work.targets[0].find('/', 1) - 1);
  }
  static S3Options options_of(const Work& work) {
    S3Options options;
    options.bucket = Bucket(bucket(work));
    options.base_url = work.origin() + "/" + bucket(work);
    options.region = Region("us-east-1");
    return options;
  }

  void start(uint64_t number) {
    const std::string& key = keys_[number % keys_.size()];
    Request request = Get{.key = Key(key), .most = 1 << 20};
    if (work_.is_put) request = Put{Key(key), work_.body};
    if (work_.range_bytes > 0) {
      const uint64_t offset = number * work_.range_bytes % work_.object_bytes;
      request = Get{.key = Key(keys_[0]), .range = Range{offset, work_.range_bytes}};
    }
    store_->start(std::move(request), Lease(), number, inbox_);
  }

  const Work work_;
  const Clock clock_;
  Inbox inbox_;
  std::vector<std::string> keys_;
  std::unique_ptr<HttpEngine> engine_;
  std::unique_ptr<aws::CredentialSource> credentials_;
  std::unique_ptr<S3Store> store_;
};

}  // namespace

std::unique_ptr<HttpClient> make_engine_client(const Work& work) {
  return std::make_unique<EngineClient>(work);
}
std::unique_ptr<HttpClient> make_store_client(const Work& work) {
  return std::make_unique<StoreClient>(work);
}

}  // namespace sluice::bench

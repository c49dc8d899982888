// The store over S3, as a test opens it on a server of test/servers: with an engine of its own that
// is made at the first request, so that a process may still fork before it.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "http/engine.h"
#include "s3/store.h"
#include "servers/servers.h"

namespace sluice {

// Threads begin with the first request, not with the engine.
class LazyEngine : public Engine {
 public:
  explicit LazyEngine(EngineOptions options = {}) : options_(std::move(options)) {}
  ExchangeId start(std::unique_ptr<Exchange> exchange, Instant when = {}) override;
  void cancel(ExchangeId id) override;

 private:
  HttpEngine& engine();

  const EngineOptions options_;
  std::once_flag once_;
  std::unique_ptr<HttpEngine> engine_;
};

// Its bucket, path style, and patience that suits a test: pauses of milliseconds.
S3Options options_of(const S3Server& server);

// A store with all that must outlive it.
class S3Door : public S3Store {
 public:
  // Without credentials those of the server.
  S3Door(const S3Server& server, S3Options options, aws::CredentialSource* credentials = nullptr);
  void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) override {
    store_->start(std::move(request), std::move(lease), ticket, inbox);
  }
  Features features() const override { return store_->features(); }
  std::string name() const override { return store_->name(); }
  S3Counts counts() const override { return store_->counts(); }

 private:
  const Clock clock_;
  const std::unique_ptr<aws::CredentialSource> own_credentials_;
  const std::unique_ptr<LazyEngine> engine_ = std::make_unique<LazyEngine>();
  const std::unique_ptr<S3Store>
      store_;  // After the engine: it goes first, as s3/store.h wants it.
};

}  // namespace sluice

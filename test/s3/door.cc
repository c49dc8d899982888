#include "s3/door.h"

#include <doctest/doctest.h>

namespace sluice {

HttpEngine& LazyEngine::engine() {
  std::call_once(once_, [&] {
    auto engine = make_engine(options_);
    if (!engine.ok()) FAIL(engine.error().message);
    engine_ = std::move(*engine);
  });
  return *engine_;
}

ExchangeId LazyEngine::start(std::unique_ptr<Exchange> exchange, Instant when) {
  return engine().start(std::move(exchange), when);
}

void LazyEngine::cancel(ExchangeId id) {
  engine().cancel(id);
}

S3Options options_of(const S3Server& server) {
  S3Options options;
  options.bucket = Bucket(server.bucket());
  options.base_url = server.endpoint() + "/" + server.bucket();
  options.region = Region(server.region());
  options.retry = {.pause_base = 2_ms, .pause_most = 100_ms};
  return options;
}

S3Door::S3Door(const S3Server& server, S3Options options, aws::CredentialSource* credentials)
    : own_credentials_(
          aws::make_fixed_credentials(aws::Credentials{server.key(), server.secret()})),
      store_(make_s3_store(std::move(options), *engine_,
                           credentials == nullptr ? own_credentials_.get() : credentials, clock_)) {
  if (!own_credentials_->get().ok()) FAIL("fixed credentials that can't be loaded");
}

}  // namespace sluice

#include "http/engine.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/open_files.h"
#include "http/resolver.h"
#include "http/shard.h"

namespace sluice {

namespace {

class ShardedEngine : public HttpEngine {
 public:
  Status open(const EngineOptions& options) {
    tls_ = TRY(TlsContext::make(options.tls));
    if (options.own_tls) own_tls_ = TRY(TlsContext::make(options.own_tls->tls));
    const uint32_t most = std::min(options.connections_max, connections_by_files());
    const uint32_t each = std::max(1U, most / std::max(1U, options.shards));
    for (uint32_t i = 0; i < std::max(1U, options.shards); ++i) {
      shards_.push_back(std::make_unique<Shard>(options, each, resolver_, *tls_, own_tls_.get()));
    }
    return {};
  }
  // To the shard that has least to do, so that none opens connections while others' lie idle.
  ExchangeId start(std::unique_ptr<Exchange> exchange, Instant when) override {
    size_t least = 0;
    for (size_t i = 1; i < shards_.size(); ++i) {
      if (shards_[i]->open() < shards_[least]->open()) least = i;
    }
    const ExchangeId id = next_.fetch_add(1, std::memory_order_relaxed) * shards_.size() + least;
    shards_[least]->start({std::move(exchange), id}, when);
    return id;
  }
  void cancel(ExchangeId id) override { shards_[id % shards_.size()]->cancel(id); }
  void go_on(ExchangeId id) override { shards_[id % shards_.size()]->go_on(id); }
  EngineCounts counts() const override {
    EngineCounts counts;
    for (const auto& shard : shards_) shard->add_counts(counts);
    return counts;
  }

 private:
  std::atomic<ExchangeId> next_{1};
  std::unique_ptr<TlsContext> tls_, own_tls_;
  std::vector<std::unique_ptr<Shard>> shards_;  // Outlive the resolver, which calls them.
  Resolver resolver_;
};

}  // namespace

uint32_t connections_by_files() {
  return static_cast<uint32_t>(std::clamp<uint64_t>(open_files_max() / 3, 2, UINT32_MAX));
}

Result<std::unique_ptr<HttpEngine>> make_engine(const EngineOptions& options) {
  auto engine = std::make_unique<ShardedEngine>();
  TRY(engine->open(options));
  return std::unique_ptr<HttpEngine>(std::move(engine));
}

}  // namespace sluice

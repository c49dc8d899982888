#include "app/stores.h"

#include <array>

#include "store/directory.h"
#include "store/faulty.h"
#include "store/memory.h"
#include "store/open.h"

namespace sluice {
namespace {

// As many as keep a local disk busy; the process's threads are the cores and six more at the most.
constexpr size_t file_threads_max = 3;

FaultPlan plan_of(const TestAids& aids) {
  constexpr std::array<FaultKind, 3> kinds = {FaultKind::die_before, FaultKind::die_after,
                                              FaultKind::lose_answer};
  return {.faults = {{.kind = kinds[static_cast<size_t>(aids.die_how)], .at = *aids.die_at}}};
}

}  // namespace

Stores::Stores() = default;
Stores::~Stores() {
  // The wrappers go before what they wrap.
  while (!owned_.empty()) owned_.pop_back();
}

Stores::Stores(Store& source, Store& lake)
    : source_(&source), lake_(&lake), state_(&lake), state_prefix_("_sluice/") {}

Result<Store*> Stores::open_one(const std::string& url, const Settings& side, Use use,
                                const std::string& what) {
  const StoreUrl where = TRY_IN(parse_store_url(url), what);
  if (where.scheme == StoreScheme::s3) {
    if (s3_ == nullptr) s3_ = TRY_IN(S3Access::make(environment_), what);
    auto on_s3 = TRY_IN(s3_->open(where.root, side), what);
    on_s3_.push_back(on_s3.get());
    owned_.push_back(std::move(on_s3));
    return owned_.back().get();
  }
  if (where.scheme == StoreScheme::memory) {
    owned_.push_back(make_memory_store());
    return owned_.back().get();
  }
  const bool fsync = use == Use::write && side.has("fsync") && side.flag("fsync");
  auto opened = open_directory_store(
      where.root, {.create = use == Use::write, .fsync = fsync, .shared_threads = threads_.get()});
  if (!opened.ok()) return std::move(opened).error().in(what);
  owned_.push_back(std::move(*opened));
  return owned_.back().get();
}

Status Stores::open_inventory(const Job& job, Meter& meter) {
  if (!job.source.has("inventory")) return {};
  const std::string& url = job.source.text("inventory");
  const auto where = parse_store_url(url);
  if (!where.ok() || where->scheme != StoreScheme::s3 || !where->prefix.ends_with(".json"))
    return job.source.error_at("inventory",
                               "the manifest.json of an S3 Inventory was expected: "
                               "s3://<bucket>/<prefix>/<time>/manifest.json");
  inventory_manifest_ = where->prefix;
  inventory_ = metered(TRY(open_one(url, job.source, Use::look, "inventory")), Side::source, meter);
  return {};
}

Store* Stores::slowed(Store* store, Nanoseconds latency, const char* what) {
  if (latency == 0) return store;
  auto slow = make_slow_store(*store, {.latency = latency});
  slow_.emplace_back(what, slow.get());
  owned_.push_back(std::move(slow));
  return owned_.back().get();
}

Store* Stores::metered(Store* store, Side side, Meter& meter) {
  observers_.push_back(make_meter_observer(meter, side));
  owned_.push_back(make_metered_store(*store, *observers_.back()));
  return owned_.back().get();
}

Result<std::unique_ptr<Stores>> Stores::open(const Job& job, Use use,
                                             const Environment& environment, Meter& meter,
                                             const TestAids& aids) {
  std::unique_ptr<Stores> made(new Stores);
  made->environment_ = environment;
  made->threads_ = std::make_unique<FileThreads>(file_threads_max);
  const auto open_written = [&](const std::string& url, const std::string& what) -> Result<Store*> {
    auto opened = made->open_one(url, job.sink, use, what);
    if (opened.ok() || use == Use::write || opened.error().kind != ErrorKind::not_found)
      return opened;
    made->owned_.push_back(make_memory_store(url));  // Not there yet, and not to be made now
    return made->owned_.back().get();
  };

  if (const PathPattern* pattern = source_pattern(job)) {
    Store* source = TRY(made->open_one(pattern->store(), job.source, Use::look, "source"));
    source = made->slowed(source, aids.slow_source, "source");
    made->source_ = made->metered(source, Side::source, meter);
    TRY(made->open_inventory(job, meter));
  }

  Store* lake = TRY(open_written(job.lake, "lake"));
  lake = made->slowed(lake, aids.slow_lake, "lake");
  if (aids.die_at) {
    made->owned_.push_back(make_faulty_store(*lake, plan_of(aids)));
    lake = made->owned_.back().get();
  }
  made->lake_ = made->metered(lake, Side::lake, meter);
  made->lake_prefix_ = TRY_IN(parse_store_url(job.lake), "lake").prefix;

  Store* state = lake;
  if (job.state.starts_with(job.lake)) {
    made->state_prefix_ = made->lake_prefix_ + job.state.substr(job.lake.size());
  } else {
    state = TRY(open_written(job.state, "state"));
    state = made->slowed(state, aids.slow_lake, "state");
    made->state_prefix_ = TRY_IN(parse_store_url(job.state), "state").prefix;
  }
  made->state_ = made->metered(state, Side::state, meter);
  return made;
}

std::vector<std::string> Stores::remarks() const {
  std::vector<std::string> remarks;
  for (const S3Store* store : on_s3_) {
    const S3Counts counts = store->counts();
    if (counts.retries + counts.hedges == 0) continue;
    remarks.push_back(store->name() + ": " + std::to_string(counts.retries) +
                      " requests repeated, " + std::to_string(counts.refusals) +
                      " of them as S3 said to slow down; " + std::to_string(counts.hedges) +
                      " slow reads asked for twice, the second was quicker " +
                      std::to_string(counts.hedges_won) + " times");
  }
  return remarks;
}

std::string Stores::test_figures() const {
  if (slow_.empty()) return {};
  std::string out;
  for (const auto& [name, store] : slow_) {
    out += out.empty() ? "{" : ",";
    out += "\"" + name + "\":{\"calls\":" + std::to_string(store->calls()) +
           ",\"open_max\":" + std::to_string(store->open_max()) + ",\"open_ms\":{";
    bool first = true;
    for (const size_t least : {1, 16, 64, 128, 256, 450, 500, 512}) {
      out += first ? "" : ",";
      first = false;
      out += "\"" + std::to_string(least) +
             "\":" + std::to_string(store->time_with_open(least) / 1_ms);
    }
    out += "}}";
  }
  return out + "}";
}

const PathPattern* source_pattern(const Job& job) {
  return job.source.name() == "objects" ? &job.source.pattern("url") : nullptr;
}

}  // namespace sluice

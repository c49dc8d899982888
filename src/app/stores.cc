#include "app/stores.h"

#include <algorithm>
#include <array>

#include "base/open_files.h"
#include "flow/output_names.h"
#include "store/directory.h"
#include "store/faulty.h"
#include "store/memory.h"
#include "store/open.h"

namespace sluice {
namespace {

// As many as keep a local disk busy; the process's threads are the cores and six more at the most.
constexpr size_t file_threads_max = 3;

// Each has some files open while it is at work, and what else there is some more.
size_t file_threads_by_files() {
  constexpr uint64_t of_thread = 6, of_all_else = 20;
  const uint64_t files = open_files_max();
  return std::clamp<uint64_t>((files - std::min(files, of_all_else)) / of_thread, 1,
                              file_threads_max);
}

FaultPlan plan_of(const TestAids& aids) {
  constexpr std::array<FaultKind, 3> kinds = {FaultKind::die_before, FaultKind::die_after,
                                              FaultKind::lose_answer};
  return {.faults = {{.kind = kinds[static_cast<size_t>(aids.die_how)], .at = *aids.die_at}}};
}

}  // namespace

Stores::Stores(Use use, Environment environment, Meter& meter, const TestAids& aids)
    : use_(use),
      environment_(std::move(environment)),
      aids_(aids),
      meter_(&meter),
      threads_(std::make_unique<FileThreads>(file_threads_by_files())) {}

Stores::~Stores() {
  // The wrappers go before what they wrap.
  while (!owned_.empty()) owned_.pop_back();
}

Stores::Stores(Store& source, Store& lake)
    : source_(&source), lake_(&lake), state_(&lake), state_prefix_(own_folder) {}

Result<Store*> Stores::open_one(const std::string& url, const Settings& words, Use use,
                                const std::string& what) {
  const StoreUrl where = TRY_IN(parse_store_url(url), what);
  if (where.scheme == StoreScheme::s3) {
    if (s3_ == nullptr) s3_ = TRY_IN(S3Access::make(environment_), what);
    auto on_s3 = TRY_IN(s3_->open(where.root, words), what);
    on_s3_.push_back(on_s3.get());
    owned_.push_back(std::move(on_s3));
    return owned_.back().get();
  }
  if (where.scheme == StoreScheme::memory) {
    owned_.push_back(make_memory_store());
    return owned_.back().get();
  }
  const bool fsync = use == Use::write && words.has("fsync") && words.flag("fsync");
  auto opened = open_directory_store(
      where.root, {.create = use == Use::write, .fsync = fsync, .shared_threads = threads_.get()});
  if (!opened.ok()) return std::move(opened).error().in(what);
  owned_.push_back(std::move(*opened));
  return owned_.back().get();
}

Result<Store*> Stores::open_written(const std::string& url, const Settings& words,
                                    const std::string& what) {
  auto opened = open_one(url, words, use_, what);
  if (opened.ok() || use_ == Use::write || opened.error().kind != ErrorKind::not_found)
    return opened;
  owned_.push_back(make_memory_store(url));  // Not there yet, and not to be made now
  return owned_.back().get();
}

Result<Store*> Stores::open_to_read(const std::string& url, const Settings& words,
                                    const std::string& what) {
  if (meter_ == nullptr) return source_;
  Store* store = TRY(open_one(url, words, Use::look, what));
  store = metered(slowed(store, aids_.slow_source, "source"), Side::source);
  if (source_ == nullptr) source_ = store;
  return store;
}

Status Stores::open_lake(const Job& job) {
  if (meter_ == nullptr) return {};
  Store* lake = TRY(open_written(job.lake, job.sink, "lake"));
  lake = slowed(lake, aids_.slow_lake, "lake");
  if (aids_.die_at) {
    owned_.push_back(make_faulty_store(*lake, plan_of(aids_)));
    lake = owned_.back().get();
  }
  lake_ = metered(lake, Side::lake);
  lake_prefix_ = TRY_IN(parse_store_url(job.lake), "lake").prefix;

  Store* state = lake;
  if (job.state.starts_with(job.lake)) {
    state_prefix_ = lake_prefix_ + job.state.substr(job.lake.size());
  } else {
    state = TRY(open_written(job.state, job.sink, "state"));
    state = slowed(state, aids_.slow_lake, "state");
    state_prefix_ = TRY_IN(parse_store_url(job.state), "state").prefix;
  }
  state_ = metered(state, Side::state);
  return {};
}

Store* Stores::slowed(Store* store, Nanoseconds latency, const char* what) {
  if (latency == 0) return store;
  auto slow = make_slow_store(*store, {.latency = latency});
  slow_.emplace_back(what, slow.get());
  owned_.push_back(std::move(slow));
  return owned_.back().get();
}

Store* Stores::metered(Store* store, Side side) {
  observers_.push_back(make_meter_observer(*meter_, side));
  owned_.push_back(make_metered_store(*store, *observers_.back()));
  return owned_.back().get();
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

#include "simulator/story.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "ledger/record.h"
#include "simulator/api.h"
#include "simulator/one_run.h"
#include "simulator/oracle.h"
#include "simulator/stormy_store.h"

namespace sluice::simulator {
namespace {

constexpr Nanoseconds storm_most = 4 * 3600_s;
constexpr Nanoseconds calm_most = 900_s;
constexpr int calm_runs_max = 4;

Met met_of(UnitOutcome outcome) {
  switch (outcome) {
    case UnitOutcome::done:
      return Met::unit_done;
    case UnitOutcome::done_already:
      return Met::unit_done_already;
    case UnitOutcome::done_by_other:
      return Met::unit_done_by_other;
    case UnitOutcome::stale:
    case UnitOutcome::lost:
      return Met::unit_lost;
    case UnitOutcome::claimed:
      return Met::unit_claimed;
    case UnitOutcome::failed:
      return Met::unit_failed;
    case UnitOutcome::stopped:
      return Met::unit_stopped;
  }
  return Met::unit_failed;
}

class Story {
 public:
  Story(const World& world, uint64_t schedule, Tally& tally, Telling telling)
      : world_(world),
        tally_(tally),
        simulation_(schedule),
        source_(simulation_, tally, "given:"),
        lake_(simulation_, tally, "lake:"),
        api_(simulation_, tally, world.words.api.value_or(ApiWords())) {
    simulation_.set_trace(telling == Telling::aloud);
    for (const GivenDocument& document : world_.documents) give(document);
    for (const GivenRecord& item : world_.items) api_.add(item.text);
    source_.when_called([this](const Request& request) { on_call(request); });
    lake_.when_called([this](const Request& request) { on_call(request); });
  }

  Outcome live() {
    const uint64_t storms = chance().below(5);
    for (uint64_t i = 0; i < storms && outcome_.complaints.empty(); ++i) storm();
    if (outcome_.complaints.empty()) calm_down();
    if (outcome_.complaints.empty()) ask_oracle();
    outcome_.objects = data_objects(lake_.memory());
    outcome_.fingerprint = simulation_.fingerprint();
    outcome_.calls = source_.calls() + lake_.calls() + api_.calls();
    outcome_.happened = simulation_.happened();
    outcome_.virtual_time = simulation_.now() - Instant{1'000'000'000};
    return std::move(outcome_);
  }

 private:
  // A process with its wishes and what became of it; both outlive it.
  struct Running {
    RunWish wish;
    RunEnd end;
    Process* process = nullptr;
    // Killed at its n-th call, or at its n-th call of one verb.
    std::optional<uint64_t> dies_at_call = {};
    std::string_view dies_at_verb = {};
    uint64_t calls = 0;
  };

  Chance& chance() { return simulation_.chance(); }
  bool one_in(uint64_t n) { return simulation_.one_in(n); }
  void complain(std::string what) { outcome_.complaints.push_back(std::move(what)); }

  // ---- what the world does ----

  void give(const GivenDocument& document) {
    if (document.body.size() > 4 << 20) tally_.met(Met::large_document);
    ENSURE(call(source_.memory(), Put{Key(document.key), document.body}).ok());
  }

  void grow() {
    if (!world_.words.api) return;
    tally_.met(Met::api_grew);
    world_.items.push_back(make_item(world_, world_.items.size(), 100, chance()));
    api_.add(world_.items.back().text);
  }

  // A document more, one less, or another in its place.
  void change_listing() {
    if (!world_.words.late || world_.documents.empty()) return;
    tally_.met(Met::listing_changed);
    auto& documents = world_.documents;
    const size_t at = chance().below(documents.size());
    const std::string unit = documents[at].unit;
    const uint64_t what = chance().below(3);
    const bool is_last = std::ranges::count(documents, unit, &GivenDocument::unit) < 2;
    if (what == 0 || is_last) {
      documents.push_back(make_document(world_, unit, 1000 + changes_++, chance()));
      give(documents.back());
      std::ranges::sort(documents, {}, &GivenDocument::key);
    } else if (what == 1) {
      ENSURE(call(source_.memory(), Delete{Key(documents[at].key)}).ok());
      documents.erase(documents.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
      const std::string key = documents[at].key;
      documents[at] = make_document(world_, unit, 1000 + changes_++, chance());
      // The text tells its folder, and with it the team that is set.
      if (documents[at].key.substr(0, documents[at].key.rfind('/')) !=
          key.substr(0, key.rfind('/'))) {
        give(documents[at]);
        ENSURE(call(source_.memory(), Delete{Key(key)}).ok());
        std::ranges::sort(documents, {}, &GivenDocument::key);
      } else {
        documents[at].key = key;
        give(documents[at]);
      }
    }
  }

  // As a lifecycle rule takes it.
  void lapse_upload() {
    const auto open = lake_.memory().open_uploads();
    if (open.empty()) return;
    const OpenUpload& one = open[chance().below(open.size())];
    lapse(one.key, one.id);
  }

  void lapse(const Key& key, const UploadId& id) {
    if (!call(lake_.memory(), Abort{key, id}).ok()) return;  // It has gone before
    simulation_.say("upload " + id.str() + " lapses");
    tally_.met(Met::upload_lapsed);
  }

  void schedule_accidents() {
    const auto some_time = [&] { return simulation_.between(0, 1_ms << chance().below(13)); };
    for (uint64_t changes = chance().below(4); changes > 0; --changes)
      simulation_.after(some_time(), nullptr, [this] { change_listing(); });
    if (one_in(3)) simulation_.after(some_time(), nullptr, [this] { grow(); });
    if (one_in(4)) simulation_.after(some_time(), nullptr, [this] { lapse_upload(); });
    if (one_in(8)) lapse_upload();
  }

  // ---- processes ----

  RunWish wish() {
    RunWish wish{.name = "run " + std::to_string(++outcome_.runs)};
    wish.memory_bytes = world_.memory_bytes;
    wish.in_flight = world_.in_flight;
    wish.threads = world_.threads;
    return wish;
  }

  RunWish stormy_wish() {
    RunWish wish = this->wish();
    wish.knows_the_dead = !one_in(3);
    wish.options.lease = 1_s << chance().below(7);
    if (one_in(6)) wish.options.redo = true, tally_.met(Met::redone);
    if (one_in(8)) wish.options.limit = 1 + chance().below(10), tally_.met(Met::limited);
    if (one_in(6)) wish.options.others = Others::leave;
    if (one_in(6)) wish.options.others = Others::take_over;
    if (one_in(6)) wish.stop_after = simulation_.between(0, 1_ms << chance().below(13));
    wish.options.on_notice = [this](const std::string&) { tally_.met(Met::waited_for_lease); };
    if (one_in(4)) wish.options.on_progress = [](const Progress&) {};
    return wish;
  }

  Running& begin(RunWish wish, Nanoseconds after) {
    running_.push_back(std::make_unique<Running>());
    Running& one = *running_.back();
    one.wish = std::move(wish);
    simulation_.after(after, nullptr, [this, &one] {
      one.process = &simulation_.begin(one.wish.name, [this, &one] {
        simulation_.say(one.wish.name + " begins");
        run_job(
            world_, source_, lake_, one.wish, [this](auto name) { return has_ended(name); },
            one.end);
        simulation_.say(one.wish.name + " ends: " + words_of(one.end));
      });
    });
    return one;
  }

  bool has_ended(std::string_view name) const {
    for (const auto& one : running_) {
      if (one->wish.name == name)
        return one->process != nullptr && (one->process->ended() || one->process->killed());
    }
    return false;
  }

  static std::string words_of(const RunEnd& end) {
    if (!end.report) return "killed";
    if (!end.report->ok()) return end.report->error().message;
    const RunReport& report = **end.report;
    std::string words = "exit " + std::to_string(report.exit_code(false));
    for (const UnitReport& unit : report.units) {
      words += ", " + unit.unit + " " + std::string(to_string(unit.outcome));
      if (unit.error) words += " (" + unit.error->message + ")";
      for (const std::string& warning : unit.warnings) words += "; " + warning;
    }
    for (const std::string& error : report.errors) words += ", " + error;
    for (const std::string& warning : report.warnings) words += "; " + warning;
    return words;
  }

  // Counts what a process asks for, and kills it where that was its lot: before it is sent, or soon
  // after.
  void on_call(const Request& request) {
    // While it is being read is when a listing is best changed.
    const Get* get = std::get_if<Get>(&request);
    const bool is_document = get != nullptr && !get->key.view().starts_with("_");
    if (is_document && !is_calm_ && one_in(80))
      simulation_.after(0, nullptr, [this] { change_listing(); });
    const PutPart* part = std::get_if<PutPart>(&request);
    if (part != nullptr && parts_lapse_ > 0 && one_in(parts_lapse_)) lapse(part->key, part->id);
    for (const auto& one : running_) {
      if (one->process == nullptr || one->process != simulation_.process()) continue;
      if (!one->dies_at_verb.empty() && one->dies_at_verb != verb(request)) continue;
      if (++one->calls != one->dies_at_call) continue;
      if (one_in(2)) return kill(*one->process);
      simulation_.after(simulation_.between(0, 50_ms), nullptr,
                        [this, process = one->process] { kill(*process); });
    }
  }

  void choose_death(Running& one) {
    if (world_.words.api && world_.words.api->is_large && one_in(2)) {  // Behind a checkpoint
      one.dies_at_verb = "put_part";
      one.dies_at_call = 2 + chance().below(3);
      return;
    }
    one.dies_at_call = 1 + chance().below(2ULL << chance().below(8));
    if (one_in(2)) return;
    constexpr std::string_view verbs[] = {"put", "complete", "put_part", "delete", "create_upload"};
    one.dies_at_verb = verbs[chance().below(5)];
    one.dies_at_call = 1 + chance().below(one_in(2) ? 2 : 8);
  }

  void kill(Process& process) {
    if (process.ended() || process.killed()) return;
    simulation_.say(process.name() + " is killed");
    tally_.met(Met::killed);
    bool claimed = false, intent = false;
    for (const std::string& unit : world_.units) {
      const auto record = record_of(unit, lake_.memory());
      if (!record.ok()) continue;
      claimed |= record->run.has_value();
      intent |= record->intent.has_value();
    }
    tally_.met(intent    ? Met::killed_with_intent
               : claimed ? Met::killed_filling
                         : Met::killed_before_claim);
    process.kill();
  }

  // Until all that were begun have ended.
  void pass(Nanoseconds most) {
    const Status status = simulation_.run(simulation_.now() + most);
    if (!status.ok()) complain(status.error().message);
    for (const auto& one : running_) {
      for (std::string& what : one->end.complaints) complain(std::move(what));
      if (one->process == nullptr || one->process->killed()) continue;  // Nobody reads its report
      if (!one->end.report || !one->end.report->ok()) continue;
      for (const UnitReport& unit : (*one->end.report)->units) {
        tally_.met(met_of(unit.outcome));
        if (unit.documents_before > 0) tally_.met(Met::resumed);
      }
    }
  }

  // ---- phases ----

  void storm() {
    Weather lake = make_weather(chance()), source = make_weather(chance());
    parts_lapse_ = one_in(3) ? 2ULL << chance().below(3) : 0;
    // What a fill that ends so has at rest is over in the middle of the next one, if that comes
    // soon.
    if (parts_lapse_ > 0) {
      lake.latency_most = 4_ms << chance().below(3);
      source.latency_most = 4 * lake.latency_most;
      source.throttles = 3;
    }
    lake_.set_weather(lake);
    source_.set_weather(source);
    api_.set_weather(make_weather(chance()));
    running_.clear();
    const uint64_t at_once = one_in(3) ? 2 + chance().below(2) : 1;
    if (at_once > 1) tally_.met(Met::side_by_side);
    for (uint64_t i = 0; i < at_once; ++i) {
      Running& one = begin(stormy_wish(), i == 0 ? 0 : simulation_.between(0, 2_s));
      if (one.wish.options.others == Others::take_over) tally_.met(Met::taken_over);
      if (one.wish.stop_after) tally_.met(Met::stopped);
      if (one_in(2)) choose_death(one);
    }
    if (one_in(6)) begin_settling(simulation_.between(0, 2_s));
    schedule_accidents();
    pass(storm_most);
  }

  void begin_settling(Nanoseconds after) {
    tally_.met(Met::settled);
    RunWish wish = this->wish();
    wish.verb = Verb::settle;
    begin(std::move(wish), after);
  }

  // In good weather, with nobody at work: nothing is left open.
  void settle_all() {
    running_.clear();
    begin_settling(0);
    pass(calm_most);
    if (const auto& error = running_.front()->end.settle_error)
      complain("settle in good weather: " + error->message);
    std::set<UploadId> kept;  // The next run goes on with them
    for (const std::string& unit : world_.units) {
      const auto record = record_of(unit, lake_.memory());
      if (!record.ok() || !record->checkpoint) continue;
      for (const Upload& upload : record->checkpoint->uploads) kept.insert(upload.id);
    }
    for (const OpenUpload& upload : lake_.memory().open_uploads()) {
      if (!kept.contains(upload.id))
        complain("settle has left an upload open: " + upload.key.str() + " " + upload.id.str());
    }
  }

  void calm_down() {
    is_calm_ = true;
    parts_lapse_ = 0;
    if (one_in(3)) lapse_upload();
    lake_.set_weather({});
    source_.set_weather({});
    api_.set_weather({});
    if (one_in(5)) settle_all();
    for (uint64_t changes = chance().below(4); changes > 0; --changes) change_listing();
    for (int i = 0; i < calm_runs_max; ++i) {
      running_.clear();
      const uint64_t calls_before = source_.calls() + lake_.calls() + api_.calls();
      const Running& one = begin(wish(), 0);
      pass(calm_most);
      if (!outcome_.complaints.empty() || !is_well(one.end)) return;
      const uint64_t calls = source_.calls() + lake_.calls() + api_.calls() - calls_before;
      const uint64_t objects = lake_.memory().objects().size();
      const uint64_t calls_most = 100 + 60 * world_.units.size() + 6 * world_.documents.size() +
                                  3 * world_.items.size() + 12 * objects;
      if (calls > calls_most)
        complain(one.wish.name + " has asked " + std::to_string(calls) + " times, where " +
                 std::to_string(calls_most) + " would do");
      const auto& units = (*one.end.report)->units;
      if (std::ranges::all_of(units, [](const UnitReport& unit) {
            return unit.outcome == UnitOutcome::done_already;
          }))
        return;
    }
    if (!nothing_given()) complain("it doesn't come to rest");
  }

  bool nothing_given() const { return world_.documents.empty() && world_.items.empty(); }

  // In good weather nothing but done will do.
  bool is_well(const RunEnd& end) {
    if (!end.report || !end.report->ok()) {
      complain("a run in good weather: " + words_of(end));
      return false;
    }
    const RunReport& report = **end.report;
    const int code = report.exit_code(false);
    if (nothing_given()) {
      if (code != 1) complain("nothing was given, and yet: " + words_of(end));
      return false;
    }
    bool set_aside = false;
    for (const UnitReport& unit : report.units) {
      for (std::string& what : complaints(unit, lake_.memory())) complain(std::move(what));
      set_aside |= unit.tally.documents_set_aside + unit.tally.records_set_aside > 0;
      if (unit.outcome != UnitOutcome::done && unit.outcome != UnitOutcome::done_already &&
          unit.outcome != UnitOutcome::done_by_other)
        complain("a run in good weather: " + words_of(end));
    }
    if (code != (set_aside ? 3 : 0)) complain("a run in good weather: " + words_of(end));
    return outcome_.complaints.empty();
  }

  void ask_oracle() {
    if (nothing_given()) {
      tally_.met(Met::nothing_given);
      if (!data_objects(lake_.memory()).empty()) complain("objects of nothing");
      return;
    }
    for (std::string& what : complaints(world_, lake_.memory(), tally_)) complain(std::move(what));
    if (outcome_.complaints.empty() && one_in(2)) verify();
  }

  // What the manifests say, `verify` finds.
  void verify() {
    tally_.met(Met::verified);
    running_.clear();
    RunWish wish = this->wish();
    wish.verb = Verb::verify;
    const Running& one = begin(std::move(wish), 0);
    pass(calm_most);
    if (!one.end.findings) return complain("verify: " + words_of(one.end));
    for (std::string& what : complaints(world_, lake_.memory(), *one.end.findings))
      complain(std::move(what));
  }

  World world_;
  Tally& tally_;
  Simulation simulation_;
  StormyStore source_, lake_;
  Api api_;
  std::vector<std::unique_ptr<Running>> running_;
  uint64_t changes_ = 0;
  uint64_t parts_lapse_ = 0;  // The upload of one in so many parts has gone when it comes; 0: none
  bool is_calm_ = false;
  Outcome outcome_;
};

}  // namespace

Outcome live(const World& world, uint64_t schedule, Tally& tally, Telling telling) {
  return Story(world, schedule, tally, telling).live();
}

}  // namespace sluice::simulator

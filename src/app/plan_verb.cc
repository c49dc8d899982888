// `plan`: what a run would do, from listings and records alone.
#include <algorithm>

#include "app/common_words.h"
#include "app/iam_policy.h"
#include "app/opened_job.h"
#include "app/process.h"
#include "app/stop_on_signal.h"
#include "app/unit_state.h"
#include "app/verb.h"
#include "base/time.h"
#include "flow/stage.h"
#include "job/at_once.h"
#include "job/shares.h"
#include "report/columns.h"
#include "report/costs.h"
#include "report/json_object.h"
#include "sink/dedupe.h"

namespace sluice {
namespace {

using report::Align;
using report::Columns;
using report::decimal;
using report::grouped;
using report::JsonArray;
using report::JsonObject;

struct Asked {
  JobWords job;
  UnitsAsked units = {};
  uint64_t limit = UINT64_MAX;
  std::optional<uint64_t> memory_bytes = {};  // Else the job's
  bool iam = false;
  std::optional<Nanoseconds> deadline = {};
  bool json = false;
};

void add_words(Words& words, Asked& asked) {
  add_job(words, asked.job);
  add_units(words, asked.units);
  add_limit(words, asked.limit);
  add_memory(words, asked.memory_bytes);
  words.flag("--iam", asked.iam, "Only the least policy that AWS must allow for it");
  add_deadline(words, asked.deadline);
  add_json(words, asked.json);
}

// What a record takes of a document as it lies in the store, compressed or not. Measured over
// trails of CloudTrail; other logs are within a factor of two or three, and so is all that follows
// from it.
constexpr uint64_t record_bytes_packed = 180, record_bytes_plain = 1'200;
constexpr uint64_t inflation = 8;
// A core reads, splits and compresses so much inflated text in a second.
constexpr uint64_t core_bytes_per_second = 250 << 20;
// S3's first byte, and how often a unit's record and its uploads are asked about: claim, list,
// intent, manifest.
constexpr Nanoseconds request_latency = 50_ms;
constexpr uint64_t puts_of_unit = 4, gets_of_unit = 2, puts_of_object = 2;
constexpr uint64_t part_bytes = 8 << 20;

struct UnitPlan {
  std::string unit;
  Standing standing = Standing::missing;
  PlannedInput input = {};
  uint64_t gets = 0, inflated_bytes = 0, records = 0;
  uint64_t puts = 0;
  bool to_do = false;
};

Result<UnitPlan> plan_unit(OpenedJob& opened, const UnitNames& unit, uint64_t limit) {
  const UnitState state = TRY(look_at(opened, unit));
  UnitPlan plan{.unit = unit.id, .standing = state.standing};
  uint64_t documents = 0, bytes = 0;
  const auto each = [&](const Document& document) {
    if (documents == limit) return;
    ++documents;
    bytes += document.bytes;
    plan.gets += document.bytes <= whole_bytes_max
                     ? 1
                     : (document.bytes + chunk_bytes_max - 1) / chunk_bytes_max;
    const bool packed = document.key.view().ends_with("gz") || document.key.view().ends_with("zst");
    plan.inflated_bytes += packed ? document.bytes * inflation : document.bytes;
    plan.records +=
        std::max<uint64_t>(1, document.bytes / (packed ? record_bytes_packed : record_bytes_plain));
  };
  TRY_IN(opened.parts.source->list(unit, each, plan.input), "unit " + unit.id);
  plan.input.documents = documents;
  plan.input.bytes = bytes;
  const Job& job = opened.job;
  const uint64_t objects =
      documents == 0 ? 0 : 1 + (job.roll_bytes > 0 ? bytes / job.roll_bytes : 0);
  plan.puts = plan.input.listings + puts_of_unit + objects * puts_of_object + bytes / part_bytes;
  plan.to_do = plan.standing != Standing::done && plan.standing != Standing::stale &&
               plan.standing != Standing::unreadable;
  return plan;
}

struct PlanSums {
  uint64_t units = 0, documents = 0, listings = 0, bytes = 0, gets = 0, puts = 0, inflated = 0;
  uint64_t records_most = 0;  // Of one unit
  double dollars() const {
    return static_cast<double>(puts + listings) * report::put_dollars +
           static_cast<double>(gets) * report::get_dollars;
  }
  // Whatever takes longest: waiting for the store or computing.
  Nanoseconds time(bool far) const {
    const uint64_t cores = usable_cores();
    const auto computing = static_cast<Nanoseconds>(
        static_cast<double>(inflated) / static_cast<double>(core_bytes_per_second * cores) * 1e9);
    if (!far) return computing;
    constexpr int64_t in_flight = 256, in_turn = 8;
    const auto requests = static_cast<int64_t>(gets + listings);
    const Nanoseconds waiting = (requests / in_flight + in_turn) * request_latency;
    return std::max(computing, waiting);
  }
};

void add(const UnitPlan& plan, PlanSums& sums) {
  ++sums.units;
  sums.documents += plan.input.documents;
  sums.listings += plan.input.listings;
  sums.bytes += plan.input.bytes;
  sums.gets += plan.gets + gets_of_unit;
  sums.puts += plan.puts - plan.input.listings;
  sums.inflated += plan.inflated_bytes;
  sums.records_most = std::max(sums.records_most, plan.records);
}

std::string memory_line(uint64_t memory_bytes, uint64_t unit_bytes) {
  return "memory: " + print_bytes(memory_bytes) + "; a unit needs " + print_bytes(unit_bytes) +
         ", so at most " + grouped(memory_bytes / unit_bytes) + " at once\n";
}

std::string plan_text(const OpenedJob& opened, const PlanSums& sums, uint64_t memory_bytes) {
  const Job& job = opened.job;
  const uint64_t least = unit_bytes_min(job);
  if (!opened.parts.source->traits().lists) {
    return "to do: " + grouped(sums.units) + " units; what they hold isn't known before " +
           job.source.name() + " is asked\n" + memory_line(memory_bytes, least);
  }
  std::string out = "to do: " + grouped(sums.units) + " units, " + grouped(sums.documents) +
                    " documents, " + print_bytes(sums.bytes) + "\n";
  out += "requests: " + grouped(sums.listings) + " listings, " + grouped(sums.gets) +
         " reads, about " + grouped(sums.puts) + " writes; on S3 about $" +
         decimal(sums.dollars(), 4) + "\n";
  out += memory_line(memory_bytes, least);
  if (job.dedupe) {
    const uint64_t hashes = Dedupe::bytes_for(sums.records_most);
    out += "dedupe: about " + grouped(sums.records_most) + " records in the largest unit, " +
           print_bytes(hashes) + " of memory for it; a unit has " +
           print_bytes(hashes_bytes_max(job, memory_bytes)) + "\n";
    if (hashes > hashes_bytes_max(job, memory_bytes))
      out += "warning: that is more than it has; give more (--memory) or make the units smaller\n";
  }
  if (least > memory_bytes) out += "warning: the memory is too small for one unit\n";
  out += "time: about " + print_duration(sums.time(false)) + " from a disk, " +
         print_duration(sums.time(true)) + " from S3 (an estimate)\n";
  return out;
}

std::string plan_json(const OpenedJob& opened, const std::vector<UnitPlan>& plans,
                      const PlanSums& sums, uint64_t memory_bytes) {
  JsonArray units;
  for (const UnitPlan& plan : plans) {
    units.raw(JsonObject()
                  .text("unit", plan.unit)
                  .text("standing", to_string(plan.standing))
                  .flag("to_do", plan.to_do)
                  .number("documents", plan.input.documents)
                  .number("listings", plan.input.listings)
                  .number("bytes", plan.input.bytes)
                  .done());
  }
  JsonObject out;
  out.text("job", opened.job.name).number("units_to_do", sums.units);
  out.number("documents", sums.documents).number("bytes", sums.bytes);
  out.number("listings", sums.listings).number("reads", sums.gets).number("writes", sums.puts);
  out.number("memory_bytes", memory_bytes).number("unit_bytes", unit_bytes_min(opened.job));
  if (opened.job.dedupe) {
    out.number("dedupe_bytes", Dedupe::bytes_for(sums.records_most));
    out.number("dedupe_bytes_max", hashes_bytes_max(opened.job, memory_bytes));
  }
  out.number("disk_ms", static_cast<uint64_t>(sums.time(false) / 1_ms));
  out.number("s3_ms", static_cast<uint64_t>(sums.time(true) / 1_ms));
  out.raw("s3_dollars", decimal(sums.dollars(), 6)).raw("units", units.done());
  return out.done() + "\n";
}

Result<int> print_iam(const JobWords& words) {
  const Job job = TRY(read_job(words, References::none));
  print_to_use(TRY(iam_policies(job, process_environment())));
  return exit_done;
}

Result<int> plan(const Asked& asked) {
  const StopOnSignal stop(StopOnSignal::at_once(asked.deadline));
  if (asked.iam) return print_iam(asked.job);
  auto opened = TRY(open_job(TRY(read_job(asked.job, References::early)), Stores::Use::look));
  if (opened->parts.source->traits().goes_on() && opened->parts.source->traits().lists) {
    return Error{ErrorKind::invalid, "plan: a stream has no end to plan for"};
  }
  const std::vector<UnitNames> units = TRY(opened->units(asked.units));
  std::vector<Result<UnitPlan>> planned(units.size(), Error{ErrorKind::internal, "not looked at"});
  at_once(units.size(), lists_at_once,
          [&](size_t i) { planned[i] = plan_unit(*opened, units[i], asked.limit); });
  std::vector<UnitPlan> plans;
  PlanSums sums;
  Columns columns(
      {{"unit", Align::left}, {"state", Align::left}, {"documents"}, {"listings"}, {"bytes"}});
  for (Result<UnitPlan>& one : planned) {
    plans.push_back(TRY(std::move(one)));
    const UnitPlan& plan = plans.back();
    if (plan.to_do) add(plan, sums);
    const bool is_known = opened->parts.source->traits().lists;
    columns.add({plan.unit, plan.to_do ? "to do" : std::string(to_string(plan.standing)),
                 is_known ? grouped(plan.input.documents) : "?", grouped(plan.input.listings),
                 is_known ? print_bytes(plan.input.bytes) : "?"});
  }
  const uint64_t memory_bytes =
      asked.memory_bytes.value_or(opened->job.memory_bytes.value_or(default_memory_bytes()));
  if (asked.json) {
    print_json(plan_json(*opened, plans, sums, memory_bytes));
  } else {
    print(columns.text() + "\n" + plan_text(*opened, sums, memory_bytes));
  }
  return exit_done;
}

}  // namespace

Verb plan_verb() {
  return introduce<Asked>({
      .name = "plan",
      .help = "Says what a run would read, ask for, need and cost. Touches nothing.",
      .example = "sluice plan cloudtrail.yaml --from 2024-02-08",
      .words = add_words,
      .run = plan,
  });
}

}  // namespace sluice

// `settle`: ends what dead runs left open in the units' records.
#include "app/common_words.h"
#include "app/opened_job.h"
#include "app/stop_on_signal.h"
#include "app/unit_state.h"
#include "app/verb.h"
#include "job/at_once.h"
#include "job/ledger_driver.h"
#include "ledger/settle.h"
#include "report/columns.h"
#include "report/json_object.h"

namespace sluice {
namespace {

using report::grouped;
using report::JsonArray;
using report::JsonObject;

struct Settled {
  bool failed = false, fenced = false;
  uint64_t aborted = 0;
  std::string words;
};

Settled settle_unit(OpenedJob& opened, const UnitNames& unit) {
  Chance chance;
  ledger::Settle machine(ledger_unit_of(opened, unit, chance.unique_id(opened.clock.wall())));
  drive_ledger(machine, {*opened.parts.state, *opened.parts.lake}, chance);
  Settled settled{.fenced = machine.fenced(), .aborted = machine.aborted()};
  if (machine.error()) {
    settled.words = "failed: " + machine.error()->message;
    settled.failed = true;
  } else if (!machine.held().record) {
    settled.words = "no record";
  } else {
    settled.words = machine.fenced() ? "what was open is ended" : "nothing was open";
  }
  if (settled.aborted > 0) settled.words += ", " + grouped(settled.aborted) + " uploads aborted";
  return settled;
}

// Several requests for each unit, one after the other.
constexpr size_t settled_at_once = 2 * records_at_once;

Result<int> settle(const RecordsAsked& asked) {
  const StopOnSignal stop(StopOnSignal::at_once(asked.deadline));
  auto opened = TRY(open_job(TRY(read_job(asked.job, References::early)), Stores::Use::look));
  const std::vector<UnitNames> units = TRY(units_to_look_at(*opened, asked.units));
  std::vector<Settled> all(units.size());
  at_once(units.size(), settled_at_once,
          [&](size_t i) { all[i] = settle_unit(*opened, units[i]); });
  int exit_code = exit_done;
  JsonArray array;
  std::string text;
  for (size_t i = 0; i < units.size(); ++i) {
    const Settled& settled = all[i];
    if (settled.failed) exit_code = exit_failed;
    if (asked.json) {
      array.raw(JsonObject()
                    .text("unit", units[i].id)
                    .flag("fenced", settled.fenced)
                    .number("aborted", settled.aborted)
                    .text("outcome", settled.words)
                    .done());
    } else {
      text += units[i].id + "  " + settled.words + "\n";
    }
  }
  asked.json ? print_json(JsonObject().raw("units", array.done()).done() + "\n") : print(text);
  return exit_code;
}

}  // namespace

Verb settle_verb() {
  return introduce<RecordsAsked>({
      .name = "settle",
      .help = "Ends what a dead run left half done. For units nobody works on.",
      .example = "sluice settle cloudtrail.yaml",
      .words = add_records,
      .run = settle,
  });
}

}  // namespace sluice

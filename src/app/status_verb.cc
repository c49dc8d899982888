// `status` and `settle`.
#include <array>

#include "app/unit_state.h"
#include "app/verbs.h"
#include "base/time.h"
#include "job/ledger_driver.h"
#include "ledger/settle.h"
#include "report/columns.h"
#include "report/json_object.h"

namespace sluice {
namespace {

using report::Align;
using report::Columns;
using report::grouped;
using report::JsonArray;
using report::JsonObject;

// What more there is to say: since when, on which host, why.
std::string words_about(const UnitState& state) {
  if (!state.record) return {};
  const ledger::Record& record = *state.record;
  switch (state.standing) {
    case Standing::claimed:
    case Standing::unfinished: {
      std::string words;
      if (record.run) words = "since " + record.since + ", on " + record.host;
      if (record.intent) words += (words.empty() ? "" : "; ") + std::string("its commit was begun");
      if (!record.leftovers.empty()) {
        words += (words.empty() ? "" : "; ") + grouped(record.leftovers.size()) + " leftovers";
      }
      if (words.empty() && record.manifest)
        words = "committed by " + record.manifest->provisional + "; the next run does it whole";
      return words;
    }
    case Standing::failed:
      return record.failed->at + ": " + record.failed->why;
    case Standing::stale:
      return "committed by an earlier form of the job; --redo does it again";
    default:
      return {};
  }
}

std::string state_json(const UnitState& state) {
  JsonObject out;
  out.text("unit", state.unit.id).text("standing", to_string(state.standing));
  if (state.record) {
    out.number("epoch", state.record->epoch);
    if (state.record->position > 0) out.number("position", state.record->position);
    if (state.record->manifest) {
      const ledger::Reached& reached = state.record->manifest->reached;
      if (!reached.greatest.empty()) out.text("reached", reached.greatest);
      const ledger::Sums& sums = state.record->manifest->sums;
      out.number("documents", sums.documents).number("records", sums.records);
      out.number("objects", state.record->manifest->outputs.size());
      out.number("set_aside", sums.set_aside).number("bytes", sums.bytes);
    }
    const std::string words = words_about(state);
    if (!words.empty()) out.text("why", words);
  }
  return out.done();
}

std::vector<std::string> state_row(const UnitState& state) {
  std::vector<std::string> row = {state.unit.id, std::string(to_string(state.standing))};
  if (state.record && state.record->manifest) {
    const ledger::Sums& sums = state.record->manifest->sums;
    row.insert(row.end(), {grouped(sums.documents), grouped(sums.records),
                           grouped(state.record->manifest->outputs.size()), print_bytes(sums.bytes),
                           grouped(sums.set_aside)});
  } else {
    row.insert(row.end(), {"-", "-", "-", "-", "-"});
  }
  row.push_back(words_about(state));
  return row;
}

Result<int> status(const Command& command) {
  auto opened = TRY(open_job(command, Stores::Use::look));
  const std::vector<UnitNames> units = TRY(units_to_look_at(*opened, command));
  Columns columns({{"unit", Align::left},
                   {"state", Align::left},
                   {"documents"},
                   {"records"},
                   {"objects"},
                   {"bytes"},
                   {"set aside"},
                   {"", Align::left}});
  JsonArray states;
  std::array<uint64_t, 6> counts{};
  for (const UnitNames& unit : units) {
    const UnitState state = TRY(look_at(*opened, unit));
    ++counts[static_cast<size_t>(state.standing)];
    if (command.json) {
      states.raw(state_json(state));
    } else {
      columns.add(state_row(state));
    }
  }
  if (command.json) {
    print_json(JsonObject().text("job", opened->job.name).raw("units", states.done()).done() +
               "\n");
    return exit_done;
  }
  std::string sums;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    sums += (sums.empty() ? "" : ", ") + grouped(counts[i]) + " " +
            std::string(to_string(static_cast<Standing>(i)));
  }
  print(columns.text() + "\n" + (sums.empty() ? "no units" : sums) + "\n");
  return exit_done;
}

Result<int> settle(const Command& command) {
  auto opened = TRY(open_job(command, Stores::Use::look));
  const std::vector<UnitNames> units = TRY(units_to_look_at(*opened, command));
  Chance chance;
  int exit_code = exit_done;
  JsonArray settled;
  for (const UnitNames& unit : units) {
    ledger::Settle machine(ledger_unit_of(*opened, unit, chance.unique_id(opened->clock.wall())));
    drive_ledger(machine, {*opened->parts.state, *opened->parts.lake}, chance);
    std::string words;
    if (machine.error()) {
      words = "failed: " + machine.error()->message;
      exit_code = exit_failed;
    } else {
      words = machine.fenced() ? "what was open is ended" : "nothing was open";
      if (!machine.held().record) words = "no record";
    }
    if (machine.aborted() > 0) words += ", " + grouped(machine.aborted()) + " uploads aborted";
    settled.raw(JsonObject()
                    .text("unit", unit.id)
                    .flag("fenced", machine.fenced())
                    .number("aborted", machine.aborted())
                    .text("outcome", words)
                    .done());
    if (!command.json) print(unit.id + "  " + words + "\n");
  }
  if (command.json) print_json(JsonObject().raw("units", settled.done()).done() + "\n");
  return exit_code;
}

}  // namespace

int do_status(const Command& command) {
  const auto code = status(command);
  return code.ok() ? *code : complain(code.error());
}

int do_settle(const Command& command) {
  const auto code = settle(command);
  return code.ok() ? *code : complain(code.error());
}

}  // namespace sluice

// `status`: how each unit stands, by its record.
#include <array>

#include "app/common_words.h"
#include "app/opened_job.h"
#include "app/stop_on_signal.h"
#include "app/unit_state.h"
#include "app/verb.h"
#include "base/time.h"
#include "job/at_once.h"
#include "report/columns.h"
#include "report/json_object.h"

namespace sluice {
namespace {

using report::Align;
using report::Columns;
using report::grouped;
using report::JsonArray;
using report::JsonObject;

void append(const std::string& more, std::string& words) {
  words += (words.empty() || more.empty() ? "" : "; ") + more;
}

// What earlier attempts have stored, of which no reader sees anything yet.
std::string words_about_checkpoint(const ledger::Record& record, const std::string& fingerprint) {
  if (!record.checkpoint) return {};
  const ledger::Sums& sums = record.checkpoint->sums;
  const bool is_of_job = record.checkpoint->fingerprint == fingerprint;
  return grouped(sums.records) + " records of " + grouped(sums.documents) +
         " documents are stored and not committed; the next run " +
         (is_of_job ? "goes on behind them" : "begins anew, since the job is another by now");
}

// What more there is to say: since when, on which host, why.
std::string words_about(const UnitState& state, const std::string& fingerprint) {
  if (!state.record) return state.why;
  const ledger::Record& record = *state.record;
  switch (state.standing) {
    case Standing::claimed:
    case Standing::unfinished: {
      std::string words;
      if (record.run) words = "since " + record.since + ", on " + record.host;
      if (!record.run && record.failed) words = record.failed->at + ": " + record.failed->why;
      if (record.intent) {
        append("its commit was begun", words);
      } else {
        append(words_about_checkpoint(record, fingerprint), words);
      }
      if (!record.leftovers.empty()) append(grouped(record.leftovers.size()) + " leftovers", words);
      if (words.empty() && record.manifest)
        words = "committed by " + record.manifest->provisional + "; the next run does it whole";
      return words;
    }
    case Standing::failed:
      return record.failed->at + ": " + record.failed->why;
    case Standing::stale:
      return "committed by an earlier form of the job; --redo does it again";
    case Standing::early:
      return "committed before its time was over; the next run looks again";
    default:
      return {};
  }
}

std::string state_json(const UnitState& state, const std::string& fingerprint) {
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
      out.number("set_aside", sums.set_aside + sums.partial).number("bytes", sums.bytes);
    }
    const std::string words = words_about(state, fingerprint);
    if (!words.empty()) out.text("why", words);
  }
  return out.done();
}

std::vector<std::string> state_row(const UnitState& state, const std::string& fingerprint) {
  std::vector<std::string> row = {state.unit.id, std::string(to_string(state.standing))};
  if (state.record && state.record->manifest) {
    const ledger::Sums& sums = state.record->manifest->sums;
    row.insert(row.end(), {grouped(sums.documents), grouped(sums.records),
                           grouped(state.record->manifest->outputs.size()), print_bytes(sums.bytes),
                           grouped(sums.set_aside + sums.partial)});
  } else {
    row.insert(row.end(), {"-", "-", "-", "-", "-"});
  }
  row.push_back(words_about(state, fingerprint));
  return row;
}

// What is said of one unit, made where its record is at hand.
struct Line {
  Standing standing = Standing::missing;
  std::string json;
  std::vector<std::string> row;
  Status status;
};

std::vector<Line> lines_of(OpenedJob& opened, const std::vector<UnitNames>& units, bool as_json) {
  std::vector<Line> lines(units.size());
  at_once(units.size(), records_at_once, [&](size_t i) {
    Line& line = lines[i];
    const auto state = look_at(opened, units[i]);
    if (!state.ok()) {
      line.status = state.error();
      return;
    }
    line.standing = state->standing;
    if (as_json) {
      line.json = state_json(*state, opened.job.fingerprint);
    } else {
      line.row = state_row(*state, opened.job.fingerprint);
    }
  });
  return lines;
}

Result<int> status(const RecordsAsked& asked) {
  const StopOnSignal stop(StopOnSignal::at_once(asked.deadline));
  auto opened = TRY(open_job(TRY(read_job(asked.job, References::early)), Stores::Use::look));
  const std::vector<UnitNames> units = TRY(units_to_look_at(*opened, asked.units));
  Columns columns({{"unit", Align::left},
                   {"state", Align::left},
                   {"documents"},
                   {"records"},
                   {"objects"},
                   {"bytes"},
                   {"set aside"},
                   {"", Align::left}});
  JsonArray states;
  std::array<uint64_t, standings> counts{};
  for (Line& line : lines_of(*opened, units, asked.json)) {
    TRY(std::move(line.status));
    ++counts[static_cast<size_t>(line.standing)];
    if (asked.json) {
      states.raw(line.json);
    } else {
      columns.add(std::move(line.row));
    }
  }
  const bool unreadable = counts[static_cast<size_t>(Standing::unreadable)] > 0;
  const int exit_code = unreadable ? exit_failed : exit_done;
  if (asked.json) {
    print_json(JsonObject().text("job", opened->job.name).raw("units", states.done()).done() +
               "\n");
    return exit_code;
  }
  std::string sums;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    sums += (sums.empty() ? "" : ", ") + grouped(counts[i]) + " " +
            std::string(to_string(static_cast<Standing>(i)));
  }
  print(columns.text() + "\n" + (sums.empty() ? "no units" : sums) + "\n");
  return exit_code;
}

}  // namespace

Verb status_verb() {
  return introduce<RecordsAsked>({
      .name = "status",
      .help = "Says which units are done, stale, claimed, failed or missing.",
      .example = "sluice status cloudtrail.yaml --from 2024-02-01 --to 2024-02-08",
      .words = add_records,
      .run = status,
  });
}

}  // namespace sluice

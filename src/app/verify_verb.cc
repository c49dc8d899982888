// `verify`: what the source has, what the manifests say and what lies in the lake, held against
// each other. Writes nothing.
#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "app/check_object.h"
#include "app/unit_state.h"
#include "app/verbs.h"
#include "base/text.h"
#include "base/time.h"
#include "job/owner.h"
#include "ledger/change.h"
#include "report/columns.h"
#include "report/json_object.h"
#include "store/page_order.h"

namespace sluice {
namespace {

using report::grouped;
using report::JsonArray;
using report::JsonObject;

constexpr size_t problems_shown_max = 100;
constexpr uint64_t manifest_bytes_max = 256 << 20;

struct Problem {
  std::string kind, unit, what;
};

// A stream's earlier manifests lie beside its record: <unit>/<position>.json.
bool is_side_manifest(std::string_view file) {
  const size_t slash = file.rfind('/');
  if (slash == std::string_view::npos || !file.ends_with(".json")) return false;
  const std::string_view name = file.substr(slash + 1, file.size() - slash - 6);
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Sluice's own folder and what readers of lakes skip.
bool is_hidden(std::string_view key) {
  for (const std::string_view segment : split(key, '/')) {
    if (segment.starts_with('_') || segment.starts_with('.')) return true;
  }
  return false;
}

class Verify {
 public:
  Verify(OpenedJob& opened, const Command& command) : opened_(opened), command_(command) {}

  Status check() {
    TRY_IN(list_lake(), "lake");
    TRY_IN(read_manifests(), "state");
    for (const UnitNames& unit : TRY(units_to_look_at(opened_, command_))) TRY(check_unit(unit));
    find_extra();
    return find_open_uploads();
  }

  const std::vector<Problem>& problems() const { return problems_; }
  uint64_t units = 0, inputs = 0, outputs = 0, records = 0, bytes_read = 0;
  std::vector<std::string> notes;

 private:
  void problem(std::string kind, std::string unit, std::string what) {
    problems_.push_back({std::move(kind), std::move(unit), std::move(what)});
  }

  // ---- what is there
  // -----------------------------------------------------------------------------

  Status list_lake() {
    return each_object(*opened_.parts.lake, opened_.parts.lake_prefix, [&](const Listed& listed) {
      objects_.emplace(listed.key.str(), listed);
      return Status();
    });
  }

  // All manifests of the state, of whatever unit or job: by them an object is known.
  Status read_manifests() {
    const std::string& prefix = opened_.parts.state_prefix;
    return each_object(*opened_.parts.state, prefix, [&](const Listed& listed) -> Status {
      const std::string_view file = listed.key.view().substr(prefix.size());
      const size_t slash = file.find('/');
      if (slash == std::string_view::npos || file.starts_with("set_aside/")) return {};
      const std::string job(file.substr(0, slash));
      const std::string_view rest = file.substr(slash + 1);
      if (is_side_manifest(rest)) {
        return read_side_manifest(listed, job + "/" + std::string(rest.substr(0, rest.rfind('/'))));
      }
      if (!ledger::unit_of_record_key(rest)) return {};
      const Body body = TRY(
          call_for<Body>(*opened_.parts.state, Get{.key = listed.key, .most = manifest_bytes_max}));
      const ledger::Record record = TRY(ledger::parse_record(body.bytes.view(), listed.key));
      a_run_is_at_work_ |= record.run.has_value();
      if (record.manifest) know(job + "/" + ledger::unit_file_name(record.unit), *record.manifest);
      if (record.intent) {
        for (const ledger::Upload& upload : record.intent->uploads)
          begun_.push_back(upload.key.str());
      }
      return {};
    });
  }

  Status read_side_manifest(const Listed& listed, const std::string& unit) {
    const Body body = TRY(
        call_for<Body>(*opened_.parts.state, Get{.key = listed.key, .most = manifest_bytes_max}));
    ledger::Manifest manifest = TRY(ledger::parse_manifest(body.bytes.view(), listed.key));
    know(unit, manifest);
    auto& earlier = earlier_[unit];
    std::move(manifest.outputs.begin(), manifest.outputs.end(), std::back_inserter(earlier));
    return {};
  }

  // A stream's manifest is written beside its record before it is replaced: then it is met twice.
  void know(std::string who, const ledger::Manifest& manifest) {
    if (manifest.end > 0) who += ", to position " + std::to_string(manifest.end);
    for (const ledger::Output& output : manifest.outputs) {
      const auto [at, is_new] = owners_.emplace(output.key.str(), who);
      if (!is_new && at->second != who)
        problem("doubled", who, output.key.str() + " is also in the manifest of " + at->second);
    }
  }

  // ---- a unit
  // ------------------------------------------------------------------------------------

  Status check_unit(const UnitNames& unit) {
    const UnitState state = TRY(look_at(opened_, unit));
    const bool is_provisional =
        state.record && state.record->manifest && !state.record->manifest->provisional.empty();
    if (state.standing == Standing::unfinished && is_provisional && !state.record->intent) {
      problem(
          "unfinished", unit.id,
          "committed by " + state.record->manifest->provisional + "; the next run does it whole");
    } else if (state.standing == Standing::unfinished) {
      problem("unfinished", unit.id, "a commit was begun and not ended; run or settle ends it");
    } else if (state.standing == Standing::failed) {
      problem("failed", unit.id, state.record->failed->why);
    } else if (state.standing == Standing::claimed) {
      notes.push_back("unit " + unit.id + ": a run is at it since " + state.record->since +
                      ", on " + state.record->host);
    }
    if (!state.record || !state.record->manifest) {
      notes.push_back("unit " + unit.id + ": no manifest, nothing to verify");
      return {};
    }
    ++units;
    if (state.record->manifest->fingerprint != opened_.job.fingerprint) {
      notes.push_back("unit " + unit.id + ": stale; its inputs are not compared");
    } else if (is_provisional) {
      notes.push_back("unit " + unit.id + ": provisional; its inputs are not compared");
    } else if (!opened_.parts.source->lists()) {
      notes.push_back("unit " + unit.id + ": its source can't be listed; inputs are not compared");
    } else if (!opened_.parts.source->stream()) {
      TRY_IN(check_inputs(unit, state.record->manifest->inputs), "unit " + unit.id);
    }
    std::unordered_set<std::string_view> checked;
    for (const ledger::Output& output : state.record->manifest->outputs) {
      TRY(check_output(unit, output));
      checked.insert(output.key.view());
    }
    // The last manifest may lie beside the record already; its objects are looked at once.
    const std::string name = opened_.job.name + "/" + ledger::unit_file_name(unit.id);
    for (const ledger::Output& output : earlier_[name]) {
      if (!checked.contains(output.key.view())) TRY(check_output(unit, output));
    }
    return {};
  }

  // Both come in key order.
  Status check_inputs(const UnitNames& unit, const ledger::Inputs& read) {
    std::vector<ledger::Input> recorded;
    const ledger::UnitPtr known = ledger_unit_of(opened_, unit, "");
    TRY(each_input(read, *known, *opened_.parts.state, [&](const ledger::Input& input) -> Status {
      recorded.push_back(input);
      return {};
    }));
    size_t next = 0;
    const auto missing = [&](const ledger::Input& input) {
      problem("missing input", unit.id, input.key.str() + " was read and isn't there any more");
    };
    const auto each = [&](const Document& document) {
      ++inputs;
      while (next < recorded.size() && recorded[next].key < document.key) missing(recorded[next++]);
      if (next == recorded.size() || document.key < recorded[next].key) {
        problem("extra input", unit.id, document.name + " has not been read");
        return;
      }
      const ledger::Input& input = recorded[next++];
      if (input.etag != document.etag || input.bytes != document.bytes) {
        problem("changed input", unit.id, document.name + " is another than was read");
      }
    };
    PlannedInput planned;
    TRY(opened_.parts.source->list(unit, each, planned));
    while (next < recorded.size()) missing(recorded[next++]);
    return {};
  }

  Status check_output(const UnitNames& unit, const ledger::Output& output) {
    ++outputs;
    const auto found = objects_.find(output.key.str());
    if (found == objects_.end()) {
      problem("missing object", unit.id, output.key.str());
      return {};
    }
    const Listed& listed = found->second;
    if (listed.etag != output.etag || listed.bytes != output.content.bytes) {
      problem("changed object", unit.id,
              output.key.str() + ": " + grouped(listed.bytes) + " bytes, ETag " +
                  listed.etag.str() + "; the manifest says " + grouped(output.content.bytes) +
                  " bytes, ETag " + output.etag.str());
      return {};
    }
    if (command_.shallow) return {};
    const auto figures = read_again(*opened_.parts.lake, output.key, output.etag, listed.bytes);
    if (!figures.ok()) {
      problem("bad object", unit.id, output.key.str() + ": " + figures.error().message);
      return {};
    }
    bytes_read += figures->bytes;
    records += figures->records;
    if (figures->crc32c != output.content.crc32c) {
      problem("bad object", unit.id,
              output.key.str() + ": its bytes are not those that were written (CRC32C)");
    } else if (figures->records != output.content.records) {
      problem("bad object", unit.id,
              output.key.str() + ": " + grouped(figures->records) + " records; the manifest says " +
                  grouped(output.content.records));
    }
    return {};
  }

  // ---- what nobody knows
  // -------------------------------------------------------------------------

  void find_extra() {
    for (const auto& [key, listed] : objects_) {
      const std::string_view name = std::string_view(key).substr(opened_.parts.lake_prefix.size());
      if (is_hidden(name) || owners_.contains(key)) continue;
      if (std::find(begun_.begin(), begun_.end(), key) != begun_.end()) continue;
      problem("extra object", "", key + " is in no manifest");
    }
  }

  Status find_open_uploads() {
    std::string after;
    PageOrder order;
    uint64_t open = 0;
    for (;;) {
      const UploadPage page = TRY(call_for<UploadPage>(
          *opened_.parts.lake, ListUploads{.prefix = opened_.parts.lake_prefix, .after = after}));
      TRY_IN(order.pass(page), "the open uploads below " + opened_.parts.lake_prefix);
      for (const OpenUpload& upload : page.uploads) {
        ++open;
        if (!a_run_is_at_work_) {
          problem("leftover upload", "", upload.key.str() + ", upload " + upload.id.str());
        }
      }
      if (!page.next) break;
      after = *page.next;
    }
    if (open > 0 && a_run_is_at_work_) {
      notes.push_back(grouped(open) + " uploads are open: a run is at work, or died");
    }
    return {};
  }

  OpenedJob& opened_;
  const Command& command_;
  std::map<std::string, Listed> objects_;                // By key
  std::unordered_map<std::string, std::string> owners_;  // Key to job/unit
  std::vector<std::string> begun_;                       // Keys of intents
  // By job/unit: what a stream's earlier manifests say.
  std::unordered_map<std::string, std::vector<ledger::Output>> earlier_;
  bool a_run_is_at_work_ = false;
  std::vector<Problem> problems_;
};

std::string text_of(const Verify& verify, bool shallow) {
  std::string out;
  const auto& problems = verify.problems();
  for (size_t i = 0; i < std::min(problems.size(), problems_shown_max); ++i) {
    const Problem& one = problems[i];
    out += one.kind + ": " + (one.unit.empty() ? "" : "unit " + one.unit + ": ") + one.what + "\n";
  }
  if (problems.size() > problems_shown_max) {
    out += "and " + grouped(problems.size() - problems_shown_max) + " more\n";
  }
  for (const std::string& note : verify.notes) out += "note: " + note + "\n";
  out += problems.empty() ? "ok: " : grouped(problems.size()) + " problems: ";
  out += grouped(verify.units) + " units, " + grouped(verify.inputs) +
         " inputs against the manifests, " + grouped(verify.outputs) +
         " objects by name, size and ETag";
  if (!shallow) {
    out += ", read again: " + grouped(verify.records) + " records, " +
           print_bytes(verify.bytes_read) + " by CRC32C";
  }
  return out + "\n";
}

std::string json_of(const Verify& verify) {
  JsonArray problems, notes;
  for (const Problem& one : verify.problems()) {
    problems.raw(
        JsonObject().text("kind", one.kind).text("unit", one.unit).text("what", one.what).done());
  }
  for (const std::string& note : verify.notes) notes.text(note);
  JsonObject out;
  out.flag("ok", verify.problems().empty()).number("units", verify.units);
  out.number("inputs", verify.inputs).number("objects", verify.outputs);
  out.number("records_read", verify.records).number("bytes_read", verify.bytes_read);
  return out.raw("problems", problems.done()).raw("notes", notes.done()).done() + "\n";
}

Result<int> verify(const Command& command) {
  auto opened = TRY(open_job(command, Stores::Use::look));
  Verify verify(*opened, command);
  TRY(verify.check());
  command.json ? print_json(json_of(verify)) : print(text_of(verify, command.shallow));
  return verify.problems().empty() ? exit_done : exit_failed;
}

}  // namespace

int do_verify(const Command& command) {
  const auto code = verify(command);
  return code.ok() ? *code : complain(code.error());
}

}  // namespace sluice

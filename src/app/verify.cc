#include "app/verify.h"

#include <algorithm>
#include <iterator>
#include <semaphore>
#include <span>
#include <unordered_set>

#include "app/check_object.h"
#include "app/lake_index.h"
#include "app/unit_state.h"
#include "base/text.h"
#include "base/time.h"
#include "job/at_once.h"
#include "job/recorded_inputs.h"
#include "ledger/change.h"
#include "report/columns.h"
#include "store/page_order.h"

namespace sluice {
namespace {

using report::grouped;

constexpr uint64_t manifest_bytes_max = 256 << 20;
constexpr size_t manifests_at_once = 64;
constexpr uint64_t small_bytes = 128 << 10;  // So much of each of lists_at_once may be in memory
constexpr std::ptrdiff_t large_ones_at_once = 8;

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
  Verify(OpenedJob& opened, const UnitsAsked& asked, Depth depth)
      : opened_(opened), asked_(asked), depth_(depth) {}

  Status check() {
    TRY_IN(list_lake(), "lake");
    TRY_IN(read_manifests(), "state");
    TRY(check_units(TRY(units_to_look_at(opened_, asked_))));
    TRY_IN(find_extra(), "lake");
    TRY(find_open_uploads());
    check_something_was_there();
    return {};
  }

  Findings take_findings() { return std::move(findings_); }

 private:
  // ---- what is there
  // -----------------------------------------------------------------------------

  Status list_lake() {
    return each_object(*opened_.parts.lake, opened_.parts.lake_prefix, [&](const Listed& listed) {
      const bool counts = !is_hidden(listed.key.view().substr(opened_.parts.lake_prefix.size()));
      index_.add(listed.key, listed.etag, listed.bytes,
                 counts ? LakeIndex::Counts::yes : LakeIndex::Counts::no);
      return Status();
    });
  }

  // One document of the state, read: a unit's record, or a stream's earlier manifest.
  struct Read {
    Key key;
    std::string job, file;  // <job>/<file>
    std::optional<ledger::Record> record = {};
    std::optional<ledger::Manifest> side = {};
    Status status = {};
  };

  // All manifests of the state, of whatever unit or job: by them an object is known.
  Status read_manifests() {
    Store& state = *opened_.parts.state;
    const std::string& prefix = opened_.parts.state_prefix;
    std::string after;
    PageOrder order;
    for (;;) {
      const Page page = TRY(call_for<Page>(state, List{.prefix = prefix, .after = after}));
      TRY(order.pass(page));
      std::vector<Read> wanted;
      for (const Listed& listed : page.objects) {
        const std::string_view file = listed.key.view().substr(prefix.size());
        const size_t slash = file.find('/');
        if (slash == std::string_view::npos || file.starts_with("set_aside/")) continue;
        const std::string_view rest = file.substr(slash + 1);
        if (!is_side_manifest(rest) && !ledger::unit_of_record_key(rest)) continue;
        wanted.push_back({listed.key, std::string(file.substr(0, slash)), std::string(rest)});
      }
      // A manifest may be large: no more of them are held than are read at once.
      for (std::span<Read> left(wanted); !left.empty();) {
        const std::span<Read> now = left.first(std::min(left.size(), manifests_at_once));
        at_once(now.size(), now.size(), [&](size_t i) { now[i].status = read(now[i]); });
        for (Read& one : now) {
          TRY(know(one));
          one = {};
        }
        left = left.subspan(now.size());
      }
      if (!page.next) return {};
      after = *page.next;
    }
  }

  Status read(Read& one) const {
    const Body body =
        TRY(call_for<Body>(*opened_.parts.state, Get{.key = one.key, .most = manifest_bytes_max}));
    if (is_side_manifest(one.file)) {
      one.side = TRY(ledger::parse_manifest(body.bytes.view(), one.key));
    } else {
      one.record = TRY(ledger::parse_record(body.bytes.view(), one.key));
    }
    return {};
  }

  Status know(Read& one) {
    if (!one.status.ok()) {
      // One that can't be understood doesn't hide the others.
      if (one.status.error().kind != ErrorKind::invalid) return std::move(one.status);
      findings_.problem("unreadable record", "", one.status.error().message);
      return {};
    }
    if (one.side) {
      know(one.job + "/" + one.file.substr(0, one.file.rfind('/')), *one.side);
      return {};
    }
    const ledger::Record& record = *one.record;
    a_run_is_at_work_ |= record.run.has_value();
    if (record.manifest)
      know(one.job + "/" + ledger::unit_file_name(record.unit), *record.manifest);
    if (record.intent) {
      for (const Upload& upload : record.intent->uploads) index_.excuse(upload.key);
    }
    return {};
  }

  // A stream's manifest is written beside its record before it is replaced: then it is met twice.
  void know(std::string who, const ledger::Manifest& manifest) {
    if (manifest.end > 0) who += ", to position " + std::to_string(manifest.end);
    for (const ledger::Output& output : manifest.outputs) {
      if (const auto other = index_.name(output.key, who))
        findings_.problem("doubled", who,
                          output.key.str() + " is also in the manifest of " + *other);
    }
  }

  // ---- a unit
  // ------------------------------------------------------------------------------------

  Status check_units(const std::vector<UnitNames>& units) {
    std::vector<Result<Findings>> found(units.size(), Findings());
    at_once(units.size(), lists_at_once, [&](size_t i) { found[i] = check_unit(units[i]); });
    for (Result<Findings>& one : found) findings_.add(TRY(std::move(one)));
    return {};
  }

  // On several threads at once: what lies in the lake is only looked at.
  Result<Findings> check_unit(const UnitNames& unit) const {
    Findings found;
    const UnitState state = TRY(look_at(opened_, unit));
    const bool is_provisional =
        state.record && state.record->manifest && !state.record->manifest->provisional.empty();
    if (state.standing == Standing::unfinished && is_provisional && !state.record->intent) {
      found.problem(
          "unfinished", unit.id,
          "committed by " + state.record->manifest->provisional + "; the next run does it whole");
    } else if (state.standing == Standing::unfinished) {
      const bool is_begun = state.record->intent || !state.record->leftovers.empty();
      found.problem("unfinished", unit.id,
                    is_begun ? "a commit was begun and not ended; run or settle ends it"
                             : "it is stored up to a checkpoint; the next run goes on there");
    } else if (state.standing == Standing::failed) {
      found.problem("failed", unit.id, state.record->failed->why);
    } else if (state.standing == Standing::claimed) {
      found.notes.push_back("unit " + unit.id + ": a run is at it since " + state.record->since +
                            ", on " + state.record->host);
    }
    // An unreadable one has been named already.
    if (state.standing == Standing::unreadable) return found;
    if (!state.record || !state.record->manifest) {
      found.notes.push_back("unit " + unit.id + ": no manifest, nothing to verify");
      return found;
    }
    ++found.units;
    const ledger::Manifest& manifest = *state.record->manifest;
    if (manifest.fingerprint != opened_.job.fingerprint) {
      found.notes.push_back("unit " + unit.id + ": stale; its inputs are not compared");
    } else if (is_provisional) {
      found.notes.push_back("unit " + unit.id + ": provisional; its inputs are not compared");
    } else if (!opened_.parts.source->traits().lists) {
      found.notes.push_back("unit " + unit.id +
                            ": its source can't be listed; inputs are not compared");
    } else if (manifest.early) {
      found.notes.push_back("unit " + unit.id +
                            ": committed before its time was over; its inputs " +
                            "are not compared");
    } else if (!opened_.parts.source->traits().goes_on()) {
      TRY_IN(check_inputs(unit, manifest.inputs, found), "unit " + unit.id);
    }
    for (const ledger::Output& output : manifest.outputs) TRY(check_output(unit, output, found));
    if (manifest.end > 0) TRY(check_earlier(unit, manifest, found));
    return found;
  }

  // A stream's earlier manifests. The last may lie beside the record already, and its objects are
  // looked at once.
  Status check_earlier(const UnitNames& unit, const ledger::Manifest& last, Findings& found) const {
    std::unordered_set<std::string_view> checked;
    for (const ledger::Output& output : last.outputs) checked.insert(output.key.view());
    const std::string prefix = ledger_unit_of(opened_, unit, "")->side_prefix();
    return each_object(*opened_.parts.state, prefix, [&](const Listed& listed) -> Status {
      if (!is_side_manifest(listed.key.view())) return {};
      const Body body = TRY(
          call_for<Body>(*opened_.parts.state, Get{.key = listed.key, .most = manifest_bytes_max}));
      const auto manifest = ledger::parse_manifest(body.bytes.view(), listed.key);
      if (!manifest.ok()) return {};  // Said already
      for (const ledger::Output& output : manifest->outputs) {
        if (!checked.contains(output.key.view())) TRY(check_output(unit, output, found));
      }
      return {};
    });
  }

  // Both come in key order, one after another: however many there are, few are in memory.
  Status check_inputs(const UnitNames& unit, const ledger::Inputs& read, Findings& found) const {
    found.looked_for_inputs = true;
    const ledger::UnitPtr known = ledger_unit_of(opened_, unit, "");
    RecordedInputs inputs(read, *known, *opened_.parts.state);
    std::optional<ledger::Input> next = TRY(inputs.next());
    Status status;
    const auto step = [&] {
      auto got = inputs.next();
      if (!got.ok()) status = std::move(got.error());
      next = got.ok() ? std::move(*got) : std::nullopt;
    };
    const auto missing = [&] {
      found.problem("missing input", unit.id,
                    next->key.str() + " was read and isn't there any more");
      step();
    };
    const auto each = [&](const Document& document) {
      if (!status.ok()) return;
      ++found.inputs;
      while (next && next->key < document.key) missing();
      if (!next || document.key < next->key) {
        if (status.ok())
          found.problem("extra input", unit.id, document.name + " has not been read");
        return;
      }
      if (next->etag != document.etag || next->bytes != document.bytes)
        found.problem("changed input", unit.id, document.name + " is another than was read");
      step();
    };
    PlannedInput planned;
    TRY(opened_.parts.source->list(unit, each, planned));
    while (next && status.ok()) missing();
    return status;
  }

  Status check_output(const UnitNames& unit, const ledger::Output& output, Findings& found) const {
    ++found.outputs;
    const auto look = index_.look(output.key, output.etag, output.content.bytes);
    if (look == LakeIndex::Look::another) return tell_change(unit, output, found);
    if (look == LakeIndex::Look::missing) {
      found.problem("missing object", unit.id, output.key.str());
      return {};
    }
    if (depth_ == Depth::shallow) return {};
    const auto figures = read_object(output, output.content.bytes);
    if (!figures.ok()) {
      found.problem("bad object", unit.id, output.key.str() + ": " + figures.error().message);
      return {};
    }
    found.bytes_read += figures->bytes;
    found.records += figures->records;
    if (figures->crc32c != output.content.crc32c) {
      found.problem("bad object", unit.id,
                    output.key.str() + ": its bytes are not those that were written (CRC32C)");
    } else if (figures->records != output.content.records) {
      found.problem("bad object", unit.id,
                    output.key.str() + ": " + grouped(figures->records) +
                        " records; the manifest says " + grouped(output.content.records));
    }
    return {};
  }

  // What the object is now is asked for again: of the listing only its difference is known.
  Status tell_change(const UnitNames& unit, const ledger::Output& output, Findings& found) const {
    const auto meta = call_for<Meta>(*opened_.parts.lake, Head{output.key});
    if (!meta.ok() && meta.error().kind != ErrorKind::not_found) return meta.error();
    if (!meta.ok()) {
      found.problem("missing object", unit.id, output.key.str());
      return {};
    }
    found.problem("changed object", unit.id,
                  output.key.str() + ": " + grouped(meta->bytes) + " bytes, ETag " +
                      meta->etag.str() + "; the manifest says " + grouped(output.content.bytes) +
                      " bytes, ETag " + output.etag.str());
    return {};
  }

  // Of large ones a few at once: each holds some MiB.
  Result<ObjectFigures> read_object(const ledger::Output& output, uint64_t bytes) const {
    Store& lake = *opened_.parts.lake;
    if (bytes <= small_bytes) return read_again(lake, output.key, output.etag, bytes);
    large_ones_.acquire();
    auto figures = read_again(lake, output.key, output.etag, bytes);
    large_ones_.release();
    return figures;
  }

  // ---- what nobody knows
  // -------------------------------------------------------------------------

  // Their keys are listed once more, where there are any.
  Status find_extra() {
    if (index_.nobodys() == 0) return {};
    return each_object(*opened_.parts.lake, opened_.parts.lake_prefix, [&](const Listed& listed) {
      if (index_.is_nobodys(listed.key))
        findings_.problem("extra object", "", listed.key.str() + " is in no manifest");
      return Status();
    });
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
          findings_.problem("leftover upload", "",
                            upload.key.str() + ", upload " + upload.id.str());
        }
      }
      if (!page.next) break;
      after = *page.next;
    }
    if (open > 0 && a_run_is_at_work_) {
      findings_.notes.push_back(grouped(open) + " uploads are open: a run is at work, or died");
    }
    return {};
  }

  // Where nothing was held against anything, nothing is proved.
  void check_something_was_there() {
    if (opened_.job.allow_empty || !findings_.problems.empty()) return;
    if (findings_.units == 0) {
      findings_.problem("nothing verified", "", "no unit has a manifest; run the job first");
    } else if (findings_.looked_for_inputs && findings_.inputs == 0 && findings_.outputs == 0) {
      findings_.problem("nothing verified", "",
                        "the source has no documents and the manifests no objects; is the source's "
                        "path right? (allow_empty: true if it is)");
    }
  }

  OpenedJob& opened_;
  const UnitsAsked& asked_;
  const Depth depth_;
  LakeIndex index_;
  bool a_run_is_at_work_ = false;
  Findings findings_;
  mutable std::counting_semaphore<> large_ones_{large_ones_at_once};
};

}  // namespace

Result<Findings> verify(OpenedJob& opened, const UnitsAsked& asked, Depth depth) {
  Verify look(opened, asked, depth);
  TRY(look.check());
  return look.take_findings();
}

}  // namespace sluice

#include "job/owner.h"

#include "job/units.h"
#include "json/scan.h"
#include "json/value.h"
#include "ledger/change.h"

namespace sluice {
namespace {

constexpr uint64_t owner_bytes_max = 4 << 10;
constexpr uint32_t owner_rounds_max = 5;
constexpr uint64_t piece_bytes_max = 64 << 20;

std::optional<std::string> job_of(std::string_view owner) {
  json::Scanner scanner({json::Path{{json::Step::member("job")}}});
  if (!scanner.scan(owner) || !scanner.raw(0)) return std::nullopt;
  return json::as_text(*scanner.raw(0));
}

}  // namespace

Ownership::Ownership(const Job& job, const JobParts& parts, Inbox& inbox, TicketSeries tickets)
    : job_(job),
      lake_(*parts.lake),
      key_(parts.lake_prefix + "_sluice/owner.json"),
      inbox_(inbox),
      tickets_(tickets) {
  get();
}

void Ownership::get() {
  writing_ = false;
  lake_.start(Get{.key = key_, .most = owner_bytes_max}, {}, tickets_.next(), inbox_);
}

void Ownership::on(Event& event) {
  auto& answered = dynamic_cast<Answered&>(event);
  writing_ ? took_put(std::move(answered.answer)) : took_get(std::move(answered.answer));
}

void Ownership::took_get(Result<Answer> answer) {
  if (answer.ok()) return end(check(std::get<Body>(*answer).bytes.view()));
  if (answer.error().kind != ErrorKind::not_found || ++rounds_ > owner_rounds_max)
    return end(std::move(answer).error().in(job_.lake));
  writing_ = true;
  lake_.start(Put{key_, R"({"format": 1, "job": )" + json::quote(job_.name) + "}\n", Absent{}}, {},
              tickets_.next(), inbox_);
}

void Ownership::took_put(Result<Answer> answer) {
  if (answer.ok()) return end({});
  // Somebody was quicker, or the answer was lost: what lies there tells.
  const ErrorKind kind = answer.error().kind;
  if (kind == ErrorKind::conflict || kind == ErrorKind::transient) return get();
  end(std::move(answer).error().in(job_.lake));
}

Status Ownership::check(std::string_view text) const {
  const auto owner = job_of(text);
  if (!owner)
    return Error{ErrorKind::invalid,
                 lake_.name() + key_.str() + ": not readable; it should say whose lake this is"};
  if (*owner == job_.name || job_.shared) return {};
  return Error{ErrorKind::conflict,
               job_.lake + " belongs to job `" + *owner +
                   "`; give this job a lake of its own, or say shared: true in both"};
}

void Ownership::end(Status status) {
  status_ = std::move(status);
  done_ = true;
}

Status each_input(const ledger::Inputs& inputs, const ledger::Unit& unit, Store& state,
                  const std::function<Status(const ledger::Input&)>& each) {
  for (const ledger::Input& input : inputs.list) TRY(each(input));
  if (inputs.file.empty()) return {};
  constexpr std::string_view ending = ".json";
  const std::string stem = inputs.file.substr(0, inputs.file.size() - ending.size());
  for (uint64_t piece = 0; piece < inputs.pieces; ++piece) {
    const Key key =
        unit.side_key(stem + (piece == 0 ? "" : "." + std::to_string(piece)) + std::string(ending));
    Body body = TRY(call_for<Body>(state, Get{.key = key, .most = piece_bytes_max}));
    for (const ledger::Input& input : TRY(ledger::parse_inputs(body.bytes.view(), key)))
      TRY(each(input));
  }
  return {};
}

Result<bool> inputs_changed(const Job& job, const JobParts& parts, const UnitNames& unit,
                            const Resources& resources) {
  if (job.units.late == 0 || !may_still_change(unit, job.units.late, resources.clock.wall()))
    return false;
  const ledger::UnitPtr known = ledger_unit(job, parts, unit, unit.run_id, resources);
  auto found =
      call(*parts.state, Get{.key = known->record_key(), .most = ledger::record_bytes_max});
  if (!found.ok()) {
    if (found.error().kind == ErrorKind::not_found) return false;
    return std::move(found).error();
  }
  const auto record =
      TRY(ledger::parse_record(std::get<Body>(*found).bytes.view(), known->record_key()));
  if (!ledger::finished(record, job.fingerprint)) return false;
  if (!parts.source->lists()) return true;  // Nobody knows, so it is done again
  // Both are in key order. Equal as sequences, or changed: hold the listing's hash against the
  // list's.
  Hash128 listed, recorded;
  const auto add = [](Hash128& sum, const Key& key, const ETag& etag, uint64_t bytes) {
    const std::string text =
        key.str() + '\0' + etag.str() + '\0' + std::to_string(bytes) + to_hex(sum);
    sum = hash128(text);
  };
  TRY(each_input(record.manifest->inputs, *known, *parts.state,
                 [&](const ledger::Input& input) -> Status {
                   add(recorded, input.key, input.etag, input.bytes);
                   return {};
                 }));
  PlannedInput planned;
  TRY(parts.source->list(
      unit,
      [&](const Document& document) { add(listed, document.key, document.etag, document.bytes); },
      planned));
  return listed != recorded;
}

}  // namespace sluice

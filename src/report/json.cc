#include "report/json.h"

#include "base/time.h"
#include "report/costs.h"
#include "report/json_object.h"

namespace sluice::report {
namespace {

// Milliseconds with three digits behind the point: a call may take less than one.
std::string milliseconds(Nanoseconds duration) {
  const int64_t microseconds = duration / 1'000;
  std::string fraction = std::to_string(microseconds % 1'000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(microseconds / 1'000) + "." + fraction;
}

std::string gauges(const std::vector<Gauge::Snapshot>& all) {
  JsonObject out;
  for (const Gauge::Snapshot& one : all) {
    JsonObject gauge;
    gauge.number("count", one.count).number("failed", one.failed).number("bytes", one.bytes);
    gauge.raw("wall_ms", milliseconds(one.wall)).raw("cpu_ms", milliseconds(one.cpu));
    gauge.raw("wait_ms", milliseconds(one.wait)).raw("p50_ms", milliseconds(one.p50));
    gauge.raw("p99_ms", milliseconds(one.p99)).raw("longest_ms", milliseconds(one.longest));
    out.raw(one.name, gauge.done());
  }
  return out.done();
}

std::string set_aside(const std::vector<SetAside>& all) {
  JsonArray out;
  for (const SetAside& one : all) {
    JsonObject what;
    what.text("document", one.document).number("offset_bytes", one.offset);
    if (one.bytes > 0) what.number("record_bytes", one.bytes);
    what.flag("whole", one.whole).text("reason", one.reason);
    out.raw(what.done());
  }
  return out.done();
}

std::string texts(const std::vector<std::string>& all) {
  JsonArray out;
  for (const std::string& text : all) out.text(text);
  return out.done();
}

std::string unit_json(const UnitReport& unit) {
  JsonObject out;
  out.text("unit", unit.unit).text("outcome", to_string(unit.outcome));
  out.number("epoch", unit.epoch).number("documents", unit.walk.documents);
  out.number("records", unit.records).number("filtered", unit.walk.filtered);
  if (!unit.reached.empty()) out.text("reached", unit.reached);
  out.number("duplicates", unit.duplicates).number("conflicts", unit.conflicts);
  if (unit.documents_before > 0) out.number("documents_before", unit.documents_before);
  out.number("documents_set_aside", unit.walk.documents_set_aside);
  out.number("documents_partial", unit.walk.documents_partial);
  out.number("records_set_aside", unit.walk.records_set_aside);
  out.number("objects", unit.objects).number("bytes_read", unit.walk.bytes_read);
  out.number("bytes_inflated", unit.walk.bytes_inflated)
      .number("bytes_written", unit.bytes_written);
  out.raw("wall_ms", milliseconds(unit.wall)).raw("mixed_ms", milliseconds(unit.mixed));
  if (unit.error) {
    out.raw("error", JsonObject()
                         .text("kind", to_string(unit.error->kind))
                         .text("message", unit.error->message)
                         .done());
  }
  out.raw("set_aside", set_aside(unit.set_aside)).raw("warnings", texts(unit.warnings));
  return out.done();
}

}  // namespace

std::string json(const RunReport& run, int exit_code,
                 const std::vector<std::pair<std::string, std::string>>& more) {
  const Totals sum = totals(run);
  JsonObject out;
  out.text("job", run.job).text("run", run.run_id).text("started", format_rfc3339(run.started));
  out.number("exit_code", static_cast<uint64_t>(exit_code));
  out.number("documents", sum.documents).number("records", sum.records);
  out.number("objects", sum.objects).number("set_aside", sum.set_aside);
  out.number("bytes_read", sum.bytes_read).number("bytes_written", sum.bytes_written);
  out.raw("wall_ms", milliseconds(run.wall)).raw("cpu_ms", milliseconds(run.cpu));
  if (!run.warnings.empty()) out.raw("warnings", texts(run.warnings));
  if (!run.remarks.empty()) out.raw("remarks", texts(run.remarks));
  out.number("memory_bytes", run.memory_bytes).number("memory_peak_bytes", run.memory_peak_bytes);
  if (run.resident_peak_bytes > 0) out.number("resident_peak_bytes", run.resident_peak_bytes);
  out.raw("gigabyte_seconds", decimal(gigabyte_seconds(run), 6));
  out.raw("request_dollars", decimal(request_dollars(run.calls), 6));
  JsonArray units;
  for (const UnitReport& unit : run.units) units.raw(unit_json(unit));
  out.raw("units", units.done()).raw("errors", texts(run.errors));
  out.raw("calls", gauges(run.calls)).raw("stages", gauges(run.stages));
  for (const auto& [name, value] : more) out.raw(name, value);
  return out.done() + "\n";
}

std::string json(const Progress& progress) {
  JsonObject out;
  out.number("units_done", progress.units_done).number("units", progress.units);
  out.number("documents", progress.documents).number("records", progress.records);
  out.number("bytes_read", progress.bytes_read).number("bytes_written", progress.bytes_written);
  out.number("in_flight", progress.in_flight).number("memory_used_bytes", progress.memory_used);
  out.number("memory_bytes", progress.memory).raw("elapsed_ms", milliseconds(progress.elapsed));
  return out.done();
}

}  // namespace sluice::report

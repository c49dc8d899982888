// The fields of a report, each once: for the printer in this order, and for the parser. `see` is
// told of each:
//   see("records", tally.records)            always there; durations as milliseconds, outcomes and
//                                            kinds of errors by name, lists of parts as arrays
//   see.if_any("reached", unit.reached)      left out where it is empty or 0
//   see.named("calls", run.calls)            an object; what its members are called is their name
//   see.sum("objects", sum.objects)          follows from others: printed, and not read back
#pragma once

#include "base/either.h"
#include "job/report.h"
#include "report/costs.h"

namespace sluice::report {

void fields(auto& see, Either<Gauge::Snapshot> auto& gauge) {
  see("count", gauge.count);
  see("failed", gauge.failed);
  see("bytes", gauge.bytes);
  see("wall_ms", gauge.wall);
  see("cpu_ms", gauge.cpu);
  see("wait_ms", gauge.wait);
  see("p50_ms", gauge.p50);
  see("p99_ms", gauge.p99);
  see("longest_ms", gauge.longest);
}

void fields(auto& see, Either<SetAside> auto& what) {
  see("document", what.document);
  see("offset_bytes", what.offset);
  see.if_any("record_bytes", what.bytes);
  see("whole", what.whole);
  see.if_any("partial", what.partial);
  see("reason", what.reason);
}

void fields(auto& see, Either<Error> auto& error) {
  see("kind", error.kind);
  see("message", error.message);
}

void fields(auto& see, Either<UnitReport> auto& unit) {
  see("unit", unit.unit);
  see("outcome", unit.outcome);
  see("epoch", unit.epoch);
  see("documents", unit.tally.documents);
  see("records", unit.tally.records);
  see("filtered", unit.tally.filtered);
  see.if_any("reached", unit.reached);
  see("duplicates", unit.tally.duplicates);
  see("conflicts", unit.tally.conflicts);
  see.if_any("documents_before", unit.documents_before);
  see("documents_set_aside", unit.tally.documents_set_aside);
  see("documents_partial", unit.tally.documents_partial);
  see("records_set_aside", unit.tally.records_set_aside);
  see("objects", unit.tally.objects);
  see("bytes_read", unit.tally.bytes_read);
  see("bytes_inflated", unit.tally.bytes_inflated);
  see("bytes_written", unit.tally.bytes_written);
  see("wall_ms", unit.wall);
  see("mixed_ms", unit.mixed);
  see.if_any("error", unit.error);
  see("set_aside", unit.set_aside);
  see("warnings", unit.warnings);
}

// Who prints it says what the process ended with.
struct Ended {
  RunReport run = {};
  uint64_t exit_code = 0;
};

void fields(auto& see, Either<Ended> auto& ended) {
  auto& run = ended.run;
  const Tally sum = total(run);
  see("job", run.job);
  see("run", run.run_id);
  see("started", run.started);
  see("exit_code", ended.exit_code);
  see.sum("documents", sum.documents);
  see.sum("records", sum.records);
  see.sum("objects", sum.objects);
  see.sum("set_aside", sum.set_aside());
  see.sum("bytes_read", sum.bytes_read);
  see.sum("bytes_written", sum.bytes_written);
  see("wall_ms", run.wall);
  see("cpu_ms", run.cpu);
  see.if_any("warnings", run.warnings);
  see.if_any("remarks", run.remarks);
  see("memory_bytes", run.memory_bytes);
  see("memory_peak_bytes", run.memory_peak_bytes);
  see.if_any("resident_peak_bytes", run.resident_peak_bytes);
  see.sum("gigabyte_seconds", gigabyte_seconds(run));
  see.sum("request_dollars", request_dollars(run.calls));
  see("units", run.units);
  see("errors", run.errors);
  see.named("calls", run.calls);
  see.named("stages", run.stages);
}

}  // namespace sluice::report

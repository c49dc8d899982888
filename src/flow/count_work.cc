#include "flow/count_work.h"

namespace sluice {

void count_work(Meter& meter, Stage stage, const Work& work, uint64_t bytes) {
  Gauge& gauge = meter.stage(stage);
  gauge.add(work.ended - work.begun, bytes);
  gauge.add_cpu(work.cpu);
  gauge.add_wait(work.begun - work.submitted);
  if (Trace* trace = meter.trace()) {
    trace->add({.kind = Interval::Kind::work,
                .name = stage_names[static_cast<size_t>(stage)],
                .series = series_of(work.ticket),
                .begin = work.begun,
                .end = work.ended,
                .waited = work.begun - work.submitted,
                .bytes = bytes});
  }
}

void count_on_loop(Meter& meter, Stage stage, uint32_t series, Instant begun) {
  const Instant ended = now();
  meter.stage(stage).add(ended - begun, 0);
  if (Trace* trace = meter.trace()) {
    trace->add({.kind = Interval::Kind::work,
                .name = stage_names[static_cast<size_t>(stage)],
                .series = series,
                .begin = begun,
                .end = ended});
  }
}

}  // namespace sluice

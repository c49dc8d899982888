#include "flow/count_work.h"

namespace sluice {

void count_work(Meter& meter, Stage stage, const Work& work, uint64_t bytes) {
  Gauge& gauge = meter.stage(stage);
  gauge.add(work.ended - work.begun, bytes);
  gauge.add_cpu(work.cpu);
  gauge.add_wait(work.begun - work.submitted);
}

}  // namespace sluice

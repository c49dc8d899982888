// What a test asks of the fake while it runs, below /-fake-s3-/:
//
//   GET  counters                  all that was counted, as JSON
//   POST reset                     counters to zero
//   POST faults                    the body is the new plan, one rule a line
//   POST latency?ms=52             also ms=get=52,put=70; tail=1%25:500
//   POST rate?gets=5500&puts=3500  requests a second; 0: no cap
//   POST clock?seconds=3600        how far the server's clock is ahead
//   POST expire?token=T            that session token has expired from now on
//   POST clear                     no objects, no uploads
//
// These requests are not signed, not delayed, not counted.
#include "base/text.h"
#include "s3_handler.h"

namespace sluice::fake_s3 {

void S3Handler::control() {
  const std::string_view what = request_->path.substr(control_path.size());
  if (request_->method == "GET" && what == "counters") {
    std::string faults;
    world_.faults.append_json(faults);
    begin(200);
    return end_with("application/json", world_.counters.json(world_.buckets, faults));
  }
  if (request_->method == "POST") return control_post(what);
  begin(404);
  end_with("text/plain", "no such control\n");
}

void S3Handler::control_post(std::string_view what) {
  Status status;
  if (what == "reset") {
    world_.counters.reset();
  } else if (what == "faults") {
    FaultPlan plan;
    for (const std::string_view line : split(request_->body.view(), '\n')) {
      if (trim(line).empty()) continue;
      status = plan.add(trim(line));
      if (!status.ok()) break;
    }
    if (status.ok()) world_.faults = std::move(plan);
  } else if (what == "latency") {
    Latency latency;
    status = latency.read(query_.has("ms") ? query_.value("ms") : "0");
    if (status.ok() && query_.has("tail")) status = latency.read_tail(query_.value("tail"));
    if (status.ok()) world_.latency = latency;
  } else if (what == "rate") {
    world_.reads.set(parse_number<uint64_t>(query_.value("gets")).value_or(0));
    world_.writes.set(parse_number<uint64_t>(query_.value("puts")).value_or(0));
  } else if (what == "clock") {
    world_.clock_offset_seconds = parse_number<int64_t>(query_.value("seconds")).value_or(0);
  } else if (what == "expire") {
    world_.expired_tokens.emplace(query_.value("token"));
  } else if (what == "clear") {
    world_.buckets.clear_objects();
  } else {
    begin(404);
    return end_with("text/plain", "no such control\n");
  }
  begin(status.ok() ? 200 : 400);
  end_with("text/plain", status.ok() ? "ok\n" : status.error().message + "\n");
}

}  // namespace sluice::fake_s3

// What a test asks of the fake while it runs, below /-fake-api-/:
//
//   GET  counters                  all that was counted, as JSON
//   GET  expected?from=0&to=9      the right records of these, as lines; also lines=csv|events
//   GET  digest?from=0&to=9        their count, bytes, sha256 and sum of CRC-32s
//   POST reset                     counters to zero
//   POST faults                    the body is the new plan, one rule a line
//   POST latency?ms=52
//   POST rate?requests=100&seconds=1   for each token; 0: no limit
//   POST records?count=N           more of them, or fewer (generated ones alone)
//   POST expire?what=access        no OAuth2 access token works any more
//   POST expire?what=cursors       no token of a page given so far works any more: 410
//
// These requests ask for no secret, are not delayed, not counted.
#include "api_handler.h"
#include "base/text.h"
#include "expected.h"

namespace sluice::fake_api {

void ApiHandler::control() {
  const std::string_view what = request_->path.substr(control_path.size());
  if (request_->method == "GET" && what == "counters") {
    std::string faults;
    faults_.append_json(faults);
    begin(200);
    return end_with("application/json", counters_.json(faults_.done(), faults));
  }
  if (request_->method == "GET" && (what == "expected" || what == "digest")) {
    const uint64_t from = parse_number<uint64_t>(query_.value("from")).value_or(0);
    const uint64_t to =
        std::min(parse_number<uint64_t>(query_.value("to")).value_or(UINT64_MAX), records_.count());
    const Span span{from, std::max(from, to) - from};
    const Lines lines = query_.value("lines") == "csv"      ? Lines::csv
                        : query_.value("lines") == "events" ? Lines::json_events
                                                            : Lines::json;
    std::string text;
    if (what == "digest") {
      text = digest_json(records_, span, lines);
    } else {
      each_line(records_, span, lines, [&](std::string_view line) { text += line; });
    }
    begin(200);
    return end_with(what == "digest" ? "application/json" : "text/plain", std::move(text));
  }
  const Status status = request_->method == "POST"
                            ? control_post(what)
                            : Status(Error{ErrorKind::invalid, "no such control"});
  begin(status.ok() ? 200 : 400);
  end_with("text/plain", status.ok() ? "ok\n" : status.error().message + "\n");
}

Status ApiHandler::control_post(std::string_view what) {
  const auto number = [this](std::string_view name) {
    return parse_number<uint64_t>(query_.value(name)).value_or(0);
  };
  if (what == "reset") {
    counters_.reset();
  } else if (what == "faults") {
    FaultPlan plan;
    for (const std::string_view line : split(request_->body.view(), '\n')) {
      if (!trim(line).empty()) TRY(plan.add(trim(line)));
    }
    faults_ = std::move(plan);
  } else if (what == "latency") {
    latency_ = static_cast<Nanoseconds>(number("ms")) * 1'000'000;
  } else if (what == "rate") {
    rate_.set(number("requests"), static_cast<int64_t>(number("seconds")));
  } else if (what == "records") {
    records_.set_count(number("count"));
  } else if (what == "expire") {
    const bool of_pages = query_.value("what") == "cursors";
    if (of_pages) token_epoch_ = (token_epoch_ + 1) % 256;
    if (!of_pages) auth_.expire_tokens();
  } else {
    return Error{ErrorKind::invalid, "no such control"};
  }
  return {};
}

}  // namespace sluice::fake_api

// Paged HTTP APIs on the loopback, for tests, campaigns and benchmarks. See usage in options.cc.
#include <algorithm>
#include <cstdio>

#include "api_handler.h"
#include "expected.h"
#include "http_server/program.h"
#include "options.h"

namespace sluice::fake_api {
namespace {

Status print_expected(const Options& options, const Records& records) {
  const uint64_t to = std::min(options.to, records.count());
  const Span span{options.from, std::max(options.from, to) - options.from};
  if (options.expect == "digest") {
    std::fputs(digest_json(records, span, Lines::json).c_str(), stdout);
  } else if (options.expect == "lines" || options.expect == "csv") {
    each_line(records, span, options.expect == "csv" ? Lines::csv : Lines::json,
              [](std::string_view line) { std::fwrite(line.data(), 1, line.size(), stdout); });
  } else {
    return Error{ErrorKind::invalid, "--expect " + options.expect + ": lines, csv or digest"};
  }
  return {};
}

Status run(const std::vector<std::string>& words) {
  const Options options = TRY(read_options(words));
  if (options.wants_help) {
    std::fputs(usage.data(), stdout);
    return {};
  }
  Records records = TRY(Records::make(options.records));
  if (!options.expect.empty()) return print_expected(options, records);
  Exchanges exchanges;
  for (const std::string& folder : options.exchanges) TRY(exchanges.load(folder));
  const http_server::HttpServerOptions server_options{.port = options.port,
                                                      .bytes_per_second = options.bytes_per_second,
                                                      .control_path = control_path,
                                                      .name = "fake-api"};
  return http_server::serve_until_signal(server_options, [&] {
    return std::make_unique<ApiHandler>(options, std::move(records), std::move(exchanges));
  });
}

}  // namespace
}  // namespace sluice::fake_api

int main(int count, char** words) {
  const sluice::Status status = sluice::fake_api::run({words + 1, words + count});
  if (status.ok()) return 0;
  std::fprintf(stderr, "fake_api: %s\n", status.error().message.c_str());
  return 2;
}

// Any answer: classified, in one line, and never with more of the body than its code and message.
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>

#include "aws/error.h"

namespace sluice::aws {
namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

void check(int status, std::string_view body) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"date", "Thu, 08 Feb 2024 10:00:00 GMT"}};
  response.body = Buffer::of(body);
  const Failure failure = classify(response, WallTime{});
  must(failure.status == status);
  must(failure.error.message.starts_with(std::to_string(status)));
  for (const char c : failure.error.message) must(static_cast<unsigned char>(c) >= 0x20);
  must(failure.error.message.size() < 1000);
  // Nobody retries for ever what a human must mend.
  if (failure.error.kind == ErrorKind::invalid) must(!failure.is_retryable || failure.region);
  if (failure.error.kind == ErrorKind::transient) must(failure.is_retryable);
  has_error(body);
}

}  // namespace
}  // namespace sluice::aws

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int statuses[] = {200, 301, 307, 400, 403, 404, 409, 412, 416, 429, 500, 501, 503};
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  sluice::aws::check(statuses[data[0] % std::size(statuses)], body);
  return 0;
}

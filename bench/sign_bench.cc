// What signing a small S3 GET costs: CPU for each signature, with the signing key at hand, beside
// the hashes alone that one is made of.
//
//   sign_bench [SIGNATURES]     (1,000,000)
#include <cstdio>
#include <cstdlib>
#include <string>

#include "aws/digest.h"
#include "aws/sign.h"
#include "base/text.h"

namespace sluice::aws {
namespace {

void print(const char* what, Nanoseconds cpu, size_t count) {
  std::printf("%-44s %8.3f us CPU\n", what,
              static_cast<double>(cpu) / 1e3 / static_cast<double>(count));
}

void measure(const char* what, const Credentials& credentials, size_t count) {
  SigningKeys keys;
  const SigningScope scope = SigningScope::s3("eu-west-1", WallTime{1'707'393'600'000'000'000});
  HttpRequest request;
  request.url =
      "https://lake.s3.eu-west-1.amazonaws.com/AWSLogs/123456789012/CloudTrail/eu-west-1/"
      "2024/02/08/123456789012_CloudTrail_eu-west-1_20240208T0825Z_2sAVFXbiUUA7HgDp.json.gz";
  const Nanoseconds before = thread_cpu();
  for (size_t i = 0; i < count; ++i) {
    request.headers.clear();
    request.headers.push_back({"if-match", "\"9b2cf535f27731c974343645a3985328\""});
    sign(request, scope, credentials, keys, unsigned_payload);
  }
  print(what, thread_cpu() - before, count);
}

void measure_hashes(size_t count) {
  const std::string canonical(380, 'c'), to_sign(133, 's');
  const HmacSha256Key key("k");
  unsigned sum = 0;
  const Nanoseconds before = thread_cpu();
  for (size_t i = 0; i < count; ++i) sum += sha256(canonical)[0] + key.of(to_sign)[0];
  print("SHA-256 of 380 B and HMAC of 133 B alone", thread_cpu() - before, count);
  if (sum == 1) std::printf("\n");  // So that the hashes are made
}

}  // namespace
}  // namespace sluice::aws

int main(int argc, char** argv) {
  using namespace sluice;
  const size_t count = argc > 1 ? parse_number<size_t>(argv[1]).value_or(1) : 1'000'000;
  aws::measure("a GET, long-term credentials", {"AKIAIOSFODNN7EXAMPLE", "secret"}, count);
  aws::measure("a GET, session token of 800 B",
               {"ASIAIOSFODNN7EXAMPLE", "secret", std::string(800, 't')}, count);
  aws::measure_hashes(count);
}

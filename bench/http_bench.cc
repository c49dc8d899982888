// One client doing small requests against a server on 127.0.0.1; http_cpu.py makes the table.
// Prints JSON: CPU (user + system of all threads) and wall of the requests alone, with all
// connections open before, unless --cold.
//
//   http_bench bare|engine|store|curl get|put PORT [--ca FILE] [--connections 64]
//       [--requests 20000] [--threads 1] [--keys 1000 | --targets FILE] [--cold]
//       [--range BYTES OBJECT_BYTES]
//
// The keys are /lake/bench/0 and so on, of 4 KiB; `put` writes what `get` reads.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/text.h"
#include "http_clients.h"

namespace sluice::bench {

void fail(const std::string& why) {
  std::fprintf(stderr, "http_bench: %s\n", why.c_str());
  std::_Exit(1);
}

namespace {

constexpr size_t body_bytes = 4096;

struct Options {
  std::string client;
  uint64_t requests = 20'000;
  uint64_t keys = 1000;
  std::string targets_file;
  bool is_cold = false;
  Work work;
};

Options options_of(int count, char** words) {
  Options options;
  if (count < 4) fail("CLIENT get|put PORT; its first lines say the rest");
  options.client = words[1];
  options.work.is_put = std::strcmp(words[2], "put") == 0;
  options.work.port = parse_number<uint16_t>(words[3]).value_or(0);
  for (int i = 4; i < count; ++i) {
    const std::string word = words[i];
    const auto text = [&] { return std::string(++i < count ? words[i] : ""); };
    const auto number = [&] { return parse_number<uint64_t>(text()).value_or(0); };
    if (word == "--ca") {
      options.work.ca_file = text();
    } else if (word == "--connections") {
      options.work.connections = static_cast<uint32_t>(number());
    } else if (word == "--requests") {
      options.requests = number();
    } else if (word == "--threads") {
      options.work.threads = static_cast<uint32_t>(number());
    } else if (word == "--keys") {
      options.keys = number();
    } else if (word == "--targets") {
      options.targets_file = text();
    } else if (word == "--cold") {
      options.is_cold = true;
    } else if (word == "--range") {
      options.work.range_bytes = number();
      options.work.object_bytes = number();
    } else {
      fail("no option is called " + word);
    }
  }
  return options;
}

void fill(Options& options) {
  Work& work = options.work;
  if (options.targets_file.empty()) {
    for (uint64_t i = 0; i < options.keys; ++i)
      work.targets.push_back("/lake/bench/" + std::to_string(i));
  } else {
    std::ifstream file(options.targets_file);
    for (std::string line; std::getline(file, line);) work.targets.push_back(line);
    if (work.range_bytes == 0) options.requests = work.targets.size();
  }
  if (work.range_bytes > 0)
    options.requests = (work.object_bytes + work.range_bytes - 1) / work.range_bytes;
  if (work.is_put) work.body.assign(body_bytes, 'x');
}

std::unique_ptr<HttpClient> client_of(const Options& options) {
  if (options.client == "bare") return make_bare_client(options.work);
  if (options.client == "engine") return make_engine_client(options.work);
  if (options.client == "store") return make_store_client(options.work);
  if (options.client == "curl") return make_curl_client(options.work);
  fail("no client is called " + options.client);
}

int measure(int count, char** words) {
  rlimit files = {};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  Options options = options_of(count, words);
  fill(options);
  const Nanoseconds cpu_at_start = process_cpu();
  const Instant start = now();
  const auto client = client_of(options);
  if (client == nullptr) {
    std::printf("{\"skipped\": \"libcurl's headers are not installed\"}\n");
    return 0;
  }
  if (!options.is_cold) client->run(2ULL * options.work.connections);
  const Nanoseconds cpu = options.is_cold ? cpu_at_start : process_cpu();
  const Instant begun = options.is_cold ? start : now();
  const Done done = client->run(options.requests);
  const double cpu_s = static_cast<double>(process_cpu() - cpu) / 1e9;
  const double wall_s = static_cast<double>(now() - begun) / 1e9;
  std::printf(
      "{\"requests\": %llu, \"refused\": %llu, \"bytes\": %llu, \"cpu_seconds\": %.6f, "
      "\"wall_seconds\": %.6f, \"cpu_us_each\": %.3f}\n",
      static_cast<unsigned long long>(done.good), static_cast<unsigned long long>(done.refused),
      static_cast<unsigned long long>(done.bytes), cpu_s, wall_s,
      cpu_s / static_cast<double>(done.good) * 1e6);
  std::fflush(stdout);
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int count, char** words) {
  return sluice::bench::measure(count, words);
}

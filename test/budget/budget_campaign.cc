// The budget's promises, each in the run that would break it: nothing locks up, no record is lost,
// and at no instant is more on the heap than --memory and 12 MiB. Prints a line for each. `quick`:
// less of each input.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "app/parts.h"
#include "bad_input.h"
#include "counting_malloc.h"
#include "job/run.h"
#include "store/directory.h"
#include "store/slow.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t memory_bytes = 48 << 20;
constexpr uint64_t heap_slack_bytes = 12 << 20;

struct Scenario {
  std::string name;
  std::function<uint64_t(const fs::path&)> fill;  // Writes the source; how many records
  std::string partition = {};
  std::string decode = "jsonl";
  std::string transform = {};
  bool sets_aside = false;  // All that is not among the records
  uint64_t objects_max = UINT64_MAX;
  std::function<Nanoseconds(const Request&)> source_latency = {};
  std::function<Nanoseconds(const Request&)> lake_latency = {};
  size_t workers = 2;
};

std::string line_of(uint64_t id, size_t bytes) {
  std::string line = R"({"id":)" + std::to_string(id) + R"(,"place":"p)" +
                     std::to_string(id % 5000) + R"(","text":")";
  uint64_t state = id * 0x9e3779b97f4a7c15ULL + 1;
  while (line.size() + 3 < bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    line += static_cast<char>('a' + state % 26);
  }
  return line + "\"}\n";
}

uint64_t write_documents(const fs::path& folder, int documents, int records, size_t record_bytes) {
  uint64_t id = 0;
  for (int i = 0; i < documents; ++i) {
    char name[32];
    std::snprintf(name, sizeof name, "%06d.jsonl", i);
    std::ofstream file(folder / name, std::ios::binary);
    for (int j = 0; j < records; ++j) file << line_of(id++, record_bytes);
  }
  return id;
}

bool is_first(const Request& request) {
  const auto* get = std::get_if<Get>(&request);
  return get != nullptr && get->key.view().ends_with("000000.jsonl");
}

std::vector<Scenario> scenarios() {
  return {
      {.name = "512 documents that finish out of order",
       .fill = [](const fs::path& f) { return write_documents(f, 512, 40, 5'000); },
       .source_latency = [](const Request& r) -> Nanoseconds {
         return std::holds_alternative<Get>(r)
                    ? static_cast<Nanoseconds>(std::hash<std::string>()(describe(r)) % 80'000'000)
                    : 0;
       }},
      {.name = "a first document that comes last",
       .fill = [](const fs::path& f) { return write_documents(f, 1'500, 10, 8'000); },
       .source_latency = [](const Request& r) -> Nanoseconds { return is_first(r) ? 1_s : 0; }},
      {.name = "5,000 open places",
       .fill = [](const fs::path& f) { return write_documents(f, 60, 1'000, 400); },
       .partition = R"(, partition: "p={.place}/")"},
      {.name = "10,000 places at random, a million records",
       .fill = [](const fs::path& f) { return BadInput::places(f.string(), 10'000, 1'000'000); },
       .partition = R"(, partition: "p={.place}/")",
       .objects_max = 40'000},
      {.name = "records of nearly record_max",
       .fill = [](const fs::path& f) { return write_documents(f, 3, 4, (8 << 20) - 100); }},
      {.name = "a lake that answers late",
       .fill = [](const fs::path& f) { return write_documents(f, 150, 100, 10'000); },
       .lake_latency = [](const Request& r) -> Nanoseconds {
         return std::holds_alternative<PutPart>(r) ? 300_ms : 0;
       }},
  };
}

// Inputs whose records cost more than their bytes, and transforms that make much of little.
std::vector<Scenario> bad_input_scenarios(const BadInput& bad) {
  using Make = uint64_t (BadInput::*)(const std::string&) const;
  const auto fill = [&bad](Make make) -> std::function<uint64_t(const fs::path&)> {
    return [&bad, make](const fs::path& f) { return (bad.*make)(f.string()); };
  };
  return {
      {.name = "bad lines of two bytes", .fill = fill(&BadInput::bad_lines), .sets_aside = true},
      {.name = "bad lines of two bytes, kept",
       .fill = fill(&BadInput::bad_lines),
       .partition = ", keep_set_aside: true",
       .sets_aside = true},
      {.name = "lines of one digit", .fill = fill(&BadInput::digit_lines)},
      {.name = "lines of 24 bytes", .fill = fill(&BadInput::short_lines)},
      {.name = "lines of 24 bytes, each with a place",
       .fill = fill(&BadInput::short_lines),
       .partition = ", partition: \"p={.v}/\""},
      {.name = "10,000 places at random, each of little text",
       .fill = [](const fs::path& f) { return BadInput::places(f.string(), 10'000, 200'000); },
       .partition = R"(, partition: "p={.place}/")",
       .objects_max = 10'000},
      {.name = "an array of tiny numbers",
       .fill = fill(&BadInput::tiny_numbers),
       .decode = "{ json: { records: . } }"},
      {.name = "an array of tiny numbers with a fault at its end",
       .fill = fill(&BadInput::spoilt_numbers),
       .decode = "{ json: { records: . } }",
       .sets_aside = true},
      {.name = "bad rows of CSV",
       .fill = fill(&BadInput::bad_rows),
       .decode = "csv",
       .sets_aside = true},
      {.name = "a nested record through flatten",
       .fill = fill(&BadInput::nested),
       .transform = "flatten: {}",
       .sets_aside = true},
      {.name = "tiny members through flatten",
       .fill = fill(&BadInput::wide),
       .transform = "flatten: {}"},
      {.name = "a field copied thirty times",
       .fill = fill(&BadInput::large_field),
       .transform = "set: { " + BadInput::copies(30) + " }",
       .sets_aside = true},
      {.name = "small records that flatten makes large",
       .fill = fill(&BadInput::swelling),
       .transform = "flatten: {}"},
      {.name = "a field of which thirty copies just fit",
       .fill = fill(&BadInput::field),
       .transform = "set: { " + BadInput::copies(30) + " }"},
      {.name = "a field of which thirty texts just fit, on 8 workers",
       .fill = fill(&BadInput::field),
       .transform = "set: { " + BadInput::copies(30, "x{.big}") + " }",
       .workers = 8},
      {.name = "a jq program that needs all memory",
       .fill = fill(&BadInput::large_field),
       .transform = "jq: '.big |= gsub(\"x\"; \"yy\")'",
       .sets_aside = true},
      {.name = "little that becomes much through jq",
       .fill = fill(&BadInput::short_lines_few),
       .transform = "jq: '{v, x: (\"x\" * 100000)}'"},
      {.name = "zstd windows of 8 MiB on 8 workers",
       .fill = fill(&BadInput::windows),
       .workers = 8},
      {.name = "records of nearly record_max through three transforms",
       .fill = [](const fs::path& f) { return write_documents(f, 3, 4, (8 << 20) - 1'000); },
       .transform = "drop: [ .place ] }, { set: { a: \"1\" } }, { flatten: {}"},
  };
}

template <class T>
T must(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
  }
  return std::move(*result);
}

bool holds(const Scenario& scenario, const fs::path& folder) {
  fs::remove_all(folder);
  fs::create_directories(folder / "in");
  const uint64_t expected = scenario.fill(folder / "in");
  auto source = must(open_directory_store((folder / "in").string(), {}));
  auto lake = must(open_directory_store((folder / "lake").string(), {.create = true}));
  std::unique_ptr<Store> slow_source, slow_lake;
  if (scenario.source_latency)
    slow_source = make_slow_store(*source, {.latency_of = scenario.source_latency});
  if (scenario.lake_latency)
    slow_lake = make_slow_store(*lake, {.latency_of = scenario.lake_latency});
  Stores stores(slow_source ? *slow_source : *source, slow_lake ? *slow_lake : *lake);

  const std::string text =
      "name: budget\nsource: { objects: \"" + (folder / "in").string() +
      "/\" }\ndecode: " + scenario.decode + "\n" +
      (scenario.transform.empty() ? "" : "transform: [ { " + scenario.transform + " } ]\n") +
      "sink: { lake: \"" + (folder / "lake").string() + "/\", fsync: false, format: jsonl.gz" +
      scenario.partition + " }\n";
  const Job job = must(parse_job("budget.yaml", text, {}, {}, all_parts()));
  const JobParts parts = must(make_parts(job, stores));

  reset_heap_peak();
  Budget budget(memory_bytes);
  Workers workers(scenario.workers);
  InFlight in_flight(512);
  Inbox inbox;
  Clock clock;
  Chance chance;
  Meter meter;
  Resources resources{budget, workers, in_flight, inbox, clock, chance, meter, "here"};
  const RunReport report = must(run(job, parts, {UnitNames{.id = "once"}}, resources, {}));
  const size_t peak = heap_peak_bytes();
  const int code = scenario.sets_aside ? 3 : 0;
  const bool kept = report.exit_code(false) == code && report.units[0].tally.records == expected;
  const bool few = report.units[0].tally.objects <= scenario.objects_max;
  const bool small = peak <= memory_bytes + heap_slack_bytes && budget.peak() <= memory_bytes;
  std::printf(
      "%-52s %8llu records in %5llu objects, %6.2f s, heap peak %5.1f MiB of %llu + 12, budget "
      "peak %5.1f MiB  %s\n",
      scenario.name.c_str(), static_cast<unsigned long long>(report.units[0].tally.records),
      static_cast<unsigned long long>(report.units[0].tally.objects),
      static_cast<double>(report.wall) / 1e9, static_cast<double>(peak) / (1 << 20),
      static_cast<unsigned long long>(memory_bytes >> 20),
      static_cast<double>(budget.peak()) / (1 << 20),
      !kept   ? "RECORDS LOST"
      : !few  ? "TOO MANY OBJECTS"
      : small ? "holds"
              : "TOO MUCH MEMORY");
  if (report.units[0].error) std::printf("  %s\n", report.units[0].error->message.c_str());
  return kept && few && small;
}

}  // namespace
}  // namespace sluice

int main(int count, char** words) {
  using namespace sluice;
  const bool quick = count > 1 && std::string_view(words[1]) == "quick";
  const auto folder =
      std::filesystem::temp_directory_path() / ("sluice-budget-" + std::to_string(::getpid()));
  const BadInput bad(quick ? 3 : 24);
  bool good = true;
  std::vector<Scenario> all = bad_input_scenarios(bad);
  if (!quick) {
    for (Scenario& scenario : scenarios()) all.push_back(std::move(scenario));
  }
  for (const Scenario& scenario : all) good &= holds(scenario, folder);
  std::filesystem::remove_all(folder);
  return good ? 0 : 1;
}

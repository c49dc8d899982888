// json_bench [repeats]: how fast the json room is, one core, on CloudTrail records as AWS delivered
// them ($SLUICE_SHARED/data/cloudtrail-sans504), beside simdjson's DOM and memcpy in the same run.
// Best of the repeats, in GB of JSON for each second of this thread's CPU.
#include <simdjson.h>
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "json/edit.h"
#include "json/edit_plan.h"
#include "json/kernels.h"
#include "json/lines.h"
#include "json/scan.h"
#include "json/slice.h"

namespace sluice::json {
namespace {

std::string read_gzip(const std::filesystem::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  std::string text;
  char piece[64 << 10];
  for (int bytes = 0; (bytes = gzread(file, piece, sizeof piece)) > 0;) {
    text.append(piece, static_cast<size_t>(bytes));
  }
  gzclose(file);
  return text;
}

std::vector<std::string> read_documents(const std::filesystem::path& root) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".gz") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> documents;
  for (const auto& path : paths) documents.push_back(read_gzip(path));
  return documents;
}

Path path(std::string_view text) {
  return parse_path(text).value();
}

// Calls `visit` with each record of the document, read in windows of `window_bytes` at most.
template <class Visit>
void each_record(Slicer& slicer, std::string_view document, size_t window_bytes, Visit visit) {
  slicer.reset();
  std::vector<Span> spans;
  size_t begin = 0, end = 0;
  while (end < document.size()) {
    const size_t from = end - begin;
    end = std::min(document.size(), end + window_bytes);
    const std::string_view window = document.substr(begin, end - begin);
    spans.clear();
    begin += slicer.slice(window, from, spans);
    for (const Span& span : spans) visit(span.of(window));
  }
  ENSURE(slicer.finish() == Slicer::Ending::ok);
}

void measure(const char* what, size_t bytes, int repeats, const std::function<size_t()>& work) {
  Nanoseconds best = INT64_MAX;
  size_t count = 0;
  for (int i = 0; i < repeats; ++i) {
    const Nanoseconds begin = thread_cpu();
    count = work();
    best = std::min(best, thread_cpu() - begin);
  }
  std::printf("%-58s %6.2f GB/s  (%zu)\n", what,
              static_cast<double>(bytes) / static_cast<double>(best), count);
}

// The records as they came, as one document, and as lines.
struct Workload {
  explicit Workload(const std::filesystem::path& root) : documents(read_documents(root)) {
    Slicer slicer({.records = path(".Records")});
    for (const std::string& document : documents) {
      document_bytes += document.size();
      each_record(slicer, document, 1 << 20,
                  [&](std::string_view record) { records.emplace_back(record); });
    }
    joined = "{\"Records\":[";
    for (const std::string& record : records) {
      lines += record + '\n';
      joined += record + ',';
    }
    joined.back() = ']';
    joined += '}';
  }
  std::vector<std::string> documents;
  size_t document_bytes = 0;
  std::vector<std::string> records;
  std::string joined, lines;
};

std::vector<Path> three_paths() {
  return {path(".eventTime"), path(".eventID"), path(".recipientAccountId")};
}

void measure_splitters(const Workload& work, int repeats) {
  Slicer slicer({.records = path(".Records")});
  measure("Slicer, one document, windows of 1 MiB", work.joined.size(), repeats, [&] {
    size_t count = 0;
    each_record(slicer, work.joined, 1 << 20, [&](std::string_view) { ++count; });
    return count;
  });
  measure("Slicer, the documents as they came", work.document_bytes, repeats, [&] {
    size_t count = 0;
    for (const auto& document : work.documents) {
      each_record(slicer, document, 1 << 20, [&](std::string_view) { ++count; });
    }
    return count;
  });
  measure("Lines, windows of 1 MiB", work.lines.size(), repeats, [&] {
    Lines splitter;
    std::vector<Span> spans;
    size_t begin = 0, count = 0;
    for (size_t end = 0; end < work.lines.size();) {
      const size_t from = end - begin;
      end = std::min(work.lines.size(), end + (1 << 20));
      const std::string_view window = std::string_view(work.lines).substr(begin, end - begin);
      spans.clear();
      begin += splitter.split(window, from, spans);
      count += spans.size();
    }
    return count;
  });
}

void measure_scanner(const Workload& work, int repeats) {
  for (const bool wanted : {false, true}) {
    Scanner scanner(wanted ? three_paths() : std::vector<Path>());
    const char* what = wanted ? "Scanner, 3 wanted paths, each record" : "Scanner, each record";
    measure(what, work.lines.size(), repeats, [&] {
      size_t good = 0;
      for (const std::string& record : work.records) good += scanner.scan(record);
      return good;
    });
  }
  measure("Slicer and Scanner with 3 paths, one document", work.joined.size(), repeats, [&] {
    Slicer slicer({.records = path(".Records")});
    Scanner scanner(three_paths());
    size_t good = 0;
    each_record(slicer, work.joined, 1 << 20,
                [&](std::string_view record) { good += scanner.scan(record); });
    return good;
  });
}

// As it is used at its best: a parser that is kept, records that are padded already.
void measure_simdjson(const Workload& work, int repeats) {
  const std::vector<simdjson::padded_string> padded(work.records.begin(), work.records.end());
  for (const char* name : {"haswell", "icelake"}) {
    const auto* implementation = simdjson::get_available_implementations()[name];
    if (implementation == nullptr || !implementation->supported_by_runtime_system()) continue;
    simdjson::get_active_implementation() = implementation;
    const std::string what = "simdjson DOM (" + std::string(name) + "), each record, padded";
    measure(what.c_str(), work.lines.size(), repeats, [&] {
      simdjson::dom::parser parser;
      size_t good = 0;
      for (const auto& record : padded) good += parser.parse(record).error() == simdjson::SUCCESS;
      return good;
    });
  }
}

// A record of `members` fields, `count` of which are dropped: one edit for each, and all in one
// pass. Microseconds for each record.
void measure_drops(size_t members, size_t count, int repeats) {
  std::string record = "{";
  for (size_t i = 0; i < members; ++i) {
    if (i > 0) record += ',';
    record += "\"field" + std::to_string(i) + "\":\"" + std::string(30, 'v') + '"';
  }
  record += '}';
  std::vector<EditWord> words;
  for (size_t i = 0; i < count; ++i) {
    const Path at = path(".field" + std::to_string(i * members / count));
    words.push_back({.verb = EditWord::Verb::drop, .path = at});
  }
  const auto plan = EditPlan::of(words);
  ENSURE(plan.has_value());
  const size_t records = 1 + 200'000 / record.size();
  const auto best_of = [&](const auto& edit) {
    Nanoseconds best = INT64_MAX;
    for (int i = 0; i < repeats; ++i) {
      const Nanoseconds begin = thread_cpu();
      for (size_t j = 0; j < records; ++j) edit();
      best = std::min(best, thread_cpu() - begin);
    }
    return static_cast<double>(best) / static_cast<double>(records) / 1e3;
  };
  std::string text, out;
  const double each = best_of([&] {
    text = record;
    for (const EditWord& word : words) {
      out.clear();
      ENSURE(drop(text, word.path, out).ok());
      std::swap(text, out);
    }
  });
  const double at_once = best_of([&] {
    out.clear();
    ENSURE(plan->apply(record, {}, UINT64_MAX, out) == EditPlan::Outcome::changed);
  });
  std::printf("drop %4zu of %4zu fields: one after the other %9.2f us, in one pass %7.2f us\n",
              count, members, each, at_once);
}

void run(const std::filesystem::path& root, int repeats) {
  const Workload work(root);
  std::printf("%zu documents, %zu records, %.1f MB, kernels: %s\n", work.documents.size(),
              work.records.size(), static_cast<double>(work.lines.size()) / 1e6, kernels().name);
  std::string copy(work.lines.size(), ' ');
  measure("memcpy", work.lines.size(), repeats, [&] {
    std::memcpy(copy.data(), work.lines.data(), work.lines.size());
    return static_cast<size_t>(copy[copy.size() / 2]);
  });
  measure_splitters(work, repeats);
  measure_scanner(work, repeats);
  measure_simdjson(work, repeats);
  measure("set of a value, each record", work.lines.size(), repeats, [&] {
    std::string out;
    size_t bytes = 0;
    for (const std::string& record : work.records) {
      out.clear();
      ENSURE(set(record, path(".eventTime"), "\"2024-02-08T00:00:00Z\"", out).ok());
      bytes += out.size();
    }
    return bytes;
  });
  for (const size_t members : {30, 300, 3'000}) {
    for (const size_t count : {size_t{1}, size_t{20}, members}) {
      if (count <= members) measure_drops(members, count, repeats);
    }
  }
}

}  // namespace
}  // namespace sluice::json

int main(int argc, char** argv) {
  const char* shared = std::getenv("SLUICE_SHARED");
  if (shared == nullptr) {
    std::printf("skipped: json_bench needs ../shared/data (set SLUICE_SHARED)\n");
    return 0;
  }
  const int repeats = argc > 1 ? std::atoi(argv[1]) : 20;
  sluice::json::run(std::filesystem::path(shared) / "data/cloudtrail-sans504", repeats);
}

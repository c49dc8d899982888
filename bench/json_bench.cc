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

void run(const std::filesystem::path& root, int repeats) {
  const std::vector<std::string> documents = read_documents(root);
  Slicer slicer({.records = path(".Records")});
  std::vector<std::string> records;
  size_t document_bytes = 0;
  for (const std::string& document : documents) {
    document_bytes += document.size();
    each_record(slicer, document, 1 << 20,
                [&](std::string_view record) { records.emplace_back(record); });
  }
  std::string lines, joined = "{\"Records\":[";
  for (const std::string& record : records) {
    lines += record + '\n';
    joined += record + ',';
  }
  joined.back() = ']';
  joined += '}';
  std::printf("%zu documents, %zu records, %.1f MB, kernels: %s\n", documents.size(),
              records.size(), static_cast<double>(lines.size()) / 1e6, kernels().name);

  std::string copy(lines.size(), ' ');
  measure("memcpy", lines.size(), repeats, [&] {
    std::memcpy(copy.data(), lines.data(), lines.size());
    return static_cast<size_t>(copy[copy.size() / 2]);
  });
  measure("Slicer, one document, windows of 1 MiB", joined.size(), repeats, [&] {
    size_t count = 0;
    each_record(slicer, joined, 1 << 20, [&](std::string_view) { ++count; });
    return count;
  });
  measure("Slicer, the documents as they came", document_bytes, repeats, [&] {
    size_t count = 0;
    for (const auto& document : documents) {
      each_record(slicer, document, 1 << 20, [&](std::string_view) { ++count; });
    }
    return count;
  });
  measure("Lines, windows of 1 MiB", lines.size(), repeats, [&] {
    Lines splitter;
    std::vector<Span> spans;
    size_t begin = 0, count = 0;
    for (size_t end = 0; end < lines.size();) {
      const size_t from = end - begin;
      end = std::min(lines.size(), end + (1 << 20));
      spans.clear();
      begin += splitter.split(std::string_view(lines).substr(begin, end - begin), from, spans);
      count += spans.size();
    }
    return count;
  });
  const std::vector<Path> three = {path(".eventTime"), path(".eventID"),
                                   path(".recipientAccountId")};
  for (const size_t wanted : {size_t{0}, size_t{3}}) {
    Scanner scanner({three.begin(), three.begin() + static_cast<ptrdiff_t>(wanted)});
    const std::string what = "Scanner, each record, wanted paths: " + std::to_string(wanted);
    measure(what.c_str(), lines.size(), repeats, [&] {
      size_t good = 0;
      for (const std::string& record : records) good += scanner.scan(record);
      return good;
    });
  }
  measure("Slicer and Scanner with 3 paths, one document", joined.size(), repeats, [&] {
    Scanner scanner(three);
    size_t good = 0;
    each_record(slicer, joined, 1 << 20,
                [&](std::string_view record) { good += scanner.scan(record); });
    return good;
  });
  std::vector<simdjson::padded_string> padded(records.begin(), records.end());
  for (const char* name : {"haswell", "icelake"}) {
    const auto* implementation = simdjson::get_available_implementations()[name];
    if (implementation == nullptr || !implementation->supported_by_runtime_system()) continue;
    simdjson::get_active_implementation() = implementation;
    const std::string what = "simdjson DOM (" + std::string(name) + "), each record, padded";
    measure(what.c_str(), lines.size(), repeats, [&] {
      simdjson::dom::parser parser;
      size_t good = 0;
      for (const auto& record : padded) good += parser.parse(record).error() == simdjson::SUCCESS;
      return good;
    });
  }
  measure("set of a new member, each record", lines.size(), repeats, [&] {
    std::string out;
    size_t bytes = 0;
    for (const std::string& record : records) {
      out.clear();
      ENSURE(set(record, three[0], "\"2024-02-08T00:00:00Z\"", out).ok());
      bytes += out.size();
    }
    return bytes;
  });
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

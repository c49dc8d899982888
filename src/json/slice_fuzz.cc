// Any document, cut anywhere: the records are the same in one piece, byte by byte and in random
// pieces; slicer and scanner together accept what the scanner alone accepts; all kernels answer
// alike.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/clock.h"
#include "json/kernels.h"
#include "json/slice.h"

namespace sluice::json {
namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

struct Sliced {
  std::vector<std::string> records;
  std::vector<Oversize> oversize;
  std::vector<std::string> envelope;
  Slicer::Ending ending = Slicer::Ending::ok;
  uint64_t fault_offset = 0;
  std::string_view fault;
  bool operator==(const Sliced&) const = default;
};

constexpr const char* records_paths[] = {".R", ".", ".a.R", ".[1]", "/a/0", ".\"\""};

Slicer::Options make_options(uint8_t choice) {
  Slicer::Options options;
  options.records = parse_path(records_paths[choice % std::size(records_paths)]).value();
  options.record_max = choice & 0x80 ? 10 : 1 << 20;
  for (const char* path : {".t", ".a", ".a.t"})
    options.envelope.push_back(parse_path(path).value());
  return options;
}

// In pieces of one byte, of random size, or in one.
enum class Pieces : uint8_t { bytes, random, whole };

Sliced slice(std::string_view document, const Slicer::Options& options, Pieces pieces) {
  Slicer slicer(options);
  Sliced sliced;
  Chance chance(document.size());
  std::string window;
  std::vector<Span> spans;
  while (!document.empty()) {
    const size_t most = pieces == Pieces::bytes   ? 1
                        : pieces == Pieces::whole ? SIZE_MAX
                                                  : 1 + chance.below(150);
    const size_t from = window.size();
    window += document.substr(0, most);
    document.remove_prefix(std::min(most, document.size()));
    const std::vector<char> exact(window.begin(), window.end());
    const size_t done = slicer.slice({exact.data(), exact.size()}, from, spans);
    for (const Span& span : spans) sliced.records.emplace_back(span.of(window));
    spans.clear();
    window.erase(0, done);
    must(window.size() <= options.record_max);
  }
  sliced.ending = slicer.finish();
  sliced.oversize = slicer.take_oversize();
  for (size_t i = 0; i < options.envelope.size(); ++i) {
    sliced.envelope.emplace_back(slicer.envelope(i).value_or("-"));
  }
  if (sliced.ending == Slicer::Ending::bad) {
    sliced.fault_offset = slicer.fault().offset;
    sliced.fault = slicer.fault().reason;
  }
  return sliced;
}

void compare_acceptance(std::string_view document, const Sliced& sliced,
                        const Slicer::Options& options) {
  Scanner whole(options.envelope);
  const bool accepted = whole.scan(document);
  Scanner scanner;
  const auto good = [&](const std::string& record) { return scanner.scan(record); };
  const bool both = sliced.ending != Slicer::Ending::bad &&
                    std::all_of(sliced.records.begin(), sliced.records.end(), good);
  if (!accepted && whole.fault().reason == "deeper than 1024") return;
  if (sliced.fault == Slicer::records_twice) return;
  must(accepted == both);
  if (!accepted) return;
  for (size_t i = 0; i < options.envelope.size(); ++i) {
    const std::string& kept = sliced.envelope[i];
    if (kept != "-") must(whole.raw(i) == kept);
    // Inside or around the records it isn't kept.
    if (kept == "-" && sliced.ending == Slicer::Ending::no_records) must(!whole.raw(i));
  }
}

void compare_kernels(std::string_view text) {
  std::vector<size_t> answers;
  for (const Kernels* kernels : all_kernels()) {
    Skim skim;
    uint64_t escaped = 0;
    answers.push_back(kernels->skim(text.data(), text.size(), skim));
    answers.push_back(skim.depth);
    answers.push_back(kernels->string_end(text.data(), text.size(), escaped));
    answers.push_back(escaped);
    must(std::equal(answers.begin(), answers.begin() + 4, answers.end() - 4));
  }
}

void check(uint8_t choice, std::string_view document) {
  const Slicer::Options options = make_options(choice);
  const Sliced whole = slice(document, options, Pieces::whole);
  must(slice(document, options, Pieces::bytes) == whole);
  must(slice(document, options, Pieces::random) == whole);
  if (whole.oversize.empty()) compare_acceptance(document, whole, options);
  compare_kernels(document);
}

}  // namespace
}  // namespace sluice::json

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::vector<char> exact(data + 1, data + size);
  sluice::json::check(data[0], {exact.data(), exact.size()});
  return 0;
}

#include "golden_job.h"

#include <algorithm>
#include <array>
#include <map>

#include "app/parts.h"
#include "app/stores.h"
#include "base/text.h"
#include "base/time.h"
#include "codec/gzip_encoder.h"
#include "job/job_file.h"
#include "job/run.h"
#include "job/yaml.h"
#include "report/costs.h"
#include "store/memory.h"
#include "unpacked.h"

namespace sluice {
namespace {

constexpr std::string_view given_folder = "given/";
constexpr uint64_t memory_bytes = 64 << 20;

Error wrong(std::string message) {
  return {ErrorKind::invalid, std::move(message)};
}

// The block below "job:", moved to the left.
std::string job_text(std::string_view text) {
  std::string out;
  bool inside = false;
  for (const std::string_view line : split(text, '\n')) {
    const bool indented = line.empty() || line.starts_with("  ");
    if (inside && !indented) break;
    if (inside) out += std::string(line.substr(std::min<size_t>(2, line.size()))) + "\n";
    if (line == "job:") inside = true;
  }
  return out;
}

// ---- what is given
// -------------------------------------------------------------------------------

std::string from_base64(std::string_view text) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t value = digits.find(c);
    if (value == std::string_view::npos) continue;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return out;
}

std::string gzipped(std::string_view text) {
  const auto encoder = make_gzip_encoder();
  Encoded encoded;
  encoded.bytes = Buffer(encoder->encoded_bytes_max(text.size()));
  ENSURE(encoder->encode(nullptr, text, true, encoded).ok());
  return encoder->header() + std::string(encoded.bytes.view()) +
         encoder->trailer(encoded.crc32, encoded.raw_bytes);
}

uint64_t number_at(const Node& node, std::string_view key) {
  const Node* found = node.find(key);
  return found == nullptr ? 0 : parse_number<uint64_t>(found->text).value_or(0);
}

std::string text_at(const Node& node, std::string_view key) {
  const Node* found = node.find(key);
  return found == nullptr ? std::string() : found->text;
}

std::string given_bytes(const Node& node) {
  std::string bytes;
  if (node.kind == Node::Kind::list) {
    for (const Node& item : node.items) bytes += given_bytes(item);
    return bytes;
  }
  if (node.kind != Node::Kind::map) return node.text;
  for (uint64_t i = 0; i < number_at(node, "times"); ++i) bytes += text_at(node, "repeat");
  bytes += text_at(node, "text") + from_base64(text_at(node, "base64"));
  if (node.find("gzip") != nullptr) bytes = gzipped(bytes);
  bytes.resize(bytes.size() - std::min<size_t>(bytes.size(), number_at(node, "drop_last")));
  return bytes;
}

// ---- what has come out
// ---------------------------------------------------------------------------

// Data objects as others read them, strictly; what is wrong with one stands in its text.
std::string text_of(const std::string& key, const std::string& object) {
  const auto text = unpacked(key, object);
  if (text.ok()) return *text;
  return text.error().kind == ErrorKind::invalid ? object : "<" + text.error().message + ">";
}

std::map<std::string, uint64_t> figures(const RunReport& run) {
  const Tally sum = report::total(run);
  return {{"documents", sum.documents},
          {"records", sum.records},
          {"objects", sum.objects},
          {"set_aside", sum.set_aside()},
          {"documents_set_aside", sum.documents_set_aside},
          {"documents_partial", sum.documents_partial},
          {"records_set_aside", sum.records_set_aside},
          {"filtered", sum.filtered},
          {"duplicates", sum.duplicates},
          {"conflicts", sum.conflicts}};
}

class GoldenJob {
 public:
  explicit GoldenJob(const Node& root) : root_(root) {}

  Result<GoldenResult> run(std::string_view file_name, std::string_view text) {
    result_.title = text_at(root_, "title");
    const Node* expect = root_.find("expect");
    if (expect == nullptr || result_.title.empty()) return wrong("`title` and `expect` are needed");
    expect_ = expect;
    auto job = parse_job(file_name, job_text(text), {}, {}, all_parts());
    if (!job.ok()) {
      compare_ending(2, job.error().message);
      return std::move(result_);
    }
    auto report = run_job(*job);
    if (!report.ok()) {
      compare_ending(report.error().kind == ErrorKind::invalid ? 2 : 1, report.error().message);
      return std::move(result_);
    }
    compare(*job, *report);
    return std::move(result_);
  }

 private:
  Result<RunReport> run_job(const Job& job) {
    const PathPattern* pattern = source_pattern(job);
    const Node* given = root_.find("given");
    if (pattern == nullptr ? given != nullptr : !pattern->store().starts_with(given_folder)) {
      return wrong("what is given must be objects below given/");
    }
    if (given != nullptr) {
      const std::string folder = pattern->store().substr(given_folder.size());
      for (const Node::Entry& entry : given->entries) {
        if (!entry.key.starts_with(folder)) continue;
        TRY(call(*source_, Put{.key = Key(entry.key.substr(folder.size())),
                               .body = given_bytes(entry.value)}));
      }
    }
    Stores stores(*source_, *lake_);
    const JobParts parts = TRY(make_parts(job, stores));
    Budget budget(memory_bytes);
    Inbox inbox;
    Workers workers(2);
    InFlight in_flight(16);
    const StoppedClock clock(*parse_time("2026-08-24T12:00:00Z"));
    Chance chance(1);
    Meter meter;
    Resources resources{budget, workers, in_flight, inbox, clock, chance, meter, "test"};
    UnitsAsked asked;
    if (const Node* units = root_.find("units")) {
      for (const Node& unit : units->items) asked.ids.push_back(unit.text);
    }
    auto units = TRY(plan_units(job.units, job.zone, asked, clock.wall()));
    return sluice::run(job, parts, std::move(units), resources, {});
  }

  void differ(std::string difference) { result_.differences.push_back(std::move(difference)); }

  void compare(const Job& job, const RunReport& report) {
    std::string error = join(report.errors, "; ");
    for (const UnitReport& unit : report.units) {
      if (unit.error) error += unit.error->message;
    }
    compare_ending(report.exit_code(job.ok_set_aside), error);
    compare_lake();
    const auto found = figures(report);
    if (const Node* wanted = expect_->find("report")) {
      for (const Node::Entry& entry : wanted->entries) {
        const auto figure = found.find(entry.key);
        if (figure == found.end()) {
          differ("report: there is no " + entry.key);
        } else if (std::to_string(figure->second) != entry.value.text) {
          differ("report: " + entry.key + " is " + std::to_string(figure->second) + ", not " +
                 entry.value.text);
        }
      }
    }
    std::vector<std::string> reasons, warnings;
    for (const UnitReport& unit : report.units) {
      for (const SetAside& what : unit.set_aside)
        reasons.push_back(what.document + ": " + what.reason);
      warnings.insert(warnings.end(), unit.warnings.begin(), unit.warnings.end());
    }
    compare_texts("set_aside", reasons);
    compare_texts("warnings", warnings);
    if (!lake_->open_uploads().empty()) differ("an upload is still open");
  }

  void compare_ending(int exit_code, const std::string& error) {
    const Node* wanted = expect_->find("exit");
    const std::string code = wanted == nullptr ? "0" : wanted->text;
    if (code != std::to_string(exit_code)) {
      differ("exit " + std::to_string(exit_code) + ", not " + code + ": " + error);
    }
    const std::string words = text_at(*expect_, "error");
    if (error.find(words) == std::string::npos)
      differ("error: " + error + "\n        not: " + words);
  }

  void compare_texts(std::string_view name, const std::vector<std::string>& found) {
    const Node* wanted = expect_->find(name);
    if (wanted == nullptr) return;
    for (size_t i = 0; i < std::max(found.size(), wanted->items.size()); ++i) {
      const std::string is = i < found.size() ? found[i] : "nothing";
      const std::string should_be = i < wanted->items.size() ? wanted->items[i].text : "nothing";
      if (i >= wanted->items.size() || is.find(should_be) == std::string::npos) {
        differ(std::string(name) + ": " + is + "\n        not: " + should_be);
      }
    }
  }

  // Objects by key, those of a folder that is expected together.
  void compare_lake() {
    std::map<std::string, std::string> wanted, found;
    if (const Node* lake = expect_->find("lake")) {
      for (const Node::Entry& entry : lake->entries) wanted[entry.key] = entry.value.text;
    }
    for (const auto& [key, bytes] : lake_->objects()) {
      const std::string folder = key.str().substr(0, key.str().rfind('/') + 1);
      if (wanted.contains(key.str())) {
        found[key.str()] = text_of(key.str(), bytes);
      } else if (wanted.contains(folder) || !key.view().starts_with("_sluice/")) {
        found[wanted.contains(folder) ? folder : key.str()] += text_of(key.str(), bytes);
      }
    }
    for (const auto& [key, text] : found) {
      if (!wanted.contains(key)) differ("lake: " + key + " is there:\n" + text);
    }
    for (const auto& [key, text] : wanted) {
      if (!found.contains(key)) {
        differ("lake: " + key + " is missing");
      } else if (found[key] != text) {
        differ("lake: " + key + " holds\n" + found[key] + "        not\n" + text);
      }
    }
  }

  const Node& root_;
  const Node* expect_ = nullptr;
  std::unique_ptr<MemoryStore> source_ = make_memory_store("given/"),
                               lake_ = make_memory_store("lake/");
  GoldenResult result_;
};

}  // namespace

Result<GoldenResult> run_golden_job(std::string_view file_name, std::string_view text) {
  const Node root = TRY(parse_yaml(file_name, text));
  return GoldenJob(root).run(file_name, text);
}

}  // namespace sluice

#include "records.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/clock.h"
#include "base/text.h"
#include "http_server/times.h"
#include "json_scan.h"

namespace sluice::fake_api {
namespace {

// Ids start above 2^53, where a double is no longer exact, and have 16 digits.
constexpr uint64_t first_id = 9'007'199'254'740'993;
constexpr int64_t first_second = 1'793'491'200;  // 2026-11-01T00:00:00Z
constexpr int64_t day_seconds = 86'400;
constexpr uint64_t days_interleaved = 5;

template <size_t N>
std::string_view one_of(const std::array<std::string_view, N>& words, Chance& chance) {
  return words[chance.below(N)];
}

constexpr std::array<std::string_view, 8> consequences = {
    "missense_variant",   "synonymous_variant", "intron_variant",      "stop_gained",
    "frameshift_variant", "splice_acceptor",    "5_prime_UTR_variant", "downstream_gene_variant"};
constexpr std::array<std::string_view, 6> names = {"BRCA1",
                                                   "TP53",
                                                   "caf\u00e9 \u2014 M\u00fcnchen",
                                                   "\u6771\u4eac",
                                                   "na\\u00efve \\\"quoted\\\"",
                                                   "\U0001F9EC gene"};

// One of many alike: what makes a record large, and compress well.
void append_annotation(Chance& chance, std::string& out) {
  out += R"({"consequence":")";
  out += one_of(consequences, chance);
  out += R"(","transcript":{"identifier":"ENST)";
  append_padded(chance.below(100'000'000), 11, out);
  out += R"(","biotype":"protein_coding","canonical":)";
  out += chance.below(4) == 0 ? "true" : "false";
  out += R"(,"gene":{"symbol":")";
  out += one_of(names, chance);
  out += R"(","source":"HGNC","strand":)";
  out += chance.below(2) == 0 ? "1" : "-1";
  out += R"(}},"frequency":{"overall":0.)";
  append_padded(chance.below(10'000'000), 7, out);
  out += R"(,"homozygotes":0,"populations":["afr","amr","eas","nfe"]},"position":)";
  out += std::to_string(12'345'678'901'234'567'890U - chance.below(1'000'000));
  out += R"(,"score":1.10,"evidence":null,"review_status":"criteria_provided_single_submitter"})";
}

constexpr std::string_view body_front =
    R"("kind":"variant","source":{"name":"registry","release":"2026.11","build":"GRCh38"},"tags":["a","b"],"annotations":[)";
constexpr std::string_view body_back = R"(],"note":"end"})";

std::string make_body(uint64_t seed, uint64_t number, uint64_t bytes) {
  Chance chance(seed * 1'000'003 + number);
  for (int i = 0; i < 4; ++i) chance.next();
  std::string body(body_front);
  bool is_first = true;
  std::string one;
  for (;;) {
    one.clear();
    append_annotation(chance, one);
    if (body.size() + one.size() + body_back.size() > bytes) break;
    if (!is_first) body += ',';
    is_first = false;
    body += one;
  }
  return body.append(body_back);
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Error{ErrorKind::invalid, "--documents: " + path + ": can't be read"};
  return std::move(text).str();
}

void append_time(int64_t seconds, std::string& out) {
  http_server::append_iso_date(seconds, out);
  out.resize(out.size() - 5);  // No milliseconds
  out += 'Z';
}

}  // namespace

Result<Records> Records::make(const RecordOptions& options) {
  Records records;
  records.options_ = options;
  for (const std::string& what : options.documents) TRY(records.load(what));
  records.count_ = options.documents.empty() ? options.count : records.documents_.size();
  if (!options.documents.empty()) return records;
  if (options.bodies == 0) return Error{ErrorKind::invalid, "--bodies: at least 1"};
  const uint64_t head_bytes = records.head(0, Times::ascending).size();
  const uint64_t bytes = options.record_bytes - std::min(options.record_bytes, head_bytes);
  for (uint64_t i = 0; i < options.bodies; ++i)
    records.bodies_.push_back(make_body(options.seed, i, bytes));
  return records;
}

Status Records::load(const std::string& what) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (fs::is_directory(what, ignored)) {
    std::vector<std::string> paths;
    for (const auto& entry : fs::directory_iterator(what, ignored)) {
      if (entry.path().extension() == ".json") paths.push_back(entry.path().string());
    }
    std::sort(paths.begin(), paths.end());
    for (const std::string& path : paths) {
      texts_.push_back(TRY(read_file(path)));
      documents_.push_back(trim(texts_.back()));
    }
    return {};
  }
  const size_t colon = what.rfind(':');
  const bool has_path = colon != what.npos && !fs::exists(what, ignored);
  texts_.push_back(TRY(read_file(has_path ? what.substr(0, colon) : what)));
  const auto found =
      json_elements(json_at(texts_.back(), has_path ? what.substr(colon + 1) : std::string()));
  if (found.empty()) return Error{ErrorKind::invalid, "--documents: " + what + ": no array there"};
  documents_.insert(documents_.end(), found.begin(), found.end());
  return {};
}

void Records::set_count(uint64_t count) {
  if (documents_.empty()) count_ = count;
}

std::string Records::id(uint64_t index) const {
  return std::to_string(first_id + index);
}

uint64_t Records::index_of_id(std::string_view id) const {
  const auto number = parse_number<uint64_t>(id);
  if (!number || *number < first_id || *number - first_id >= count_) return count_;
  return *number - first_id;
}

int64_t Records::updated_at(uint64_t index, Times times) const {
  if (times == Times::ascending) {
    return first_second + static_cast<int64_t>(index) * options_.seconds_apart;
  }
  return first_second + static_cast<int64_t>(index % days_interleaved) * day_seconds +
         static_cast<int64_t>(index / days_interleaved % day_seconds);
}

Span Records::between(int64_t from_seconds, int64_t to_seconds) const {
  const auto first_from = [this](int64_t seconds) -> uint64_t {
    const int64_t after = seconds - first_second;
    if (after <= 0) return 0;
    const auto apart = static_cast<uint64_t>(std::max<int64_t>(options_.seconds_apart, 1));
    return std::min(count_, (static_cast<uint64_t>(after) + apart - 1) / apart);
  };
  const uint64_t first = first_from(from_seconds);
  return {first, std::max(first, first_from(to_seconds)) - first};
}

std::string Records::head(uint64_t index, Times times) const {
  std::string text = R"({"id":)";
  text += id(index);
  text += R"(,"index":)";
  text += std::to_string(index);
  text += R"(,"updated_at":")";
  append_time(updated_at(index, times), text);
  text += "\",";
  return text;
}

void Records::append(Span span, std::string_view between, Times times, Rope& out) const {
  for (uint64_t i = span.first; i < span.first + span.count; ++i) {
    const std::string_view before = i > span.first ? between : std::string_view();
    if (documents_.empty()) {
      out.add_own(std::string(before) + head(i, times));
      out.add(bodies_[i % bodies_.size()]);
    } else {
      out.add(before);
      out.add(documents_[i]);
    }
  }
}

std::string Records::record(uint64_t index, Times times) const {
  if (!documents_.empty()) return std::string(documents_[index]);
  return head(index, times) + bodies_[index % bodies_.size()];
}

std::string Records::csv_row(uint64_t index) const {
  std::string row = id(index) + "," + std::to_string(index) + ",";
  append_time(updated_at(index, Times::ascending), row);
  row += R"(,"he said ""hi"", )";
  row += index % 3 == 0 ? "caf\u00e9\nline two" : "plain";
  return row += "\"\n";
}

}  // namespace sluice::fake_api

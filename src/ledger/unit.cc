#include "ledger/unit.h"

#include <algorithm>

namespace sluice::ledger {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool in_extension(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || c == '.';
}

// May the first `length` bytes of `key` be what the piece says?
bool fits(const NamePiece& piece, std::string_view part) {
  switch (piece.kind) {
    case NamePiece::Kind::text:
      return part == piece.text;
    case NamePiece::Kind::number:
      return part.size() >= 5 && std::ranges::all_of(part, is_digit);
    case NamePiece::Kind::value:
      return !part.empty() && part.find('/') == part.npos;
    case NamePiece::Kind::folders:
      return part.empty() || part.ends_with('/');
    case NamePiece::Kind::extension:
      return part.empty() || (part.front() == '.' && std::ranges::all_of(part, in_extension));
    case NamePiece::Kind::known_extension:
      return is_object_extension(part);
  }
  return false;
}

}  // namespace

bool is_object_extension(std::string_view text) {
  for (const std::string_view wrapping : {".gz", ".zst", ".bz2", ".xz"}) {
    if (!text.ends_with(wrapping)) continue;
    text.remove_suffix(wrapping.size());
    break;
  }
  constexpr std::string_view kinds[] = {"",      ".jsonl", ".ndjson", ".json", ".parquet",
                                        ".avro", ".csv",   ".txt",    ".raw"};
  return std::ranges::find(kinds, text) != std::end(kinds);
}

// Which prefixes of the key the first k pieces can be, piece by piece: never exponential.
namespace {

bool matches(const std::vector<NamePiece>& pieces, std::string_view key) {
  std::vector<bool> reached(key.size() + 1, false);
  reached[0] = true;
  for (const NamePiece& piece : pieces) {
    std::vector<bool> next(key.size() + 1, false);
    for (size_t begin = 0; begin <= key.size(); ++begin) {
      if (!reached[begin]) continue;
      for (size_t end = begin; end <= key.size(); ++end) {
        if (!next[end] && fits(piece, key.substr(begin, end - begin))) next[end] = true;
      }
    }
    reached = std::move(next);
  }
  return reached[key.size()];
}

}  // namespace

bool Names::is_unit_key(std::string_view key) const {
  if (!key.starts_with(lake_prefix)) return false;
  key.remove_prefix(lake_prefix.size());
  return matches(pieces, key) || (!copies.empty() && matches(copies, key));
}

Names Names::of_unit(std::string lake_prefix, std::string unit) {
  using Kind = NamePiece::Kind;
  return {
      std::move(lake_prefix),
      {{Kind::folders}, {Kind::text, std::move(unit) + "-"}, {Kind::number}, {Kind::extension}}};
}

Names Names::of_template(std::string lake_prefix, std::vector<NamePiece> pieces) {
  return {std::move(lake_prefix), std::move(pieces)};
}

Key Unit::record_key() const {
  return Key(state_prefix + job + "/" + unit_file_name(id) + ".json");
}
Key Unit::catalogue_key() const {
  return Key(state_prefix + job + "/" + unit_file_name(id) + ".catalogue");
}
std::string Unit::side_prefix() const {
  return state_prefix + job + "/" + unit_file_name(id) + "/";
}
std::string Unit::inputs_file(uint64_t epoch, uint64_t piece) const {
  const std::string number = piece == 0 ? "" : "." + std::to_string(piece);
  return unit_file_name(id) + "/" + std::to_string(epoch) + ".inputs" + number + ".json";
}
Key Unit::side_key(std::string_view file) const {
  return Key(state_prefix + job + "/" + std::string(file));
}
Key Unit::manifest_key(uint64_t end) const {
  return Key(side_prefix() + std::to_string(end) + ".json");
}
Mark Unit::mark(uint64_t epoch) const {
  return Mark(job + "/" + unit_file_name(id) + "/" + std::to_string(epoch));
}

std::string unit_file_name(std::string_view id) {
  std::string name;
  for (const char c : id) {
    if (c == '/')
      name += "%2F";
    else if (c == '%')
      name += "%25";
    else
      name += c;
  }
  return name;
}

std::optional<std::string> unit_of_record_key(std::string_view file) {
  if (!file.ends_with(".json") || file.find('/') != file.npos) return std::nullopt;
  file.remove_suffix(5);
  std::string id;
  for (size_t i = 0; i < file.size(); ++i) {
    if (file.substr(i, 3) == "%2F")
      id += '/', i += 2;
    else if (file.substr(i, 3) == "%25")
      id += '%', i += 2;
    else if (file[i] == '%')
      return std::nullopt;
    else
      id += file[i];
  }
  if (id.empty()) return std::nullopt;
  return id;
}

}  // namespace sluice::ledger

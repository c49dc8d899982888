#include "bad_input.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr size_t whole_bytes = 3 << 20;  // A document that comes in one piece

void write(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string repeated(std::string_view piece, size_t bytes) {
  std::string text;
  text.reserve(bytes + piece.size());
  while (text.size() < bytes) text += piece;
  return text;
}

// The same text as one document that goes piece by piece, and as some that come whole.
uint64_t write_both(const fs::path& folder, const std::string& name, std::string_view line,
                    size_t bytes) {
  write(fs::path(folder) / ("a." + name), repeated(line, std::max<size_t>(bytes, 5 << 20)));
  uint64_t lines = (std::max<size_t>(bytes, 5 << 20) + line.size() - 1) / line.size();
  for (int i = 0; i < 4; ++i) {
    write(fs::path(folder) / ("b" + std::to_string(i) + "." + name), repeated(line, whole_bytes));
    lines += (whole_bytes + line.size() - 1) / line.size();
  }
  return lines;
}

std::string array_of(size_t bytes) {
  std::string text = "[" + repeated("1,", bytes);
  text.back() = ']';
  return text;
}

// RFC 8878, 3.1.1: magic, no content size, a window of 2^(10 + 13) bytes, then blocks as they are,
// each behind three bytes: whether it is the last, its type (0), its size.
std::string stored_frame(const std::string& text) {
  constexpr size_t block_bytes_max = 128 << 10;
  std::string frame = {'\x28', '\xb5', '\x2f', '\xfd', '\0', '\x68'};
  for (size_t at = 0; at < text.size(); at += block_bytes_max) {
    const size_t bytes = std::min(block_bytes_max, text.size() - at);
    const size_t head = bytes << 3 | (at + bytes == text.size() ? 1 : 0);
    for (const int shift : {0, 8, 16}) frame += static_cast<char>(head >> shift & 0xff);
    frame += text.substr(at, bytes);
  }
  return frame;
}

}  // namespace

uint64_t BadInput::bad_lines(const std::string& folder) const {
  write_both(folder, "jsonl", "}\n", bytes_);
  return 0;
}

uint64_t BadInput::digit_lines(const std::string& folder) const {
  return write_both(folder, "jsonl", "1\n", bytes_);
}

uint64_t BadInput::short_lines(const std::string& folder) const {
  return write_both(folder, "jsonl", "{\"t\":1700000000,\"v\":1}\n", bytes_);
}

uint64_t BadInput::short_lines_few(const std::string& folder) const {
  write(fs::path(folder) / "few.jsonl", repeated("{\"t\":1700000000,\"v\":1}\n", 23 * 500));
  return 500;
}

uint64_t BadInput::tiny_numbers(const std::string& folder) const {
  write(fs::path(folder) / "a.json", array_of(bytes_));
  for (int i = 0; i < 4; ++i) {
    write(fs::path(folder) / ("b" + std::to_string(i) + ".json"), array_of(whole_bytes));
  }
  return bytes_ / 2 + 4 * (whole_bytes / 2);
}

// Whole documents: they are set aside whole.
uint64_t BadInput::spoilt_numbers(const std::string& folder) const {
  for (int i = 0; i < 4; ++i) {
    std::string text = array_of(whole_bytes);
    text.insert(text.size() - 1, "x");
    write(fs::path(folder) / ("b" + std::to_string(i) + ".json"), text);
  }
  return 0;
}

uint64_t BadInput::bad_rows(const std::string& folder) const {
  for (int i = 0; i < 3; ++i) {
    write(fs::path(folder) / ("a" + std::to_string(i) + ".csv"), "a,b\n" + repeated("3\n", bytes_));
  }
  return 0;
}

// Long keys inside each other, and members at the bottom: each of them gets all the keys.
uint64_t BadInput::nested(const std::string& folder) const {
  const std::string key = "\"" + std::string(1'000, 'k') + "\":";
  std::string text = repeated("{" + key, 500 * key.size());
  const auto depth = static_cast<size_t>(std::count(text.begin(), text.end(), '{'));
  text += "{\"n\":0";
  for (int i = 0; i < 2'000; ++i) text += ",\"" + std::to_string(i) + "\":1";
  text += std::string(depth + 1, '}') + "\n";
  for (int i = 0; i < 4; ++i) write(fs::path(folder) / (std::to_string(i) + ".jsonl"), text);
  return 0;
}

uint64_t BadInput::wide(const std::string& folder) const {
  std::string text = "{\"o\":{\"n\":0";
  for (int i = 0; text.size() < (3 << 20); ++i) text += ",\"" + std::to_string(i) + "\":1";
  text += "}}\n";
  for (int i = 0; i < 3; ++i) write(fs::path(folder) / (std::to_string(i) + ".jsonl"), text);
  return 3;
}

uint64_t BadInput::large_field(const std::string& folder) const {
  const std::string line = "{\"big\":\"" + std::string(1 << 20, 'x') + "\"}\n";
  for (int i = 0; i < 3; ++i) write(fs::path(folder) / (std::to_string(i) + ".jsonl"), line + line);
  return 0;
}

uint64_t BadInput::swelling(const std::string& folder) const {
  std::string line = repeated("{\"" + std::string(500, 'k') + "\":", 10 * 505);
  const auto depth = static_cast<size_t>(std::count(line.begin(), line.end(), '{'));
  line += "{\"n\":0";
  for (int i = 0; i < 1'500 && depth * 500 * i < (8 << 20) - (64 << 10); ++i)
    line += ",\"" + std::to_string(i) + "\":1";
  line += std::string(depth + 1, '}') + "\n";
  write(fs::path(folder) / "a.jsonl", repeated(line, 200 * line.size()));
  for (int i = 0; i < 4; ++i)
    write(fs::path(folder) / ("b" + std::to_string(i) + ".jsonl"), line + line + line);
  return 200 + 4 * 3;
}

uint64_t BadInput::field(const std::string& folder) const {
  const std::string line = "{\"big\":\"" + std::string(200'000, 'x') + "\"}\n";
  write(fs::path(folder) / "a.jsonl", repeated(line, 40 * line.size()));
  for (int i = 0; i < 4; ++i)
    write(fs::path(folder) / ("b" + std::to_string(i) + ".jsonl"), line + line + line);
  return 40 + 4 * 3;
}

uint64_t BadInput::windows(const std::string& folder) const {
  const std::string line = "{\"text\":\"" + std::string(88, 'x') + "\"}\n";
  write(fs::path(folder) / "a.zst", stored_frame(repeated(line, 60'000 * line.size())));
  const std::string small = stored_frame(repeated(line, 3'000 * line.size()));
  for (int i = 0; i < 64; ++i)  // Several for each worker
    write(fs::path(folder) / ("b" + std::to_string(i) + ".zst"), small);
  return 60'000 + 64 * 3'000;
}

uint64_t BadInput::places(const std::string& folder, uint64_t count, uint64_t records) {
  constexpr uint64_t document_records = 20'000;
  uint64_t state = 1;
  for (uint64_t id = 0; id < records;) {
    std::string text;
    for (const uint64_t end = std::min(records, id + document_records); id < end; ++id) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      char line[128];
      text.append(line, static_cast<size_t>(std::snprintf(
                            line, sizeof line,
                            R"({"id":%llu,"place":"p%05llu","value":%llu,"name":"user-%06llx"})"
                            "\n",
                            static_cast<unsigned long long>(id),
                            static_cast<unsigned long long>((state >> 33) % count),
                            static_cast<unsigned long long>((state >> 20) % 1'000'000),
                            static_cast<unsigned long long>((state >> 24) & 0xffffff))));
    }
    write(fs::path(folder) / (std::to_string(1'000'000 + id) + ".jsonl"), text);
  }
  return records;
}

std::string BadInput::copies(int count, const std::string& of) {
  std::string words;
  for (int i = 0; i < count; ++i) {
    words += (i > 0 ? ", c" : "c") + std::to_string(i) + ": \"" + of + "\"";
  }
  return words;
}

}  // namespace sluice

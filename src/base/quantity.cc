// Durations and sizes of base/time.h: "1h30m", "128MiB".
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/text.h"
#include "base/time.h"

namespace sluice {
namespace {

struct Scale {
  std::string_view name;
  double size;
};

constexpr Scale durations[] = {
    {"ns", 1},   {"us", 1e3},   {"ms", 1e6},     {"s", 1e9},
    {"m", 60e9}, {"h", 3600e9}, {"d", 86'400e9}, {"w", 604'800e9},
};

constexpr Scale sizes[] = {
    {"", 1},       {"B", 1},         {"K", 1024},       {"KB", 1e3},      {"kB", 1e3},
    {"KiB", 1024}, {"M", 1 << 20},   {"MB", 1e6},       {"MiB", 1 << 20}, {"G", 1 << 30},
    {"GB", 1e9},   {"GiB", 1 << 30}, {"T", 1ull << 40}, {"TB", 1e12},     {"TiB", 1ull << 40},
};

template <size_t count>
const Scale* find_scale(const Scale (&scales)[count], std::string_view name) {
  for (const Scale& scale : scales) {
    if (scale.name == name) return &scale;
  }
  return nullptr;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

struct Amount {
  double number;
  std::string_view unit;
};

// A number and the letters behind it, taken from the front of `text`.
std::optional<Amount> take_amount(std::string_view& text) {
  size_t end = 0;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) ++end;
  const auto number = parse_number<double>(text.substr(0, end));
  if (!number || !is_digit(text[0])) return std::nullopt;
  text = trim(text.substr(end));
  size_t letters = 0;
  while (letters < text.size() && !is_digit(text[letters]) && text[letters] != ' ') ++letters;
  const std::string_view unit = text.substr(0, letters);
  text = trim(text.substr(letters));
  return Amount{*number, unit};
}

std::string print(const char* format, double number) {
  char text[64];
  return std::string(text, static_cast<size_t>(std::snprintf(text, sizeof text, format, number)));
}

}  // namespace

Result<Nanoseconds> parse_duration(std::string_view text) {
  const auto wrong = [&] {
    return Error{ErrorKind::invalid, "`" + excerpt(text) + "` is not a duration: say 90s, 5m, 2d"};
  };
  std::string_view rest = trim(text);
  if (rest == "0") return Nanoseconds{0};
  double sum = 0;
  do {
    const auto amount = take_amount(rest);
    const Scale* scale = amount ? find_scale(durations, amount->unit) : nullptr;
    if (scale == nullptr) return wrong();
    sum += amount->number * scale->size;
  } while (!rest.empty());
  if (sum >= static_cast<double>(std::numeric_limits<int64_t>::max())) return wrong();
  return static_cast<Nanoseconds>(std::llround(sum));
}

Result<uint64_t> parse_bytes(std::string_view text) {
  std::string_view rest = trim(text);
  if (const auto plain = parse_number<uint64_t>(rest)) return *plain;
  const auto amount = take_amount(rest);
  const Scale* scale = amount ? find_scale(sizes, amount->unit) : nullptr;
  if (scale == nullptr || !rest.empty() || amount->number * scale->size >= 9e18) {
    return Error{ErrorKind::invalid,
                 "`" + excerpt(text) + "` is not a number of bytes: say 128MiB, 5MB, 4096"};
  }
  return static_cast<uint64_t>(std::llround(amount->number * scale->size));
}

std::string print_duration(Nanoseconds duration) {
  if (duration < 0)
    return "-" + print_duration(-std::max(duration, -std::numeric_limits<int64_t>::max()));
  const double seconds = static_cast<double>(duration) / 1e9;
  if (duration < 1'000) return std::to_string(duration) + " ns";
  if (duration < 1'000'000) return print("%.3g us", seconds * 1e6);
  if (seconds < 0.9995) return print("%.3g ms", seconds * 1e3);
  if (seconds < 9.95) return print("%.1f s", seconds);
  if (seconds < 59.5) return print("%.0f s", seconds);
  const int64_t whole = std::llround(seconds);
  if (whole < 3600) return std::to_string(whole / 60) + " m " + std::to_string(whole % 60) + " s";
  const int64_t minutes = std::llround(seconds / 60);
  if (minutes < 48 * 60) {
    return std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " m";
  }
  return print("%.1f d", seconds / 86'400);
}

std::string print_bytes(uint64_t bytes) {
  constexpr std::string_view names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  size_t name = 0;
  double number = static_cast<double>(bytes);
  while (number >= 1024 && name + 1 < std::size(names)) {
    number /= 1024;
    ++name;
  }
  const bool whole = number == std::floor(number) || number >= 1000;
  return print(whole ? "%.0f" : "%.1f", number) + std::string(names[name]);
}

}  // namespace sluice

#include "app/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/time.h"
#include "report/json.h"

namespace sluice {
namespace {

constexpr size_t columns_usual = 100;

// 17648 as "17.6k".
std::string about(uint64_t number) {
  if (number < 10'000) return std::to_string(number);
  constexpr const char* letters = "kMGT";
  double value = static_cast<double>(number) / 1'000;
  size_t letter = 0;
  while (value >= 1'000 && letter < 3) value /= 1'000, ++letter;
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f%c", value, letters[letter]);
  return text;
}

size_t columns_of_terminal() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return columns_usual;
  return size.ws_col;
}

}  // namespace

std::string progress_text(const Progress& progress, size_t columns) {
  std::string text;
  const auto add = [&](const std::string& words) { text += (text.empty() ? "" : "  ") + words; };
  if (progress.units > 1) {
    add(std::to_string(progress.units_done) + "/" + std::to_string(progress.units) + " units");
  }
  add(about(progress.documents) + " documents");
  add(about(progress.records) + " records");
  add(print_bytes(progress.bytes_read) + " -> " + print_bytes(progress.bytes_written));
  const double seconds = static_cast<double>(progress.elapsed) / 1e9;
  if (seconds > 0) {
    const double rate = static_cast<double>(progress.bytes_read) / seconds;
    add(print_bytes(static_cast<uint64_t>(rate)) + "/s");
  }
  add(std::to_string(progress.in_flight) + " in flight");
  add("memory " + print_bytes(progress.memory_used) + " of " + print_bytes(progress.memory));
  if (progress.units_done > 0 && progress.units_done < progress.units) {
    const double share = static_cast<double>(progress.units - progress.units_done) /
                         static_cast<double>(progress.units_done);
    add(print_duration(static_cast<Nanoseconds>(static_cast<double>(progress.elapsed) * share)) +
        " to go");
  }
  if (text.size() > columns) text.resize(columns);
  return text;
}

void tell(const std::string& text) {
  const char* const line_away = ::isatty(STDERR_FILENO) == 1 ? "\r\x1b[K" : "";
  std::fputs((line_away + ("note: " + text) + "\n").c_str(), stderr);
}

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (painted_) std::fputs("\r\x1b[K", stderr);
}

void ProgressLine::say(const std::string& text) {
  std::fputs(((painted_ ? "\r\x1b[K" : "") + text + "\n").c_str(), stderr);
  std::fflush(stderr);
  painted_ = false;
}

void ProgressLine::show(const Progress& progress) {
  if (!terminal_) {
    std::fputs((report::json(progress) + "\n").c_str(), stderr);
    return;
  }
  const std::string text = progress_text(progress, columns_of_terminal() - 1);
  std::fputs(("\r" + text + "\x1b[K").c_str(), stderr);
  std::fflush(stderr);
  painted_ = true;
}

}  // namespace sluice

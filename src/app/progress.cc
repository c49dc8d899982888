#include "app/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>

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

// The process has one stderr, and whoever writes to it takes away what is painted there.
class Screen {
 public:
  void put(const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (text.empty() && !is_painted_) return;
    write((is_painted_ ? "\r\x1b[K" : "") + text);
    is_painted_ = false;
  }
  void paint(const std::string& line) {
    const std::lock_guard lock(mutex_);
    write("\r" + line + "\x1b[K");
    is_painted_ = true;
  }

 private:
  static void write(const std::string& text) {
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
  }

  std::mutex mutex_;
  bool is_painted_ = false;  // Guarded by mutex_
};

Screen& screen() {
  static Screen the;
  return the;
}

}  // namespace

std::string progress_text(const Progress& progress, size_t columns) {
  std::string text;
  const auto add = [&](const std::string& words) { text += (text.empty() ? "" : "  ") + words; };
  if (progress.units > 1) {
    add(std::to_string(progress.units_done) + "/" + std::to_string(progress.units) + " units");
  }
  add(about(progress.tally.documents) + " documents");
  add(about(progress.tally.records) + " records");
  add(print_bytes(progress.tally.bytes_read) + " -> " + print_bytes(progress.tally.bytes_written));
  const double seconds = static_cast<double>(progress.elapsed) / 1e9;
  if (seconds > 0) {
    const double rate = static_cast<double>(progress.tally.bytes_read) / seconds;
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

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  screen().put("");
}

void ProgressLine::say(const std::string& text) {
  screen().put(text + "\n");
}

void tell(const std::string& text) {
  ProgressLine::say("note: " + text);
}

void ProgressLine::show(const Progress& progress) {
  if (!terminal_) {
    screen().put(report::json(progress) + "\n");
    return;
  }
  screen().paint(progress_text(progress, columns_of_terminal() - 1));
}

}  // namespace sluice

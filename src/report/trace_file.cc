#include "report/trace_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "report/json_object.h"

namespace sluice::report {
namespace {

constexpr size_t buffer_bytes = 256 << 10;
constexpr std::array<std::string_view, 3> thread_names = {"phases", "requests", "work"};

// 1234567 ns: "1234.567".
std::string microseconds(Nanoseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%lld.%03d", static_cast<long long>(time / 1000),
                static_cast<int>(time % 1000));
  return text;
}

// What is said of a process or a thread as such.
JsonObject about(std::string_view what, uint64_t process) {
  JsonObject event;
  event.text("ph", "M").text("name", what).number("pid", process);
  return event;
}

std::string arguments(const Interval& interval) {
  JsonObject all;
  if (interval.bytes > 0) all.number("bytes", interval.bytes);
  if (interval.waited > 0) all.raw("waited_us", microseconds(interval.waited));
  if (interval.attempts > 1) all.number("attempts", interval.attempts);
  if (interval.failed) all.flag("failed", true);
  return all.done();
}

}  // namespace

Result<std::unique_ptr<TraceFile>> TraceFile::create(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) return Error{ErrorKind::invalid, path + ": " + std::strerror(errno)};
  return std::unique_ptr<TraceFile>(new TraceFile(path, file));
}

TraceFile::TraceFile(std::string path, std::FILE* file)
    : path_(std::move(path)), begun_(now()), file_(file) {
  std::setvbuf(file_, nullptr, _IOFBF, buffer_bytes);
  if (std::fputs("{\"displayTimeUnit\": \"ms\", \"traceEvents\": [", file_) < 0) error_ = errno;
  new_process("the run");
}

TraceFile::~TraceFile() {
  (void)finish();
}

void TraceFile::own(uint32_t series, std::string_view unit) {
  const std::lock_guard lock(mutex_);
  auto [known, is_new] = units_.try_emplace(std::string(unit), processes_.size());
  if (is_new) new_process("unit " + std::string(unit));
  of_series_[series] = known->second;
}

void TraceFile::add(const Interval& interval) {
  const std::lock_guard lock(mutex_);
  if (file_ == nullptr || error_ != 0) return;
  Process& process = process_of(interval.series);
  JsonObject event;
  event.text("ph", "X").text("name", interval.name).number("pid", process.id);
  event.number("tid", thread_for(process, interval));
  event.raw("ts", microseconds(std::max<Nanoseconds>(interval.begin - begun_, 0)));
  event.raw("dur", microseconds(std::max<Nanoseconds>(interval.end - interval.begin, 0)));
  event.raw("args", arguments(interval));
  write(event.done());
}

Status TraceFile::finish() {
  const std::lock_guard lock(mutex_);
  if (file_ == nullptr) return {};
  if (error_ == 0 && std::fputs("\n]}\n", file_) < 0) error_ = errno;
  if (std::fclose(file_) != 0 && error_ == 0) error_ = errno;
  file_ = nullptr;
  if (error_ == 0) return {};
  return Error{ErrorKind::invalid, path_ + ": " + std::strerror(error_)};
}

TraceFile::Process& TraceFile::process_of(uint32_t series) {
  const auto found = of_series_.find(series);
  return processes_[found == of_series_.end() ? 0 : found->second];
}

size_t TraceFile::new_process(std::string_view name) {
  const size_t index = processes_.size();
  processes_.push_back({.id = index + 1, .threads = {}});
  const uint64_t id = processes_.back().id;
  write(about("process_name", id).raw("args", JsonObject().text("name", name).done()).done());
  write(about("process_sort_index", id)
            .raw("args", JsonObject().number("sort_index", index).done())
            .done());
  return index;
}

// The one that has been idle for the shortest time: so there are no more than needed, since
// intervals come about in the order of their ends.
uint64_t TraceFile::thread_for(Process& process, const Interval& interval) {
  const auto kind = static_cast<size_t>(interval.kind);
  std::vector<Thread>& threads = process.threads[kind];
  Thread* best = nullptr;
  for (Thread& thread : threads) {
    if (thread.busy_until > interval.begin) continue;
    if (best == nullptr || thread.busy_until > best->busy_until) best = &thread;
  }
  if (best == nullptr) {
    threads.push_back({.id = ++threads_, .busy_until = {}});
    best = &threads.back();
    std::string name(thread_names[kind]);
    if (threads.size() > 1) name += " " + std::to_string(threads.size());
    const uint64_t order = kind * 10'000 + threads.size();
    write(about("thread_name", process.id)
              .number("tid", best->id)
              .raw("args", JsonObject().text("name", name).done())
              .done());
    write(about("thread_sort_index", process.id)
              .number("tid", best->id)
              .raw("args", JsonObject().number("sort_index", order).done())
              .done());
  }
  best->busy_until = interval.end;
  return best->id;
}

void TraceFile::write(std::string_view event) {
  if (file_ == nullptr || error_ != 0) return;
  const bool is_begun = std::fputs(std::exchange(is_first_, false) ? "\n" : ",\n", file_) >= 0;
  if (!is_begun || std::fwrite(event.data(), 1, event.size(), file_) != event.size())
    error_ = errno;
}

}  // namespace sluice::report

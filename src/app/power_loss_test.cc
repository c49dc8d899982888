// What a run tells the file system to keep before it says that it is done: fsync, counted by
// standing in for it.
#include <doctest/doctest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <string>
#include <vector>

#include "app/testing.h"

namespace {

std::mutex mutex;
std::vector<std::string> synced;  // Paths, at that moment

}  // namespace

// In place of the C library's, for this program.
extern "C" int fsync(int fd) {
  std::array<char, 4096> path;
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
  {
    const std::lock_guard lock(mutex);
    synced.emplace_back(path.data(), static_cast<size_t>(std::max<ssize_t>(length, 0)));
  }
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace sluice {
namespace {

// Of a run of one unit into a lake with these words besides.
std::vector<std::string> synced_by_run(const TestFolder& folder, const std::string& words) {
  folder.write("in/2026-08-22/a.jsonl", "{\"t\":\"2026-08-22T10:00:00Z\"}\n");
  const std::string job = folder.write(
      "job.yaml", "name: o\nunits: { each: day, default: 2026-08-22 }\nsource: { objects: \"" +
                      folder / "in" + "/{unit:%F}/\" }\ndecode: jsonl\nsink: { lake: \"" +
                      folder / "lake" + "\", partition: \"dt={.t:%F}/\", format: jsonl" + words +
                      " }\n");
  {
    const std::lock_guard lock(mutex);
    synced.clear();
  }
  const VerbOutcome outcome = sluice_does(folder, {"run", job});
  CAPTURE(outcome.text);
  REQUIRE(outcome.exit_code == 0);
  const std::lock_guard lock(mutex);
  return synced;
}

bool any_of_these(const std::vector<std::string>& paths, const std::string& end) {
  return std::ranges::any_of(paths, [&](const std::string& path) { return path.ends_with(end); });
}

}  // namespace

TEST_CASE("what a run has committed survives a loss of power, unless the job says otherwise") {
  const TestFolder folder;
  const std::vector<std::string> paths = synced_by_run(folder, "");
  // The object's folder and the record's, once each has its new name in it ...
  CHECK(any_of_these(paths, "/lake/dt=2026-08-22"));
  CHECK(any_of_these(paths, "/lake/_sluice/o"));
  // ... and their bytes before, under the names that files have until they are visible.
  const auto is_hidden = [](const std::string& path) {
    return path.find("/lake/.sluice/") != path.npos;
  };
  // A part at least, and the record as it was claimed, as it was intended and as it is done.
  CHECK(std::ranges::count_if(paths, is_hidden) >= 4);

  const TestFolder other;
  CHECK(synced_by_run(other, ", fsync: false").empty());
  const TestFolder third;
  CHECK_FALSE(synced_by_run(third, ", fsync: true").empty());
}

}  // namespace sluice

// Real trails, where the shared data is there: every record arrives, once, byte for byte.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <unordered_map>

#include "app/testing.h"
#include "app/verbs.h"
#include "base/text.h"
#include "codec/inflate.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

std::string inflated(const std::string& bytes) {
  Inflater inflater;
  std::string out;
  std::vector<char> room(256 << 10);
  std::string_view in = bytes;
  for (;;) {
    const auto got = inflater.step(in, true, room.data(), room.size());
    REQUIRE(got.ok());
    if (*got == 0) return out;
    out.append(room.data(), *got);
  }
}

std::string all_text(const std::string& folder) {
  std::string text;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().string();
    if (entry.is_regular_file() && path.find("/_sluice") == path.npos && path.ends_with(".gz")) {
      text += inflated(file_text(path));
    }
  }
  return text;
}

constexpr std::string_view id_key = "\"eventID\":";

// Where in a record the id stands, and which it is: enough to find the record in the source's text
// without reading any JSON.
std::pair<size_t, std::string> id_of(std::string_view record) {
  const size_t at = record.rfind(id_key);
  REQUIRE(at != record.npos);
  return {at, std::string(record.substr(at, id_key.size() + 40))};
}

// How many lines are not, byte for byte, somewhere in the source.
size_t count_strangers(const std::string& source, const std::string& lake) {
  std::unordered_multimap<std::string, size_t> places;
  for (size_t at = source.find(id_key); at != source.npos; at = source.find(id_key, at + 1)) {
    places.emplace(source.substr(at, id_key.size() + 40), at);
  }
  size_t strangers = 0;
  for (const std::string_view line : split(lake, '\n')) {
    if (line.empty()) continue;
    const auto [offset, id] = id_of(line);
    const auto [begin, end] = places.equal_range(id);
    const bool found = std::any_of(begin, end, [&, offset = offset](const auto& place) {
      return place.second >= offset &&
             source.compare(place.second - offset, line.size(), line) == 0;
    });
    strangers += found ? 0 : 1;
  }
  return strangers;
}

std::map<std::string, size_t> records_by_day(const std::string& lake) {
  std::map<std::string, size_t> days;
  for (const auto& entry : fs::directory_iterator(lake)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("dt=")) continue;
    const std::string text = all_text(entry.path().string());
    days[name.substr(3)] = static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  return days;
}

std::optional<std::string> shared_trail(const std::string& name) {
  const char* shared = std::getenv("SLUICE_SHARED");
  if (shared != nullptr && fs::exists(std::string(shared) + "/data/" + name)) {
    return std::string(shared) + "/data/" + name + "/";
  }
  std::printf("skipped: %s needs ../shared/data\n", name.c_str());
  return std::nullopt;
}

}  // namespace

TEST_CASE("a real trail arrives whole: by event day, byte for byte, with and without duplicates") {
  const auto trail = shared_trail("cloudtrail-sans504");
  if (!trail) return;
  const TestFolder folder;
  const std::string source = all_text(*trail + "AWSLogs");
  const auto fold = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "fold");
    words.insert(words.end(), {"--partition", "dt={.eventTime:%F}/"});
    return sluice_does(folder, std::move(words)).exit_code;
  };
  using Days = std::map<std::string, size_t>;

  const std::string all = folder / "all";
  REQUIRE(fold({*trail + "AWSLogs/", all}) == 0);
  CHECK(records_by_day(all) ==
        Days{{"2021-07-28", 1}, {"2021-07-29", 1'124}, {"2021-07-30", 10'680}});
  CHECK(count_strangers(source, all_text(all)) == 0);

  const std::string once = folder / "once";
  REQUIRE(fold({*trail + "AWSLogs/", once, "--dedupe", ".eventID"}) == 0);
  size_t sum = 0;
  for (const auto& [day, count] : records_by_day(once)) sum += count;
  CHECK(sum == 9'342);

  const std::string days = folder / "days";
  const std::string by_day =
      *trail + "AWSLogs/{path.account}/CloudTrail/{path.region}/{unit:%Y/%m/%d}/";
  REQUIRE(fold({by_day, days, "--dedupe", ".eventID", "--each", "day", "--from", "2021-07-28",
                "--to", "2021-07-30"}) == 0);
  CHECK(records_by_day(days) ==
        Days{{"2021-07-28", 1}, {"2021-07-29", 1'032}, {"2021-07-30", 8'317}});
  CHECK(count_strangers(source, all_text(days)) == 0);
}

}  // namespace sluice

#include "trail/generate.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <set>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "trail/trail_record.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 17> region_names = {
    "us-east-1",      "us-east-2",      "us-west-1",      "us-west-2",      "ca-central-1",
    "eu-central-1",   "eu-west-1",      "eu-west-2",      "eu-west-3",      "eu-north-1",
    "sa-east-1",      "ap-south-1",     "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
    "ap-southeast-1", "ap-southeast-2",
};
constexpr std::string_view alphanumeric =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr uint32_t records_of_object_max = 200;
// Objects with a single record. Nine in ten of them are under 1,000 bytes, which makes the 44 %
// that such objects are of a real trail.
constexpr double share_of_singles = 0.472;
// CloudTrail writes an object about every five minutes; what is in it happened up to 15 before.
constexpr int64_t delivery_seconds = 300;
constexpr int64_t lag_seconds_max = 900;
constexpr int64_t day_seconds = 86'400;

// ---- the files ---------------------------------------------------------------------------------

Error refused(const std::string& path, int error) {
  const bool denied = error == EACCES || error == EPERM || error == EROFS;
  return Error{denied ? ErrorKind::denied : ErrorKind::internal,
               path + ": " + std::strerror(error)};
}

// zlib, because that is what a trail's objects are made with: sizes and speeds of reading are then
// those of real ones. One member, its name in the header.
class Gzip {
 public:
  Gzip() { ENSURE(deflateInit2(&stream_, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK); }
  ~Gzip() { deflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  std::string pack(std::string& plain, std::string& name, int64_t modified_seconds) {
    ENSURE(deflateReset(&stream_) == Z_OK);
    gz_header header{};
    header.time = static_cast<uLong>(modified_seconds);
    header.os = 3;
    header.name = reinterpret_cast<Bytef*>(name.data());
    ENSURE(deflateSetHeader(&stream_, &header) == Z_OK);
    std::string packed(deflateBound(&stream_, plain.size()) + name.size() + 1, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(plain.data());
    stream_.avail_in = static_cast<uInt>(plain.size());
    stream_.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream_.avail_out = static_cast<uInt>(packed.size());
    ENSURE(deflate(&stream_, Z_FINISH) == Z_STREAM_END);
    packed.resize(packed.size() - stream_.avail_out);
    return packed;
  }

 private:
  z_stream stream_{};
};

Status write_file(const std::string& path, std::string_view bytes) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return refused(path, errno);
  int error = 0;
  while (!bytes.empty() && error == 0) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written >= 0) bytes.remove_prefix(static_cast<size_t>(written));
    if (written < 0 && errno != EINTR) error = errno;
  }
  if (::close(file) != 0 && error == 0) error = errno;
  if (error != 0) return refused(path, error);
  return {};
}

std::string rfc3339(int64_t seconds) {
  const auto date =
      std::chrono::year_month_day(std::chrono::sys_days(std::chrono::days(seconds / day_seconds)));
  const int of_day = static_cast<int>(seconds % day_seconds);
  char text[80];
  std::snprintf(text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                of_day / 3600, of_day / 60 % 60, of_day % 60);
  return text;
}

// ---- a day -------------------------------------------------------------------------------------

// How many records each object has: a good part of them one, the others a long tail.
std::vector<uint32_t> spread(uint64_t objects, uint64_t records, Chance& chance) {
  std::vector<uint32_t> counts(objects, 1);
  const auto singles = static_cast<uint64_t>(share_of_singles * static_cast<double>(objects));
  int64_t left = static_cast<int64_t>(records) - static_cast<int64_t>(objects);
  for (uint64_t n = singles; n < objects; ++n) {
    // Half as many objects for twice the records.
    const uint64_t dice = 1 + chance.below(1'000'000);
    double more = 1.0;
    for (double share = 1e6; share / 2 > static_cast<double>(dice); share /= 2) more *= 2;
    more *= 1.0 + static_cast<double>(chance.below(600)) / 1000.0;
    counts[n] = std::min<uint32_t>(1 + static_cast<uint32_t>(more), records_of_object_max);
    left -= counts[n] - 1;
  }
  // The sum must fit to the record: one more or one less here and there, and if that won't do, all
  // round.
  for (uint64_t tries = 0; left != 0; ++tries) {
    const bool here_and_there = tries < 64 * objects && singles < objects;
    const uint64_t n = here_and_there ? singles + chance.below(objects - singles) : tries % objects;
    const uint32_t least = here_and_there ? 2 : 1;
    if (left > 0 && counts[n] < records_of_object_max) {
      ++counts[n];
      --left;
    } else if (left < 0 && counts[n] > least) {
      --counts[n];
      ++left;
    }
  }
  for (uint64_t n = objects; n > 1; --n) std::swap(counts[n - 1], counts[chance.below(n)]);
  return counts;
}

class Trail {
 public:
  Trail(const std::string& directory, const GenerateOptions& options)
      : root_(directory + "/AWSLogs/"), options_(options) {
    if (!options.organisation.empty()) root_ += options.organisation + '/';
    Chance chance(options.seed);
    for (uint32_t n = 0; n < options.accounts; ++n) {
      accounts_.push_back(std::to_string(100'000'000'000ULL + chance.below(900'000'000'000ULL)));
    }
  }

  Status write_day(int64_t day_start) {
    Chance chance(options_.seed * 1'000'003 + static_cast<uint64_t>(day_start));
    const uint64_t objects = options_.objects * options_.scale;
    const std::vector<uint32_t> counts = spread(objects, options_.records * options_.scale, chance);
    for (uint64_t n = 0; n < objects; ++n) {
      Delivery place = choose_place(n, day_start, chance);
      const std::string plain = records_of(place, counts[n], day_start, chance);
      const bool cut = n < options_.truncated;
      if (cut) generated_.records_cut += counts[n];
      TRY(write(place, plain, cut, chance));
      if (n >= options_.truncated && n < options_.truncated + options_.duplicates) {
        generated_.records += counts[n];
        TRY(write(place, plain, false, chance));
      }
    }
    for (uint32_t n = 0; n < options_.strays + options_.digests; ++n) {
      Delivery place = choose_place(chance.next(), day_start, chance);
      place.folder = n < options_.strays ? "CloudTrail" : "CloudTrail-Digest";
      std::string plain;
      append_digest(plain, scene_of(place, 0, 3600), chance);
      TRY(write(place, plain, false, chance));
    }
    return {};
  }

  const Generated& generated() const { return generated_; }

 private:
  struct Delivery {
    std::string_view account, region;
    int64_t delivered = 0;  // Seconds since 1970.
    std::string_view folder = "CloudTrail";
  };

  // Each account in each region has an object, if there are enough; the rest goes where more
  // happens.
  Delivery choose_place(uint64_t n, int64_t day_start, Chance& chance) const {
    const uint64_t pairs = static_cast<uint64_t>(options_.accounts) * options_.regions;
    const uint64_t most = 1 + chance.below(pairs);
    const uint64_t pair = n < pairs ? n : chance.below(most);
    Delivery place;
    place.account = accounts_[pair % options_.accounts];
    place.region = region_names[pair / options_.accounts];
    place.delivered =
        day_start +
        delivery_seconds * static_cast<int64_t>(chance.below(day_seconds / delivery_seconds));
    return place;
  }

  TrailScene scene_of(const Delivery& place, int64_t lag, int64_t session) const {
    return {place.account, place.region, rfc3339(place.delivered - lag),
            rfc3339(place.delivered - lag - session)};
  }

  std::string records_of(const Delivery& place, uint32_t count, int64_t day_start, Chance& chance) {
    std::string plain = R"({"Records":[)";
    for (uint32_t n = 0; n < count; ++n) {
      const auto lag = static_cast<int64_t>(chance.below(lag_seconds_max));
      const auto session = static_cast<int64_t>(chance.below(3'600));
      if (place.delivered - lag < day_start) ++generated_.records_late;
      if (n != 0) plain += ',';
      append_record(plain, scene_of(place, lag, session), chance);
    }
    generated_.records += count;
    return plain + "]}";
  }

  Status write(const Delivery& place, std::string plain, bool cut, Chance& chance) {
    const std::string date = rfc3339(place.delivered);  // 2024-02-08T10:05:00Z
    std::string name;
    name.append(place.account).append("_").append(place.folder).append("_").append(place.region);
    name += '_' + date.substr(0, 4) + date.substr(5, 2) + date.substr(8, 2) + 'T' +
            date.substr(11, 2) + date.substr(14, 2) + "Z_";
    for (int n = 0; n < 16; ++n) name += alphanumeric[chance.below(alphanumeric.size())];
    name += ".json";

    std::string folder = root_;
    folder.append(place.account).append("/").append(place.folder).append("/").append(place.region);
    folder += '/' + date.substr(0, 4) + '/' + date.substr(5, 2) + '/' + date.substr(8, 2) + '/';
    if (folders_.insert(folder).second) {
      std::error_code error;
      std::filesystem::create_directories(folder, error);
      if (error) return refused(folder, error.value());
    }

    std::string packed = gzip_.pack(plain, name, place.delivered);
    if (cut) packed.resize(packed.size() * 2 / 3);
    generated_.objects += 1;
    generated_.bytes += packed.size();
    generated_.bytes_plain += plain.size();
    return write_file(folder + name + ".gz", packed);
  }

  std::string root_;
  const GenerateOptions& options_;  // The caller's, for the one call.
  std::vector<std::string> accounts_;
  std::set<std::string> folders_;  // Those that are there already.
  Gzip gzip_;
  Generated generated_;
};

Result<int64_t> parse_day(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int end = 0;
  const int found = std::sscanf(text.c_str(), "%4d-%2u-%2u%n", &year, &month, &day, &end);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (found != 3 || static_cast<size_t>(end) != text.size() || !date.ok()) {
    return Error{ErrorKind::invalid, "day \"" + text + "\": expected one like 2024-02-08"};
  }
  return std::chrono::sys_days(date).time_since_epoch().count() * day_seconds;
}

Status check(const GenerateOptions& options) {
  const auto invalid = [](std::string words) {
    return Error{ErrorKind::invalid, std::move(words)};
  };
  if (options.accounts == 0 || options.objects == 0)
    return invalid("nothing to make: no accounts or objects");
  if (options.regions == 0 || options.regions > region_names.size()) {
    return invalid("regions: " + std::to_string(options.regions) + " is not between 1 and 17");
  }
  if (options.records < options.objects ||
      options.records > options.objects * records_of_object_max) {
    return invalid("records: an object has 1 to 200, so " + std::to_string(options.objects) +
                   " objects can't hold " + std::to_string(options.records));
  }
  if (options.truncated + options.duplicates > options.objects) {
    return invalid("truncated and duplicates: there are only " + std::to_string(options.objects) +
                   " objects");
  }
  return {};
}

}  // namespace

Result<Generated> generate_cloudtrail(const std::string& directory,
                                      const GenerateOptions& options) {
  TRY(check(options));
  const int64_t first = TRY(parse_day(options.day));
  Trail trail(directory, options);
  for (uint32_t n = 0; n < options.days; ++n) {
    TRY_IN(trail.write_day(first + static_cast<int64_t>(n) * day_seconds), "generate");
  }
  return trail.generated();
}

}  // namespace sluice

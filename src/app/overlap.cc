#include "app/overlap.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "app/stores.h"
#include "aws/endpoint.h"
#include "base/text.h"
#include "base/time.h"
#include "http/host_kind.h"
#include "http/url.h"
#include "job/owner.h"
#include "job/units.h"
#include "ledger/unit.h"
#include "store/open.h"

namespace sluice {
namespace {

constexpr size_t units_looked_at_max = 100;

// A place in a store, told from every other: the store, and what its keys begin with.
struct Place {
  std::string store;
  std::string prefix;  // "" or ending in "/"
};

// What tells one store of buckets from another: "HTTP://Host:80/" and "http://host.", this machine
// by each of its names, and AWS with or without its own URL are one. Empty: AWS.
std::string server_of(const std::string& endpoint) {
  if (endpoint.empty()) return {};
  const Result<Url> url = parse_url(lower_case(endpoint));
  if (!url.ok()) return lower_case(endpoint);  // Opening the store says what is wrong with it.
  std::string host = url->host;
  while (host.ends_with('.')) host.pop_back();
  if (aws::is_aws_host(host)) return {};  // A bucket's name is one bucket there.
  if (host_kind(host) == HostKind::loopback) host = "localhost";
  return host + ":" + std::to_string(url->port);
}

std::string endpoint_of(const Settings& side, const Environment& environment) {
  std::string url;
  if (side.has("s3") && side.inner("s3").has("endpoint")) url = side.inner("s3").text("endpoint");
  for (const char* name : {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}) {
    if (url.empty()) url = environment.get(name).value_or("");
  }
  return url;
}

// Links followed, "." and ".." gone; of a path that isn't there yet as far as it is.
std::string real_path(const std::string& path) {
  std::error_code failed;
  std::filesystem::path absolute = std::filesystem::absolute(path, failed);
  std::filesystem::path real = std::filesystem::weakly_canonical(absolute, failed);
  std::string text = (failed ? absolute.lexically_normal() : real).string();
  if (!text.ends_with('/')) text += '/';
  return text;
}

Result<Place> place_of(const std::string& url, const Settings& side,
                       const Environment& environment) {
  const StoreUrl where = TRY(parse_store_url(url));
  switch (where.scheme) {
    case StoreScheme::s3:
      return Place{"s3://" + where.root + " " + server_of(endpoint_of(side, environment)),
                   where.prefix};
    case StoreScheme::directory:
      return Place{"file", real_path(where.root)};
    case StoreScheme::memory:
      break;
  }
  return Place{"memory " + url, ""};
}

// The path's own text before its first hole, as far as it is whole segments.
std::string fixed_prefix(const BoundPattern& pattern) {
  std::string prefix;
  BoundPattern::Alive alive = pattern.all();
  for (size_t depth = 0;; ++depth) {
    const BoundPattern::Step step = pattern.step(alive, depth);
    if (step.everything || step.listing || step.names.size() != 1 || !step.names[0].directory)
      return prefix;
    const std::string name = step.names[0].text.substr(0, step.names[0].text.size() - 1);
    prefix += name + '/';
    alive = pattern.into(alive, depth, name);
  }
}

// Where records of the unit may go: times in names are the unit's, other values anything.
std::string some_place(const OutputNames& names, const UnitNames& unit) {
  std::string place;
  for (const Template::Piece& piece : names.place().pieces()) {
    using Kind = Template::Piece::Kind;
    if (piece.kind == Kind::text) {
      place += piece.text;
    } else if (piece.kind == Kind::unit) {
      place += names.place().render_unit(piece, unit);
    } else if (piece.kind == Kind::n) {
      place += Template::n_mark;
    } else if (piece.format) {
      place += format_time(*piece.format, unit.start.value_or(WallTime{}), names.place().zone());
    } else {
      place += "value";
    }
  }
  return place;
}

// Keys that the job writes for a unit, below its lake and below its state.
std::vector<std::string> keys_in_lake(const Job& job, const UnitNames& unit) {
  return {job.names.key(some_place(job.names, unit), unit, 0), std::string(owner_file)};
}
std::vector<std::string> keys_in_state(const Job& job, const UnitNames& unit) {
  const ledger::Unit known{.job = job.name, .id = unit.id};
  return {known.record_key().str(), known.side_key(known.inputs_file(1)).str()};
}

std::vector<UnitNames> some_units(const Job& job, size_t most = units_looked_at_max) {
  std::vector<UnitNames> units;
  std::vector<std::string> ids = {"once", "2024-02-08", "2024-02-08T05"};
  if (job.units.each == Each::list) ids = job.units.values;
  for (size_t i = 0; i < std::min(ids.size(), most); ++i) {
    auto unit = unit_named(job.units, job.zone, ids[i]);
    if (unit.ok()) units.push_back(std::move(*unit));
  }
  return units;
}

// Where in `folder`, which ends in "/", the keys of a lake may have got to, piece by piece of their
// names; as far as they are what is in front of them. Whatever a record holds is text without "/".
class KeysInto {
 public:
  explicit KeysInto(std::string_view folder) : folder_(folder), at_(folder.size() + 1, false) {
    at_[0] = true;
  }
  // Do keys lie in it?
  bool in() const { return at_.back(); }

  void text(std::string_view text) {
    go_on([&](size_t begin) {
      const std::string_view rest = folder_.substr(begin, text.size());
      if (text.starts_with(rest)) next_[begin + rest.size()] = true;
    });
  }
  // Like this sample, if that has only digits and what stands between them; else any text.
  void like(std::string_view sample) {
    const bool digits = std::ranges::none_of(sample, is_letter);
    for (size_t segment = 0; segment <= sample.size();) {
      if (segment > 0) text("/");
      const std::string_view one = sample.substr(segment, sample.find('/', segment) - segment);
      any([&](char c) { return !digits || is_digit(c) || one.find(c) != one.npos; });
      segment += one.size() + 1;
    }
  }
  void any(const auto& fits) {
    go_on([&](size_t begin) {
      for (size_t end = begin; end < folder_.size() && folder_[end] != '/' && fits(folder_[end]);
           ++end)
        next_[end + 1] = true;
    });
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
  void go_on(const auto& from) {
    next_.assign(at_.size(), false);
    next_.back() = at_.back();  // In it whatever follows
    for (size_t begin = 0; begin < folder_.size(); ++begin) {
      if (at_[begin]) from(begin);
    }
    at_.swap(next_);
  }

  const std::string_view folder_;
  std::vector<bool> at_, next_;
};

// May one of the unit's objects lie in that folder of the lake? What stands behind the place, where
// that isn't the whole key, is a file's name and no folder.
bool writes_into(std::string_view folder, const Job& job, const UnitNames& unit) {
  const auto anything = [](char) { return true; };
  const Template& place = job.names.place();
  KeysInto keys(folder);
  for (const Template::Piece& piece : place.pieces()) {
    using Kind = Template::Piece::Kind;
    if (piece.kind == Kind::text) {
      keys.text(piece.text);
    } else if (piece.kind == Kind::unit && job.units.each == Each::list) {
      keys.text(place.render_unit(piece, unit));
    } else if (piece.kind == Kind::unit) {
      keys.like(place.render_unit(piece, unit));
    } else if (piece.format) {
      keys.like(format_time(*piece.format, unit.start.value_or(WallTime{}), place.zone()));
    } else {
      keys.any(anything);
    }
  }
  return keys.in();
}

// Of a lake and a state that lie in each other: do its objects and the job's records, too?
bool records_meet_objects(const Job& job, const Place& lake, const Place& state) {
  if (lake.store != state.store) return false;
  const std::string records = state.prefix + job.name + "/";
  if (lake.prefix.starts_with(records)) return true;
  if (!records.starts_with(lake.prefix)) return false;
  const std::string folder = records.substr(lake.prefix.size());
  if (folder.starts_with(copies_folder)) return true;
  if (folder.starts_with(own_folder)) return false;  // No object may have a name there.
  const std::vector<UnitNames> units = some_units(job, SIZE_MAX);
  return std::ranges::any_of(units,
                             [&](const UnitNames& unit) { return writes_into(folder, job, unit); });
}

class Overlap {
 public:
  Overlap(const Job& job, const PathPattern& pattern, Place source)
      : job_(job), pattern_(pattern), source_(std::move(source)) {}

  // Is the source in the target, or does it read keys like these, which the target gets?
  Result<bool> with(const Place& target,
                    std::vector<std::string> (*keys)(const Job&, const UnitNames&)) const {
    if (target.store != source_.store) return false;
    for (const UnitNames& unit : some_units(job_)) {
      const BoundPattern bound = TRY(pattern_.bind(unit, job_.zone));
      if ((source_.prefix + fixed_prefix(bound)).starts_with(target.prefix)) return true;
      for (const std::string& key : keys(job_, unit)) {
        const std::string whole = target.prefix + key;
        if (whole.starts_with(source_.prefix) && bound.match(whole.substr(source_.prefix.size())))
          return true;
      }
    }
    return false;
  }

 private:
  const Job& job_;
  const PathPattern& pattern_;
  const Place source_;
};

}  // namespace

Status check_overlap(const Job& job, const Environment& environment) {
  const Place lake = TRY(place_of(job.lake, job.sink, environment));
  const Place state = TRY(place_of(job.state, job.sink, environment));
  if (records_meet_objects(job, lake, state)) {
    return job.sink.error_at("state", "state: the job's records would lie in " + job.state +
                                          job.name + "/, where objects of the lake " + job.lake +
                                          " may lie, too; give the state a folder of its own, or " +
                                          "leave it out: then it is the lake's " +
                                          std::string(own_folder));
  }
  const PathPattern* pattern = source_pattern(job);
  if (pattern == nullptr) return {};
  const Overlap source(job, *pattern, TRY(place_of(pattern->store(), job.source, environment)));
  const bool in_lake = TRY(source.with(lake, keys_in_lake));
  if (!in_lake && !TRY(source.with(state, keys_in_state))) return {};
  return job.source.error_at(
      "url", "source: " + pattern->text() + " and the " + (in_lake ? "lake" : "state") + " " +
                 (in_lake ? job.lake : job.state) +
                 " lie in each other: what the job writes would be read as its input; give the " +
                 (in_lake ? "lake" : "state") + " a folder of its own beside the source");
}

}  // namespace sluice

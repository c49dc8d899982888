// What a unit's objects are called: `partition` + "{unit}-{n}.ext", or the `name:` template, which
// is the whole key. Keys here begin behind the lake's own prefix.
//
// A place is a key whose n is not known yet; records of one place go into one object after another.
// A key tells its unit: `matches` says whether a key is one that this unit could have written,
// whole, and check() refuses names for which that can't be said.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/stage.h"
#include "flow/template.h"

namespace sluice {

// What Sluice itself keeps in a lake. No object may lie there, and no source takes it for documents
// unless its path names it.
inline constexpr std::string_view own_folder = "_sluice/";
// Of it: copies of what was set aside, in a folder for each job.
inline constexpr std::string_view copies_folder = "_sluice/set_aside/";

// How a unit shows in keys: escaped, one segment.
std::string unit_token(std::string_view unit_id);

class OutputNames {
 public:
  struct Options {
    std::optional<Template> partition = {};  // At most one of these; none: all in one place
    std::optional<Template> name = {};
    std::string extension;  // ".jsonl.gz"
    std::string job = {};   // Put into the names, where several jobs share the lake
  };
  OutputNames() = default;
  explicit OutputNames(Options options);

  // `invalid` if a key can't tell its unit (or its job). `unit_parts`: what tells units of time
  // apart, as bits of TimePart; 0 if units are not of time. `single`: the job has one unit only.
  Status check(uint8_t unit_parts, bool single, bool may_roll) const;

  // The template that gives each record its place (its {n}, if it has one, stays open).
  const Template& place() const { return place_; }
  // The key of the n-th object of a rendered place.
  std::string key(std::string_view place, const UnitNames& unit, uint64_t n) const;
  // Where records without a field of the partition go: it with Hive's word for every field.
  std::string default_place(const UnitNames& unit) const;
  // May a place have more than one object?
  bool numbered() const;
  // Is the place the whole key (`name:`), or is the file's name put behind it?
  bool whole_key() const { return whole_; }
  // What stands before "-00000.jsonl.gz": the unit, and the job where several share the lake.
  std::string file_word(const UnitNames& unit) const;

 private:
  Status check_unit(uint8_t unit_parts) const;
  Status check_job() const;

  bool whole_ = false;  // place_ is the whole key
  Template place_;
  std::string extension_, job_;
};

}  // namespace sluice

// Which unit, whose run, and where its documents lie: what stays the same through a machine's life.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.h"
#include "ledger/record.h"

namespace sluice::ledger {

// ---- names of a unit's objects ------------------------------------------------------------------

// One piece of a key's form.
struct NamePiece {
  enum class Kind : uint8_t {
    text,     // These very bytes
    number,   // Five digits or more: {n}
    value,    // One byte or more, no "/": a field or a time
    folders,  // Nothing, or anything that ends in "/": partitions
    // Nothing, or "." and [a-z0-9.]*: so it can't be mistaken for a part of the number before it
    extension,
    // What is_object_extension() knows: behind a unit's own name, since a.com is not a
    known_extension,
  };
  Kind kind = Kind::text;
  std::string text = {};
  bool operator==(const NamePiece&) const = default;
};

// Nothing, or what the objects of a format are called: ".jsonl.gz", ".zst", ".parquet".
bool is_object_extension(std::string_view text);

// Tells whether a key is one of a unit's. Keys are matched whole, never by prefix, because by this
// an open upload is taken for this unit's and aborted. It goes by the form of the name, whatever
// partitions and format the job has now: an upload that an earlier form of the job left behind is
// this unit's too.
struct Names {
  std::string lake_prefix = {};        // "" or ending in "/". Uploads are listed below it.
  std::vector<NamePiece> pieces = {};  // What follows the prefix
  std::vector<NamePiece> copies = {};  // Likewise, of copies of what was set aside; may be none

  bool is_unit_key(std::string_view key) const;
  bool operator==(const Names&) const = default;

  // `<partition.../><unit>-<5 digits>.<extension>`. `unit` as it stands in keys (escaped).
  static Names of_unit(std::string lake_prefix, std::string unit);
  // A key that is fixed but for its pieces: what `name:` says.
  static Names of_template(std::string lake_prefix, std::vector<NamePiece> pieces);
};

// ---- the rules ----------------------------------------------------------------------------------

// The protocol as it should be. The explorer takes a rule away to show that it is needed; nobody
// else ever sets one to false.
struct Rules {
  bool list_before_claim = true;   // The list for the sweep is taken before the write that claims,
  bool list_if_unsettled = true;   // ... and whenever a claim, an intent or leftovers are open,
  bool list_if_failed = true;      // ... or the run before has failed,
  bool list_if_checkpoint = true;  // ... or has left a checkpoint without a claim.
  bool sweep_again = true;         // Who saw another's claim open sweeps once more at its end.
  bool drop_by_record = true;      // A broken intent: nothing is deleted, the record drops it,
  bool keep_leftovers = true;    // ... its keys stay there till an intent replaces or retires them,
  bool drop_moves_epoch = true;  // ... and its epoch is never used again.
  bool carry_retire = true;      // What an earlier manifest did not retire, the next intent does.
  bool retire_by_head = true;    // What to retire is looked at, not taken from the manifest.
  bool atomic_delete = true;     // This very object is deleted, not whatever lies there.
  bool catalogue_checked = true;    // Who wrote the catalogue looks at the record again.
  bool settle_always_lists = true;  // settle sweeps a finished unit too.
  bool record_owns_uploads =
      true;  // Losers abort only what the record, read after that, doesn't name.
  bool bad_part_is_gone = true;  // An overwritten part breaks the intent, as a missing upload does.
  bool operator==(const Rules&) const = default;
};

// ---- the unit -----------------------------------------------------------------------------------

struct Unit {
  std::string job;
  std::string id;
  Names names;
  std::string state_prefix =
      {};  // "" or ending in "/": before `<job>/<unit>.json` in the state store
  std::string fingerprint = {};  // Of the job as it is now
  std::string run = {};          // Who we are; unique. Settle, too, needs one.
  std::string host = {};
  std::string process = {};  // On that host; by this a run there can tell that it has ended.
  std::string since = {};    // When we claim; RFC 3339
  uint64_t share_bytes = 0;  // The sink's share
  bool early = false;  // What it asks for isn't over: what is committed now is looked at again
  uint32_t calls_in_flight = 64;  // Of completions, HEADs, deletes and aborts, each
  Rules rules = {};

  Key record_key() const;           // <state><job>/<unit>.json
  Key catalogue_key() const;        // <state><job>/<unit>.catalogue
  std::string side_prefix() const;  // <state><job>/<unit>/
  // <unit>/<epoch>.inputs.json, as a record names it; the further pieces of a long list are
  // <unit>/<epoch>.inputs.<piece>.json.
  std::string inputs_file(uint64_t epoch, uint64_t piece = 0) const;
  Key side_key(std::string_view file) const;  // <state><job>/<file>
  Key manifest_key(uint64_t end) const;       // <state><job>/<unit>/<end>.json
  Mark mark(uint64_t epoch) const;            // <job>/<unit>/<epoch>
  bool operator==(const Unit&) const = default;
};

// Shared, because machines are values that are copied (a search copies them by the million) and the
// unit never changes while they live.
using UnitPtr = std::shared_ptr<const Unit>;

// A unit's id as a file's name: "/" is %2F, so that side files, in the folder `<unit>/`, never meet
// another unit's record; and "%" is %25, so that no two ids have one name.
std::string unit_file_name(std::string_view id);
// The id that a record's key (relative to `<state>/<job>/`) is of; nothing for side files and
// others.
std::optional<std::string> unit_of_record_key(std::string_view file);

}  // namespace sluice::ledger

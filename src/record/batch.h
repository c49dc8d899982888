// A batch of records on their way: text slices, verbatim, in the order of their document.
//
// A batch belongs to one stage at a time and moves between threads whole. Records point into
// `storage`; who changes a record's text adds the new text to `texts` and turns the view there.
//
// All that grows with the input is charged: a batch that may hold no more says so, and what is left
// of its records comes in the next one (flow/refine.h).
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/budget.h"
#include "base/buffer.h"
#include "base/hash.h"
#include "base/result.h"
#include "record/field_counts.h"
#include "record/high_water.h"
#include "record/texts.h"

namespace sluice {

struct Record {
  std::string_view
      text;  // One value (or line), trimmed, without a line break where the output is line-based
  uint64_t offset = 0;    // Of its first byte in the document, inflated
  uint32_t place = 0;     // Index into Batch::places
  Hash128 identity = {};  // With dedupe: of the field's value; of nothing if the record lacks it
  Hash128 content = {};   // With dedupe: of the text as it came
  bool has_identity = false;
  bool copy_of_set_aside = false;  // Kept for people to look at; not one of the lake's records
  int64_t time_ns =
      std::numeric_limits<int64_t>::min();  // Its own time, if the partition names one
};

// What does not go into the lake, and why. A record of a document, or with `whole` the document.
struct SetAside {
  std::string document;  // Its name: the key of the object, the URL of the page
  uint64_t offset =
      0;  // First bad byte (whole) or first byte of the record, in the inflated document
  uint64_t bytes = 0;  // Length of the record, if known
  std::string reason;
  bool whole = false;
  bool partial = false;  // Of the document the records before `offset` are kept
  // From the decoder to refine(): where its bytes lie in the window, for a copy. Empty: let go.
  size_t text_begin = 0, text_end = 0;
  bool operator==(const SetAside&) const = default;
};

// The end of a document's text that nothing vouches for, and the packing's piece that it is of.
struct Unproven {
  uint64_t from = 0;  // In the inflated document
  std::string piece;  // "the gzip member at compressed byte 17"
};

// A unit lists no more of what it sets aside, and so no batch needs to; all of it is counted.
inline constexpr size_t set_aside_listed_max = 1'000;

struct Batch {
  uint64_t document = 0;        // Number, in input order
  std::vector<Buffer> storage;  // What the texts lie in
  Texts texts;                  // Those that a transform made
  std::vector<Record> records;
  std::vector<std::string> places;
  std::vector<SetAside> set_aside;      // `document` left empty: the walk fills it in
  uint64_t set_aside_more = 0;          // Beyond the set_aside_listed_max that are listed
  uint64_t filtered = 0;                // Records that a filter took out
  uint64_t had_before = 0;              // Records that an earlier pass has had
  HighWater high_water;                 // Of an incremental source's records, taken out or not
  uint64_t text_bytes = 0;              // Of `records`, copies of what was set aside not counted
  uint64_t text_records = 0;            // Likewise
  std::unique_ptr<FieldCounts> fields;  // Of some of them, where a job wants to know
  std::vector<Lease> leases;            // Of the storage
  Lease charge;                  // Of the records, the texts and what is set aside: grows with them
  std::optional<Error> failure;  // Ends the unit: a transform can do nothing more
  std::vector<std::string> warnings;
};

}  // namespace sluice

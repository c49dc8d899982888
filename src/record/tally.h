// What has become of what was read, as far as it has come: of a fill, a unit, a run.
#pragma once

#include <cstdint>

namespace sluice {

struct Tally {
  // Of what was read.
  uint64_t documents = 0;   // Good or bad
  uint64_t bytes_read = 0;  // As they came
  uint64_t bytes_inflated = 0;
  uint64_t documents_set_aside = 0;
  uint64_t documents_partial = 0;  // Of none of these a record is counted below
  uint64_t records_set_aside = 0;
  uint64_t filtered = 0;
  uint64_t duplicates = 0;  // Dropped: same field, same bytes; or an earlier pass's
  uint64_t conflicts = 0;   // Kept: same field, other bytes
  // Of what was written.
  uint64_t records = 0;
  uint64_t objects = 0;
  uint64_t bytes_written = 0;  // As stored

  // Records and documents, whole or not.
  uint64_t set_aside() const { return documents_set_aside + documents_partial + records_set_aside; }
  Tally& operator+=(const Tally& more) {
    documents += more.documents;
    bytes_read += more.bytes_read;
    bytes_inflated += more.bytes_inflated;
    documents_set_aside += more.documents_set_aside;
    documents_partial += more.documents_partial;
    records_set_aside += more.records_set_aside;
    filtered += more.filtered;
    duplicates += more.duplicates;
    conflicts += more.conflicts;
    records += more.records;
    objects += more.objects;
    bytes_written += more.bytes_written;
    return *this;
  }
  friend Tally operator+(Tally one, const Tally& more) { return one += more; }
  bool operator==(const Tally&) const = default;
};

}  // namespace sluice

// The record of a unit: what its last commit made visible, and what is under way. One JSON document
// for each unit, `<state>/<job>/<unit>.json`, made and changed only conditionally.
//
// Here are the record's parts as values, their text, and the few questions the protocol asks of
// them. Who may write what and when is in claim.h, commit.h and settle.h. Times are RFC 3339
// text, those of runs as the caller made it; the ledger never reads a clock. Bytes are uint64_t.
//
//   {"format": 1, "job": "trail", "unit": "2024-02-08", "epoch": 7, "run": "01HQ", "host": "h1",
//    "process": "4711 ...", "since": "2024-02-09T01:00:00Z", "renewals": 3, "share": 25165824,
//    "checkpoint": {"fingerprint": "9f2c", "early": true, "cursor": "p17", "sums": {...},
//      "uploads": [...],
//      "state": "...", "set_aside": [...]},
//    "intent": {"epoch": 7, "run": "01HQ", "fingerprint": "9f2c", "end": 180,
//      "inputs": {"file": "2024-02-08/7.inputs.json", "count": 3911},  or  {"list": [...]},
//      "uploads": [{"key": ..., "id": ..., "mark": "trail/2024-02-08/7",
//        "parts": [{"n": 1, "etag": "a1", "crc32c": "AAAAZg=="}], "bytes": 900, "records": 41,
//        "crc32c": "AAAAZg==", "least": "2024-02-08T00:00:01Z", "greatest":
//        "2024-02-08T23:59:58Z"}],
//      "retire": [{"key": ..., "etag": "b2", "mark": "trail/2024-02-08/5"}], "catalogue": "...",
//      "set_aside": [{"document": ..., "offset": 17, "reason": ..., "count": 1}], "sums": {...},
//      "shape": {"records": 41, "bytes": 8200, "looked_at": 41, "levels": 2,
//        "fields": {".id": 41, ".user": 40}, "nested": {".user.name": 40}},
//      "reached": {"field": ".changed", "greatest": "2024-02-08T23:59:58Z", "near": "0:9f86"},
//      "early": true, "provisional": "a run with --limit 5"},
//    "manifest": {"epoch": 5, "todo": true, the rest as in its intent, with "outputs" (key, etag,
//      bytes, records, crc32c, least, greatest) in place of "uploads"},
//    "leftovers": ["dt=2024-02-08/2024-02-08-00001.jsonl.gz"],
//    "failed": {"why": "denied: ...", "at": "2024-02-08T02:00:00Z"},
//    "position": 120, "pending": {"unit": "~01HR.9", "end": 180}}
//
// What does not apply is left out, except `"run": null`: no claim is open.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.h"
#include "base/result.h"
#include "base/shared.h"
#include "base/upload.h"
#include "store/store.h"

namespace sluice::ledger {

// ---- parts --------------------------------------------------------------------------------------

// A visible object of a manifest.
struct Output {
  Key key;
  ETag etag;
  Content content = {};
  bool operator==(const Output&) const = default;
};

// An object of an earlier commit that the new one has no use for, as it was seen.
struct Retired {
  Key key;
  ETag etag;
  Mark mark;
  bool operator==(const Retired&) const = default;
};

struct Input {
  Key key;
  ETag etag;
  uint64_t bytes = 0;
  bool operator==(const Input&) const = default;
};

// The inputs that a commit covers: a list, or the name of the side file that holds it.
struct Inputs {
  std::string file = {};  // Empty: `list` is the list. Else relative to `<state>/<job>/`,
  uint64_t pieces = 1;    // ... and so many of them: 7.inputs.json, 7.inputs.1.json, ...
  uint64_t count = 0;     // Of the list, wherever it is
  std::vector<Input> list = {};
  bool operator==(const Inputs&) const = default;
};

// What could not be taken along, and why. `partial`: the records before `offset` were kept.
struct SetAside {
  std::string document;
  uint64_t offset = 0;  // Bytes, inflated
  std::string reason;
  uint64_t count = 1;  // Of records with this document and reason
  bool partial = false;
  uint64_t record = 0;  // partial: the number of the first record that is missing
  bool operator==(const SetAside&) const = default;
};

// What a unit's fill amounted to.
struct Sums {
  uint64_t documents = 0;
  uint64_t records = 0;     // Written
  uint64_t bytes_read = 0;  // Of the documents as they came
  uint64_t bytes = 0;       // Of the outputs as stored
  uint64_t duplicates = 0;  // Dropped: same field, same bytes; or an earlier pass's
  uint64_t conflicts = 0;   // Kept: same field, other bytes
  uint64_t set_aside = 0;   // Records, and whole documents
  uint64_t partial = 0;     // Documents of which only the records before a fault were kept
  bool operator==(const Sums&) const = default;
};

// How many records have a field, of those that were looked at.
struct FieldCount {
  std::string name;  // ".user.name"
  uint64_t records = 0;
  bool operator==(const FieldCount&) const = default;
};

// What a unit's records look like, for the next run to be held against. The same input has the
// same shape.
struct Shape {
  uint64_t records = 0;
  uint64_t bytes = 0;                   // Of their text, not compressed
  uint64_t looked_at = 0;               // So many of them for their fields
  uint64_t levels = 0;                  // 2: all fields. 1: the nested were too many. 0: all were.
  std::vector<FieldCount> fields = {};  // By name
  std::vector<FieldCount> nested = {};
  bool operator==(const Shape&) const = default;
};

// How far the records of an incremental source have come. Opaque here; as text for people.
struct Reached {
  std::string field = {};     // Which grows: ".updated_at"
  std::string greatest = {};  // Its value
  std::string near = {};      // Which records the next pass will get once more
  std::string covered = {};   // From this value on those are all that came
  bool operator==(const Reached&) const = default;
};

// Where an API unit may go on: what the source and the sink need for it, up to the first part that
// was not acknowledged. Its uploads may be of different epochs; each is committed with its own
// mark.
struct Checkpoint {
  std::string cursor;  // The source's, opaque
  Sums sums = {};
  std::vector<Upload> uploads = {};  // Parts and sums as far as they are the checkpoint's
  std::string state = {};            // The sink's, opaque
  std::vector<SetAside> set_aside = {};
  std::string fingerprint = {};  // Of the job that wrote it; another form of it does not resume.
  bool early = false;            // As of an intent
  bool operator==(const Checkpoint&) const = default;
};

// All that the manifest will say, since anybody may have to write it.
struct Intent {
  uint64_t epoch = 0;
  std::string run = {};
  std::string fingerprint = {};  // Of the job: source, decode, transform, sink
  Inputs inputs = {};
  std::vector<Upload> uploads = {};
  std::vector<Retired> retire = {};
  std::string catalogue = {};  // Opaque; empty: nothing to change
  std::vector<SetAside> set_aside = {};
  Sums sums = {};
  Shape shape = {};  // Empty: not known
  Reached reached = {};
  // Its inputs were asked for before the unit's time was over, so there may be more by now.
  bool early = false;
  std::string provisional = {};  // Why the unit isn't finished by it; empty: it is
  uint64_t end = 0;              // Streams: the position that it leads to. 0: a bounded unit.
  bool operator==(const Intent&) const = default;
};

struct Manifest {
  uint64_t epoch = 0;
  bool todo = false;  // Retiring and the catalogue have not been noted as done.
  std::string run = {};
  std::string fingerprint = {};
  Inputs inputs = {};
  std::vector<Output> outputs = {};
  std::vector<Retired> retire = {};
  std::string catalogue = {};
  std::vector<SetAside> set_aside = {};
  Sums sums = {};
  Shape shape = {};
  Reached reached = {};
  bool early = false;
  // Readers see it like any other, and the next run does the unit whole.
  std::string provisional = {};
  uint64_t end = 0;
  bool operator==(const Manifest&) const = default;
};

struct Failed {
  std::string why;
  std::string at;
  bool operator==(const Failed&) const = default;
};

// A partition's part in a merged unit that is not decided yet.
struct Pending {
  std::string unit;
  uint64_t end = 0;
  bool operator==(const Pending&) const = default;
};

struct Record {
  std::string job;
  std::string unit;
  uint64_t epoch = 0;
  std::optional<std::string> run = {};  // Whose claim is open
  std::string host = {};                // Where it runs, as which process, since when, and with
  std::string process = {};             // which sink share: of the open claim
  std::string since = {};
  uint64_t share_bytes = 0;
  // How often its owner has said since then that it is alive. A counter, and no time, because
  // nobody can compare clocks; and so that no body of the record ever comes twice.
  uint64_t renewals = 0;
  std::optional<Checkpoint> checkpoint = {};
  // Tens of thousands of objects each, at times; and the protocol holds several records at once.
  Shared<Intent> intent = {};
  Shared<Manifest> manifest = {};
  std::vector<Key> leftovers = {};  // Sorted: keys that a broken intent may have written
  std::optional<Failed> failed = {};
  uint64_t position = 0;  // Streams: everything before it is committed.
  std::optional<Pending> pending = {};
  bool operator==(const Record&) const = default;
};

// ---- text ---------------------------------------------------------------------------------------

// One line, and a line feed. The same record always has the same text.
std::string print(const Record& record);

// `key` is only for the message. `invalid`: not JSON, of another format, a field missing, unknown
// or of the wrong type. Whoever gets that error must not write or sweep by that record.
Result<Record> parse_record(std::string_view text, const Key& key);

// The documents beside a record: a unit's list of inputs, and a stream's earlier manifest (printed
// without `todo`, so that everybody who replaces it writes the same bytes).
std::string print_inputs(const std::vector<Input>& inputs);
Result<std::vector<Input>> parse_inputs(std::string_view text, const Key& key);
std::string print_manifest(const Manifest& manifest);
Result<Manifest> parse_manifest(std::string_view text, const Key& key);

// ---- questions ----------------------------------------------------------------------------------

// Does the upload belong to the record, so that nobody else may abort it?
bool names(const Record& record, const UploadId& id);

// The unit's last commit stands and nothing of another is half done.
bool committed(const Record& record);
// ... and it stands for good: it is not provisional, nor was it made before the unit's time was
// over. Whether it is this job's is the fingerprint's question.
bool finished(const Record& record);
inline bool finished(const Record& record, std::string_view fingerprint) {
  return finished(record) && record.manifest->fingerprint == fingerprint;
}

// What the record says once the intent is committed. `etags`: of the objects that the uploads
// became, in their order.
Manifest manifest_of(const Intent& intent, const std::vector<ETag>& etags);

}  // namespace sluice::ledger

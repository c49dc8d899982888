// Objects wherever they are: a directory, memory, S3. Requests and answers are values; the one verb
// is start, and exactly one Answered follows each, whatever happens.
//
// What every store promises (the contract suite tests it over all of them):
//   * Reads and listings are strong: what was acknowledged is seen by everybody at once.
//   * A conditional put has exactly one winner among any number of writers.
//   * An upload can be completed or aborted once, by anyone who knows its id and key; after that
//   any
//     request for it answers not_found. A completion is atomic: once another gets not_found the
//     object is visible, whole, and nothing of that upload lands after it.
//   * An upload is listed from its creation on.
// What a store lacks is a flag in Features.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/budget.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/inbox.h"
#include "base/names.h"
#include "base/result.h"

namespace sluice {

// ---- requests ----------------------------------------------------------------------------------

struct Range {
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

// Bytes of an object: the range, or with none the whole (which must then be at most `most` bytes;
// more is `invalid`, so that a reader's reservation is never overrun).
// not_found; conflict if `if_match` is not its ETag any more.
struct Get {
  Key key;
  std::optional<Range> range =
      {};  // Cut at the object's end; one that begins behind it is `invalid`.
  std::optional<ETag> if_match = {};
  uint64_t most = UINT64_MAX;
};
struct Head {  // not_found
  Key key;
};
// Keys in byte order, a page at a time. With a delimiter, what lies below "prefix...delimiter" is
// one entry of `prefixes`. A prefix nobody has is an empty page, not an error.
struct List {
  std::string prefix;
  std::string delimiter = {};  // "" or "/"
  std::string after = {};      // Page::next of the page before
  uint32_t most = 1000;  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html:
                         // "up to 1,000"
  // Only keys behind this one, which need not be there. Asked for without a delimiter; given with
  // every page of the list, the same.
  std::string start_after = {};
};
struct Anything {
  bool operator==(const Anything&) const = default;
};
struct Absent {  // If-None-Match: *
  bool operator==(const Absent&) const = default;
};
using Expect = std::variant<Anything, Absent, ETag>;  // ETag: If-Match
struct Put {  // conflict if what is there is not as expected (also when nothing is there for an
              // ETag)
  Key key;
  std::string body;
  Expect expect = Anything{};
};
// `only`: this very object and no other, by ETag and mark. conflict if another is there; not_found
// if none is. Without `only` it is gone afterwards, whatever was there: not_found never comes.
struct ExactObject {
  ETag etag;
  Mark mark;
  auto operator<=>(const ExactObject&) const = default;
};
struct Delete {
  Key key;
  std::optional<ExactObject> only = {};
};
struct CreateUpload {
  Key key;
  Mark mark;
};
// (Re)places one part. not_found: no such upload (any more).
struct PutPart {
  Key key;
  UploadId id;
  uint32_t number = 1;  // 1..10,000
  Buffer body;
  uint32_t crc32c = 0;  // Of body; `corrupt` if it isn't
};
// Makes the object visible with the upload's mark. not_found: completed or aborted before.
// conflict: a part is not (any more) what `parts` says (S3's InvalidPart); the upload stays open.
struct Complete {
  Key key;
  UploadId id;
  std::vector<PartTag> parts;  // By ascending number
};
struct Abort {  // Not there (any more) is fine: it is gone afterwards.
  Key key;
  UploadId id;
};
struct ListUploads {
  std::string prefix;
  std::string after = {};  // UploadPage::next of the page before
};

using Request =
    std::variant<Get, Head, List, Put, Delete, CreateUpload, PutPart, Complete, Abort, ListUploads>;
// The names of the requests, in the order of Request.
inline constexpr std::array<std::string_view, 10> store_verbs = {
    "get",           "head",     "list",     "put",   "delete",
    "create_upload", "put_part", "complete", "abort", "list_uploads"};
std::string_view verb(const Request&);  // "get", "head", ... the call kinds of the meter
std::string describe(const Request&);   // "get dt=2024/a.gz [0, 1024)" for errors and traces

// ---- answers
// -------------------------------------------------------------------------------------

struct Meta {
  uint64_t bytes = 0;
  ETag etag;
  Mark mark = {};  // Empty for objects that are not Sluice's
  WallTime modified = {};
};
struct Body {
  Buffer bytes;
  Meta meta;  // Of the whole object; the mark is Head's to tell and may be missing here
};
struct Listed {
  Key key;
  uint64_t bytes = 0;
  ETag etag;
};
struct Page {
  std::vector<Listed> objects;
  std::vector<std::string> prefixes;  // Whole, with the delimiter: "AWSLogs/1234/"
  std::optional<std::string> next;
};
struct Done {
  ETag etag = {};  // Put, Complete: the object's now. Else empty.
};
struct OpenUpload {
  Key key;
  UploadId id;
  bool operator==(const OpenUpload&) const = default;
};
struct UploadPage {  // By key
  std::vector<OpenUpload> uploads;
  std::optional<std::string> next;
};
// Head -> Meta, Get -> Body, List -> Page, Put/Delete/Complete/Abort -> Done, CreateUpload ->
// UploadId, PutPart -> PartTag, ListUploads -> UploadPage.
using Answer = std::variant<Body, Meta, Page, Done, UploadId, PartTag, UploadPage>;

struct Timing {
  Instant started, ended;
  uint64_t bytes = 0;     // Of payload, either way
  uint32_t attempts = 1;  // How often the store asked
};

struct Answered : Event {
  Answered(Ticket ticket, Result<Answer> answer, Lease lease, Timing timing)
      : Event(ticket), answer(std::move(answer)), lease(std::move(lease)), timing(timing) {}
  Result<Answer> answer;
  Lease lease;  // The one given to start
  Timing timing;
};

// ---- the seam
// --------------------------------------------------------------------------------------

struct Features {
  bool conditional_put = true;
  bool exact_delete = true;   // Delete::only is atomic (version id, inode); else HEAD, then DELETE
  bool lists_uploads = true;  // ListUploads finds them by a prefix; else only by their whole key
  // Complete of an upload that is gone is not_found; else it may be answered with a success where
  // any object is, and of several that complete at once more than one may win.
  bool completes_once = true;
  // A list with start_after costs no more than another.
  bool lists_from_anywhere = true;
  bool in_place_parts = false;  // An upload is one file: a resumer must copy into a new one
  uint64_t part_bytes_min = 1;  // Of every part but the last
  uint64_t part_bytes_max = 5ULL << 30;
  uint32_t parts_max = 10'000;
};

class Store {
 public:
  virtual ~Store() = default;
  // Never blocks. Exactly one Answered with this ticket is posted to the inbox afterwards, from any
  // thread, carrying the lease. The inbox must outlive it.
  virtual void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) = 0;
  // A hint: the answer, `cancelled` or a real one, still comes.
  virtual void cancel(Ticket) {}
  virtual Features features() const = 0;
  // What it is in messages: "s3://lake/", "/data/lake/", "memory:".
  virtual std::string name() const = 0;
};

// One request, waited for on an inbox of its own. For control work outside the loops.
Result<Answer> call(Store& store, Request request);
template <class T>
Result<T> call_for(Store& store, Request request) {
  return std::get<T>(TRY(call(store, std::move(request))));
}

}  // namespace sluice

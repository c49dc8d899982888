// A store as a value, for the search: what lies in it, what a request does to it and what it
// answers. It is the store that the model calls World and Store: strong reads and lists,
// conditional writes, uploads that anybody completes or aborts once, ETags by content.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ledger/machine.h"
#include "ledger/record.h"

namespace sluice::explorer {

using Parts = std::map<uint32_t, std::string>;  // ETag by number. A part's ETag is its content.

struct Object {
  std::string body;  // Of documents: records, the catalogue, the group's offset
  std::string etag;  // Of data: the contents of its parts, joined by "|"
  std::string mark;
  bool operator==(const Object&) const = default;
};

struct OpenUpload {
  std::string key;
  std::string mark;
  Parts parts;
  bool operator==(const OpenUpload&) const = default;
};

struct World {
  std::map<std::string, Object> objects;
  std::map<std::string, OpenUpload> uploads;  // By id; completed and aborted ones are not here.
  std::map<std::string, std::string> beside;  // Side files; the model has none.
  // in_place_parts: what has become of a completed upload, by its id: the object's key and parts.
  std::map<std::string, std::pair<std::string, Parts>> inodes;

  std::string text() const;  // All of it: two worlds are the same if their texts are.
  const Object* find(const std::string& key) const;
};

// A request as a value that can be compared; also those that only the search knows.
struct Request {
  enum class Kind : uint8_t {
    get,
    head,
    put,
    remove,
    complete,
    abort,
    list_uploads,
    list,
    create,  // Of an upload with its parts, by a name that the id is made of
    part,    // (Re)places one part
    choose,  // Not a request: the world makes a choice, `options` of them.
  };
  Kind kind = Kind::get;
  std::string key;
  std::string id;
  std::string body;
  std::string mark;
  std::string etag;  // Of expect, or of the object to be deleted
  enum class Expect : uint8_t { anything, absent, this_one } expect = Expect::anything;
  Parts parts;
  std::string by;  // Not seen by the store: whose abort it is
  uint64_t options = 0;

  bool mutates() const {
    return kind == Kind::put || kind == Kind::remove || kind == Kind::complete ||
           kind == Kind::abort || kind == Kind::create || kind == Kind::part;
  }
  std::string text() const;
};

Request request_of(const sluice::Request& request, const std::string& by);

struct Answer {
  enum class Kind : uint8_t {
    lost,
    done,
    not_found,
    conflict,
    body,
    meta,
    uploads,
    page,
    id,
    choice,
  };
  Kind kind = Kind::lost;
  std::string body;
  std::string etag;
  std::string mark;
  std::string id;
  std::vector<std::pair<std::string, std::string>> uploads;  // Of (id, key)
  uint64_t choice = 0;

  std::string text() const;
};

Result<sluice::Answer> answer_of(const Answer& answer);

struct StoreKind {
  bool exact_delete = true;  // False: by ETag alone, so a newer object of the same bytes goes, too.
  bool in_place_parts = false;  // A part is written into the upload's one file, even when that is
                                // visible already.
};

struct Effect {
  Answer answer;
  World world;
  std::string wrong;  // What no request may do: a side file written with other bytes
};
// More than one only for choose.
std::vector<Effect> apply(const StoreKind& store, const World& world, const Request& request);

std::string etag_of_text(const std::string& body);

}  // namespace sluice::explorer

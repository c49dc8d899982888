// Finds a unit's objects: lists a store along a path pattern, many prefixes at once, and streams
// what it finds in key order, while it still lists. Reading can begin with the first page.
//
// The keys are a tree, cut at their slashes. Where the pattern has text it is walked down without
// asking; where it has holes a level is listed (every level is paged); below its end everything is
// listed at once. What has been found and what has not been listed yet lie in one line, in key
// order; the page at the line's front is always asked for, others as far as memory reaches.
//
// Belongs to the loop's thread. Reading the objects is objects.h's.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/budget.h"
#include "base/inbox.h"
#include "base/result.h"
#include "flow/path_pattern.h"
#include "flow/stage.h"
#include "store/store.h"

namespace sluice {

class Lister {
 public:
  // At most so many lists at once (and a quarter of what may be in flight): 19 objects a page, as
  // CloudTrail has them, then feed 512 reads.
  static constexpr uint32_t lists_in_flight_max = 64;
  // What pages may hold ahead of the reader; an eighth of the budget if that is less.
  static constexpr uint64_t ahead_bytes_max = 2 << 20;
  // A transient error that the store gives in spite of its own retries is tried so often again,
  // after 100, 200, 400, 800 ms.
  static constexpr uint32_t retries_max = 4;
  static constexpr Nanoseconds retry_delay = 100_ms;

  // All references outlive the lister; the tickets are its owner's.
  struct Parts {
    Store& store;
    InFlight& in_flight;
    Budget& common;
    Inbox& inbox;
    TicketSeries& tickets;
  };
  Lister(BoundPattern pattern, Parts parts);
  Lister(const Lister&) = delete;
  Lister& operator=(const Lister&) = delete;

  void start_what_fits();
  // False: the ticket is not one of a list.
  bool on(Event& event);

  struct Found {
    Listed object;
    std::vector<std::string> captures;
  };
  // The next object in key order, or nothing yet (or no more: see ended()).
  std::optional<Found> take();
  // How many there are, once all pages are here.
  std::optional<uint64_t> found() const;
  bool ended() const { return line_.empty(); }  // And all are taken

  uint64_t lists() const { return lists_; }  // Requests so far
  const std::optional<Error>& error() const { return error_; }
  // Starts no more and forgets what was found; open() counts what is still to be answered.
  void stop();
  size_t open() const { return open_.size(); }

 private:
  // One place in the line.
  struct Place {
    enum class Kind : uint8_t { objects, everything, level, one_key };
    Kind kind = Kind::objects;
    BoundPattern::Alive alive = 0;
    size_t depth = 0;
    std::string prefix;  // Of the segments so far, with its slash; of one_key the key
    // Not listed yet:
    std::string begins;     // What wanted names begin with
    std::string after;      // The store's token
    std::string last_seen;  // The last key or prefix before it
    uint32_t tries = 0;
    bool resting = false;  // Till the next try
    // Listed:
    std::vector<Listed> objects;
    size_t next = 0;
    // What it holds of the budget, and of what pages may hold ahead.
    Lease common, ahead;
  };
  using Line = std::list<Place>;
  using At = Line::iterator;

  void add_below(At before, std::string prefix, size_t depth, BoundPattern::Alive alive);
  void add_objects(At before, const Place& from, std::vector<Listed> objects);
  void wait(At place);
  bool start(At place);
  void failed(At place, Error error);
  void listed(At place, Page page, Lease common);
  void add_level(At place, Page& page);

  const BoundPattern pattern_;
  Parts parts_;
  const uint32_t lists_max_;
  Budget ahead_;

  Line line_;
  std::multimap<std::string, At> waiting_;  // By where in the keys they begin
  std::unordered_map<Ticket, At> open_;     // Asked for, or resting before the next try
  uint32_t asked_ = 0;                      // Requests in flight
  uint64_t unlisted_ = 0;                   // Places that are not objects
  uint64_t found_ = 0;
  uint64_t lists_ = 0;
  bool stopped_ = false;
  std::optional<Error> error_;
};

// What was found, as the `number`th document.
Document make_document(uint64_t number, Lister::Found found, const std::string& store_name);

}  // namespace sluice

// Finds a unit's objects: lists a store along a path pattern, many prefixes at once, and streams
// what it finds in key order, while it still lists. Reading can begin with the first page.
//
// The keys are a tree, cut at their slashes. Where the pattern has text it is walked down without
// asking; where it has holes a level is listed (every level is paged); below its end everything is
// listed at once: one page after the other, and when that is many, the rest is cut into parts of
// about a page each (key_steps.h), which are listed side by side. What has been found and what has
// not been listed yet lie in one line, in key order; the page at the line's front is always asked
// for, others as far as memory reaches.
//
// Belongs to the loop's thread. Reading the objects is objects.h's.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/budget.h"
#include "base/inbox.h"
#include "base/result.h"
#include "flow/path_pattern.h"
#include "flow/stage.h"
#include "source/errands.h"
#include "source/listing.h"
#include "store/page_order.h"
#include "store/store.h"

namespace sluice {

class Lister : public Listing {
 public:
  // While there is nothing to read, as many lists at once as may be in flight; beside reads at most
  // so many, and a quarter of that: 19 objects a page, as CloudTrail has them, then feed 512 reads.
  static constexpr uint32_t lists_beside_reads_max = 64;
  // What pages may hold that are asked for, or lie ahead of the reader; an eighth of the budget if
  // that is less. Beside reads a quarter of it.
  static constexpr uint64_t ahead_bytes_max = 8 << 20;
  // A flat prefix is cut once it has had so many pages; each page then brings so many parts more at
  // most, fewer while parts are found empty. Of 1,000 keys each, more don't fit ahead of the
  // reader.
  static constexpr uint32_t pages_before_cut = 8;
  static constexpr uint32_t parts_at_once_max = 8;

  Lister(BoundPattern pattern, Parts parts);
  Lister(const Lister&) = delete;
  Lister& operator=(const Lister&) = delete;

  void start_what_fits() override;
  bool on(Event& event) override;
  std::optional<Found> take() override;
  std::optional<uint64_t> found() const override;
  bool ended() const override { return line_.empty(); }
  uint64_t lists() const override { return lists_; }
  const std::optional<Error>& error() const override { return error_; }
  void stop() override;
  size_t open() const override { return errands_.open(); }

 private:
  // One stretch in the line.
  struct Stretch {
    enum class Kind : uint8_t { objects, everything, level, one_key };
    Kind kind = Kind::objects;
    BoundPattern::Alive alive = 0;
    size_t depth = 0;
    std::string prefix;  // Of the segments so far, with its slash; of one_key the key
    // Not listed yet:
    std::string begins;  // What wanted names begin with
    std::string after;   // The store's token
    PageOrder order;     // Knows the last key or prefix before it
    // Of everything: a part of the prefix is what lies behind start_after, up to `end` included.
    // Empty: from the first on, to the last.
    std::string start_after, end;
    uint32_t pages = 0;  // That the prefix has had
    uint64_t found = 0;  // In this part
    uint32_t tries = 0;
    // Listed:
    std::vector<Listed> objects;
    size_t next = 0;
    // What it holds of the budget, and of what pages may hold ahead.
    Lease common, ahead;
  };
  using Line = std::list<Stretch>;
  using At = Line::iterator;

  void add_below(At before, std::string prefix, size_t depth, BoundPattern::Alive alive);
  void add_objects(At before, const Stretch& from, std::vector<Listed> objects);
  void wait(At stretch);
  bool is_something_to_read() const { return line_.front().kind == Stretch::Kind::objects; }
  bool start(At stretch);
  void failed(At stretch, Error error);
  void listed(At stretch, Page page, Lease common);
  void add_level(At stretch, Page& page);
  std::vector<std::string> trim(At stretch, Page& page);
  void cut(At stretch, const std::vector<std::string>& steps);

  const BoundPattern pattern_;
  const bool cuts_;  // Where the store lists from anywhere
  Parts parts_;
  const uint32_t lists_beside_reads_;
  Budget ahead_;

  Line line_;
  std::multimap<std::string, At> waiting_;  // By where in the keys they begin
  Errands<At> errands_;
  uint32_t parts_at_once_ = parts_at_once_max;
  uint64_t unlisted_ = 0;  // Not listed yet
  uint64_t found_ = 0;
  uint64_t lists_ = 0;
  bool stopped_ = false;
  std::optional<Error> error_;
};

// The listing of a store as it is now.
std::unique_ptr<Listing> make_lister(BoundPattern pattern, Listing::Parts parts);

}  // namespace sluice

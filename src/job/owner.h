#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/inbox.h"
#include "base/result.h"
#include "job/job_file.h"
#include "job/run.h"
#include "store/page_order.h"
#include "store/store.h"

namespace sluice {

// Of a lake, behind its prefix: whose it is.
inline constexpr std::string_view owner_file = "_sluice/owner.json";

// The prefixes above a lake's, the nearest last: "", "raw/" of "raw/trail/".
std::vector<std::string> prefixes_above(const std::string& lake_prefix);

// So many lists are taken of a new lake's folders, once.
inline constexpr uint32_t inner_folders_max = 100;

// Whose lake it is: one job's, unless the job says `shared: true`. Reads `_sluice/owner.json`, and
// writes it where there is none; `conflict` if it is another's, or if the lake lies inside another
// lake, whose runs would take its uploads for theirs, or around one. Two or three calls, one after
// the other, in the run's loop: until it is done nothing else may be written.
//
// What lies above is looked at by each run. What lies below is looked for when the lake is new,
// folder by folder, since a later lake there looks above itself; so far as inner_folders_max go.
// Not seen: a lake that is deeper among more folders, or made in the same moment.
class Ownership {
 public:
  Ownership(const Job& job, const JobParts& parts, Inbox& inbox, TicketSeries tickets);
  bool owns(Ticket ticket) const { return tickets_.owns(ticket); }
  void on(Event& event);
  bool done() const { return ended_ && outer_.empty(); }
  const Status& status() const { return status_; }  // Once done

 private:
  void get();
  void look_around();
  void took_outer(Ticket ticket, Result<Answer> answer);
  void took_get(Result<Answer> answer);
  void begin_to_own();
  void look_below();
  void took_below(Result<Answer> answer);
  void put();
  void took_put(Result<Answer> answer);
  Status check(std::string_view text) const;
  void end(Status status);

  const Job& job_;
  Store& lake_;
  const Key key_;
  Inbox& inbox_;
  TicketSeries tickets_;
  std::unordered_map<Ticket, std::string> outer_;  // Asked: is there a lake with this prefix?
  bool may_write_ = false;                         // There is no owner yet
  // Folders of a new lake that are looked into for lakes, and how far the first one's list has
  // come.
  std::deque<std::string> below_;
  std::string after_;
  PageOrder order_;
  Ticket listing_ = 0;  // Of the open list; 0: none
  uint32_t lists_ = 0;
  bool writing_ = false;
  uint32_t rounds_ = 0;
  bool ended_ = false;
  Status status_;
};

}  // namespace sluice

// How an API's pages follow each other: from what one page has shown to the request for the next,
// to the end, or to an error. Pure: it never sends anything.
//
//   single   one page
//   cursor   a token in the body (next_token) or in a header goes into the query, or into the body
//   url      the next page's URL stands in the body
//   link     ... or in a Link header (RFC 8288)
//   page     pages are numbered
//   offset   records are; the next page begins behind what came, however many were asked for
//
// Guards: a page cap; a cursor or a page that comes a second time; a number of records that isn't
// the one announced; words of one answer that contradict each other. Each is an error at once,
// since what it would otherwise become is an endless run or a lake with a hole. A word that the
// first answer doesn't have at all may be right (many APIs leave out what is false or over), and
// may be a wrong path: that is a doubt, which the report tells.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/result.h"
#include "flow/stage.h"
#include "http/http.h"
#include "json/path.h"

namespace sluice {

enum class PagingKind : uint8_t { single, cursor, url, link, page, offset };
enum class OnEmptyPage : uint8_t { by_kind, end, follow, error };
enum class OnRepeatedCursor : uint8_t { error, end };
// What an offset goes on by: as many records as came, or as were asked for. The second is right
// only where an API counts records that it doesn't show.
enum class OffsetStep : uint8_t { came, size };

struct PagingOptions {
  PagingKind kind = PagingKind::single;
  std::optional<json::Path> where = {};    // cursor, url: in the body
  std::string header = {};                 // cursor: in this header instead
  std::string rel = "next";                // link
  std::string word = {};                   // cursor, page, offset: its name in the query,
  std::optional<json::Path> in_body = {};  // ... or where it goes in a JSON body
  uint64_t first = 0;                      // page, offset
  uint64_t size = 0;                       // Records of a page; 0: not known
  OffsetStep step = OffsetStep::came;
  std::optional<json::Path> more = {};   // A flag: false is the end
  std::optional<json::Path> total = {};  // How many records there are,
  std::optional<json::Path> pages = {};  // ... and how many pages
  bool total_may_differ = false;
  // by_kind: the end for page and offset without `more` and `pages`; else just a page
  OnEmptyPage on_empty = OnEmptyPage::by_kind;
  OnRepeatedCursor on_repeated = OnRepeatedCursor::error;
  bool same_page_may_come = false;
  uint64_t pages_max = 10'000;
  bool operator==(const PagingOptions&) const = default;
};

struct PageRequest {
  std::string url;
  std::string body;
  bool operator==(const PageRequest&) const = default;
};

// What the page has shown.
struct PageShown {
  const Headers& headers;
  const Envelope& envelope;  // Its values are those of Paging::wanted()
  std::string_view url;      // Where it came from in the end
};

class Paging {
 public:
  // Envelope values to be found in each page, in this order.
  static std::vector<json::Path> wanted(const PagingOptions& options);
  // Where the same page lies whatever came before it, several may be asked for at once.
  static bool numbered(const PagingOptions& options) {
    return options.kind == PagingKind::page || options.kind == PagingKind::offset;
  }

  // `invalid`: the place of a page is to go into the body, and this one isn't JSON or has no such
  // place.
  static Status check_body(const PagingOptions& options, std::string_view body);

  // The body of `first` is one that check_body() finds good.
  Paging(PagingOptions options, PageRequest first);
  const PagingOptions& options() const { return options_; }
  // From where an earlier run got to, as cursor() said it. `invalid`: not such a text.
  Status resume(std::string_view cursor);

  // Pages from 0, in order; the first to be asked for is first_page(), more than 0 when resumed.
  uint64_t first_page() const { return first_page_; }
  const PageRequest& first_request() const { return next_; }
  // numbered(): the request for a page that next() has not seen yet. What it is for an offset may
  // change with each page that next() sees: pages turn out shorter or longer than they were said to
  // be.
  PageRequest request_of(uint64_t page) const;
  // How many pages there are, once known; of a page that there may be, whether it is within the
  // cap is next()'s to say.
  std::optional<uint64_t> pages() const { return pages_; }

  // In the order of pages. The request that comes next, or nothing: this was the last.
  Result<std::optional<PageRequest>> next(const PageShown& page);
  // After next() has given a request: where a later run may begin with it. Nothing where what lies
  // on a page depends on what has come and gone meanwhile (page numbers, offsets).
  std::optional<std::string> cursor() const;
  uint64_t records() const { return records_; }
  // What looks wrong although it may be right; each once.
  std::vector<std::string> take_doubts() { return std::exchange(doubts_, {}); }

 private:
  enum class More : uint8_t { untold, yes, no };
  std::optional<std::string_view> value(const PageShown& page,
                                        const std::optional<json::Path>& path, size_t at) const;
  Result<std::optional<uint64_t>> number(const PageShown& page,
                                         const std::optional<json::Path>& path, size_t at,
                                         std::string_view what) const;
  Status read_words(const PageShown& page);
  More read_more(const PageShown& page);
  void move_on(uint64_t records);
  void wonder_about_words(const PageShown& page);
  void wonder_about_place(const PageShown& page);
  bool has_pages_left() const { return pages_ && done_ < *pages_; }
  Result<bool> is_last(bool is_empty);
  Result<std::optional<PageRequest>> by_cursor(const PageShown& page);
  Result<std::optional<PageRequest>> by_url(const PageShown& page);
  Result<std::optional<PageRequest>> end();
  Result<std::optional<PageRequest>> no_place();
  Result<PageRequest> with_position(std::string_view raw) const;

  const PagingOptions options_;
  const PageRequest first_;
  PageRequest next_;
  uint64_t first_page_ = 0;
  uint64_t done_ = 0;  // Pages that next() has seen, those of earlier runs too
  uint64_t records_ = 0;
  std::optional<uint64_t> total_, pages_;  // As the last page that had them said
  More more_ = More::untold;               // As this page says
  bool has_said_more_ = false;             // Any page has
  uint64_t at_ = 0, step_ = 1;             // numbered(): of the page behind done_; to the next
  bool was_short_ = false;                 // A page had fewer records than `size`
  bool has_come_again_ = false;            // The place of the next page: `repeated: end`
  std::string position_;                   // Of next_: the cursor's raw JSON, or the URL
  std::unordered_set<uint64_t> seen_positions_;  // Hashes
  std::unordered_set<uint64_t> seen_pages_;
  std::vector<std::string> doubts_;
  size_t more_at_ = 0, total_at_ = 0, pages_at_ = 0;  // In Envelope::values
};

}  // namespace sluice

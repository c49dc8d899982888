#include "source/paging.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/text.h"
#include "http/url.h"
#include "json/edit.h"
#include "json/scan.h"
#include "json/value.h"
#include "source/link_header.h"

namespace sluice {
namespace {

// Of guards alone: an API with more pages is caught by its cap, if not by these.
constexpr size_t remembered_max = 1'000'000;

Error wrong(std::string message) {
  return {ErrorKind::invalid, std::move(message)};
}

// False if it is there already.
bool remember(std::unordered_set<uint64_t>& seen, uint64_t hash) {
  if (seen.size() >= remembered_max) return !seen.contains(hash);
  return seen.insert(hash).second;
}

// Whether a flag says yes, in whatever form: true, "Y", 1, [..]. Text that is no such word, as a
// token or a URL, stands for something that is there.
bool says_yes(std::string_view raw) {
  switch (json::kind(raw)) {
    case json::Kind::object:
    case json::Kind::array:
      return raw.substr(1).find_first_not_of(" \t\r\n") != raw.size() - 2;
    default:
      break;
  }
  const std::string text = lower_case(trim(json::as_text(raw).value_or("")));
  if (const auto number = parse_number<double>(text)) return *number != 0;
  constexpr std::array<std::string_view, 8> words = {"",  "false", "f",    "no",
                                                     "n", "off",   "null", "none"};
  return std::ranges::find(words, text) == words.end();
}

// null, "", false and what isn't there: no cursor.
bool is_nothing(std::string_view raw) {
  return raw == "null" || raw == "\"\"" || raw == "false";
}

}  // namespace

std::vector<json::Path> Paging::wanted(const PagingOptions& options) {
  std::vector<json::Path> paths;
  for (const auto& path : {options.where, options.more, options.total, options.pages}) {
    if (path) paths.push_back(*path);
  }
  return paths;
}

Status Paging::check_body(const PagingOptions& options, std::string_view body) {
  if (!options.in_body) return {};
  if (const auto fault = json::find_fault(body))
    return wrong("it must be JSON, since a page's place goes into it: " + fault->message());
  std::string with_place;
  if (auto set = json::set(body, *options.in_body, "1", with_place); !set.ok())
    return wrong(std::move(set.error().message));
  return {};
}

Paging::Paging(PagingOptions options, PageRequest first)
    : options_(std::move(options)), first_(std::move(first)), next_(first_) {
  size_t at = options_.where ? 1 : 0;
  more_at_ = at;
  if (options_.more) ++at;
  total_at_ = at;
  if (options_.total) ++at;
  pages_at_ = at;
  if (!numbered(options_)) return;
  at_ = options_.first;
  if (options_.kind == PagingKind::offset) step_ = std::max<uint64_t>(options_.size, 1);
  next_ = request_of(0);
}

Status Paging::resume(std::string_view cursor) {
  const auto parts = split(cursor, '\n');
  const auto pages = parts.size() == 3 ? parse_number<uint64_t>(parts[0]) : std::nullopt;
  const auto records = parts.size() == 3 ? parse_number<uint64_t>(parts[1]) : std::nullopt;
  if (!pages || !records || numbered(options_))
    return wrong("the cursor of an earlier run is not one of this source");
  first_page_ = done_ = *pages;
  records_ = *records;
  position_ = parts[2];
  remember(seen_positions_, hash64(position_));
  if (options_.kind == PagingKind::cursor) {
    next_ = TRY(with_position(position_));
  } else {
    next_.url = position_;
  }
  return {};
}

std::optional<std::string> Paging::cursor() const {
  if (numbered(options_) || position_.empty()) return std::nullopt;
  return std::to_string(done_) + '\n' + std::to_string(records_) + '\n' + position_;
}

PageRequest Paging::request_of(uint64_t page) const {
  ENSURE(page >= done_);
  return with_position(std::to_string(at_ + (page - done_) * step_)).value();
}

// The first request with a cursor or a number in its place.
Result<PageRequest> Paging::with_position(std::string_view raw) const {
  PageRequest made = first_;
  if (options_.in_body) {
    made.body.clear();
    auto set = json::set(first_.body, *options_.in_body, raw, made.body);
    if (!set.ok()) return std::move(set).error().in("the request's body");
    return made;
  }
  const auto text = json::as_text(raw);
  made.url = with_query_word(first_.url, options_.word, text.value_or(std::string(raw)));
  return made;
}

std::optional<std::string_view> Paging::value(const PageShown& page,
                                              const std::optional<json::Path>& path,
                                              size_t at) const {
  if (!path || at >= page.envelope.values.size() || !page.envelope.values[at]) return std::nullopt;
  const std::string& raw = *page.envelope.values[at];
  if (raw == "null") return std::nullopt;
  return raw;
}

Result<std::optional<uint64_t>> Paging::number(const PageShown& page,
                                               const std::optional<json::Path>& path, size_t at,
                                               std::string_view what) const {
  const auto raw = value(page, path, at);
  if (!raw) return std::optional<uint64_t>();
  const auto text = json::as_text(*raw);
  const auto parsed = text ? parse_number<uint64_t>(*text) : std::nullopt;
  if (!parsed)
    return wrong(std::string(what) + ": " + json::to_string(*path) + " is " + excerpt(*raw, 40) +
                 ", not a whole number");
  return std::optional(*parsed);
}

Result<std::optional<PageRequest>> Paging::next(const PageShown& page) {
  const uint64_t records = page.envelope.records;
  const bool is_empty = records == 0;
  ++done_;
  records_ += records;
  if (!is_empty && !remember(seen_pages_, page.envelope.content) && !options_.same_page_may_come)
    return wrong(
        "the same page came twice: the API doesn't go on from where it is told to (is "
        "`next` right?; `same_page: allow` if pages may be alike)");
  TRY(read_words(page));
  move_on(records);
  if (TRY(is_last(is_empty))) return end();
  std::optional<PageRequest> next;
  switch (options_.kind) {
    case PagingKind::single:
      return end();
    case PagingKind::cursor:
      next = TRY(by_cursor(page));
      break;
    case PagingKind::url:
    case PagingKind::link:
      next = TRY(by_url(page));
      break;
    case PagingKind::page:
    case PagingKind::offset:
      next = request_of(done_);
      break;
  }
  if (!next) {
    wonder_about_place(page);
    return no_place();
  }
  if (done_ >= options_.pages_max)
    return wrong("more than max_pages (" + std::to_string(options_.pages_max) +
                 "): the API has another page; raise max_pages if that is right");
  // One word says that there is no more, another that there is: what comes will show.
  if (pages_) pages_ = std::max(*pages_, done_ + 1);
  next_ = *next;
  return next;
}

// The last page that has a word is right: what there is may grow while it is read.
Status Paging::read_words(const PageShown& page) {
  wonder_about_words(page);
  more_ = read_more(page);
  if (const auto total = TRY(number(page, options_.total, total_at_, "total"))) total_ = total;
  if (const auto pages = TRY(number(page, options_.pages, pages_at_, "pages"))) pages_ = pages;
  return {};
}

Paging::More Paging::read_more(const PageShown& page) {
  if (!options_.more || more_at_ >= page.envelope.values.size()) return More::untold;
  const auto& raw = page.envelope.values[more_at_];
  // Some leave out what is false; whoever has never had it may not know the word.
  if (!raw) return has_said_more_ ? More::no : More::untold;
  has_said_more_ = true;
  return says_yes(*raw) ? More::yes : More::no;
}

void Paging::move_on(uint64_t records) {
  if (options_.kind != PagingKind::offset || options_.step == OffsetStep::size || records == 0) {
    at_ += step_;
    return;
  }
  if (was_short_) {
    was_short_ = false;
    doubts_.push_back("a page has fewer records than `size` (" + std::to_string(options_.size) +
                      "), and another follows: offsets go on by what came (`step: size` if they "
                      "count records that the API doesn't show)");
  }
  was_short_ = records < options_.size && step_ == options_.size;
  step_ = records;
  at_ += records;
}

// A wrong path would silently load one page, or compare nothing.
void Paging::wonder_about_words(const PageShown& page) {
  const auto& values = page.envelope.values;
  if (done_ != 1 || values.size() < wanted(options_).size()) return;
  const std::string till = numbered(options_) ? ": pages go on till an empty one"
                                              : ": what says where the next page is says alone "
                                                "whether there is one";
  const auto look = [&](const std::optional<json::Path>& path, size_t at, const std::string& so) {
    if (path && !values[at])
      doubts_.push_back("the first page has no " + json::to_string(*path) + so +
                        "; is the path in `next` right?");
  };
  look(options_.more, more_at_, till);
  look(options_.pages, pages_at_, till);
  look(options_.total, total_at_, ": nothing shows whether all records came");
}

void Paging::wonder_about_place(const PageShown& page) {
  if (done_ != 1 || (total_ && *total_ == records_)) return;
  const std::string so = ", so it is taken for the only page; is ";
  const auto& values = page.envelope.values;
  if (options_.where && !values.empty() && !values[0]) {
    doubts_.push_back("the first page has no " + json::to_string(*options_.where) + so +
                      "the path in `next` right?");
  }
  // An answer without records needn't say that there are no more of them.
  if (page.envelope.records == 0) return;
  if (!options_.header.empty() && !has_header(page.headers, options_.header))
    doubts_.push_back("the first page has no header " + options_.header + so + "`next` right?");
  if (options_.kind == PagingKind::link && !link_with_rel(page.headers, options_.rel))
    doubts_.push_back("the first page has no Link with rel=\"" + options_.rel + '"' + so +
                      "`next` right?");
}

Result<bool> Paging::is_last(bool is_empty) {
  if (more_ == More::no) {
    if (has_pages_left())
      return wrong("the API says that there is no more (" + json::to_string(*options_.more) +
                   "), but also that this is page " + std::to_string(done_) + " of " +
                   std::to_string(*pages_) + ": is `next` right?");
    return true;
  }
  const bool all_pages = pages_ && done_ >= *pages_;
  const bool all_records = total_ && numbered(options_) && records_ >= *total_;
  if ((all_pages || all_records) && (more_ == More::untold || is_empty)) return true;
  if (!is_empty) return false;
  // Where the API itself says whether there is more, an empty page says nothing.
  const bool is_told = more_ == More::yes || has_pages_left();
  const bool ends = options_.on_empty == OnEmptyPage::end ||
                    (options_.on_empty == OnEmptyPage::by_kind && numbered(options_) && !is_told);
  if (options_.on_empty == OnEmptyPage::error && done_ > 1)
    return wrong("an empty page (on_empty: error)");
  return ends;
}

Result<std::optional<PageRequest>> Paging::by_cursor(const PageShown& page) {
  std::string raw;
  if (!options_.header.empty()) {
    const std::string_view text = header(page.headers, options_.header);
    if (!text.empty()) raw = json::quote(text);
  } else {
    raw = value(page, options_.where, 0).value_or("");
  }
  if (raw.empty() || is_nothing(raw)) return std::optional<PageRequest>();
  if (json::kind(raw) == json::Kind::object || json::kind(raw) == json::Kind::array)
    return wrong("the cursor " + json::to_string(*options_.where) + " is " +
                 std::string(json::describe(json::kind(raw))));
  if (!remember(seen_positions_, hash64(raw))) {
    has_come_again_ = true;
    if (options_.on_repeated == OnRepeatedCursor::end) return std::optional<PageRequest>();
    return wrong(
        "the API gave the same cursor twice, which would never end (`repeated: end` if "
        "that is how it says that there is no more)");
  }
  position_ = std::move(raw);
  return std::optional(TRY(with_position(position_)));
}

Result<std::optional<PageRequest>> Paging::by_url(const PageShown& page) {
  std::optional<std::string> reference;
  if (options_.kind == PagingKind::link) {
    reference = link_with_rel(page.headers, options_.rel);
  } else if (const auto raw = value(page, options_.where, 0); raw && !is_nothing(*raw)) {
    if (json::kind(*raw) != json::Kind::string)
      return wrong("the next URL " + json::to_string(*options_.where) + " is " +
                   std::string(json::describe(json::kind(*raw))));
    reference = json::as_text(*raw);
  }
  if (!reference || reference->empty()) return std::optional<PageRequest>();
  PageRequest made{.url = resolved_url(page.url, *reference), .body = first_.body};
  TRY_IN(parse_url(made.url), "the next page's URL");
  if (!remember(seen_positions_, hash64(made.url)) || (done_ == 1 && made.url == first_.url)) {
    has_come_again_ = true;
    if (options_.on_repeated == OnRepeatedCursor::end) return std::optional<PageRequest>();
    return wrong("the API gave the same next URL twice, which would never end");
  }
  position_ = made.url;
  return std::optional(std::move(made));
}

// The page doesn't say where the next one lies: then it must be the last, by all that it says.
Result<std::optional<PageRequest>> Paging::no_place() {
  if (has_come_again_) return end();
  const std::string but = ", but not where the next page is: is `next` right?";
  if (more_ == More::yes)
    return wrong("the API says that there is more (" + json::to_string(*options_.more) + ")" + but);
  if (has_pages_left())
    return wrong("the API says that this is page " + std::to_string(done_) + " of " +
                 std::to_string(*pages_) + but);
  return end();
}

Result<std::optional<PageRequest>> Paging::end() {
  pages_ = done_;
  position_.clear();
  if (total_ && *total_ != records_ && !options_.total_may_differ)
    return wrong("the API announced " + std::to_string(*total_) + " records, but " +
                 std::to_string(records_) + " came (`total_may_differ: true` if that is right)");
  return std::optional<PageRequest>();
}

}  // namespace sluice

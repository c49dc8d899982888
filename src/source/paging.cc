#include "source/paging.h"

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
  if (numbered(options_)) next_ = request_of(0);
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
  const uint64_t at =
      options_.first +
      page * (options_.kind == PagingKind::page ? 1 : std::max<uint64_t>(options_.size, 1));
  return with_position(std::to_string(at)).value();
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
  if (!total_) total_ = TRY(number(page, options_.total, total_at_, "total"));
  if (!pages_) pages_ = TRY(number(page, options_.pages, pages_at_, "pages"));
  if (TRY(is_last(page, is_empty))) return end();

  // A wrong path would silently load one page.
  if (done_ == 1 && options_.where && !page.envelope.values.at(0))
    doubt_ = "the first page has no " + json::to_string(*options_.where) +
             ", so it is taken for the only page; is the path in `next` right?";
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
  if (!next) return end();
  if (done_ >= options_.pages_max)
    return wrong("more than max_pages (" + std::to_string(options_.pages_max) +
                 "): the API has another page; raise max_pages if that is right");
  next_ = *next;
  return next;
}

Result<bool> Paging::is_last(const PageShown& page, bool is_empty) {
  if (options_.more) {
    const auto raw = value(page, options_.more, more_at_);
    if (!raw || is_nothing(*raw) || *raw == "\"false\"" || *raw == "0") return true;
  }
  if (pages_ && done_ >= *pages_) return true;
  if (total_ && numbered(options_) && records_ >= *total_) return true;
  if (!is_empty) return false;
  // Where the API itself says whether there is more, an empty page says nothing.
  const bool is_told = options_.more || pages_;
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
    if (options_.on_repeated == OnRepeatedCursor::end) return std::optional<PageRequest>();
    return wrong("the API gave the same next URL twice, which would never end");
  }
  position_ = made.url;
  return std::optional(std::move(made));
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

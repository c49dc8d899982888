// A source of pages: what a paged HTTP API gives, one page after another, each a document. Pages go
// through as they come, a piece at a time; the next one is asked for as soon as this one has shown
// where it lies, and fetched while this one is worked on. Numbered pages may be asked for several
// at once. Where pages are lists, whose rows name what is wanted (http_details.cc), each of those
// is a document.
//
// A page that can't be had, or isn't what it should be, ends the unit: nothing of it is kept back
// to be set aside, since it can be asked for again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "flow/incremental.h"
#include "flow/makers.h"
#include "flow/part.h"
#include "flow/settings.h"
#include "flow/template.h"
#include "source/page_fetcher.h"

namespace sluice {

// Pages that are lists, whose rows name what is wanted.
struct HttpDetailsOptions {
  Template url;        // Of a row's document, by the row's fields; may be relative
  json::Path records;  // Where a list has its rows
  uint32_t parallel = 16;
};

// What the job says of its API. Templates are rendered for each unit.
struct HttpPagesOptions {
  std::string method = "GET";
  Template url;
  std::vector<std::pair<std::string, Template>> query, headers;
  std::optional<Template> body;
  PagingOptions paging;
  std::optional<HttpDetailsOptions> details;
  uint32_t parallel = 1;  // Numbered pages asked for at once
  PageFetchOptions fetch;
  std::optional<Incremental> incremental;
  double per_second = 0;
};

// The part `http`: `source: { http: { url: "https://..." } }`.
const PartDoc& http_pages_doc();
// `invalid`, pointing at the word: words that contradict each other, a URL that is none.
Result<HttpPagesOptions> read_http_pages(const Settings& settings);

// All requests of a unit, as its templates make them.
struct HttpRequests {
  PageFetchOptions fetch;
  Paging paging;
};
std::unique_ptr<Source> make_http_details(ApiAccess& api, const HttpDetailsOptions& options,
                                          const HttpRequests& requests,
                                          const SourceContext& context);

// `api` outlives what is made.
std::unique_ptr<SourceMaker> make_http_pages_maker(ApiAccess& api, HttpPagesOptions options);

}  // namespace sluice

// A source of pages: what a paged HTTP API gives, one page after another, each a document. Pages go
// through as they come, a piece at a time; the next one is asked for as soon as this one has shown
// where it lies, and fetched while this one is worked on. Numbered pages may be asked for several
// at once.
//
// A page that can't be had, or isn't what it should be, ends the unit: nothing of it is kept back
// to be set aside, since it can be asked for again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "flow/makers.h"
#include "flow/part.h"
#include "flow/settings.h"
#include "flow/template.h"
#include "source/page_fetcher.h"

namespace sluice {

// What the job says of its API. Templates are rendered for each unit.
struct HttpPagesOptions {
  std::string method = "GET";
  Template url;
  std::vector<std::pair<std::string, Template>> query, headers;
  std::optional<Template> body;
  bool body_is_json = false;
  PagingOptions paging;
  uint32_t parallel = 1;  // Numbered pages asked for at once
  PageFetchOptions fetch;
  double per_second = 0;
};

// The part `http`: `source: { http: { url: "https://..." } }`.
const PartDoc& http_pages_doc();
// `invalid`, pointing at the word: words that contradict each other, a URL that is none.
Result<HttpPagesOptions> read_http_pages(const Settings& settings);

// `api` outlives what is made. `json`: the pages are decoded as JSON.
std::unique_ptr<SourceMaker> make_http_pages_maker(ApiAccess& api, HttpPagesOptions options);

}  // namespace sluice

// A page that was asked for, in whichever style, and the answer's parts as the style says. What is
// wrong on purpose is decided by who calls (api_handler.h). Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "faults.h"
#include "http_server/http_message.h"
#include "http_server/url.h"
#include "options.h"
#include "records.h"
#include "rope.h"

namespace sluice::fake_api {

enum class Style : uint8_t {
  cursor,
  cursor_header,
  next_url,
  link,
  page,
  offset,
  post,
  graphql,
  ndjson,
  csv,
  list,
  window,
  events,
};

struct PageRequest {
  Style style = Style::cursor;
  std::string path;     // Of the style: "/cursor"
  std::string counted;  // The path with what narrows the records: "/window?from=..."
  Span all;             // Which records it pages over
  uint64_t offset = 0, size = 0;
  uint64_t number = 1;  // From 1, whatever the style counts from
  uint64_t base = 1;    // What the style's first page is called
  // A token that comes behind an empty page in the middle: the same place, another token.
  uint64_t again = 0;
  uint64_t epoch = 0;      // Of the tokens that are given and taken now
  std::string token;       // As it came
  bool by_number = false;  // /post alone: by page, not by cursor
  std::string kept;        // Parameters that links carry on: "per_page=3&"
  std::string origin;      // "http://127.0.0.1:1234"
  std::string links;       // absolute, path, query
};

struct PageAnswer {
  std::string content_type = "application/json";
  std::string headers;  // Lines
  std::shared_ptr<Rope> body;
  uint64_t records = 0;
};

// What a request is to a style of pages.
struct PageRead {
  std::optional<PageRequest> page;
  int refusal =
      0;  // The status of a request that isn't understood; 0 too if the path is no style's
  std::string why;
};
PageRead read_page(const http_server::HttpRequest& request, std::string_view path,
                   const http_server::Query& query, const PageOptions& options,
                   const Records& records, uint64_t token_epoch);
PageAnswer make_page(const PageRequest& page, const Fault& fault, const PageOptions& options,
                     const Records& records);

}  // namespace sluice::fake_api

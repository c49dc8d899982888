// Link headers (RFC 8288): where an API says the next page is.
//
//   Link: <https://api.example.com/items?page=2>; rel="next", </items?page=9>; rel=last
//
// Pure; safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/http.h"

namespace sluice {

struct Link {
  std::string url;  // As it stands between < and >; may be relative
  std::vector<std::string> rels;  // Lower case
};

// All links of one header's value. What isn't a link is passed over, as its section 3 asks for.
std::vector<Link> parse_links(std::string_view value);

// The first link with this relation among all Link headers.
std::optional<std::string> link_with_rel(const Headers& headers, std::string_view rel);

}  // namespace sluice

#include "source/link_header.h"

#include <algorithm>

#include "base/text.h"

namespace sluice {
namespace {

// Walks over a header's value; positions only go forward.
class LinkReader {
 public:
  explicit LinkReader(std::string_view text) : rest_(text) {}

  std::vector<Link> read() {
    std::vector<Link> links;
    while (!rest_.empty()) {
      skip_blanks();
      if (!rest_.starts_with('<')) {
        skip_to_comma();
        continue;
      }
      const size_t end = rest_.find('>');
      if (end == std::string_view::npos) break;
      Link& link = links.emplace_back();
      link.url = trim(rest_.substr(1, end - 1));
      rest_.remove_prefix(end + 1);
      read_parameters(link);
    }
    return links;
  }

 private:
  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
  }

  // Past the comma that ends this link; commas in quotes don't.
  void skip_to_comma() {
    while (!rest_.empty() && rest_.front() != ',') {
      if (rest_.front() == '"') {
        quoted();
      } else {
        rest_.remove_prefix(1);
      }
    }
    if (!rest_.empty()) rest_.remove_prefix(1);
  }

  std::string quoted() {
    std::string out;
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      out += rest_.front();
      rest_.remove_prefix(1);
    }
    if (!rest_.empty()) rest_.remove_prefix(1);
    return out;
  }

  std::string token(std::string_view ends) {
    const size_t end = std::min(rest_.find_first_of(ends), rest_.size());
    std::string out(trim(rest_.substr(0, end)));
    rest_.remove_prefix(end);
    return out;
  }

  void read_parameters(Link& link) {
    bool has_rel = false;  // "The rel parameter MUST NOT appear more than once": the first counts.
    for (skip_blanks(); rest_.starts_with(';'); skip_blanks()) {
      rest_.remove_prefix(1);
      skip_blanks();
      const std::string name = lower_case(token("=;,"));
      std::string value;
      if (rest_.starts_with('=')) {
        rest_.remove_prefix(1);
        skip_blanks();
        value = rest_.starts_with('"') ? quoted() : token(";,");
      }
      if (name != "rel" || has_rel) continue;
      has_rel = true;
      for (const std::string_view one : split(value, ' ')) {
        if (!one.empty()) link.rels.push_back(lower_case(one));
      }
    }
    skip_to_comma();
  }

  std::string_view rest_;
};

}  // namespace

std::vector<Link> parse_links(std::string_view value) {
  return LinkReader(value).read();
}

std::optional<std::string> link_with_rel(const Headers& headers, std::string_view rel) {
  for (const Header& one : headers) {
    if (!equal_without_case(one.name, "Link")) continue;
    for (Link& link : parse_links(one.value)) {
      if (std::ranges::any_of(link.rels,
                              [&](const std::string& its) { return equal_without_case(its, rel); }))
        return std::move(link.url);
    }
  }
  return std::nullopt;
}

}  // namespace sluice

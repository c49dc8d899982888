#include "guess/guess_next.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.h"
#include "http/url.h"
#include "json/value.h"
#include "source/link_header.h"

namespace sluice {
namespace {

using Names = std::span<const std::string_view>;

// Bare names (api_answer.h), as they are met in public APIs.
constexpr std::array<std::string_view, 14> limit_names = {
    "limit", "perpage", "count", "pagesize", "size",           "maxresults", "results",
    "top",   "rows",    "first", "num",      "resultsperpage", "pagelimit",  "itemsperpage"};
constexpr std::array<std::string_view, 7> page_names = {
    "page", "p", "pagenumber", "pageno", "pagenum", "pageindex", "currentpage"};
constexpr std::array<std::string_view, 6> offset_names = {"offset",     "skip",    "start",
                                                          "startindex", "startat", "pageoffset"};
constexpr std::array<std::string_view, 12> cursor_words = {
    "cursor",        "pagetoken", "nexttoken",   "continuation", "continuationtoken", "marker",
    "startingafter", "after",     "startcursor", "bookmark",     "scrollid",          "pagecursor",
};
constexpr std::array<std::string_view, 9> total_names = {
    "total",        "totalcount", "totalresults",  "totalitems", "totalrecords",
    "totalentries", "numfound",   "totalelements", "count"};
constexpr std::array<std::string_view, 6> pages_names = {"totalpages", "pages",    "pagecount",
                                                         "numpages",   "lastpage", "totalpage"};
constexpr std::array<std::string_view, 7> more_names = {
    "hasmore", "hasnextpage", "hasnext", "more", "istruncated", "truncated", "hasmoreitems"};
// Cursors by how much they say: what is next before what might be the cursor of this page.
constexpr std::array<std::string_view, 27> cursor_names = {"nextcursor",
                                                           "nextpagetoken",
                                                           "nexttoken",
                                                           "nextpagecursor",
                                                           "nextcontinuationtoken",
                                                           "nextmarker",
                                                           "nextbookmark",
                                                           "nextkey",
                                                           "nextid",
                                                           "nextoffset",
                                                           "nextstart",
                                                           "cursornext",
                                                           "nextpage",
                                                           "next",
                                                           "endcursor",
                                                           "continuationtoken",
                                                           "continuation",
                                                           "paginationtoken",
                                                           "resumptiontoken",
                                                           "scrollid",
                                                           "pagetoken",
                                                           "after",
                                                           "bookmark",
                                                           "cursor",
                                                           "searchafter",
                                                           "marker",
                                                           "offset"};

bool is_one(std::string_view name, Names names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_string(const AnswerField& field) {
  return json::kind(field.raw) == json::Kind::string;
}

std::optional<uint64_t> number_of(const AnswerField& field) {
  if (json::kind(field.raw) != json::Kind::number) return std::nullopt;
  return parse_number<uint64_t>(field.raw);
}

bool is_nothing(const AnswerField& field) {
  return field.raw == "null" || field.raw == "\"\"";
}

bool looks_like_url(const AnswerField& field) {
  if (!is_string(field)) return false;
  const std::string text = json::as_text(field.raw).value_or("");
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with("/") ||
         text.starts_with("?");
}

// Something on the way to it says "next": .links.next.href, ."@odata.nextLink"
bool says_next(const json::Path& path) {
  return std::any_of(path.steps.begin(), path.steps.end(), [](const json::Step& step) {
    return bare_name(step.key).find("next") != std::string::npos;
  });
}

std::string path_word(const json::Path& path) {
  return yaml_word(json::to_string(path));
}

// "next_page-Token" -> "page-Token"; "nextPageToken" -> "pageToken"
std::string without_next(std::string name) {
  if (!lower_case(name).starts_with("next")) return name;
  name.erase(0, 4);
  while (!name.empty() && (name[0] == '_' || name[0] == '-')) name.erase(0, 1);
  if (!name.empty()) name[0] = lower_case(name.substr(0, 1))[0];
  return name;
}

// Whether a job can name this word of the query: what begins with a dot is a path into the body.
bool can_be_named(std::string_view name) {
  return !name.empty() && name[0] != '.';
}

// Where a cursor of this name goes, most likely.
std::string word_for_cursor(const std::string& name) {
  const std::string bare = bare_name(name);
  if (bare == "endcursor" || bare == "searchafter") return "after";
  // As AWS does it, and those who do as AWS.
  if (name == "nextToken" || name == "NextToken") return name;
  if (bare == "nextpagecursor" || bare == "cursornext") return "cursor";
  const std::string rest = without_next(name);
  return rest.empty() ? name : rest;
}

std::string word_for_header(std::string_view name) {
  const std::string bare = bare_name(name);
  if (bare.find("continuation") != bare.npos) return "continuationToken";
  std::string word = lower_case(name);
  if (word.starts_with("x-")) word.erase(0, 2);
  word = without_next(word);
  std::replace(word.begin(), word.end(), '-', '_');
  return word;
}

class Guesser {
 public:
  Guesser(const ApiAnswer& answer, const AnswerShape& shape)
      : answer_(answer), shape_(shape), query_(query_words(answer.url)) {}

  NextGuess guess() {
    if (!by_link() && !by_url() && !by_cursor() && !by_header() && !by_number() && !by_empty()) {
      remark(
          "Nothing in this answer leads to a next page, so this job asks for one page. If there "
          "are more, look at an answer that isn't the last (a small limit in the URL), or say in "
          "`next` how they are asked for: docs/your-api.md.");
    }
    return std::move(guess_);
  }

 private:
  void add(std::string_view word, std::string value) {
    guess_.words.emplace_back(word, std::move(value));
  }
  void remark(std::string text) { guess_.remarks.push_back(std::move(text)); }

  // The first word of the query with such a name.
  const std::pair<std::string, std::string>* asked(Names names) const {
    for (const auto& word : query_) {
      if (can_be_named(word.first) && is_one(bare_name(word.first), names)) return &word;
    }
    return nullptr;
  }

  // The first field of those names, in their order, that passes.
  template <class Test>
  const AnswerField* field(Names names, Test test) const {
    for (const std::string_view name : names) {
      for (const AnswerField& field : shape_.fields) {
        if (bare_name(field.path) == name && test(field)) return &field;
      }
    }
    return nullptr;
  }

  const AnswerField* total() const {
    return field(total_names, [this](const AnswerField& field) {
      const auto number = number_of(field);
      if (!number) return false;
      // A count is as often that of this page.
      return bare_name(field.path) == "count" ? *number > shape_.count : *number >= shape_.count;
    });
  }
  const AnswerField* more() const {
    return field(more_names, [](const AnswerField& field) {
      return json::kind(field.raw) == json::Kind::boolean;
    });
  }

  bool by_link() {
    if (!link_with_rel(answer_.headers, "next")) return false;
    add("link", "next");
    remark("There is a Link header with rel=\"next\".");
    return true;
  }

  bool by_url() {
    for (const AnswerField& field : shape_.fields) {
      if (!looks_like_url(field) || !says_next(field.path)) continue;
      add("url", path_word(field.path));
      remark("The next page's URL stands in " + json::to_string(field.path) + ".");
      remark_total();
      return true;
    }
    return false;
  }

  bool by_cursor() {
    const AnswerField* cursor = field(cursor_names, [](const AnswerField& field) {
      if (is_nothing(field)) return false;
      // A number under these names is a position, not a token.
      const std::string name = bare_name(field.path);
      if (name == "offset" || name == "after" || name == "marker") return is_string(field);
      return is_string(field) || number_of(field).has_value();
    });
    if (cursor == nullptr) return false;
    add_cursor(*cursor);
    return true;
  }

  void add_cursor(const AnswerField& cursor) {
    add("cursor", path_word(cursor.path));
    add_as(word_for_cursor(cursor.path.steps.back().key), json::to_string(cursor.path));
    // Some give a cursor in the last page too.
    if (const AnswerField* flag = more()) add("more", path_word(flag->path));
    remark_total();
  }

  void add_as(std::string word, const std::string& from) {
    const auto* given = asked(cursor_words);
    if (given != nullptr) word = given->first;
    if (!can_be_named(word)) word = "cursor";
    add("as", yaml_word(word));
    if (given != nullptr) {
      remark(from + " goes back as " + excerpt(word) + ", as in the URL.");
    } else {
      remark("A guess: that " + from + " goes back as ?" + excerpt(word) +
             "=... Look into the API's reference; a wrong name shows as the same page twice.");
    }
  }

  bool by_header() {
    for (const Header& header : answer_.headers) {
      const std::string name = bare_name(header.name);
      const bool goes_on = name.find("next") != name.npos &&
                           (name.find("cursor") != name.npos || name.find("token") != name.npos ||
                            name.find("page") != name.npos);
      if (!goes_on && name.find("continuation") == name.npos) continue;
      add("header", yaml_word(header.name));
      add_as(word_for_header(header.name), "the header " + excerpt(header.name));
      return true;
    }
    return false;
  }

  bool by_number() {
    if (const auto* page = asked(page_names); page != nullptr && is_number(page->second)) {
      add("page", yaml_word(page->first));
      if (page->second == "0") add("first", "0");
      remark("Pages are numbered: " + excerpt(page->first) + " in the URL.");
      add_end();
      return true;
    }
    if (const auto* offset = asked(offset_names); offset != nullptr && is_number(offset->second)) {
      return add_offset(offset->first, "in the URL");
    }
    // A flag or a number of pages tells that there are pages.
    if (const AnswerField* page = field(page_names, is_place);
        page != nullptr && (more() != nullptr || pages() != nullptr || total() != nullptr)) {
      add("page", yaml_word(page->path.steps.back().key));
      if (number_of(*page) == 0U) add("first", "0");
      remark("A guess: pages are numbered, and " + json::to_string(page->path) +
             " of this answer is asked for as ?" + excerpt(page->path.steps.back().key) + "=...");
      add_end();
      return true;
    }
    if (const AnswerField* offset = field(offset_names, is_place);
        offset != nullptr && (more() != nullptr || total() != nullptr)) {
      return add_offset(offset->path.steps.back().key,
                        "in this answer; that it is asked for by "
                        "the same name is a guess");
    }
    return false;
  }

  // A number, asked for by its own name.
  static bool is_place(const AnswerField& field) {
    return number_of(field) && can_be_named(field.path.steps.back().key);
  }

  bool add_offset(const std::string& name, const std::string& where) {
    add("offset", yaml_word(name));
    const auto* limit = asked(limit_names);
    const bool is_said = limit != nullptr && is_number(limit->second) && limit->second != "0";
    add("size", is_said ? limit->second : std::to_string(std::max<uint64_t>(shape_.count, 1)));
    remark("Records are numbered: " + excerpt(name) + " " + where + ".");
    if (!is_said)
      remark("The size is how many records came; say how many you want, if the API lets you.");
    add_end();
    return true;
  }

  const AnswerField* pages() const {
    return field(pages_names, [](const AnswerField& field) { return !!number_of(field); });
  }

  // How numbered pages end. Without any of these, with an empty page.
  void add_end() {
    if (const AnswerField* records = total()) {
      add("total", path_word(records->path));
    } else if (const AnswerField* flag = more()) {
      add("more", path_word(flag->path));
    } else if (const AnswerField* number = pages()) {
      add("pages", path_word(number->path));
    } else {
      remark("Nothing says how many there are: they end with the first empty page.");
    }
  }

  // The names are there, but nothing in them: this may have been the last page.
  bool by_empty() {
    for (const AnswerField& field : shape_.fields) {
      if (!is_nothing(field)) continue;
      const std::string name = bare_name(field.path);
      const bool is_url = says_next(field.path) &&
                          (name.find("url") != name.npos || name.find("link") != name.npos ||
                           name.find("href") != name.npos || name == "next" || name == "nextpage");
      const bool is_cursor = is_one(name, cursor_names) && name != "offset" && name != "marker";
      if (!is_url && !is_cursor) continue;
      if (is_url) {
        add("url", path_word(field.path));
      } else {
        add_cursor(field);
      }
      remark("A guess: " + json::to_string(field.path) +
             " is empty here, as in a last page. Look at an answer that isn't the last.");
      return true;
    }
    return false;
  }

  void remark_total() {
    if (const AnswerField* field = total())
      remark("A guard that may be added: total: " + path_word(field->path) + " (" +
             excerpt(field->raw) + " here), if that is how many records there are in all.");
  }

  static bool is_number(const std::string& text) {
    return text.empty() || parse_number<uint64_t>(text).has_value();
  }

  const ApiAnswer& answer_;
  const AnswerShape& shape_;
  const std::vector<std::pair<std::string, std::string>> query_;
  NextGuess guess_;
};

}  // namespace

NextGuess guess_next(const ApiAnswer& answer, const AnswerShape& shape) {
  return Guesser(answer, shape).guess();
}

std::string yaml_word(std::string_view text) {
  const bool is_plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
  // "." alone and what begins with a letter or ".x" is text in YAML, but for these.
  const bool is_text =
      is_plain && text[0] != '-' && !(text[0] >= '0' && text[0] <= '9') &&
      lower_case(text) != "null" && lower_case(text) != "true" && lower_case(text) != "false" &&
      lower_case(text) != "yes" && lower_case(text) != "no" && lower_case(text) != "y" &&
      lower_case(text) != "n" && lower_case(text) != "on" && lower_case(text) != "off";
  if (is_text) return std::string(text);
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    // ${...} in what an API has said is no variable.
    if (text.substr(at, 2) == "${") out += '$';
    out += text[at];
  }
  return json::quote(out);
}

std::vector<std::pair<std::string, std::string>> query_words(std::string_view url) {
  std::vector<std::pair<std::string, std::string>> words;
  url = url.substr(0, url.find('#'));
  const size_t begin = url.find('?');
  if (begin == url.npos) return words;
  for (const std::string_view word : split(url.substr(begin + 1), '&')) {
    if (word.empty()) continue;
    const size_t equals = word.find('=');
    std::string name = percent_decoded(word.substr(0, equals));
    // No key of a YAML file could be one of these.
    if (!json::is_utf8(name) || name.find("${") != name.npos) continue;
    words.emplace_back(std::move(name),
                       equals == word.npos ? "" : percent_decoded(word.substr(equals + 1)));
  }
  return words;
}

}  // namespace sluice

// Writing a page, each style its own way.
#include <algorithm>

#include "page.h"
#include "tokens.h"

namespace sluice::fake_api {
namespace {

// A page in the making.
struct Draft {
  const PageRequest& page;
  const PageOptions& options;
  const Records& records;
  Span span;                     // What it shows
  std::optional<uint64_t> next;  // Where the next begins; nothing: this is the last
  uint64_t next_again = 0;
  bool is_same_token = false;
  PageAnswer answer;

  Rope& body() { return *answer.body; }
  uint64_t pages() const { return (page.all.count + page.size - 1) / page.size; }
  uint64_t number_at(uint64_t offset) const { return offset / page.size + page.base; }
};

std::string quoted(std::string_view text) {
  std::string out;
  http_server::append_json(text, out);
  return out;
}

// As it stands in JSON; empty: no such member.
std::string next_token(const Draft& draft) {
  if (draft.is_same_token) {
    const std::string& came = draft.page.token;
    return quoted(came.empty() ? write_token({draft.page.offset, 0, draft.page.epoch}) : came);
  }
  if (draft.next) return quoted(write_token({*draft.next, draft.next_again, draft.page.epoch}));
  const std::string& kind = draft.options.last_token;
  if (kind == "null") return "null";
  if (kind == "empty") return "\"\"";
  if (kind == "same" && !draft.page.token.empty()) return quoted(draft.page.token);
  if (kind == "past" && draft.page.offset < draft.page.all.count) {
    return quoted(write_token({draft.page.offset + draft.page.size, 0, draft.page.epoch}));
  }
  return {};
}

std::string text_of(std::string_view json_string) {
  return json_string.size() < 2 || json_string == "null"
             ? std::string()
             : std::string(json_string.substr(1, json_string.size() - 2));
}

std::string url(const Draft& draft, std::string_view path, const std::string& query) {
  const PageRequest& page = draft.page;
  if (page.links == "query") return "?" + page.kept + query;
  return (page.links == "path" ? "" : page.origin) + std::string(path) + "?" + page.kept + query;
}

std::string with_token(const Draft& draft) {
  std::string query = draft.options.token_parameter + "=";
  http_server::append_encoded(text_of(next_token(draft)), http_server::Slash::encoded, query);
  return query;
}

void add_records(Draft& draft, std::string_view between = ",\n") {
  const auto times =
      draft.page.style == Style::events ? Records::Times::interleaved : Records::Times::ascending;
  draft.records.append(draft.span, between, times, draft.body());
}

void add_rows(Draft& draft) {
  for (uint64_t i = draft.span.first; i < draft.span.first + draft.span.count; ++i) {
    const std::string id = draft.records.id(i);
    draft.body().add_own((i > draft.span.first ? ",\n" : "") + std::string("{\"id\":") + id +
                         ",\"index\":" + std::to_string(i) +
                         ",\"url\":" + quoted(draft.page.origin + "/items/" + id) + "}");
  }
}

// {"items":[...], members}
void add_envelope(Draft& draft, const std::string& members) {
  const std::string key = quoted(draft.options.records_key) + ":[\n";
  draft.body().add_own(draft.options.envelope_first ? "{" + members + ",\n" + key : "{" + key);
  if (draft.page.style == Style::list) {
    add_rows(draft);
  } else {
    add_records(draft);
  }
  draft.body().add_own(draft.options.envelope_first ? "\n]}\n" : "\n],\n" + members + "}\n");
}

void add_array(Draft& draft) {
  draft.body().add("[\n");
  add_records(draft);
  draft.body().add("\n]\n");
}

std::string has_more(const Draft& draft) {
  return std::string("\"has_more\":") + (draft.next ? "true" : "false");
}
std::string total(const Draft& draft) {
  return "\"total\":" + std::to_string(draft.page.all.count);
}

void make_cursor(Draft& draft) {
  const std::string token = next_token(draft);
  std::string members = total(draft) + "," + has_more(draft);
  if (!token.empty()) members += "," + quoted(draft.options.token_key) + ":" + token;
  add_envelope(draft, members);
}

void make_cursor_header(Draft& draft) {
  const std::string token = next_token(draft);
  if (!token.empty()) draft.answer.headers += "X-Next-Cursor: " + text_of(token) + "\r\n";
  add_array(draft);
}

void make_next_url(Draft& draft) {
  const std::string token = text_of(next_token(draft));
  std::string next = "null";
  if (!token.empty()) next = quoted(url(draft, "/next-url/more", with_token(draft)));
  add_envelope(draft, total(draft) + ",\"next\":" + next);
}

void make_link(Draft& draft) {
  std::string links;
  const auto add = [&](std::string_view rel, uint64_t number) {
    links += links.empty() ? "<" : ", <";
    links += url(draft, "/repositories/1000/items", "page=" + std::to_string(number));
    links += ">; rel=\"" + std::string(rel) + "\"";
  };
  const uint64_t here = draft.number_at(draft.page.offset);
  if (here > draft.page.base) add("prev", here - 1);
  if (draft.is_same_token) {
    add("next", here);
  } else if (draft.next) {
    add("next", draft.number_at(*draft.next));
  }
  if (draft.next) add("last", draft.pages() + draft.page.base - 1);
  if (here > draft.page.base) add("first", draft.page.base);
  if (!links.empty()) draft.answer.headers += "Link: " + links + "\r\n";
  add_array(draft);
}

void make_page_number(Draft& draft) {
  add_envelope(draft, "\"page\":" + std::to_string(draft.number_at(draft.page.offset)) +
                          ",\"per_page\":" + std::to_string(draft.page.size) + "," + total(draft) +
                          ",\"total_pages\":" + std::to_string(draft.pages()) + "," +
                          has_more(draft));
}

void make_offset(Draft& draft) {
  add_envelope(draft, "\"offset\":" + std::to_string(draft.page.offset) +
                          ",\"limit\":" + std::to_string(draft.page.size) + "," + total(draft));
}

void make_post(Draft& draft) {
  std::string members = total(draft) + "," + has_more(draft);
  if (draft.page.by_number) {
    members += ",\"page\":" + std::to_string(draft.number_at(draft.page.offset));
  } else if (const std::string token = next_token(draft); !token.empty()) {
    members += ",\"cursor\":" + token;
  }
  add_envelope(draft, members);
}

void make_graphql(Draft& draft) {
  const std::string token = next_token(draft);
  const bool goes_on = draft.next || draft.is_same_token;
  draft.body().add("{\"data\":{\"items\":{\"nodes\":[\n");
  add_records(draft);
  draft.body().add_own(
      "\n],\"pageInfo\":{\"hasNextPage\":" + std::string(goes_on ? "true" : "false") +
      ",\"endCursor\":" + (token.empty() ? "null" : token) +
      "},\"totalCount\":" + std::to_string(draft.page.all.count) + "}}}\n");
}

void make_lines(Draft& draft) {
  draft.answer.headers += "X-Total-Pages: " + std::to_string(draft.pages()) + "\r\n";
  if (draft.page.style == Style::ndjson) {
    draft.answer.content_type = "application/x-ndjson";
    add_records(draft, "\n");
    if (draft.span.count > 0) draft.body().add("\n");
    return;
  }
  draft.answer.content_type = "text/csv; charset=utf-8";
  draft.body().add(csv_header);
  for (uint64_t i = draft.span.first; i < draft.span.first + draft.span.count; ++i) {
    draft.body().add_own(draft.records.csv_row(i));
  }
}

// Which records, and what comes next, with what goes wrong on purpose.
void place(const Fault& fault, Draft& draft) {
  const PageRequest& page = draft.page;
  uint64_t shown = std::min(page.offset, page.all.count);
  const bool is_empty = fault.empty && page.again == 0;
  if (fault.same_page) shown -= std::min(shown, page.size);
  draft.span = {page.all.first + shown, is_empty ? 0 : std::min(page.size, page.all.count - shown)};
  if (page.offset + page.size < page.all.count) draft.next = page.offset + page.size;
  const bool has_token = !page.by_number && page.style != Style::offset;
  if (is_empty && has_token) {
    draft.next = page.offset;
    draft.next_again = 1;
  }
  if (fault.cycle) {
    const uint64_t back = *fault.cycle == 0 ? page.offset : *fault.cycle * page.size;
    draft.next = page.offset - std::min(page.offset, back);
  }
  draft.is_same_token = fault.same_token;
}

}  // namespace

PageAnswer make_page(const PageRequest& page, const Fault& fault, const PageOptions& options,
                     const Records& records) {
  Draft draft{.page = page, .options = options, .records = records};
  draft.answer.body = std::make_shared<Rope>();
  place(fault, draft);
  draft.answer.records = draft.span.count;
  switch (page.style) {
    case Style::cursor_header:
      make_cursor_header(draft);
      break;
    case Style::next_url:
      make_next_url(draft);
      break;
    case Style::link:
      make_link(draft);
      break;
    case Style::page:
      make_page_number(draft);
      break;
    case Style::offset:
      make_offset(draft);
      break;
    case Style::post:
      make_post(draft);
      break;
    case Style::graphql:
      make_graphql(draft);
      break;
    case Style::ndjson:
    case Style::csv:
      make_lines(draft);
      break;
    case Style::cursor:
    case Style::list:
    case Style::window:
    case Style::events:
      make_cursor(draft);
      break;
  }
  return std::move(draft.answer);
}

}  // namespace sluice::fake_api

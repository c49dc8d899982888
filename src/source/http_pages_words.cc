// The part `http` as a job file knows it. The source itself is in http_pages.cc.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/url.h"
#include "source/api_auth.h"
#include "source/http_pages.h"
#include "source/incremental_words.h"

namespace sluice {
namespace {

// Long because it is a table: one entry for each word.
FieldDoc next_words() {
  return {
      .name = "next",
      .type = FieldType::group,
      .help =
          "Where the next page is. Without it there is one page. A word that the first answer "
          "doesn't have is warned of; words that contradict each other end the unit.",
      .fields =
          {
              {.name = "cursor",
               .type = FieldType::field,
               .help = "A token in the body; without one the page is the last.",
               .example = ".next_token"},
              {.name = "header",
               .help = "A token in this header of the answer.",
               .example = "X-Next-Cursor"},
              {.name = "url",
               .type = FieldType::field,
               .help = "The next page's URL, in the body; it may be relative.",
               .example = ".links.next"},
              {.name = "link",
               .help = "The next page's URL, in a Link header with this relation.",
               .example = "next"},
              {.name = "page",
               .help = "Pages are numbered: the number's name in the query, or its path in the "
                       "body.",
               .example = "page"},
              {.name = "offset",
               .help = "Records are numbered: the offset's name in the query, or its path in the "
                       "body. Needs `size`.",
               .example = "offset"},
              {.name = "as",
               .help = "Where a cursor goes: its name in the query, or its path in the body.",
               .example = "token"},
              {.name = "first",
               .type = FieldType::count,
               .help = "The first page's number (by default 1) or the first record's (0)."},
              {.name = "size", .type = FieldType::count, .help = "Records of a page."},
              {.name = "step",
               .type = FieldType::choice,
               .help = "What an offset goes on by: the records that came, or `size` (where the API "
                       "counts records that it doesn't show).",
               .default_text = "came",
               .choices = {"came", "size"}},
              {.name = "size_as",
               .help = "The size's name in the query, if it is to be sent.",
               .example = "limit"},
              {.name = "more",
               .type = FieldType::field,
               .help =
                   "A flag in the body; where it says no (false, \"False\", \"no\", 0, [], null) "
                   "the page is the last.",
               .example = ".has_more"},
              {.name = "total",
               .type = FieldType::field,
               .help = "How many records there are in all, as the last page that says so has it: "
                       "where numbered pages end, and what must have come in the end.",
               .example = ".total"},
              {.name = "pages",
               .type = FieldType::field,
               .help = "How many pages there are, likewise.",
               .example = ".total_pages"},
              {.name = "total_may_differ",
               .type = FieldType::flag,
               .help = "A total that isn't what came is no error.",
               .default_text = "false"},
              {.name = "repeated",
               .type = FieldType::choice,
               .help = "What the same cursor, come again, is: an error, or the end.",
               .default_text = "error",
               .choices = {"error", "end"}},
              {.name = "empty",
               .type = FieldType::choice,
               .help = "What a page without records is: the end, just a page, or an error. By "
                       "default the end where pages or records are numbered, else just a page.",
               .default_text = "by_kind",
               .choices = {"by_kind", "end", "follow", "error"}},
              {.name = "same_page",
               .type = FieldType::choice,
               .help = "What a page with the same records, come again, is.",
               .default_text = "error",
               .choices = {"error", "allow"}},
          },
      .example = "next: { cursor: .next_token, as: token }"};
}

FieldDoc rate_words() {
  return {.name = "rate",
          .type = FieldType::group,
          .help =
              "How fast the API may be asked. What it says itself (Retry-After, X-RateLimit-*) "
              "is kept in any case.",
          .fields = {{.name = "requests",
                      .type = FieldType::count,
                      .help = "So many requests, with each identity,",
                      .required = true},
                     {.name = "per",
                      .type = FieldType::duration,
                      .help = "... in so much time, evenly.",
                      .default_text = "1s"}},
          .example = "rate: { requests: 100, per: 1m }",
          .says = Says::how};
}

// The value of a word that is a name in the query, or a path into the body.
Status place(const Settings& next, std::string_view word, std::string_view text,
             PagingOptions& paging) {
  if (!text.starts_with('.')) {
    paging.word = text;
    return {};
  }
  auto path = json::parse_path(text);
  if (!path.ok()) return next.error_at(word, path.error().message);
  paging.in_body = std::move(*path);
  return {};
}

Result<PagingOptions> read_paging(const Settings& next) {
  constexpr std::array<std::pair<std::string_view, PagingKind>, 6> kinds = {{
      {"cursor", PagingKind::cursor},
      {"header", PagingKind::cursor},
      {"url", PagingKind::url},
      {"link", PagingKind::link},
      {"page", PagingKind::page},
      {"offset", PagingKind::offset},
  }};
  PagingOptions paging;
  std::string_view chosen;
  for (const auto& [word, kind] : kinds) {
    if (!next.has(word)) continue;
    if (!chosen.empty())
      return next.error_at(word, "there is `" + std::string(chosen) +
                                     "` already: one way to the "
                                     "next page is enough");
    chosen = word;
    paging.kind = kind;
  }
  if (chosen.empty())
    return Error{ErrorKind::invalid,
                 "next: say how the next page is found: cursor, header, url, link, page or offset"};
  if (chosen == "cursor" || chosen == "url") paging.where = next.path(chosen);
  if (chosen == "header") paging.header = next.text("header");
  if (chosen == "link") paging.rel = next.text("link");
  if (paging.kind == PagingKind::cursor) {
    if (!next.has("as"))
      return next.error_at(chosen,
                           "say where the cursor goes: as: token (a name in the query) or "
                           "as: .variables.after (a path in the body)");
    TRY(place(next, "as", next.text("as"), paging));
  }
  const bool numbered = Paging::numbered(paging);
  if (numbered) TRY(place(next, chosen, next.text(chosen), paging));
  if (next.has("first") && !numbered)
    return next.error_at("first", "is for numbered pages: page or offset");
  paging.first = next.has("first") ? next.count("first") : paging.kind == PagingKind::page ? 1 : 0;
  if (next.has("size")) paging.size = next.count("size");
  if (paging.kind == PagingKind::offset && paging.size == 0)
    return next.error_at("offset", "needs `size`, the number of records of a page");
  if (next.text("step") == "size") {
    if (paging.kind != PagingKind::offset) return next.error_at("step", "is for `offset` alone");
    paging.step = OffsetStep::size;
  }
  if (next.has("more")) paging.more = next.path("more");
  if (next.has("total")) paging.total = next.path("total");
  if (next.has("pages")) paging.pages = next.path("pages");
  paging.total_may_differ = next.flag("total_may_differ");
  if (next.text("repeated") == "end") paging.on_repeated = OnRepeatedCursor::end;
  const std::string& empty = next.text("empty");
  paging.on_empty = empty == "end"      ? OnEmptyPage::end
                    : empty == "follow" ? OnEmptyPage::follow
                    : empty == "error"  ? OnEmptyPage::error
                                        : OnEmptyPage::by_kind;
  paging.same_page_may_come = next.text("same_page") == "allow";
  return paging;
}

// With what a unit and a run fill in, whatever that is: here numbers, which are right in a JSON
// string and outside of one. The body that goes out is looked at again.
Status check_body(const Settings& settings, const HttpPagesOptions& options) {
  if (!options.paging.in_body) return {};
  if (!options.body) return settings.error_at("next", "a path in the body needs a `body`");
  // What stands for a secret until it is known needn't be right.
  if (settings.secret("body")) return {};
  const WallTime day = to_wall(CivilTime{.year = 2010, .month = 10, .day = 10, .hour = 10});
  Since since{.job = options.incremental.value_or(Incremental()), .from = 10};
  if (since.job.kind == CursorKind::time) since.from = day.ns;
  const UnitNames unit{
      .id = "10", .start = day, .end = day, .run_started = day, .run_id = "10", .since = &since};
  std::string body;
  TRY(options.body->render({.unit = &unit}, Template::Escape::none, body));
  const Status good = Paging::check_body(options.paging, body);
  return good.ok() ? Status() : settings.error_at("body", good.error().message);
}

Status check_constant(const Settings& settings, std::string_view field, const Template& text) {
  if (text.constant_in_unit()) return {};
  return settings.error_at(field,
                           "only {unit}, {unit.end}, {since} and {run...} may stand here: there is "
                           "no record yet");
}

// {since} stands where the job says what it is, and only there.
Status check_since(const Settings& settings, const HttpPagesOptions& options) {
  bool uses = false, formats = false;
  const auto look = [&](const Template& text) {
    uses |= text.uses_since();
    formats |= text.formats_since();
  };
  look(options.url);
  for (const auto& [name, text] : options.query) look(text);
  for (const auto& [name, text] : options.headers) look(text);
  if (options.body) look(*options.body);
  if (uses && !options.incremental) {
    return settings.error_at("url", "{since} needs `incremental`, which says by which field");
  }
  if (formats && options.incremental->kind != CursorKind::time) {
    return settings.error_at("incremental", "{since} is a number here, and has no format of time");
  }
  return {};
}

}  // namespace

// Long because it is a table: one entry for each word.
const PartDoc& http_pages_doc() {
  static const PartDoc doc = {
      .name = "http",
      .role = Role::source,
      .summary =
          "Pages of an HTTP API, one after another. They go into the lake as they come: no page is "
          "too large, and nothing is written to disk.",
      .fields =
          {{.name = "url",
            .type = FieldType::templ,
            .help = "The first page. {unit:%F} is filled in for each unit, {unit.end:%F} is where "
                    "it ends.",
            .required = true,
            .use = TemplateUse::request,
            .example = "\"https://api.example.com/variants?count=250\""},
           {.name = "method",
            .type = FieldType::choice,
            .help = "By default GET, and POST where there is a body.",
            .choices = {"GET", "POST"}},
           {.name = "query",
            .type = FieldType::templ,
            .help = "Words of the query, encoded as they must be. Bounds of local units: in UTC as "
                    "{unit:utc:%FT%H:%M:%SZ}, with their offset as {unit:%FT%H:%M:%S%:z}.",
            .many = Many::map,
            .use = TemplateUse::request,
            .example = "{ from: \"{unit:%F}\", to: \"{unit.end:%F}\" }"},
           {.name = "headers",
            .type = FieldType::templ,
            .help = "Headers of the request.",
            .many = Many::map,
            .use = TemplateUse::request,
            .example = "{ Accept: application/vnd.github+json }"},
           {.name = "body",
            .type = FieldType::templ,
            .help = "What is posted. {unit...}, {since} and {run...} are filled in; all other "
                    "braces stand as they are.",
            .use = TemplateUse::body,
            .example = "'{\"query\": \"...\", \"variables\": {\"day\": \"{unit:%F}\"}}'"},
           {.name = "also_from",
            .help = "Other origins that answers may name (the next page, a redirect, a detail) "
                    "although they are loopback, link-local or private addresses. Any public one "
                    "may be named; none gets anything secret.",
            .many = Many::list,
            .example = "[ \"http://10.0.0.7:8080\" ]",
            .says = Says::how},
           next_words(),
           {.name = "detail",
            .type = FieldType::group,
            .help = "The pages are lists, and what is wanted lies at a URL that each row names.",
            .fields = {{.name = "url",
                        .type = FieldType::templ,
                        .help = "That URL, by the row's fields; it may be relative.",
                        .required = true,
                        .use = TemplateUse::value,
                        .example = "\"{.url}\""},
                       {.name = "records",
                        .type = FieldType::field,
                        .help = "Where a list has its rows.",
                        .required = true,
                        .example = ".results"},
                       {.name = "parallel",
                        .type = FieldType::count,
                        .help = "So many are asked for at once.",
                        .default_text = "16"}},
            .example = "detail: { url: \"{.url}\", records: .results }"},
           {.name = "max_pages",
            .type = FieldType::count,
            .help = "One page more is an error, and nothing of the unit counts.",
            .default_text = "10000",
            .says = Says::how},
           {.name = "parallel",
            .type = FieldType::count,
            .help = "So many numbered pages are asked for at once.",
            .default_text = "1",
            .says = Says::how},
           incremental_words(),
           auth_words(),
           rate_words(),
           {.name = "timeout",
            .type = FieldType::duration,
            .help =
                "No answer, or no further byte of one, for so long: it is asked for again. So is "
                "one that has taken five times as long and brings less than 100 bytes a "
                "second, or ten times as long and less than 200, and so on. The same holds for the "
                "answer of auth's token_url.",
            .default_text = "60s",
            .says = Says::how},
           {.name = "attempts",
            .type = FieldType::count,
            .help = "A page that has failed so often can't be had. Being told to wait is no "
                    "failure. An answer that isn't what it should be (no byte, HTML, cut or broken "
                    "content) is asked for twice more.",
            .default_text = "8",
            .says = Says::how},
           {.name = "give_up_after",
            .type = FieldType::duration,
            .help = "Nor can one that hasn't come for so long, but for what the API asked to wait: "
                    "that is kept in full, and said at once, up to a day (or this, if it is more). "
                    "No attempt waits for an answer longer than what is left of it; an access "
                    "token has as long.",
            .default_text = "10m",
            .says = Says::how}},
      .example =
          "source:\n"
          "  http:\n"
          "    url: \"https://api.example.com/variants?count=250\"\n"
          "    next: { cursor: .next_token, as: token }\n"
          "    auth: { bearer: \"${API_TOKEN}\" }\n"
          "    max_pages: 450\n"};
  return doc;
}

// Long because it is a list: one step for each word.
Result<HttpPagesOptions> read_http_pages(const Settings& settings) {
  HttpPagesOptions options{.url = settings.templ("url")};
  TRY(check_constant(settings, "url", options.url));
  const std::string& url = options.url.text();
  if (url.substr(0, end_of_origin(url)).find('@') != url.npos)
    return settings.error_at("url",
                             "a user and a password in a URL are not sent; name them in "
                             "auth: { basic: { user: ..., password: ... } }");
  const auto read_map = [&](std::string_view field, auto& out) -> Status {
    for (const Settings::Item& item : settings.items(field)) {
      TRY(check_constant(settings, field, item.templ()));
      out.emplace_back(item.name, item.templ());
    }
    return {};
  };
  TRY(read_map("query", options.query));
  TRY(read_map("headers", options.headers));
  for (const Settings::Item& item : settings.items("headers")) {
    if (item.secret) options.fetch.origin.secret_headers.push_back({item.name, {}});
  }
  options.fetch.origin.also = settings.texts("also_from");
  for (const std::string& one : options.fetch.origin.also) {
    if (!parse_url(one).ok())
      return settings.error_at("also_from", "an origin was expected, such as http://10.0.0.7:8080");
  }
  if (settings.has("body")) options.body = settings.templ("body");
  options.method = settings.has("method") ? settings.text("method") : options.body ? "POST" : "GET";
  if (options.body && options.method == "GET")
    return settings.error_at("method", "a GET has no body");
  if (settings.has("next")) options.paging = TRY(read_paging(settings.inner("next")));
  if (settings.has("next") && settings.inner("next").has("size_as")) {
    const Settings& next = settings.inner("next");
    if (options.paging.size == 0) return next.error_at("size_as", "needs `size`");
    options.query.emplace_back(
        next.text("size_as"),
        TRY(Template::parse(std::to_string(options.paging.size), TemplateUse::value)));
  }
  options.paging.pages_max = settings.count("max_pages");
  options.parallel =
      static_cast<uint32_t>(std::clamp<uint64_t>(settings.count("parallel"), 1, 256));
  if (options.parallel > 1 && !Paging::numbered(options.paging))
    return settings.error_at("parallel",
                             "only numbered pages (next: page or offset) can be asked "
                             "for before the one before them has come");
  if (settings.has("incremental"))
    options.incremental = TRY(read_incremental(settings.inner("incremental")));
  TRY(check_since(settings, options));
  TRY(check_body(settings, options));
  if (settings.has("detail")) {
    const Settings& detail = settings.inner("detail");
    HttpDetailsOptions& details = options.details.emplace();
    details.url = detail.templ("url");
    details.records = detail.path("records");
    details.parallel =
        static_cast<uint32_t>(std::clamp<uint64_t>(detail.count("parallel"), 1, 256));
    if (details.url.uses_unit() || details.url.uses_run())
      return detail.error_at("url", "only fields of the row may stand here");
  }
  if (settings.has("rate")) {
    const Settings& rate = settings.inner("rate");
    options.per_second = static_cast<double>(rate.count("requests")) * 1e9 /
                         static_cast<double>(std::max<Nanoseconds>(rate.duration("per"), 1));
  }
  options.fetch.answer_within = settings.duration("timeout");
  options.fetch.attempts_max =
      static_cast<uint32_t>(std::max<uint64_t>(settings.count("attempts"), 1));
  options.fetch.hopeless_after = settings.duration("give_up_after");
  return options;
}

}  // namespace sluice

#include <doctest/doctest.h>

#include "app/parts.h"
#include "guess/guess_job.h"
#include "guess/guess_next.h"
#include "job/job_file.h"
#include "source/http_pages.h"

namespace sluice {
namespace {

// The job, which must be one that `check` takes.
std::string job_of(std::string url, std::string body, Headers answered = {}, Headers sent = {}) {
  const ApiAnswer answer{
      .url = std::move(url), .headers = std::move(answered), .body = std::move(body)};
  const auto text = guess_job(answer, sent);
  if (!text.ok()) return std::string("error: ").append(text.error().message);
  Environment environment;
  for (const char* name : {"API_TOKEN", "API_KEY", "APIKEY", "API_USER", "API_PASSWORD", "SHOP_ID"})
    environment.variables.emplace(name, "v");
  const auto job = parse_job("init", *text, environment, {}, all_parts());
  if (!job.ok())
    return std::string("error: ").append(job.error().message).append("\n").append(*text);
  if (const auto source = read_http_pages(job->source); !source.ok())
    return std::string("error: ").append(source.error().message).append("\n").append(*text);
  return *text;
}

bool has(const std::string& text, std::string_view part) {
  const bool found = text.find(part) != text.npos;
  if (!found) MESSAGE(text);
  return found;
}

const std::string github = "https://api.github.com/repos/o/r/issues?per_page=2";

}  // namespace

TEST_CASE("a bare array with a Link header, as GitHub answers") {
  const std::string job =
      job_of(github, R"([{"id": 1, "labels": [{"name": "a"}]}, {"id": 2, "labels": []}])",
             {{"Link", "<https://api.github.com/repositories/1/issues?page=2>; rel=\"next\""},
              {"X-RateLimit-Limit", "60"}});
  CHECK(has(job, "name: issues\n"));
  CHECK(has(job, "url: \"" + github + "\""));
  CHECK(has(job, "next: { link: next }"));
  CHECK(has(job, "records: . }"));
  CHECK(has(job, "X-RateLimit-Limit: 60"));
}

TEST_CASE("a URL in the body, as PokeAPI, Django, HAL and OData answer") {
  CHECK(has(job_of("https://pokeapi.co/api/v2/pokemon",
                   R"({"count":1302,"next":"https://pokeapi.co/api/v2/pokemon?offset=20&limit=20",
                       "previous":null,"results":[{"name":"a"}]})"),
            "next: { url: .next }"));
  CHECK(has(job_of("https://a.example/b",
                   R"({"_links":{"self":{"href":"/b"},"next":{"href":"/b?p=2"}},"b":[{"c":1}]})"),
            "next: { url: ._links.next.href }"));
  const std::string graph = job_of(
      "https://graph.microsoft.com/v1.0/users?$top=1",
      R"({"@odata.nextLink":"https://graph.microsoft.com/v1.0/users?$skiptoken=R","value":[{"a":1}]})");
  CHECK(has(graph, R"(next: { url: ".\"@odata.nextLink\"" })"));
  CHECK(has(graph, "records: .value }"));
}

TEST_CASE("a cursor in the body, as Slack, Google and Notion answer") {
  CHECK(
      has(job_of("https://slack.com/api/users.list?limit=2",
                 R"({"ok":true,"members":[{"id":"U1"}],"response_metadata":{"next_cursor":"d="}})"),
          "next: { cursor: .response_metadata.next_cursor, as: cursor }"));
  CHECK(has(job_of("https://www.googleapis.com/drive/v3/files",
                   R"({"kind":"l","nextPageToken":"T","files":[{"id":"1"}]})"),
            "next: { cursor: .nextPageToken, as: pageToken }"));
  CHECK(has(job_of("https://api.example.com/variants?count=250",
                   R"({"variants":[{"id":1}],"next_token":"x","has_more":true})"),
            "next: { cursor: .next_token, as: token, more: .has_more }"));
  CHECK(has(job_of("https://api.example.com/x?after=1",
                   R"({"page":{"endCursor":"b","hasNextPage":true},"nodes":[{"id":1}]})"),
            "next: { cursor: .page.endCursor, as: after, more: .page.hasNextPage }"));
  // Airtable's offset is a token.
  CHECK(
      has(job_of("https://api.airtable.com/v0/a/b", R"({"records":[{"id":1}],"offset":"itr/rec"})"),
          "next: { cursor: .offset, as: offset }"));
}

TEST_CASE("a cursor in a header") {
  CHECK(has(job_of("https://a.example/x", R"([{"a":1}])", {{"X-Next-Cursor", "c"}}),
            "next: { header: X-Next-Cursor, as: cursor }"));
  CHECK(has(job_of("https://a.example/x", R"([{"a":1}])", {{"x-ms-continuationtoken", "c"}}),
            "next: { header: x-ms-continuationtoken, as: continuationToken }"));
}

TEST_CASE("numbers of pages and of records") {
  CHECK(has(job_of("https://a.example/x?page=1", R"([{"a":1}])"), "next: { page: page }"));
  CHECK(has(job_of("https://a.example/x?page=0&size=1", R"({"content":[{"a":1}],"totalPages":3})"),
            "next: { page: page, first: 0, pages: .totalPages }"));
  CHECK(has(job_of("https://services.nvd.nist.gov/rest/json/cves/2.0?startIndex=0&resultsPerPage=2",
                   R"({"resultsPerPage":2,"startIndex":0,"totalResults":9,
                       "vulnerabilities":[{"cve":{}},{"cve":{}}]})"),
            "next: { offset: startIndex, size: 2, total: .totalResults }"));
  CHECK(has(job_of("https://api.fda.gov/drug/event.json",
                   R"({"meta":{"results":{"skip":0,"limit":1,"total":5}},"results":[{"a":1}]})"),
            "next: { offset: skip, size: 1, total: .meta.results.total }"));
}

TEST_CASE("an answer that leads nowhere is a job of one page, and says so") {
  const std::string job = job_of("https://a.example/rates", R"({"rates":[{"a":1}],"base":"EUR"})");
  CHECK_FALSE(job.find("next:") != job.npos);
  CHECK(has(job, "asks for one page"));
  CHECK(has(job_of("https://a.example/x", R"({"next":null,"results":[{"a":1}]})"),
            "next: { url: .next }"));
}

TEST_CASE("the records are the largest array of objects that lies in objects alone") {
  const std::string job = job_of(
      "https://a.example/x",
      R"({"errors":[],"users":[{"id":1}],"data":{"rows":[{"id":1,"x":[{},{},{},{}]},{"id":2}]}})");
  CHECK(has(job, "records: .data.rows }"));
  CHECK(has(job, "There are records in .users too"));
  CHECK(has(job_of("https://a.example/x", R"({"items":[]})"), "records: .items }"));
  CHECK(has(job_of("https://a.example/x", R"({"a":1})"), "single: true"));
  CHECK(has(job_of("https://a.example/x", "{\"a\":1}\n{\"a\":2}\n"), "decode: jsonl"));
  CHECK(has(job_of("https://a.example/x", "a,b\n1,2\n", {{"Content-Type", "text/csv"}}),
            "decode: csv"));
  CHECK(has(job_of("https://a.example/x", "<html>"), "error: the answer is neither JSON"));
  CHECK(has(job_of("https://a.example/x", " \n"), "error: the answer is empty"));
}

TEST_CASE("no secret that was given gets into the job") {
  const auto with = [](const Headers& sent, const std::string& url = "https://a.example/x") {
    std::string job = job_of(url, R"([{"a":1}])", {}, sent);
    CHECK(job.find("S3CR3T") == job.npos);
    return job;
  };
  CHECK(has(with({{"authorization", "Bearer S3CR3T"}}), R"(auth: { bearer: "${API_TOKEN}" })"));
  CHECK(has(with({{"Authorization", "Basic S3CR3T"}}), R"(basic: { user: "${API_USER}")"));
  CHECK(has(with({{"Authorization", "token S3CR3T"}}),
            R"(api_key: { header: Authorization, value: "${API_TOKEN}" })"));
  const std::string two = with(
      {{"Accept", "application/json"}, {"Authorization", "Bearer S3CR3T"}, {"Shop-Id", "S3CR3T"}});
  CHECK(has(two, R"(headers: { Accept: "application/json", Shop-Id: "${SHOP_ID}" })"));
  const std::string query = with({}, "https://a.example/x?api_key=S3CR3T&limit=2");
  CHECK(has(query, R"(url: "https://a.example/x?limit=2")"));
  CHECK(has(query, R"(api_key: { query: api_key, value: "${API_KEY}" })"));
  CHECK(url_to_show("https://me:S3CR3T@a.example/x?page=1&access_token=S3CR3T#f") ==
        "https://***@a.example/x?page=1&access_token=***");
}

TEST_CASE(
    "a word of the query that begins with a dot, as a path does, is no way to the next page") {
  for (const char* url :
       {"https://a.example/x?.@@@p@@@@@@@@", "https://a.example/x?.page=1",
        "https://a.example/x?.offset=0&.limit=5", "https://a.example/x?.cursor=c"}) {
    CAPTURE(url);
    for (const char* body :
         {"0", R"({"next_cursor":"c","items":[{"a":1}]})", R"({".page":1,"total":9,"a":[{"b":1}]})",
          R"({".next.cursor":"c","a":[{"b":1}]})", R"({".offset":0,"total":9,"a":[{"b":1}]})",
          R"({"next_.":"c","next.":"d","nextKey":"","a":[{"b":1}]})"}) {
      const std::string job = job_of(url, body, {{"Link", "@\x01++"}, {"X-Next-Cursor", "c"}});
      CHECK(has(job, "name: x\n"));
      CHECK_FALSE(job.starts_with("error"));
    }
  }
}

TEST_CASE("what an API says is text in the job, whatever it is") {
  const std::string job = job_of("https://a.example/x?q={a}&r=${HOME}",
                                 R"({"a b: }#":{"next_cursor":"x"},"${HOME}":[{"a":1}]})");
  CHECK(has(job, R"(url: "https://a.example/x?q={{a}}&r=$${{HOME}}")"));
  CHECK(has(job, "next_cursor"));
  // Characters that YAML takes for line breaks or won't have.
  CHECK(
      has(job_of("https://a.example/x", "{\"a\u2028\x7f\":[{}],\"total\u0085\":{\"next\":\"/b\"}}"),
          R"(records: ".\"a\u2028\u007f\"" })"));
  CHECK(has(job_of("https://a.example/\xe9?page=1&p\xff"
                   "age=2&key=1&key=2&apikey=3",
                   "[{}]"),
            R"(url: "https://a.example/%E9?page=1&p%FFage=2")"));
}

TEST_CASE("a refusal says what to give") {
  CHECK(has(auth_hint({{"WWW-Authenticate", "Bearer realm=\"x\""}}), "auth: { bearer:"));
  CHECK(has(auth_hint({{"WWW-Authenticate", "Basic realm=\"x\""}}), "auth: { basic:"));
  CHECK(has(auth_hint({}), "who asks"));
}

TEST_CASE("a day in the query is told to be a unit's") {
  CHECK(has(job_of("https://a.example/x?from=2024-02-08", R"([{"a":1}])"), "Days as units"));
}

}  // namespace sluice

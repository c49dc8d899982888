#include "options.h"

#include <algorithm>

#include "base/text.h"
#include "http_server/program.h"

namespace sluice::fake_api {

const std::string_view usage =
    R"(fake_api: paged HTTP APIs on the loopback, for tests, campaigns and benchmarks

What it serves
  --records N               generated records; 1000
  --record-bytes B          about as large; 1000. They compress 10 to 25 times at 19,000
  --seed S                  record i is a function of S, i and B alone; 1
  --bodies K                different bodies under the records' heads; 512
  --seconds-apart T         from one record's updated_at to the next; 60, from 2026-11-01T00:00:00Z
  --documents FILE[:path]   a JSON array's elements instead, verbatim, or a folder of *.json;
                            repeatable
  --exchanges DIR           recorded exchanges, below /exchange; repeatable

Where
  /cursor          token in the query, next_token in the body
  /cursor-header   token in the query, X-Next-Cursor in the head; the body is an array
  /next-url        "next" in the body; its URL has another path, /next-url/more
  /link            Link header; its URLs have another path, /repositories/1000/items; an array
  /page            page=N; page, total, total_pages, has_more in the body
  /offset          offset=N&limit=N; total in the body
  /post            POST {"cursor":...,"limit":...} or {"page":...,"limit":...}
  /graphql         POST {"query":...,"variables":{"after":...,"first":...}}
  /ndjson, /csv    page=N; X-Total-Pages in the head
  /list            as /cursor; its rows have the url of /items/ID
  /items/ID        one record
  /window          as /cursor, of records with from <= updated_at < to
  /events          as /cursor; the records' times go to and fro over five days
  /oauth/token     client_credentials and refresh_token (each works once)
  /elsewhere/...   the same as another host: asks for no secret, counts those that come
  /moved/...       the same: where redirect=same leads
Everywhere: count=, per_page= or limit= records a page; part=K/P the Kth of P parts (from 0);
links=absolute|path|query; page numbers from base=0 or 1.

How pages are made
  --page-records N          100, if the query says none
  --records-key NAME        items
  --token-key, --token-parameter NAME   next_token in the body, token in the query
  --last-token KIND         missing, null, empty, same (as asked for), past (an empty page follows)
  --links KIND              absolute, path, query
  --envelope-first          next_token and the like stand before the records
  --first-page N            1
  --gzip                    for those who accept it
  --chunked                 Transfer-Encoding: chunked

Who may come in (any of them; none asked for: everybody)
  --bearer TOKEN            repeatable
  --basic USER:PASSWORD     repeatable
  --api-key-header NAME=VALUE, --api-key-query NAME=VALUE   repeatable
  --oauth ID:SECRET         /oauth/token gives bearer tokens ...
  --token-seconds N         ... for so long; 3600
  --refresh-token TOKEN     the first one that works
  --sigv4 KEY:SECRET        repeatable; --region us-east-1, --service execute-api

How it behaves
  --port N                  0, the default: a free one, which the first line of output names
  --latency MS              before the first byte
  --bandwidth BYTES         a second, for each connection, each way
  --rate N[/SECONDS]        requests in a window for each token; more answer 429
  --fault SPEC              see faults.h: "page=137 status=500 times=3"; repeatable

Instead of serving
  --expect lines|csv|digest the records that are right, or their count, bytes, sha256 (of the lines
                            with their line breaks) and sum of CRC-32s (of the lines without)
  --from I --to J           of these alone

GET http://127.0.0.1:PORT/-fake-api-/counters tells what happened; control.cc has the rest.
)";

namespace {

using http_server::Words;

Error wrong(const std::string& option, const std::string& value, std::string_view why) {
  return {ErrorKind::invalid, option + " " + value + ": " + std::string(why)};
}

// "NAME=VALUE", "USER:SECRET"
Result<std::pair<std::string, std::string>> read_pair(const std::string& option, Words& words,
                                                      char between) {
  const std::string text = TRY(words.value_of(option));
  const size_t at = text.find(between);
  if (at == text.npos) return wrong(option, text, std::string("needs a '") + between + "'");
  return std::pair(text.substr(0, at), text.substr(at + 1));
}

Result<bool> read_contents(const std::string& word, Words& words, Options& options) {
  RecordOptions& records = options.records;
  if (word == "--records") {
    records.count = TRY(words.number_of<uint64_t>(word));
  } else if (word == "--record-bytes") {
    records.record_bytes = TRY(words.number_of<uint64_t>(word));
  } else if (word == "--seed") {
    records.seed = TRY(words.number_of<uint64_t>(word));
  } else if (word == "--bodies") {
    records.bodies = TRY(words.number_of<uint64_t>(word));
  } else if (word == "--seconds-apart") {
    records.seconds_apart = TRY(words.number_of<int64_t>(word));
  } else if (word == "--documents") {
    records.documents.push_back(TRY(words.value_of(word)));
  } else if (word == "--exchanges") {
    options.exchanges.push_back(TRY(words.value_of(word)));
  } else if (word == "--expect") {
    options.expect = TRY(words.value_of(word));
  } else if (word == "--from") {
    options.from = TRY(words.number_of<uint64_t>(word));
  } else if (word == "--to") {
    options.to = TRY(words.number_of<uint64_t>(word));
  } else {
    return false;
  }
  return true;
}

// One of some words, with blanks between them in `all`.
Result<std::string> read_word(const std::string& option, Words& words, std::string_view all) {
  std::string text = TRY(words.value_of(option));
  const auto known = split(all, ' ');
  if (std::find(known.begin(), known.end(), text) != known.end()) return text;
  std::string why = "one of";
  for (const std::string_view one : known) {
    why += (one == known.front() ? " " : ", ") + std::string(one);
  }
  return wrong(option, text, why);
}

Result<bool> read_pages(const std::string& word, Words& words, PageOptions& pages) {
  if (word == "--page-records") {
    pages.page_records = TRY(words.number_of<uint64_t>(word));
  } else if (word == "--first-page") {
    pages.first_page = TRY(words.number_of<uint64_t>(word));
  } else if (word == "--records-key") {
    pages.records_key = TRY(words.value_of(word));
  } else if (word == "--token-key") {
    pages.token_key = TRY(words.value_of(word));
  } else if (word == "--token-parameter") {
    pages.token_parameter = TRY(words.value_of(word));
  } else if (word == "--last-token") {
    pages.last_token = TRY(read_word(word, words, "missing null empty same past"));
  } else if (word == "--links") {
    pages.links = TRY(read_word(word, words, "absolute path query"));
  } else if (word == "--envelope-first") {
    pages.envelope_first = true;
  } else if (word == "--gzip") {
    pages.gzip = true;
  } else if (word == "--chunked") {
    pages.chunked = true;
  } else {
    return false;
  }
  return true;
}

Result<bool> read_auth(const std::string& word, Words& words, AuthOptions& auth) {
  if (word == "--bearer") {
    auth.bearers.push_back(TRY(words.value_of(word)));
  } else if (word == "--basic") {
    const auto [user, password] = TRY(read_pair(word, words, ':'));
    auth.basics.push_back(user + ":" + password);
  } else if (word == "--api-key-header") {
    auth.header_keys.push_back(TRY(read_pair(word, words, '=')));
  } else if (word == "--api-key-query") {
    auth.query_keys.push_back(TRY(read_pair(word, words, '=')));
  } else if (word == "--oauth") {
    std::tie(auth.oauth_id, auth.oauth_secret) = TRY(read_pair(word, words, ':'));
  } else if (word == "--token-seconds") {
    auth.token_seconds = TRY(words.number_of<int64_t>(word));
  } else if (word == "--refresh-token") {
    auth.refresh_token = TRY(words.value_of(word));
  } else if (word == "--sigv4") {
    auto [key, secret] = TRY(read_pair(word, words, ':'));
    auth.signers.push_back({std::move(key), std::move(secret)});
  } else if (word == "--region") {
    auth.region = TRY(words.value_of(word));
  } else if (word == "--service") {
    auth.service = TRY(words.value_of(word));
  } else {
    return false;
  }
  return true;
}

Result<bool> read_behaviour(const std::string& word, Words& words, Options& options) {
  if (word == "--port") {
    options.port = TRY(words.number_of<uint16_t>(word));
  } else if (word == "--latency") {
    options.latency = TRY(words.number_of<int64_t>(word)) * 1'000'000;
  } else if (word == "--bandwidth") {
    options.bytes_per_second = TRY(words.number_of<uint64_t>(word));
  } else if (word == "--rate") {
    const std::string text = TRY(words.value_of(word));
    const size_t slash = text.find('/');
    const auto rate = parse_number<uint64_t>(text.substr(0, slash));
    const auto seconds = slash == text.npos
                             ? std::optional<int64_t>(1)
                             : parse_number<int64_t>(std::string_view(text).substr(slash + 1));
    if (!rate || !seconds) return wrong(word, text, "not like 100 or 5000/3600");
    options.rate = *rate;
    options.rate_seconds = *seconds;
  } else if (word == "--fault") {
    TRY(options.faults.add(TRY(words.value_of(word))));
  } else if (word == "--help") {
    options.wants_help = true;
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<Options> read_options(const std::vector<std::string>& all) {
  Options options;
  Words words(all);
  while (!words.done()) {
    const std::string word = words.next();
    if (TRY(read_contents(word, words, options))) continue;
    if (TRY(read_pages(word, words, options.pages))) continue;
    if (TRY(read_auth(word, words, options.auth))) continue;
    if (TRY(read_behaviour(word, words, options))) continue;
    return Error{ErrorKind::invalid, word + ": no such option; see --help"};
  }
  if (options.pages.page_records == 0) return wrong("--page-records", "0", "at least 1");
  return options;
}

}  // namespace sluice::fake_api

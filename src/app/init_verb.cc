// `init`: asks an HTTP API once, and writes a job file by what comes.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "app/common_words.h"
#include "app/opened_job.h"
#include "app/process.h"
#include "app/stop_on_signal.h"
#include "app/trusted.h"
#include "app/verb.h"
#include "base/text.h"
#include "codec/inflate.h"
#include "guess/guess_job.h"
#include "http/engine.h"
#include "http/host_kind.h"
#include "http/url.h"
#include "source/api_auth_words.h"

namespace sluice {
namespace {

struct Asked {
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  std::string file;                  // Empty: stdout
  std::optional<Nanoseconds> deadline = {};
};

void add_words(Words& words, Asked& asked) {
  words.text("URL", asked.url, "http:// or https://, as for the first page");
  words.texts("-H,--header", asked.headers,
              "\"Name: value\" for the request; what is secret in it is never written");
  words.text("-o,--output", asked.file, "Into this new file (default: standard output)");
  add_deadline(words, asked.deadline);
}

// Of one answer, and of what it inflates to: enough for a page, and flat memory for whatever an
// address turns out to be.
constexpr uint64_t answer_bytes_max = 8 << 20;
constexpr int redirects_max = 5;
constexpr Nanoseconds answer_within = 60_s;

Error wrong(std::string message) {
  return {ErrorKind::invalid, std::move(message)};
}

Result<Headers> headers_of(const std::vector<std::string>& texts) {
  Headers headers;
  for (const std::string& text : texts) {
    const size_t colon = text.find(':');
    // The text may be a secret.
    if (colon == 0 || colon == text.npos || text.find(' ') < colon)
      return wrong("-H: \"Name: value\", with a colon behind the name");
    const std::string_view value = trim(std::string_view(text).substr(colon + 1));
    if (!is_header_value(value)) return wrong("-H: a control character in the value");
    headers.push_back({text.substr(0, colon), std::string(value)});
  }
  return headers;
}

Status check_url(const std::string& text) {
  if (text.starts_with("s3://") || text.find("://") == text.npos)
    return wrong(
        "init is for http:// and https:// URLs; for objects in a bucket or a directory begin with "
        "`sluice fold SRC DST` or examples/cloudtrail.yaml");
  const auto url = parse_url(text);
  if (!url.ok()) return wrong(url_to_show(text) + ": " + url.error().message);
  if (!url->user_info.empty())
    return wrong(
        "a user and a password in the URL; give them with -H \"Authorization: Basic ...\"");
  return {};
}

Result<std::string> inflated(std::string_view bytes) {
  Inflater inflater;
  std::string out;
  std::vector<char> room(64 << 10);
  for (;;) {
    const size_t got = TRY(inflater.step(bytes, true, room.data(), room.size()));
    if (got == 0 && inflater.rest_lost()) return Error{ErrorKind::corrupt, *inflater.rest_lost()};
    if (got == 0) return out;
    out.append(room.data(), got);
    if (out.size() > answer_bytes_max) return wrong("the answer inflates to more than 8 MiB");
  }
}

// Follows redirects; to another server without our headers, as a run does.
Result<HttpResponse> ask(Engine& engine, const std::string& first, Headers headers) {
  std::string url = first;
  for (int hop = 0;; ++hop) {
    HttpRequest request{.url = url, .headers = headers, .body_most = answer_bytes_max};
    request.first_byte_within = answer_within;
    if (!has_header(headers, "User-Agent")) request.headers.push_back({"User-Agent", "sluice"});
    request.headers.push_back({"Accept-Encoding", "gzip"});
    HttpResponse response = TRY_IN(call(engine, std::move(request)), url_to_show(url));
    const bool moved = response.status == 301 || response.status == 302 || response.status == 303 ||
                       response.status == 307 || response.status == 308;
    const std::string_view location = header(response.headers, "Location");
    if (!moved || location.empty()) return response;
    if (hop == redirects_max) return wrong(url_to_show(first) + ": too many redirects");
    const std::string next = resolved_url(url, location);
    if (!same_origin(url, next)) {
      const Url from = TRY(parse_url(url)), to = TRY(parse_url(next));
      if (from.is_tls && !to.is_tls) return wrong(url_to_show(next) + ": https leads to http");
      if (host_kind(from.host) == HostKind::elsewhere && host_kind(to.host) != HostKind::elsewhere)
        return wrong(url_to_show(next) +
                     ": a redirect into this machine's network; give that URL "
                     "itself if it is right");
      headers.clear();
    }
    url = next;
  }
}

Result<ApiAnswer> look_at(const std::string& url, const Headers& headers) {
  const Environment environment = process_environment();
  EngineOptions how{.shards = 1};
  how.connect_within = 10_s;
  how.proxies = TRY(ProxyRules::from(environment));
  how.tls = trusted_by_apis(environment);
  const auto engine = TRY(make_engine(how));
  HttpResponse response = TRY(ask(*engine, url, headers));
  const std::string where = "GET " + url_to_show(url) + ": ";
  ApiAnswer answer{.url = url, .headers = std::move(response.headers)};
  answer.body = TRY_IN(inflated(response.body.view()), where + "the answer");
  const std::string status = where + "status " + std::to_string(response.status) + ": ";
  if (response.status == 401 || response.status == 403)
    return Error{ErrorKind::denied,
                 status + (headers.empty()
                               ? auth_hint(answer.headers)
                               : "what -H says isn't enough: " + excerpt(trim(answer.body), 200))};
  if (response.status == 405)
    return Error{ErrorKind::invalid,
                 status +
                     "it can't be asked with GET; examples/notion_pages.yaml and "
                     "github_graphql.yaml are jobs that post"};
  if (response.status < 200 || response.status > 299)
    return Error{ErrorKind::transient, status + excerpt(trim(answer.body), 200)};
  return answer;
}

// Only ever a new file.
Status write_new(const std::string& path, std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0) {
    const bool there = errno == EEXIST;
    return wrong(path + ": " +
                 (there ? "is there already, and init overwrites nothing"
                        : std::string(std::strerror(errno))));
  }
  const ssize_t written = ::write(file, text.data(), text.size());
  const int error = errno;
  const bool is_good = ::close(file) == 0 && written == static_cast<ssize_t>(text.size());
  if (is_good) return {};
  ::unlink(path.c_str());
  return Error{ErrorKind::internal, path + ": can't be written: " + std::strerror(error)};
}

Result<int> init(const Asked& asked) {
  const StopOnSignal stop(StopOnSignal::at_once(asked.deadline));
  TRY(check_url(asked.url));
  const Headers headers = TRY(headers_of(asked.headers));
  const ApiAnswer answer = TRY(look_at(asked.url, headers));
  const std::string text = TRY_IN(guess_job(answer, headers), "GET " + url_to_show(asked.url));
  if (asked.file.empty()) {
    print_to_use(text);
  } else {
    TRY(write_new(asked.file, text));
    print(asked.file + " is written; read it, then: sluice check " + asked.file + "\n");
  }
  return exit_done;
}

}  // namespace

Verb init_verb() {
  return introduce<Asked>({
      .name = "init",
      .help = "Looks at one answer of an HTTP API and writes a job file for it.",
      .example = "sluice init -H 'Authorization: Bearer ...' https://api.example.com/orders -o "
                 "orders.yaml",
      .words = add_words,
      .run = init,
  });
}

}  // namespace sluice

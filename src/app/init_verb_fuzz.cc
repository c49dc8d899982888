// Whatever an API answers, the job that is made of it is one that can be read, and if it has a
// `next`, one that the http source takes.
#include <cstdint>
#include <cstdlib>

#include "app/parts.h"
#include "guess/guess_job.h"
#include "guess/guess_next.h"
#include "http/url.h"
#include "job/job_file.h"
#include "source/http_pages.h"

namespace {

using namespace sluice;

// All that may be asked for: what the query's words become.
Environment environment_of(const std::string& job) {
  Environment environment;
  for (size_t at = job.find("${"); at != job.npos; at = job.find("${", at + 2)) {
    const size_t end = job.find('}', at);
    if (end != job.npos && (at == 0 || job[at - 1] != '$'))
      environment.variables.emplace(job.substr(at + 2, end - at - 2), "v");
  }
  return environment;
}

}  // namespace

// The URL's query, a line break, a Link header's value, a line break, the body.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t first = text.find('\n');
  const size_t second = first == text.npos ? text.npos : text.find('\n', first + 1);
  if (second == text.npos) return 0;
  const ApiAnswer answer{.url = "https://a.example/x?" + std::string(text.substr(0, first)),
                         .headers = {{"Link", std::string(text.substr(first + 1, second - first))}},
                         .body = std::string(text.substr(second + 1))};
  if (!parse_url(answer.url).ok()) return 0;
  const auto job = guess_job(answer, {});
  if (!job.ok()) return 0;
  const auto parsed = parse_job("init", *job, environment_of(*job), {}, all_parts());
  if (!parsed.ok() || !read_http_pages(parsed->source).ok()) std::abort();
  return 0;
}

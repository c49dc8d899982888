#include "aws/control_call.h"

#include <future>

#include "aws/credentials.h"
#include "aws/error.h"
#include "base/time.h"
#include "http/retry.h"
#include "json/scan.h"
#include "json/value.h"

namespace sluice::aws {
namespace {

class AwaitedExchange : public Exchange {
 public:
  AwaitedExchange(HttpRequest request, std::promise<Result<HttpResponse>> answer)
      : request_(std::move(request)), answer_(std::move(answer)) {}
  const HttpRequest& request() const override { return request_; }
  void finished(Result<HttpResponse> response) override { answer_.set_value(std::move(response)); }

 private:
  HttpRequest request_;
  std::promise<Result<HttpResponse>> answer_;
};

Result<HttpResponse> call_at(Engine& engine, HttpRequest request, Instant when) {
  std::promise<Result<HttpResponse>> promise;
  std::future<Result<HttpResponse>> answer = promise.get_future();
  engine.start(std::make_unique<AwaitedExchange>(std::move(request), std::move(promise)), when);
  return answer.get();
}

bool is_worth_another(const Result<HttpResponse>& answer) {
  if (!answer.ok()) return answer.error().kind == ErrorKind::transient;
  if (answer->status >= 500 || answer->status == 429) return true;
  // The JSON and query protocols say it with a 400.
  return answer->status == 400 && classify(*answer, {}).error.kind == ErrorKind::throttled;
}

}  // namespace

Result<HttpResponse> call_patiently(const AwsSurroundings& surroundings,
                                    const std::function<HttpRequest()>& make, Patience patience) {
  Chance chance;
  RetryRules rules;
  rules.pause_most = patience.pause_most;
  Instant when = {};
  for (uint32_t attempt = 1;; ++attempt) {
    Result<HttpResponse> answer = call_at(*surroundings.http, make(), when);
    if (attempt >= patience.attempts_max || !is_worth_another(answer)) return answer;
    when = now() + pause_before_next(rules, attempt, std::nullopt, chance);
  }
}

Result<std::vector<std::string>> json_fields(std::string_view text,
                                             std::initializer_list<std::string_view> paths) {
  std::vector<json::Path> wanted;
  for (const std::string_view path : paths) wanted.push_back(json::parse_path(path).value());
  json::Scanner scanner(wanted);
  if (!scanner.scan(text)) {
    return Error{ErrorKind::corrupt, "not JSON: " + scanner.fault().message()};
  }
  if (json::kind(scanner.value()) != json::Kind::object) {
    return Error{ErrorKind::corrupt, "not a JSON object"};
  }
  std::vector<std::string> fields;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto raw = scanner.raw(i);
    fields.push_back(raw ? json::as_text(*raw).value_or("") : std::string());
  }
  return fields;
}

Result<Credentials> parse_credentials_json(std::string_view text, std::string_view token) {
  const std::string token_path = "." + std::string(token);
  const std::vector<std::string> fields =
      TRY(json_fields(text, {".AccessKeyId", ".SecretAccessKey", token_path, ".Expiration"}));
  if (fields[0].empty()) return Error{ErrorKind::denied, "the answer has no AccessKeyId"};
  if (fields[1].empty()) return Error{ErrorKind::denied, "the answer has no SecretAccessKey"};
  Credentials credentials = {fields[0], fields[1], fields[2]};
  if (!fields[3].empty()) {
    credentials.expires = parse_time(fields[3]);
    if (!credentials.expires) {
      return Error{ErrorKind::corrupt, "the answer's Expiration is no time"};
    }
  }
  return credentials;
}

}  // namespace sluice::aws

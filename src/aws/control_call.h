// One HTTP request of control work, tried a few times: the calls that credentials need. Requests in
// bulk are s3's.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "aws/surroundings.h"
#include "base/result.h"
#include "http/http.h"

namespace sluice::aws {

struct Patience {
  uint32_t attempts_max = 3;     // As the SDKs
  Nanoseconds pause_most = 1_s;  // Between two; full jitter
};

// Any answer but a throttle or 5xx, or the last one. `make` is called for each attempt, so that
// each is signed anew; what its body views must outlive the call. Blocks.
Result<HttpResponse> call_patiently(const AwsSurroundings& surroundings,
                                    const std::function<HttpRequest()>& make,
                                    Patience patience = {});

// The texts at field paths (".a.b") of a JSON object, in order; empty where there is none.
// `corrupt` if the text isn't a JSON object.
Result<std::vector<std::string>> json_fields(std::string_view text,
                                             std::initializer_list<std::string_view> paths);

// "AccessKeyId" and so on, as the containers' and the machines' services and processes write them:
// `denied`, naming it, if a field is missing; `token` is what the session token is called.
struct Credentials;
Result<Credentials> parse_credentials_json(std::string_view text, std::string_view token);

}  // namespace sluice::aws

// Where a source's requests may go, and what may go with them: an API's answers name URLs (the next
// page, a redirect, a row's detail), and whoever answers may be anybody.
//
//   * Who we are, the job's bodies and cookies, and headers with a secret in them go to the job's
//     own origin (scheme, host and port) and nowhere else; a secret that stands in a URL for
//     elsewhere is taken out.
//   * https never leads to http.
//   * This machine, its network and a cloud's metadata are asked only where the job's own origin
//     lies there, or where the job names the origin (`also_from`). Names that lead there are found
//     out by the engine (HttpRequest::asked_by).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secrets.h"
#include "http/http.h"
#include "source/api_auth.h"

namespace sluice {

struct OriginOptions {
  std::string own;                     // A URL of it
  std::vector<std::string> also = {};  // URLs of others that may be asked wherever they lie
  Headers secret_headers = {};         // Of the job's own words; only names count
};

class OriginRules {
 public:
  OriginRules(OriginOptions options, Secrets secrets, SecretPlaces places);

  bool is_own(std::string_view url) const;
  // `invalid`, with what the job would have to say: not from here. `has_body`: of the request.
  enum class Body : uint8_t { none, some };
  Status may_ask(std::string_view url, Body body) const;
  // What may be known where `request` goes to; called where that isn't the own origin.
  Status make_fit_for_others(HttpRequest& request) const;
  // What the job says if it wants `url` asked.
  std::string advice(std::string_view url) const;

 private:
  bool is_named(std::string_view url) const;

  const OriginOptions options_;
  const Secrets secrets_;
  const SecretPlaces places_;
  bool own_is_special_ = false;
};

// How a redirect goes on, as clients do it (RFC 9110, 15.4): 303 is asked for with GET, and so are
// 301 and 302 of what was posted.
bool becomes_get(int status, std::string_view method);

}  // namespace sluice

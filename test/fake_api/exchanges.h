// Exchanges with a real API, recorded in files (octokit/fixtures' form), answered again below
// /exchange: a request is matched by its method, path and query. URLs in headers and bodies that
// begin with the recorded host become this server's.
//
//   [{"scope":"https://api.github.com:443","method":"get","path":"/a?b=1","status":200,
//     "response":..., "headers":{...}}]
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::fake_api {

struct Exchange {
  std::string method, target, host;  // The host as URLs in it begin: "https://api.github.com"
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // Without those of one connection
  std::string body;
};

class Exchanges {
 public:
  // Every *.json below the folder that is in that form.
  Status load(const std::string& folder);
  // Null if there is none.
  const Exchange* find(std::string_view method, std::string_view target) const;

 private:
  std::vector<Exchange> exchanges_;
};

}  // namespace sluice::fake_api

// Tokens that say where the next page begins, and look as if they said nothing: base64, so they
// need escaping in a URL. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::fake_api {

struct TokenPlace {
  uint64_t offset = 0;  // Below 2^48
  uint64_t again = 0;   // Below 256: another token of the same place
  uint64_t epoch = 0;   // Below 256: those of an earlier one have expired
};
std::string write_token(TokenPlace place);
// Nothing unless it was written by write_token.
std::optional<TokenPlace> read_token(std::string_view token);

}  // namespace sluice::fake_api

// Where objects are, as a person writes it: "s3://bucket/prefix/", "file:///abs/dir/", "/abs/dir",
// "rel/dir/", "memory:". Only reads the text; opens nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

enum class StoreScheme : uint8_t { directory, memory, s3 };

struct StoreUrl {
  StoreScheme scheme = StoreScheme::directory;
  std::string root;    // The directory as it was written ("." for the current one), or the bucket
  std::string prefix;  // s3: of keys, "" or ending with a slash if the text did. Else empty

  // "s3://lake/raw/", "/data/lake/", "memory:": what the text meant, the directory with one slash
  // at its end.
  std::string str() const;
};

// invalid: an unknown scheme, no bucket or a wrong one, a host in a file URL, nothing at all.
Result<StoreUrl> parse_store_url(std::string_view text);

}  // namespace sluice

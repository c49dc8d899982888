#include "store/open.h"

#include <algorithm>

#include "base/text.h"

namespace sluice {
namespace {

Error wrong(std::string_view text, std::string_view why) {
  return {ErrorKind::invalid, "\"" + excerpt(text, 200) + "\": " + std::string(why)};
}

bool is_bucket_sign(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html: 3 to 63 signs
// (older ones up to 255 and with capitals and '_').
Result<StoreUrl> parse_s3(std::string_view text, std::string_view rest) {
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view bucket = rest.substr(0, slash);
  if (bucket.empty()) return wrong(text, "there is no bucket; write s3://bucket/prefix/");
  if (bucket.size() < 3 || bucket.size() > 255 ||
      !std::all_of(bucket.begin(), bucket.end(), is_bucket_sign)) {
    return wrong(text, "\"" + excerpt(bucket) + "\" can't be a bucket's name");
  }
  const std::string_view prefix = rest.substr(std::min(slash + 1, rest.size()));
  return StoreUrl{StoreScheme::s3, std::string(bucket), std::string(prefix)};
}

Result<StoreUrl> parse_path(std::string_view text, std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return wrong(text, "a path can't hold a NUL");
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return StoreUrl{StoreScheme::directory, std::string(path), ""};
}

}  // namespace

std::string StoreUrl::str() const {
  switch (scheme) {
    case StoreScheme::s3:
      return "s3://" + root + "/" + prefix;
    case StoreScheme::memory:
      return "memory:";
    case StoreScheme::directory:
      break;
  }
  return root == "/" ? root : root + "/";
}

Result<StoreUrl> parse_store_url(std::string_view text) {
  if (text.empty()) {
    return Error{ErrorKind::invalid, "a directory or s3://bucket/prefix/ is needed, not nothing"};
  }
  if (text == "memory:") return StoreUrl{StoreScheme::memory, "", ""};
  const size_t colon = text.find("://");
  const bool has_scheme = colon != std::string_view::npos && colon > 0 &&
                          text.substr(0, colon).find('/') == std::string_view::npos;
  if (!has_scheme) return parse_path(text, text);
  const std::string_view scheme = text.substr(0, colon), rest = text.substr(colon + 3);
  if (scheme == "s3") return parse_s3(text, rest);
  if (scheme != "file") {
    return wrong(text, "unknown scheme \"" + excerpt(scheme) +
                           "\"; there are s3://bucket/prefix/, file:///directory/ and plain paths");
  }
  if (!rest.starts_with('/')) {
    return wrong(text, "a file URL has three slashes and a whole path: file:///directory/");
  }
  return parse_path(text, rest);
}

}  // namespace sluice

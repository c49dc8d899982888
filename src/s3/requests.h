// A request to the store as S3's HTTP request: method, URL, headers, body. Not signed yet. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
#pragma once

#include <string>

#include "http/http.h"
#include "s3/options.h"
#include "store/store.h"

namespace sluice::s3 {

struct Outgoing {
  HttpRequest request;
  // A body made here goes out, once whoever sends it has made `request.body` view it; else that
  // views the store's request.
  std::string made_body;
};

// The metadata header that carries an upload's mark.
inline constexpr std::string_view mark_header = "x-amz-meta-sluice";
// A mark as header text, and back: what ASCII headers can't carry as %XX.
std::string mark_text(const Mark& mark);
Mark mark_of(std::string_view text);

// `base_url` without a slash at its end. The body of a Put or a PutPart is viewed, not copied.
Outgoing outgoing(const Request& request, std::string_view base_url, const S3Options& options);
// The two steps of an exact delete.
Outgoing outgoing_delete_if(const Delete& request, std::string_view base_url,
                            const S3Options& options);

}  // namespace sluice::s3

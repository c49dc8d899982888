// A refusal as S3 words it: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
#pragma once

#include <string>
#include <string_view>

namespace sluice::http_server {

struct S3Error {
  int status = 500;
  std::string code;
  std::string message;
  std::string elements = {};  // More of the XML: "<Region>eu-west-1</Region>"
};

}  // namespace sluice::http_server

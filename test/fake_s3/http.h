// The library of test/http_server, as the fake S3 names it.
#pragma once

#include "http_server/http_server.h"
#include "http_server/url.h"

namespace sluice::fake_s3 {

using namespace http_server;

}  // namespace sluice::fake_s3

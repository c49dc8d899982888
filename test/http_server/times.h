// Times as HTTP, S3's XML and SigV4 write them. Seconds since 1970, UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::http_server {

void append_http_date(int64_t seconds, std::string& out);  // Sun, 22 Nov 2026 20:30:08 GMT
void append_iso_date(int64_t seconds, std::string& out);   // 2026-11-22T20:30:08.000Z
void append_amz_date(int64_t seconds, std::string& out);   // 20261122T203008Z
std::optional<int64_t> parse_amz_date(std::string_view text);

}  // namespace sluice::http_server

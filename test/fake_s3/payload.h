// A body that came, checked against every digest its headers (or its trailer) name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "http_server/http_message.h"
#include "http_server/s3_error.h"
#include "objects.h"

namespace sluice::fake_s3 {

struct Payload {
  Buffer body;
  std::vector<Checksum> checksums;  // Those that came with it
  std::string md5;                  // Raw; empty if nobody asked for it
};

enum class Md5 { if_asked, always };
// Takes the request's body, out of aws-chunked if it is in that. Chunk signatures are not checked.
std::optional<S3Error> take_payload(HttpRequest& request, Md5 wants_md5, Payload& payload);

// The algorithms of x-amz-checksum-...: "crc32", "crc32c", "crc64nvme", "sha1", "sha256".
bool is_checksum_name(std::string_view name);
std::string raw_checksum(std::string_view name, std::string_view bytes);
// "x-amz-checksum-crc32c: ...\r\n" and the type.
void append_checksum_headers(const std::vector<Checksum>& checksums, std::string& out);
// "<ChecksumCRC32C>...</ChecksumCRC32C>"
void append_checksum_xml(const std::vector<Checksum>& checksums, std::string& out);
std::string checksum_element(std::string_view name);  // ChecksumCRC32C

}  // namespace sluice::fake_s3

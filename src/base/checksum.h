// Checksums of gzip and of S3: CRC-32 and CRC-32C, in one go or piece by piece, and of two runs of
// bytes put together without reading them again. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// gzip's CRC-32 (0xEDB88320, reflected). `before` is the checksum of the bytes in front; 0 of none.
uint32_t crc32(std::string_view bytes, uint32_t before = 0);
// Castagnoli's CRC-32C (0x82F63B78, reflected), S3's x-amz-checksum-crc32c.
uint32_t crc32c(std::string_view bytes, uint32_t before = 0);
// Of A and B together, from those of A and of B and the length of B.
uint32_t crc32_combine(uint32_t a, uint32_t b, uint64_t b_bytes);
uint32_t crc32c_combine(uint32_t a, uint32_t b, uint64_t b_bytes);

// CRC-64/NVME (0x9A6C9329AC4BC9B5, reflected), S3's x-amz-checksum-crc64nvme. About 1.5 GB/s.
uint64_t crc64nvme(std::string_view bytes, uint64_t before = 0);
std::string crc64_to_base64(uint64_t crc);

// As S3 writes a CRC: base64 of the four bytes, the high one first. "ZgmD4w==".
std::string crc_to_base64(uint32_t crc);
// Nothing if the text is anything else.
std::optional<uint32_t> crc_from_base64(std::string_view text);

std::string base64(std::string_view bytes);

}  // namespace sluice

// What must have arrived, for whoever compares: the records as lines, and their digests.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "records.h"

namespace sluice::fake_api {

enum class Lines : uint8_t { json, json_events, csv };
// Calls `take` with one line after the other, each with its line break.
void each_line(const Records& records, Span span, Lines lines,
               const std::function<void(std::string_view)>& take);
// {"count":..., "bytes":..., "sha256":..., "crc32_sum":...}: the sum of the lines' CRC-32s without
// their line breaks, modulo 2^64, is the same in every order.
std::string digest_json(const Records& records, Span span, Lines lines);

}  // namespace sluice::fake_api

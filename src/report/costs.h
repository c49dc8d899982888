// What a run's numbers add up to, and what it would cost. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "job/report.h"
#include "job/run.h"

namespace sluice::report {

Tally total(const RunReport& run);

// S3 Standard in us-east-1, for 1,000 requests (https://aws.amazon.com/s3/pricing/): "PUT, COPY,
// POST, LIST requests $0.005", "GET, SELECT, and all other requests $0.0004". DELETE is free.
inline constexpr double put_dollars = 0.005 / 1000, get_dollars = 0.0004 / 1000;

// By a meter's gauges: "lake put_part" and so on.
double request_dollars(const std::vector<Gauge::Snapshot>& calls);
// The memory that the process was given, for as long as it ran: what Lambda and ECS charge.
double gigabyte_seconds(const RunReport& run);
// "0.00125": so many digits, nothing behind the last one that counts.
std::string decimal(double value, int digits);

}  // namespace sluice::report

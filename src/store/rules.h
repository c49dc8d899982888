// What a request must obey whatever store it goes to, and the words of a refusal. The stores of
// this room ask here, so that they refuse the same things; S3 asks the service.
#pragma once

#include <string_view>

#include "store/store.h"

namespace sluice {

inline constexpr uint32_t page_entries_max = 1000;

// "get /data/lake/dt=2024/a.gz [0, 1024)": describe(), with the place in front of the key.
std::string describe_at(std::string_view place, const Request& request);

// The bytes that a Get means of an object of so many bytes and this ETag.
Result<Range> range_to_read(const Get& get, uint64_t object_bytes, const ETag& etag);

// Part number, size and checksum.
Status check_part(const PutPart& part, const Features& features);
// At least one part, numbers ascending. Whether they are there is the store's to know.
Status check_parts(const Complete& complete, const Features& features);
// A function of the part's bytes, so that a part put twice is the same part.
ETag part_etag(const PutPart& part);

// True if `after` is an entry of Page::prefixes for this list, so that all below it was listed.
bool is_rolled_up(const List& list, std::string_view after);
// "prefix...delimiter" if the key has the delimiter behind the prefix, else empty.
std::string_view rolled_up(const List& list, std::string_view key);

// One page of the uploads behind `after`; puts them in order (key, then id).
UploadPage cut_upload_page(std::vector<OpenUpload> uploads, std::string_view after);

Error no_such_upload(const UploadId& id);
Error not_this_part(uint32_t number);
Error too_small_part(uint32_t number, const Features& features);
Error not_as_expected(const Expect& expect);

}  // namespace sluice

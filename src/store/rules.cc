#include "store/rules.h"

#include <algorithm>
#include <cstdio>
#include <tuple>

#include "base/checksum.h"
#include "base/hash.h"

namespace sluice {
std::string describe_at(std::string_view place, const Request& request) {
  std::string text = describe(request);
  text.insert(verb(request).size() + 1, place);
  return text;
}

Result<Range> range_to_read(const Get& get, uint64_t object_bytes, const ETag& etag) {
  if (get.if_match && *get.if_match != etag) {
    return Error{ErrorKind::conflict,
                 "it has changed: ETag " + etag.str() + " instead of " + get.if_match->str()};
  }
  if (!get.range) {
    if (object_bytes <= get.most) return Range{0, object_bytes};
    return Error{ErrorKind::invalid, "it has " + std::to_string(object_bytes) +
                                         " bytes, more than the " + std::to_string(get.most) +
                                         " asked for at most"};
  }
  if (get.range->offset > object_bytes) {
    return Error{ErrorKind::invalid, "the range begins at byte " +
                                         std::to_string(get.range->offset) + ", behind its " +
                                         std::to_string(object_bytes) + " bytes"};
  }
  return Range{get.range->offset, std::min(get.range->bytes, object_bytes - get.range->offset)};
}

Status check_part(const PutPart& part, const Features& features) {
  if (part.number < 1 || part.number > features.parts_max) {
    return Error{ErrorKind::invalid, "part number " + std::to_string(part.number) +
                                         " is not within 1 and " +
                                         std::to_string(features.parts_max)};
  }
  if (part.body.size() > features.part_bytes_max) {
    return Error{ErrorKind::invalid, "a part of " + std::to_string(part.body.size()) +
                                         " bytes is larger than the store's " +
                                         std::to_string(features.part_bytes_max)};
  }
  if (crc32c(part.body.view()) != part.crc32c) {
    return Error{ErrorKind::corrupt, "the part's bytes don't have the CRC32C they came with"};
  }
  return {};
}

Status check_parts(const Complete& complete, const Features& features) {
  const auto& parts = complete.parts;
  if (parts.empty()) return Error{ErrorKind::invalid, "an upload needs at least one part"};
  if (parts.size() > features.parts_max) {
    return Error{ErrorKind::invalid, std::to_string(parts.size()) + " parts are more than " +
                                         std::to_string(features.parts_max)};
  }
  const auto unordered =
      std::adjacent_find(parts.begin(), parts.end(),
                         [](const PartTag& a, const PartTag& b) { return a.number >= b.number; });
  if (unordered == parts.end()) return {};
  return Error{ErrorKind::invalid, "the parts are not in ascending order: " +
                                       std::to_string(std::next(unordered)->number) + " after " +
                                       std::to_string(unordered->number)};
}

ETag part_etag(const PutPart& part) {
  char text[64];
  const int length =
      std::snprintf(text, sizeof text, "%08x-%016llx-%zx", part.crc32c,
                    static_cast<unsigned long long>(hash64(part.body.view())), part.body.size());
  return ETag(std::string_view(text, static_cast<size_t>(length)));
}

std::string_view rolled_up(const List& list, std::string_view key) {
  if (list.delimiter.empty()) return {};
  const size_t found = key.find(list.delimiter, list.prefix.size());
  if (found == std::string_view::npos) return {};
  return key.substr(0, found + list.delimiter.size());
}

bool is_rolled_up(const List& list, std::string_view after) {
  return after.starts_with(list.prefix) && !after.empty() && rolled_up(list, after) == after;
}

UploadPage cut_upload_page(std::vector<OpenUpload> uploads, std::string_view after) {
  // Neither a key nor an id of ours has a NUL.
  const auto place = [](const OpenUpload& upload) {
    return upload.key.str() + '\0' + upload.id.str();
  };
  std::sort(uploads.begin(), uploads.end(), [](const OpenUpload& a, const OpenUpload& b) {
    return std::tie(a.key, a.id) < std::tie(b.key, b.id);
  });
  UploadPage page;
  for (OpenUpload& upload : uploads) {
    if (!after.empty() && place(upload) <= after) continue;
    if (page.uploads.size() == page_entries_max) {
      page.next = place(page.uploads.back());
      break;
    }
    page.uploads.push_back(std::move(upload));
  }
  return page;
}

Error not_this_part(uint32_t number) {
  return {ErrorKind::conflict,
          "part " + std::to_string(number) + " is not (any more) the one named"};
}

Error too_small_part(uint32_t number, const Features& features) {
  return {ErrorKind::invalid, "part " + std::to_string(number) +
                                  " is not the last and has less than " +
                                  std::to_string(features.part_bytes_min) + " bytes"};
}

Error no_such_upload(const UploadId& id) {
  return {ErrorKind::not_found, "no upload " + id.str() + ": completed or aborted before"};
}

Error not_as_expected(const Expect& expect) {
  if (std::holds_alternative<Absent>(expect)) {
    return {ErrorKind::conflict, "an object is there already"};
  }
  const ETag* etag = std::get_if<ETag>(&expect);
  return {ErrorKind::conflict,
          "the object is not the one expected" + (etag ? ", ETag " + etag->str() : std::string())};
}

}  // namespace sluice

#include "sink/stored_object.h"

#include <cstring>
#include <limits>
#include <string_view>

namespace sluice {
namespace {

size_t room_for(std::string_view text) {
  return sizeof(uint32_t) + text.size();
}

void put(uint32_t number, std::string& out) {
  char bytes[sizeof(number)];
  std::memcpy(bytes, &number, sizeof(number));
  out.append(bytes, sizeof(bytes));
}

void put(std::string_view text, std::string& out) {
  put(static_cast<uint32_t>(text.size()), out);
  out += text;
}

uint32_t take_number(std::string_view& rest) {
  uint32_t number;
  ENSURE(rest.size() >= sizeof(number));
  std::memcpy(&number, rest.data(), sizeof(number));
  rest.remove_prefix(sizeof(number));
  return number;
}

std::string_view take_text(std::string_view& rest) {
  const uint32_t size = take_number(rest);
  ENSURE(rest.size() >= size);
  const std::string_view text = rest.substr(0, size);
  rest.remove_prefix(size);
  return text;
}

constexpr int64_t no_least = std::numeric_limits<int64_t>::max();
constexpr int64_t no_greatest = std::numeric_limits<int64_t>::min();

}  // namespace

StoredObject::StoredObject(const Prepared& prepared, const Mark& mark)
    : mark_(&mark),
      bytes_(prepared.bytes),
      records_(prepared.records),
      least_ns_(prepared.least ? prepared.least->ns : no_least),
      greatest_ns_(prepared.greatest ? prepared.greatest->ns : no_greatest),
      crc32c_(prepared.crc32c),
      may_have_twin_(prepared.may_have_twin) {
  const std::string_view own_mark = prepared.mark == mark ? "" : prepared.mark.view();
  size_t room = room_for(prepared.id.view()) + room_for(own_mark);
  for (const PartTag& part : prepared.parts)
    room += 2 * sizeof(uint32_t) + room_for(part.etag.view());
  packed_.reserve(room);
  put(prepared.id.view(), packed_);
  put(own_mark, packed_);
  for (const PartTag& part : prepared.parts) {
    put(part.number, packed_);
    put(part.crc32c, packed_);
    put(part.etag.view(), packed_);
  }
}

UploadId StoredObject::id() const {
  std::string_view rest = packed_;
  return UploadId(take_text(rest));
}

Prepared StoredObject::prepared(Key key) const {
  std::string_view rest = packed_;
  Prepared made{.key = std::move(key)};
  made.id = UploadId(take_text(rest));
  const std::string_view own_mark = take_text(rest);
  made.mark = own_mark.empty() ? *mark_ : Mark(own_mark);
  while (!rest.empty()) {
    PartTag& part = made.parts.emplace_back();
    part.number = take_number(rest);
    part.crc32c = take_number(rest);
    part.etag = ETag(take_text(rest));
  }
  made.bytes = bytes_;
  made.records = records_;
  made.crc32c = crc32c_;
  if (least_ns_ != no_least) made.least = WallTime{least_ns_};
  if (greatest_ns_ != no_greatest) made.greatest = WallTime{greatest_ns_};
  made.may_have_twin = may_have_twin_;
  return made;
}

}  // namespace sluice

// Numbers are written seven bits at a time, the least first, the eighth set where more come; texts
// behind their length. An ETag that is an MD5, as most are, is its 16 bytes.
//
//   id, mark (empty: the fill's), bytes, records, crc32c, whether it has times,
//   [least, greatest - least], number of parts, of each: its crc32c, its ETag
#include "sink/stored_object.h"

#include <cstring>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace sluice {
namespace {

constexpr uint64_t md5_bytes = 16;

void put(uint64_t number, std::string& out) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

void put(std::string_view text, std::string& out) {
  put(text.size(), out);
  out += text;
}

int hex_digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The 16 bytes of "d41d8cd98f00b204e9800998ecf8427e"; nothing for any other text.
std::string md5_of(std::string_view etag) {
  std::string bytes;
  if (etag.size() != 2 * md5_bytes) return bytes;
  for (size_t i = 0; i < md5_bytes; ++i) {
    const int high = hex_digit(etag[2 * i]), low = hex_digit(etag[2 * i + 1]);
    if (high < 0 || low < 0) return {};
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

// Behind its length, which is odd for an MD5.
void put_etag(std::string_view etag, std::string& out) {
  const std::string md5 = md5_of(etag);
  put(md5.empty() ? 2 * etag.size() : 2 * md5.size() + 1, out);
  out += md5.empty() ? etag : std::string_view(md5);
}

uint64_t take_number(const char*& at) {
  uint64_t number = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    number |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return number;
  }
}

std::string_view take_bytes(uint64_t size, const char*& at) {
  const std::string_view text(at, size);
  at += size;
  return text;
}

std::string_view take_text(const char*& at) {
  const uint64_t size = take_number(at);
  return take_bytes(size, at);
}

ETag take_etag(const char*& at) {
  const uint64_t size = take_number(at);
  const std::string_view bytes = take_bytes(size / 2, at);
  if (size % 2 == 0) return ETag(std::string(bytes));
  std::string etag;
  append_hex(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), etag);
  return ETag(std::move(etag));
}

std::string packed(const Upload& upload, const Mark& mark) {
  const Content& content = upload.content;
  std::string out;
  put(upload.id.view(), out);
  put(upload.mark == mark ? std::string_view() : upload.mark.view(), out);
  put(content.bytes, out);
  put(content.records, out);
  put(content.crc32c, out);
  const bool has_times = content.least && content.greatest;
  put(has_times ? 1 : 0, out);
  if (has_times) {
    put(static_cast<uint64_t>(content.least->ns), out);
    put(static_cast<uint64_t>(content.greatest->ns) - static_cast<uint64_t>(content.least->ns),
        out);
  }
  put(upload.parts.size(), out);
  for (const PartTag& part : upload.parts) {
    put(part.number, out);
    put(part.crc32c, out);
    put_etag(part.etag.view(), out);
  }
  return out;
}

}  // namespace

StoredObject::StoredObject(const Upload& upload, const Mark& mark) {
  const std::string text = packed(upload, mark);
  packed_ = std::make_unique<char[]>(text.size());
  std::memcpy(packed_.get(), text.data(), text.size());
}

UploadId StoredObject::id() const {
  const char* at = packed_.get();
  return UploadId(std::string(take_text(at)));
}

Upload StoredObject::upload(Key key, const Mark& mark) const {
  const char* at = packed_.get();
  Upload made{.key = std::move(key)};
  made.id = UploadId(std::string(take_text(at)));
  const std::string_view own_mark = take_text(at);
  made.mark = own_mark.empty() ? mark : Mark(std::string(own_mark));
  made.content.bytes = take_number(at);
  made.content.records = take_number(at);
  made.content.crc32c = static_cast<uint32_t>(take_number(at));
  if (take_number(at) != 0) {
    const uint64_t least = take_number(at);
    made.content.least = WallTime{static_cast<int64_t>(least)};
    made.content.greatest = WallTime{static_cast<int64_t>(least + take_number(at))};
  }
  made.parts.resize(take_number(at));
  for (PartTag& part : made.parts) {
    part.number = static_cast<uint32_t>(take_number(at));
    part.crc32c = static_cast<uint32_t>(take_number(at));
    part.etag = take_etag(at);
  }
  return made;
}

}  // namespace sluice

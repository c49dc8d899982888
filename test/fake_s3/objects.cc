#include "objects.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/hash.h"
#include "http_server/digests.h"
#include "http_server/times.h"
#include "http_server/url.h"

namespace sluice::fake_s3 {
namespace {

namespace fs = std::filesystem;

// Files of this size are mapped; smaller ones are read, for a process may have only some 65,000
// mappings.
constexpr uint64_t mapped_bytes_min = 1 << 20;
// The MD5 of larger files would make the start slow; they get a tag of the multipart kind, which
// no client takes for an MD5.
constexpr uint64_t md5_bytes_max = 64 << 20;

Error file_error(const std::string& path) {
  return {ErrorKind::invalid, path + ": " + std::strerror(errno)};
}

Result<Slice> map_file(int file, uint64_t bytes, const std::string& path) {
  void* mapped = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file, 0);
  if (mapped == MAP_FAILED) return file_error(path);
  std::shared_ptr<const void> owner(
      mapped, [bytes](const void* at) { munmap(const_cast<void*>(at), bytes); });
  return Slice{std::move(owner), {static_cast<const char*>(mapped), bytes}};
}

Result<Slice> read_file(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return file_error(path);
  struct stat stat {};
  fstat(file, &stat);
  const auto bytes = static_cast<uint64_t>(stat.st_size);
  if (bytes >= mapped_bytes_min) {
    auto mapped = map_file(file, bytes, path);
    close(file);
    return mapped;
  }
  Buffer buffer(bytes);
  while (buffer.size() < bytes) {
    const ssize_t got = ::read(file, buffer.data() + buffer.size(), buffer.room());
    if (got <= 0) break;
    buffer.resize(buffer.size() + static_cast<size_t>(got));
  }
  close(file);
  if (buffer.size() < bytes) return Error{ErrorKind::invalid, path + ": it became shorter"};
  return slice_of(std::move(buffer));
}

std::string etag_of_file(const std::string& path, std::string_view bytes, ETagKind kind) {
  if (bytes.size() <= md5_bytes_max) return etag_of(bytes, kind);
  return "\"" + to_hex(hash128(path + "\n" + std::to_string(bytes.size()))) + "-1\"";
}

}  // namespace

bool SentBytes::add(uint64_t first, uint64_t end) {
  if (first >= end) return false;
  auto at = std::lower_bound(ranges_.begin(), ranges_.end(), std::pair(first, uint64_t{0}));
  // The neighbour before may reach into it.
  if (at != ranges_.begin() && std::prev(at)->second >= first) --at;
  bool twice = false;
  auto last = at;
  for (; last != ranges_.end() && last->first <= end; ++last) {
    if (last->first < end && last->second > first) twice = true;
    first = std::min(first, last->first);
    end = std::max(end, last->second);
  }
  if (at == last) {
    ranges_.insert(at, {first, end});
  } else {
    *at = {first, end};
    ranges_.erase(at + 1, last);
  }
  return twice;
}

int Object::pieces(uint64_t offset, uint64_t bytes, iovec* pieces, int most) const {
  int count = 0;
  for (const Slice& slice : slices) {
    if (bytes == 0 || count == most) break;
    if (offset >= slice.bytes.size()) {
      offset -= slice.bytes.size();
      continue;
    }
    const uint64_t here = std::min<uint64_t>(slice.bytes.size() - offset, bytes);
    pieces[count++] = {const_cast<char*>(slice.bytes.data() + offset), here};
    bytes -= here;
    offset = 0;
  }
  return count;
}

Slice slice_of(Buffer bytes) {
  auto owner = std::make_shared<const Buffer>(std::move(bytes));
  const std::string_view view = owner->view();
  return {std::move(owner), view};
}

Bucket& Buckets::create(std::string_view name, std::string_view region, int64_t seconds) {
  const auto [at, is_new] = buckets_.try_emplace(std::string(name));
  Bucket& bucket = at->second;
  if (is_new) {
    bucket.name = name;
    bucket.region = region;
    bucket.created_seconds = seconds;
  }
  return bucket;
}

Bucket* Buckets::find(std::string_view name) {
  const auto at = buckets_.find(name);
  return at == buckets_.end() ? nullptr : &at->second;
}

void Buckets::clear_objects() {
  for (auto& [name, bucket] : buckets_) {
    bucket.objects.clear();
    bucket.uploads.clear();
  }
}

std::string etag_of(std::string_view bytes, ETagKind kind) {
  std::string etag = "\"";
  if (kind == ETagKind::fast) {
    etag += to_hex(hash128(bytes));
  } else {
    append_hex(md5(bytes), etag);
  }
  return etag + '"';
}

std::string base_headers(std::string_view etag, int64_t modified_seconds) {
  std::string headers = "Last-Modified: ";
  append_http_date(modified_seconds, headers);
  headers += "\r\nETag: ";
  headers += etag;
  return headers + "\r\nAccept-Ranges: bytes\r\n";
}

Status load_folder(const std::string& folder, std::string_view prefix, ETagKind kind,
                   int64_t seconds, Bucket& bucket) {
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error), end;
  if (error) return Error{ErrorKind::invalid, folder + ": " + error.message()};
  for (; at != end; at.increment(error)) {
    if (error) return Error{ErrorKind::invalid, folder + ": " + error.message()};
    if (!at->is_regular_file()) continue;
    const std::string path = at->path().string();
    auto object = std::make_shared<Object>();
    object->slices.push_back(TRY(read_file(path)));
    const std::string_view bytes = object->slices[0].bytes;
    object->bytes = bytes.size();
    object->etag = etag_of_file(path, bytes, kind);
    object->modified_seconds = seconds;
    object->headers = base_headers(object->etag, seconds) + "Content-Type: binary/octet-stream\r\n";
    const std::string key = std::string(prefix) + at->path().lexically_relative(folder).string();
    object->name = bucket.name + "/" + key;
    bucket.objects[key] = std::move(object);
  }
  return {};
}

}  // namespace sluice::fake_s3

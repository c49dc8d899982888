// File calls in this room's words: descriptors that close themselves, errno as an Error, whole
// reads and writes, extended attributes, names in a directory. Linux only.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept { *this = std::move(other); }
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd();

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

// The kind by what can be done about it; the message is "what: the system's words" or, without a
// `what`, these words alone.
Error error_of(int number, std::string_view what = {});

Result<Fd> open_directory(int at, const std::string& path);
// A new file for reading and writing; there must be none of that name.
Result<Fd> create_file(int at, const std::string& path, mode_t mode = 0666);
Status write_all(int fd, std::string_view bytes);
// Appends the whole of one file to another, without taking the bytes through this program's memory.
Status copy_all(int from, int to, uint64_t bytes);
Status sync_file(int fd);

Result<struct stat> stat_of(int fd);
int64_t modified_ns(const struct stat& status);

Status set_attribute(int fd, const char* name, std::string_view value);
// Nothing if it has none, or the file system doesn't know any.
std::optional<std::string> attribute(int fd, const char* name);

// The names in a directory, one after the other, in no order, without "." and "..".
class DirectoryReader {
 public:
  explicit DirectoryReader(int fd) : fd_(fd) {}
  struct Entry {
    std::string_view name;   // Ends with a NUL that is not counted. Valid until the next call.
    unsigned char type = 0;  // DT_REG, DT_DIR, ... or DT_UNKNOWN
  };
  // Nothing at the end, or after an error.
  std::optional<Entry> next();
  int error() const { return error_; }

 private:
  const int fd_;
  int error_ = 0;
  size_t at_ = 0, end_ = 0;
  alignas(16) char bytes_[16 << 10];
};
Result<std::vector<std::string>> names_in(int fd);

// Removes the files in a directory, then itself. Best effort: what is left is left.
void remove_directory(int at, const std::string& name);

}  // namespace sluice

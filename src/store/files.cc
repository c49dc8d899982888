#include "store/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace sluice {
namespace {

ErrorKind kind_of(int number) {
  switch (number) {
    case ENOENT:
      return ErrorKind::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOSPC:  // Waiting makes no room, and there is nothing wrong with the request.
    case EDQUOT:
      return ErrorKind::denied;
    case EAGAIN:
    case EINTR:
    case EIO:
    case ENOMEM:
    case ESTALE:
    case ETIMEDOUT:
      return ErrorKind::transient;
    default:
      return ErrorKind::invalid;
  }
}

}  // namespace

Fd::~Fd() {
  if (number_ >= 0) close(number_);
}

Error error_of(int number, std::string_view what) {
  const char* words = strerrordesc_np(number);
  std::string message(what);
  if (!message.empty()) message += ": ";
  message += words != nullptr ? words : "error " + std::to_string(number);
  if (number == EMFILE) message += " (raise `ulimit -n`)";
  return {kind_of(number), std::move(message)};
}

Result<Fd> open_directory(int at, const std::string& path) {
  Fd fd(openat(at, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return error_of(errno);
  return fd;
}

Result<Fd> create_file(int at, const std::string& path, mode_t mode) {
  Fd fd(openat(at, path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) return error_of(errno);
  return fd;
}

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return error_of(errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Status copy_all(int from, int to, uint64_t bytes) {
  off_t at = 0;
  bool can_copy = true;
  while (bytes > 0) {
    const ssize_t copied = can_copy ? copy_file_range(from, &at, to, nullptr, bytes, 0)
                                    : sendfile(to, from, &at, bytes);
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0 && can_copy && errno != ENOSPC && errno != EIO && errno != EDQUOT) {
      can_copy = false;  // Not on this file system, or not in this container.
      continue;
    }
    if (copied < 0) return error_of(errno);
    if (copied == 0) return Error{ErrorKind::corrupt, "a file is shorter than it was"};
    bytes -= static_cast<uint64_t>(copied);
  }
  return {};
}

Status sync_file(int fd) {
  if (fsync(fd) != 0) return error_of(errno, "fsync");
  return {};
}

Result<struct stat> stat_of(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return error_of(errno);
  return status;
}

int64_t modified_ns(const struct stat& status) {
  return status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec;
}

Status set_attribute(int fd, const char* name, std::string_view value) {
  if (fsetxattr(fd, name, value.data(), value.size(), 0) == 0) return {};
  return error_of(errno, std::string("extended attribute ") + name);
}

std::optional<std::string> attribute(int fd, const char* name) {
  char small[256];
  const ssize_t length = fgetxattr(fd, name, small, sizeof small);
  if (length >= 0) return std::string(small, static_cast<size_t>(length));
  if (errno != ERANGE) return std::nullopt;
  std::string value(64 << 10, '\0');  // The kernel's largest
  const ssize_t whole = fgetxattr(fd, name, value.data(), value.size());
  if (whole < 0) return std::nullopt;
  value.resize(static_cast<size_t>(whole));
  return value;
}

std::optional<DirectoryReader::Entry> DirectoryReader::next() {
  for (;;) {
    if (at_ == end_) {
      const ssize_t read = getdents64(fd_, bytes_, sizeof bytes_);
      if (read < 0) error_ = errno;
      if (read <= 0) return std::nullopt;
      at_ = 0;
      end_ = static_cast<size_t>(read);
    }
    const auto* entry = reinterpret_cast<const dirent64*>(bytes_ + at_);
    at_ += entry->d_reclen;
    const std::string_view name(entry->d_name);
    if (name == "." || name == "..") continue;
    return Entry{name, entry->d_type};
  }
}

Result<std::vector<std::string>> names_in(int fd) {
  std::vector<std::string> names;
  DirectoryReader reader(fd);
  while (const auto entry = reader.next()) names.emplace_back(entry->name);
  if (reader.error() != 0) return error_of(reader.error());
  return names;
}

void remove_directory(int at, const std::string& name) {
  if (const auto fd = open_directory(at, name)) {
    if (const auto names = names_in(fd->get())) {
      for (const std::string& file : *names) unlinkat(fd->get(), file.c_str(), 0);
    }
  }
  unlinkat(at, name.c_str(), AT_REMOVEDIR);
}

}  // namespace sluice

#include "source/secret_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

namespace sluice {
namespace {

constexpr size_t file_bytes_max = 64 << 10;

Error failed(const std::string& path, int number) {
  const bool is_missing = number == ENOENT || number == ENOTDIR;
  return {is_missing ? ErrorKind::not_found : ErrorKind::invalid,
          path + ": " + std::strerror(number)};
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() { (void)close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }
  bool close() {
    const int fd = fd_;
    fd_ = -1;
    return fd < 0 || ::close(fd) == 0;
  }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// What a symbolic link leads to; the path itself where it is none or leads nowhere.
std::string behind_links(const std::string& path) {
  char real[PATH_MAX];
  return ::realpath(path.c_str(), real) != nullptr ? std::string(real) : path;
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<std::string> read_secret_file(const std::string& path) {
  // Non-blocking, so that a pipe that nobody writes to holds up nobody.
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.fd() < 0) return failed(path, errno);
  std::string text(file_bytes_max + 1, '\0');
  size_t bytes = 0;
  while (bytes < text.size()) {
    const ssize_t got = ::read(file.fd(), text.data() + bytes, text.size() - bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(path, errno);
    if (got == 0) break;
    bytes += static_cast<size_t>(got);
  }
  if (bytes > file_bytes_max)
    return Error{ErrorKind::invalid, path + ": over 64 KiB; a file with one secret was expected"};
  text.resize(bytes);
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.find('\0') != text.npos)
    return Error{ErrorKind::invalid, path + ": not a text; a file with one secret was expected"};
  return text;
}

Status write_secret_file(const std::string& path, std::string_view text) {
  const std::string target = behind_links(path);
  std::string beside = target + ".XXXXXX";
  File file(::mkostemp(beside.data(), O_CLOEXEC));  // 0600
  if (file.fd() < 0) return failed(path, errno);
  const bool is_there = write_all(file.fd(), text) && ::fsync(file.fd()) == 0 && file.close() &&
                        ::rename(beside.c_str(), target.c_str()) == 0;
  if (is_there) return {};
  const Error error = failed(path, errno);
  ::unlink(beside.c_str());
  return error;
}

Result<std::optional<SecretFileLock>> SecretFileLock::try_take(const std::string& path) {
  const std::string beside = behind_links(path) + ".lock";
  // Never removed: who waits for it and who makes it anew would each have one.
  const int fd = ::open(beside.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return failed(beside, errno);
  SecretFileLock lock(fd);
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::optional<SecretFileLock>();
    if (errno != EINTR) return failed(beside, errno);
  }
  return std::optional<SecretFileLock>(std::move(lock));
}

SecretFileLock::~SecretFileLock() {
  if (fd_ >= 0) ::close(fd_);
}

Status check_secret_file_can_be_written(const std::string& path) {
  const std::string target = behind_links(path);
  struct stat what = {};
  if (::stat(target.c_str(), &what) == 0 && !S_ISREG(what.st_mode))
    return Error{ErrorKind::invalid, path + ": not a file"};
  if (::access(folder_of(target).c_str(), W_OK | X_OK) != 0) {
    const int number = errno;
    return Error{ErrorKind::invalid,
                 path + ": its folder can't be written to: " + std::strerror(number) +
                     "; the token that replaces it would be lost"};
  }
  return {};
}

}  // namespace sluice

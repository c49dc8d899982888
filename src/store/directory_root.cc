#include "store/directory_root.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/hash.h"
#include "store/rules.h"

namespace sluice {
namespace {

constexpr Nanoseconds leftovers_age = 24 * 3'600_s;
constexpr Nanoseconds lock_wait_max = 30_s;
// A writer may lose its folder to a delete that finds it empty, but not again and again.
constexpr int folder_tries_max = 64;
constexpr unsigned locks_mask = 0xff;

void sleep_for(Nanoseconds time) {
  const timespec wait{time / 1'000'000'000, time % 1'000'000'000};
  nanosleep(&wait, nullptr);
}

Status check_segments(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) {
    return Error{ErrorKind::invalid, "a key in a directory can't hold a NUL"};
  }
  if (path.starts_with('/')) {
    return Error{ErrorKind::invalid, "a key in a directory can't begin with a slash"};
  }
  for (size_t from = 0; from < path.size();) {
    const size_t to = std::min(path.find('/', from), path.size());
    const std::string_view segment = path.substr(from, to - from);
    if (segment.empty()) {
      return Error{ErrorKind::invalid, "a key in a directory can't have an empty segment (//)"};
    }
    if (segment == "." || segment == "..") {
      return Error{ErrorKind::invalid,
                   "a key can't have the segment \"" + std::string(segment) + "\""};
    }
    from = to + 1;
  }
  if (path == ".sluice" || path.starts_with(".sluice/")) {
    return Error{ErrorKind::invalid, "the folder .sluice is the store's own"};
  }
  return {};
}

bool is_as_expected(const Expect& expect, const struct stat* there) {
  if (std::holds_alternative<Anything>(expect)) return true;
  if (std::holds_alternative<Absent>(expect)) return there == nullptr;
  return there != nullptr && etag_of(*there) == std::get<ETag>(expect);
}

// Later than what it replaces, whatever the clock says.
Result<struct stat> set_modified(int fd, int64_t now_ns, const struct stat* replaced) {
  int64_t at = now_ns;
  if (replaced != nullptr) at = std::max(at, modified_ns(*replaced) + 1);
  // Where the file system counts coarsely, a little later is the same.
  for (const Nanoseconds more : {Nanoseconds{0}, Nanoseconds{1'000}, 10_ms, 1_s, 2_s}) {
    const int64_t to = at + more;
    const timespec times[2] = {{0, UTIME_OMIT}, {to / 1'000'000'000, to % 1'000'000'000}};
    if (futimens(fd, times) != 0) return error_of(errno, "setting its time");
    struct stat status = TRY(stat_of(fd));
    if (replaced == nullptr || modified_ns(status) > modified_ns(*replaced)) return status;
  }
  return Error{ErrorKind::invalid, "its file system doesn't keep the times of files"};
}

}  // namespace

Status check_key(std::string_view key) {
  if (key.empty()) return Error{ErrorKind::invalid, "an object's key can't be empty"};
  if (key.ends_with('/')) {
    return Error{ErrorKind::invalid, "a key in a directory can't end with a slash"};
  }
  return check_segments(key);
}

Status check_prefix(std::string_view prefix) {
  const size_t slash = prefix.rfind('/');
  if (prefix.find('\0') != std::string_view::npos) return check_segments(prefix);
  if (slash == std::string_view::npos) return {};
  return check_segments(prefix.substr(0, slash + 1));
}

ETag etag_of(const struct stat& status) {
  char text[40];
  char* end = std::to_chars(text, text + 17, static_cast<uint64_t>(modified_ns(status)), 16).ptr;
  *end++ = '-';
  end = std::to_chars(end, end + 17, static_cast<uint64_t>(status.st_size), 16).ptr;
  return ETag(std::string_view(text, static_cast<size_t>(end - text)));
}

// Never waits in the kernel: a stopped process would stop this one too.
Status lock_file(int fd, int operation) {
  const Instant until = now() + lock_wait_max;
  for (Nanoseconds wait = 20'000;; wait = std::min<Nanoseconds>(wait * 2, 5_ms)) {
    if (flock(fd, operation | LOCK_NB) == 0) return {};
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return error_of(errno, "flock");
    if (now() >= until) {
      return Error{ErrorKind::transient, "another process has held its lock for 30 s"};
    }
    sleep_for(wait);
  }
}

std::string DirectoryRoot::unique_id() {
  std::lock_guard lock(mutex_);
  return chance_.unique_id(clock_.wall());
}

Status DirectoryRoot::prepare_for_writes() {
  if (is_prepared_.load(std::memory_order_acquire)) return {};
  std::lock_guard lock(mutex_);
  if (is_prepared_.load(std::memory_order_relaxed)) return {};
  TRY(make_hidden_folders());
  sweep();
  is_prepared_.store(true, std::memory_order_release);
  return {};
}

Status DirectoryRoot::make_hidden_folders() {
  for (const char* folder : {".sluice", ".sluice/tmp", ".sluice/uploads", ".sluice/locks"}) {
    if (mkdirat(fd(), folder, 0777) != 0 && errno != EEXIST) {
      return error_of(errno, "making " + path_ + folder);
    }
  }
  tmp_ = TRY_IN(open_directory(fd(), ".sluice/tmp"), path_ + ".sluice/tmp");
  uploads_ = TRY_IN(open_directory(fd(), ".sluice/uploads"), path_ + ".sluice/uploads");
  locks_ = TRY_IN(open_directory(fd(), ".sluice/locks"), path_ + ".sluice/locks");
  if (!Fd(openat(fd(), open_file, O_RDONLY | O_CREAT | O_CLOEXEC, 0666))) {
    return error_of(errno, "making " + path_ + open_file);
  }
  const std::string probe = chance_.unique_id(clock_.wall());
  const Fd file = TRY_IN(create_file(tmp(), probe), "making a file in " + path_ + ".sluice/tmp");
  const int failed = fsetxattr(file.get(), mark_attribute, "?", 1, 0) == 0 ? 0 : errno;
  unlinkat(tmp(), probe.c_str(), 0);
  if (failed == 0) return {};
  if (failed == ENOTSUP) {
    return Error{ErrorKind::invalid,
                 path_ +
                     ": its file system keeps no extended attributes (user.*), which the marks "
                     "of objects need; write to another file system, such as ext4 or xfs"};
  }
  return error_of(failed, "setting an extended attribute in " + path_ + ".sluice/tmp");
}

// What is older than a day in tmp, and uploads that were ended but not cleared away.
void DirectoryRoot::sweep() const {
  const auto is_old = [&](int at, const std::string& name) {
    struct stat status;
    if (fstatat(at, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
    return modified_ns(status) < clock_.wall().ns - leftovers_age;
  };
  // Descriptors of their own: how far a directory was read is kept by the descriptor.
  if (const auto folder = open_directory(fd(), ".sluice/tmp")) {
    const auto names = names_in(folder->get());
    if (!names.ok()) return;
    for (const std::string& name : *names) {
      if (!is_old(tmp(), name)) continue;
      if (unlinkat(tmp(), name.c_str(), 0) != 0) remove_directory(tmp(), name);
    }
  }
  if (const auto folder = open_directory(fd(), ".sluice/uploads")) {
    const auto names = names_in(folder->get());
    if (!names.ok()) return;
    for (const std::string& name : *names) {
      const bool is_open = faccessat(uploads(), (name + "/object").c_str(), F_OK, 0) == 0;
      if (!is_open && is_old(uploads(), name)) remove_directory(uploads(), name);
    }
  }
}

Result<Fd> DirectoryRoot::lock(const Key& key) {
  char name[3] = {};
  const auto hash = static_cast<unsigned>(hash64(key.view()) & locks_mask);
  std::to_chars(name, name + 2, hash, 16);
  Fd fd(openat(locks_.get(), name, O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!fd) return error_of(errno, std::string("lock ") + name);
  TRY(lock_file(fd.get(), LOCK_EX));
  return fd;
}

Result<ETag> DirectoryRoot::publish(const Hidden& hidden, const Key& key, const Expect& expect) {
  const Fd lock = TRY(this->lock(key));
  struct stat old;
  const bool is_there = fstatat(fd(), key.str().c_str(), &old, 0) == 0;
  if (is_there && S_ISDIR(old.st_mode)) {
    return Error{ErrorKind::invalid, "a folder of that name is in the way"};
  }
  const struct stat* there = is_there ? &old : nullptr;
  if (!is_as_expected(expect, there)) return not_as_expected(expect);
  const struct stat status = TRY(set_modified(hidden.fd, clock_.wall().ns, there));
  if (fsync_) TRY(sync_file(hidden.fd));
  int tries = 0;
  for (;; ++tries) {
    if (renameat(hidden.at, hidden.name.c_str(), fd(), key.str().c_str()) == 0) break;
    const int failed = errno;
    if (failed == ENOTDIR) return Error{ErrorKind::invalid, "a file is where a folder must be"};
    if (failed != ENOENT || tries == folder_tries_max) return error_of(failed);
    TRY(make_folders(key));
  }
  if (fsync_) TRY(sync_folders_of(key, tries == 0 ? Folders::lowest : Folders::all));
  return etag_of(status);
}

Status DirectoryRoot::make_folders(const Key& key) const {
  const std::string& path = key.str();
  for (size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (mkdirat(fd(), folder.c_str(), 0777) == 0 || errno == EEXIST) continue;
    if (errno == ENOENT) return {};  // A delete took the one above. The caller tries again.
    if (errno == ENOTDIR) return Error{ErrorKind::invalid, "a file is where a folder must be"};
    return error_of(errno, "making the folder " + path_ + folder);
  }
  return {};
}

void DirectoryRoot::remove_empty_folders(const Key& key) const {
  std::string folder = key.str();
  for (;;) {
    const size_t slash = folder.rfind('/');
    if (slash == std::string::npos) return;
    folder.resize(slash);
    if (unlinkat(fd(), folder.c_str(), AT_REMOVEDIR) != 0) return;
  }
}

Status DirectoryRoot::sync_folders_of(const Key& key, Folders which) const {
  std::string folder = key.str();
  for (bool is_last = false; !is_last;) {
    const size_t slash = folder.rfind('/');
    const bool is_root = slash == std::string::npos;
    folder = is_root ? "." : folder.substr(0, slash);
    const auto open = open_directory(fd(), folder);
    if (open.ok()) TRY(sync_file(open->get()));
    is_last = is_root || which == Folders::lowest;
  }
  return {};
}

}  // namespace sluice

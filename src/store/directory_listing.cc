#include "store/directory_listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "store/rules.h"

namespace sluice {
namespace {

// A folder whose time is younger than this may change again without its time showing it.
constexpr Nanoseconds racy_age = 100_ms;
constexpr size_t kept_walks_max = 8;
constexpr size_t kept_names_min = 1'000;  // Fewer are read again.

// Names in the byte order of keys, those of folders with the slash that follows in a key.
class Names {
 public:
  size_t size() const { return entries_.size(); }
  // Ends with a NUL that is not counted.
  std::string_view operator[](size_t at) const {
    return {bytes_.data() + entries_[at].offset, entries_[at].length};
  }
  bool is_folder(size_t at) const { return (*this)[at].back() == '/'; }
  void add(std::string_view name, bool is_folder) {
    entries_.push_back({static_cast<uint32_t>(bytes_.size()),
                        static_cast<uint32_t>(name.size() + (is_folder ? 1 : 0))});
    bytes_.append(name);
    if (is_folder) bytes_ += '/';
    bytes_ += '\0';
  }
  void sort() {
    std::sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) {
      return std::string_view(bytes_.data() + a.offset, a.length) <
             std::string_view(bytes_.data() + b.offset, b.length);
    });
  }

 private:
  struct Entry {
    uint32_t offset, length;
  };
  std::vector<Entry> entries_;
  std::string bytes_;
};

// DT_REG, DT_DIR or neither. A link is followed to a file, not to a folder: that could be a circle.
unsigned char type_of(int folder, const DirectoryReader::Entry& entry) {
  if (entry.type == DT_REG || entry.type == DT_DIR) return entry.type;
  if (entry.type != DT_LNK && entry.type != DT_UNKNOWN) return DT_UNKNOWN;
  struct stat status;
  if (entry.type == DT_UNKNOWN) {
    if (fstatat(folder, entry.name.data(), &status, AT_SYMLINK_NOFOLLOW) != 0) return DT_UNKNOWN;
    if (S_ISDIR(status.st_mode)) return DT_DIR;
  }
  if (fstatat(folder, entry.name.data(), &status, 0) != 0) return DT_UNKNOWN;
  return S_ISREG(status.st_mode) ? DT_REG : DT_UNKNOWN;
}

// Whether there is anything in the folder. Looking for a file farther down would cost a call a
// level, for each folder of a listing; a folder of empty folders is rare, and listing it is no
// error.
bool has_entries(int at, const char* name) {
  const Fd folder(openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return errno != ENOENT;  // Who may not look will be told when it is listed.
  alignas(16) char bytes[1024];  // Room for three of the longest names: ".", ".." and another
  size_t names = 0;
  for (ssize_t end; names <= 2 && (end = getdents64(folder.get(), bytes, sizeof bytes)) > 0;) {
    for (ssize_t at_byte = 0; at_byte < end; ++names) {
      at_byte += reinterpret_cast<const dirent64*>(bytes + at_byte)->d_reclen;
    }
  }
  return names > 2;
}

// A folder being walked.
struct Level {
  std::string path;  // "" or "a/b/"
  Fd fd;
  Names names;
  size_t at = 0;
  struct stat as_read;
  bool is_racy = false;

  bool is_unchanged(const DirectoryRoot& root) const {
    struct stat status;
    if (is_racy || fstatat(root.fd(), path.empty() ? "." : path.c_str(), &status, 0) != 0) {
      return false;
    }
    return status.st_ino == as_read.st_ino && status.st_dev == as_read.st_dev &&
           modified_ns(status) == modified_ns(as_read) &&
           status.st_ctim.tv_sec == as_read.st_ctim.tv_sec &&
           status.st_ctim.tv_nsec == as_read.st_ctim.tv_nsec;
  }
};

}  // namespace

class DirectoryWalk {
 public:
  DirectoryWalk(const DirectoryRoot& root, const List& list)
      : root_(root), prefix_(list.prefix), has_delimiter_(!list.delimiter.empty()) {}

  // To where `after` says. Names before it are passed over.
  Status begin(const std::string& after) {
    const size_t slash = prefix_.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : prefix_.substr(0, slash + 1);
    Fd fd(openat(root_.fd(), folder.empty() ? "." : folder.c_str(),
                 O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd && (errno == ENOENT || errno == ENOTDIR)) return {};
    if (!fd) return error_of(errno);
    TRY(enter(std::move(fd), folder, std::string_view(prefix_).substr(folder.size())));
    while (TRY(pass_over(after))) {
    }
    return {};
  }

  bool is_worth_keeping() const {
    size_t left = 0;
    for (const Level& level : levels_) left += level.names.size() - level.at;
    return left >= kept_names_min;
  }
  bool is_unchanged() const {
    return std::all_of(levels_.begin(), levels_.end(),
                       [&](const Level& level) { return level.is_unchanged(root_); });
  }
  void close_folders() {
    for (Level& level : levels_) level.fd = Fd();
  }

  Status fill(Page& page, uint32_t most);

 private:
  Status enter(Fd fd, std::string path, std::string_view filter) {
    Level level;
    level.as_read = TRY(stat_of(fd.get()));
    level.is_racy = root_.wall().ns - modified_ns(level.as_read) < racy_age;
    DirectoryReader reader(fd.get());
    while (const auto entry = reader.next()) {
      if (!entry->name.starts_with(filter)) continue;
      if (path.empty() && entry->name == ".sluice") continue;
      const unsigned char type = type_of(fd.get(), *entry);
      if (type == DT_UNKNOWN) continue;
      level.names.add(entry->name, type == DT_DIR);
    }
    if (reader.error() != 0) return error_of(reader.error(), root_.path() + path);
    level.names.sort();
    level.path = std::move(path);
    level.fd = std::move(fd);
    levels_.push_back(std::move(level));
    return {};
  }

  // Goes into a folder; one that is gone by now has nothing in it.
  Status enter_below(const Level& above, std::string_view name) {
    std::string path = above.path + std::string(name);
    Fd fd(openat(above.fd.get(), name.data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd && (errno == ENOENT || errno == ENOTDIR)) return {};
    if (!fd) return error_of(errno, root_.path() + path);
    return enter(std::move(fd), std::move(path), "");
  }

  // Moves the lowest level to the first name behind `after`. True if that was into a folder.
  Result<bool> pass_over(const std::string& after) {
    Level& level = levels_.back();
    if (after.empty() || after < level.path) return false;
    if (!after.starts_with(level.path)) {
      level.at = level.names.size();
      return false;
    }
    const std::string_view rest = std::string_view(after).substr(level.path.size());
    while (level.at < level.names.size() && level.names[level.at] <= rest) {
      const std::string_view name = level.names[level.at];
      // Behind a folder's own name is all in it, but where it was listed as a prefix.
      const bool is_within =
          name.back() == '/' && rest.starts_with(name) && (rest != name || !has_delimiter_);
      if (is_within && has_delimiter_) return false;
      ++level.at;
      if (is_within) {
        TRY(enter_below(level, name));
        return true;
      }
    }
    return false;
  }

  Status reopen(Level& level) const {
    if (level.fd) return {};
    level.fd = TRY_IN(open_directory(root_.fd(), level.path.empty() ? "." : level.path),
                      root_.path() + level.path);
    return {};
  }

  const DirectoryRoot& root_;
  const std::string prefix_;
  const bool has_delimiter_;
  std::vector<Level> levels_;
};

Status DirectoryWalk::fill(Page& page, uint32_t most) {
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.at == level.names.size()) {
      levels_.pop_back();
      continue;
    }
    TRY(reopen(level));
    const std::string_view name = level.names[level.at];
    const bool is_folder = level.names.is_folder(level.at);
    if (is_folder && !has_delimiter_) {
      ++level.at;
      TRY(enter_below(level, name));
      continue;
    }
    struct stat status;
    const bool counts = is_folder ? has_entries(level.fd.get(), name.data())
                                  : fstatat(level.fd.get(), name.data(), &status, 0) == 0 &&
                                        S_ISREG(status.st_mode);
    if (counts) {
      if (page.objects.size() + page.prefixes.size() == most) return {};
      std::string key;
      key.reserve(level.path.size() + name.size());
      key.append(level.path).append(name);
      page.next = key;
      if (is_folder) {
        page.prefixes.push_back(std::move(key));
      } else {
        page.objects.push_back(
            {Key(std::move(key)), static_cast<uint64_t>(status.st_size), etag_of(status)});
      }
    }
    ++level.at;
  }
  page.next.reset();
  return {};
}

DirectoryListing::DirectoryListing(const DirectoryRoot& root) : root_(root) {}
DirectoryListing::~DirectoryListing() = default;

std::unique_ptr<DirectoryWalk> DirectoryListing::take_kept(const List& list) {
  if (list.after.empty()) return nullptr;
  std::lock_guard lock(mutex_);
  for (auto kept = kept_.begin(); kept != kept_.end(); ++kept) {
    if (kept->after != list.after || kept->prefix != list.prefix ||
        kept->delimiter != list.delimiter) {
      continue;
    }
    auto walk = std::move(kept->walk);
    kept_.erase(kept);
    return walk;
  }
  return nullptr;
}

Result<Page> DirectoryListing::list(const List& list) {
  if (!list.delimiter.empty() && list.delimiter != "/") {
    return Error{ErrorKind::invalid, "a directory's only delimiter is a slash"};
  }
  TRY(check_prefix(list.prefix));
  auto walk = take_kept(list);
  if (walk == nullptr || !walk->is_unchanged()) {
    walk = std::make_unique<DirectoryWalk>(root_, list);
    TRY(walk->begin(std::max(list.after, list.start_after)));
  }
  Page page;
  TRY(walk->fill(page, std::clamp<uint32_t>(list.most, 1, page_entries_max)));
  if (page.next && walk->is_worth_keeping()) {
    walk->close_folders();
    std::lock_guard lock(mutex_);
    kept_.push_front({list.prefix, list.delimiter, *page.next, std::move(walk)});
    if (kept_.size() > kept_walks_max) kept_.pop_back();
  }
  return page;
}

}  // namespace sluice

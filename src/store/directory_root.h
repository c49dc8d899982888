// The ground that the parts of the directory store stand on: the root's descriptors, keys as paths,
// locks between processes, ETags, and the one way in which a file becomes visible.
//
// What lies in a root beside the objects:
//   .sluice/tmp/<id>          bytes of a Put, or an upload's folder, not named yet
//   .sluice/uploads/<id>/     an open upload; its key and mark are extended attributes of the
//   folder
//     object                  the upload itself: while it is there the upload is open. A completion
//                             replaces it by the whole bytes and renames it to the key: that rename
//                             ends the upload and shows the object in one step
//     00001, 00002, ...       the parts, their ETags an extended attribute
//   .sluice/open              what `object` is a link to before the completion; empty
//   .sluice/locks/<xx>        flock: one for the keys of each hash
// An object is a file; its mark is the extended attribute user.sluice. Its ETag is its mtime in
// nanoseconds and its size, and whoever replaces a file sets a later mtime.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "store/files.h"
#include "store/store.h"

namespace sluice {

inline constexpr const char* mark_attribute = "user.sluice";

class DirectoryRoot {
 public:
  DirectoryRoot(std::string path, Fd fd, bool fsync)
      : path_(std::move(path)), fd_(std::move(fd)), fsync_(fsync) {}

  const std::string& path() const { return path_; }  // Ends with a slash
  int fd() const { return fd_.get(); }
  bool fsync() const { return fsync_; }
  WallTime wall() const { return clock_.wall(); }
  std::string unique_id();

  // Makes .sluice, tries whether marks can be kept, and removes what dead processes left a day ago.
  // Must have succeeded before tmp(), uploads(), lock() and publish(). Does it once.
  Status prepare_for_writes();
  static constexpr const char* open_file = ".sluice/open";
  int tmp() const { return tmp_.get(); }
  int uploads() const { return uploads_.get(); }

  // Held till the descriptor is closed. Among processes and threads.
  Result<Fd> lock(const Key& key);

  // A file with a name that nobody looks at, and its content.
  struct Hidden {
    int at;
    const std::string& name;
    int fd;
  };
  // Makes the hidden file the object, if what is there is as expected. Its ETag from now on.
  Result<ETag> publish(const Hidden& hidden, const Key& key, const Expect& expect);
  // After a delete: the folders above the key, as far as they are empty. Best effort.
  void remove_empty_folders(const Key& key) const;
  // What happened in the key's folder survives a loss of power; with `all`, the folders above it
  // too.
  enum class Folders { lowest, all };
  Status sync_folders_of(const Key& key, Folders which) const;

 private:
  Status make_hidden_folders();
  void sweep() const;
  Status make_folders(const Key& key) const;

  const std::string path_;
  const Fd fd_;
  const bool fsync_;
  const Clock clock_;

  std::mutex mutex_;  // Guards the preparing and chance_.
  std::atomic<bool> is_prepared_ = false;
  Fd tmp_, uploads_, locks_;  // Constant once it is prepared
  Chance chance_;
};

// A key that can be a path below the root, and isn't one of ours.
Status check_key(std::string_view key);
// The same for a prefix, whose last segment may be anything.
Status check_prefix(std::string_view prefix);

ETag etag_of(const struct stat& status);
// Takes the lock of an open file or folder, waiting a while for others.
Status lock_file(int fd, int operation);

}  // namespace sluice

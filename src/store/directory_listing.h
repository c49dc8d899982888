// Listings of a directory store: a walk through the folders in the byte order of whole keys.
//
// A page needs the names of the folders it stands in, no more. Where a page ends in a large folder,
// its names are kept for the next page, and used if the folder hasn't changed since.
#pragma once

#include <list>
#include <memory>
#include <mutex>

#include "store/directory_root.h"

namespace sluice {

class DirectoryWalk;

// Safe to use from any thread.
class DirectoryListing {
 public:
  explicit DirectoryListing(const DirectoryRoot& root);
  ~DirectoryListing();
  Result<Page> list(const List& list);

 private:
  struct Kept {
    std::string prefix, delimiter, after;
    std::unique_ptr<DirectoryWalk> walk;
  };
  std::unique_ptr<DirectoryWalk> take_kept(const List& list);

  const DirectoryRoot& root_;
  std::mutex mutex_;
  std::list<Kept> kept_;  // The latest in front
};

}  // namespace sluice

// Objects as files below a directory: keys are paths, '/' between the segments. What keeps the
// promises of store.h is drawn in directory_root.h: hidden files and renames.
//
// Reading needs nothing of the file system and works where nothing may be written. Writing needs
// extended attributes (user.*) for the marks; without them opening with `create`, or the first
// write, answers `invalid` and says so. A process that is killed at any point leaves whole objects
// and open uploads. One that is stopped in the middle of a rename holds up others at the same
// object or upload; these answer `transient` after 30 s.
//
// Differences to S3: a key can't have empty, "." or ".." segments, segments over 255 bytes, or
// begin with ".sluice/"; and "a" and "a/b" can't both be objects. With a delimiter, a folder
// that holds nothing but empty folders is an entry of `prefixes`. Links are followed to files, not
// to folders. File calls are done by file threads; answers are posted by them.
#pragma once

#include <memory>
#include <string>

#include "store/file_threads.h"
#include "store/store.h"

namespace sluice {

struct DirectoryOptions {
  bool create =
      false;  // Make the directory if need be, and find out at once whether it can be written
  // Objects and parts that were acknowledged survive a loss of power. An upload without a part may
  // be gone, as if it had been swept.
  bool fsync = false;
  size_t threads = 3;                     // Of its own, started as they are needed
  FileThreads* shared_threads = nullptr;  // Instead of its own; must outlive the store
};

// not_found or denied if it can't be opened.
Result<std::unique_ptr<Store>> open_directory_store(std::string root,
                                                    DirectoryOptions options = {});

}  // namespace sluice

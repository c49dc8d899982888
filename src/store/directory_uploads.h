// Uploads of a directory store: folders with parts, which one process or another completes or
// aborts, once. directory_root.h shows how they lie on the disk.
//
// Every change happens under the lock of the upload's folder (shared for parts), and the upload is
// open exactly as long as its file `object` is there. Killed at any point it is either still open,
// with all its parts, or the object is visible and the upload answers not_found; what then lies
// about in its folder is not listed, and is cleared away when a store is opened a day later. Safe
// to use from any thread.
#pragma once

#include "store/directory_root.h"

namespace sluice {

class DirectoryUploads {
 public:
  explicit DirectoryUploads(DirectoryRoot& root) : root_(root) {}

  Result<UploadId> create(const CreateUpload& create);
  Result<PartTag> put_part(const PutPart& part, const Features& features);
  Result<Done> complete(const Complete& complete, const Features& features);
  Result<Done> abort(const Abort& abort);
  Result<UploadPage> list(const ListUploads& list);

 private:
  Result<Fd> open_upload(const Key& key, const UploadId& id) const;
  Status fill_folder(int folder, const CreateUpload& create) const;
  Status make_whole(int folder, const Complete& complete, const Mark& mark,
                    const std::string& whole, const Features& features) const;

  DirectoryRoot& root_;
};

}  // namespace sluice

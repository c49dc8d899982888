#include "store/directory_uploads.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "store/rules.h"

namespace sluice {
namespace {

constexpr const char* key_attribute = "user.sluice.key";
constexpr const char* part_attribute = "user.sluice.part";
constexpr const char* object_file = "object";

std::string part_file(uint32_t number) {
  char name[16];
  std::snprintf(name, sizeof name, "%05u", number);
  return name;
}

bool is_open(int folder) {
  return faccessat(folder, object_file, F_OK, 0) == 0;
}

// The part that the tag names, or conflict.
Result<Fd> open_part(int folder, const PartTag& tag) {
  Fd fd(openat(folder, part_file(tag.number).c_str(), O_RDWR | O_CLOEXEC));
  if (!fd && errno == ENOENT) return not_this_part(tag.number);
  if (!fd) return error_of(errno, part_file(tag.number));
  const auto etag = attribute(fd.get(), part_attribute);
  if (!etag || *etag != tag.etag.view()) return not_this_part(tag.number);
  return fd;
}

// One part is the whole already; it keeps its name as a part until the upload is gone, so that
// nothing is lost on the way.
Result<Fd> link_only_part(int folder, const PartTag& tag, const std::string& whole) {
  Fd part = TRY(open_part(folder, tag));
  if (linkat(folder, part_file(tag.number).c_str(), folder, whole.c_str(), 0) != 0) {
    return error_of(errno, "linking the part");
  }
  return part;
}

// The whole bytes become the upload's file. By an exchange, because ext4 begins to write out what
// is renamed over a file; where there is none, by a rename.
Status take_place(int folder, const std::string& whole) {
  if (renameat2(folder, whole.c_str(), folder, object_file, RENAME_EXCHANGE) == 0) return {};
  if (errno != EINVAL && errno != ENOSYS) return error_of(errno);
  if (renameat(folder, whole.c_str(), folder, object_file) == 0) return {};
  return error_of(errno);
}

}  // namespace

// Its own folder and nobody else's: not_found if there is none (any more).
Result<Fd> DirectoryUploads::open_upload(const Key& key, const UploadId& id) const {
  const bool is_id = !id.empty() && std::all_of(id.view().begin(), id.view().end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
  });
  if (!is_id) return no_such_upload(id);
  auto folder = open_directory(root_.fd(), ".sluice/uploads/" + id.str());
  if (!folder.ok() && folder.error().kind == ErrorKind::not_found) return no_such_upload(id);
  if (!folder.ok()) return folder;
  if (attribute(folder->get(), key_attribute) != key.str()) return no_such_upload(id);
  if (!is_open(folder->get())) return no_such_upload(id);
  return folder;
}

Status DirectoryUploads::fill_folder(int folder, const CreateUpload& create) const {
  TRY(set_attribute(folder, key_attribute, create.key.view()));
  TRY(set_attribute(folder, mark_attribute, create.mark.view()));
  // A link to one file that is always there, since file systems (ext4) are slow to make a file
  // where many were deleted lately. A new one where it has as many links as it may.
  if (linkat(root_.fd(), DirectoryRoot::open_file, folder, object_file, 0) != 0) {
    TRY(create_file(folder, object_file));
  }
  return {};
}

// Made where nobody looks and renamed, so that it is there whole or not at all.
Result<UploadId> DirectoryUploads::create(const CreateUpload& create) {
  TRY(root_.prepare_for_writes());
  TRY(check_key(create.key.view()));
  const std::string id = root_.unique_id();
  if (mkdirat(root_.tmp(), id.c_str(), 0777) != 0) return error_of(errno);
  auto folder = open_directory(root_.tmp(), id);
  Status status = folder.ok() ? fill_folder(folder->get(), create) : Status(folder.error());
  if (status.ok() && renameat(root_.tmp(), id.c_str(), root_.uploads(), id.c_str()) != 0) {
    status = error_of(errno);
  }
  if (status.ok()) return UploadId(id);
  remove_directory(root_.tmp(), id);
  return std::move(status.error());
}

Result<PartTag> DirectoryUploads::put_part(const PutPart& part, const Features& features) {
  TRY(root_.prepare_for_writes());
  TRY(check_part(part, features));
  const Fd folder = TRY(open_upload(part.key, part.id));
  PartTag tag{part.number, part_etag(part), part.crc32c};
  const std::string hidden = root_.unique_id();
  const auto write_it = [&]() -> Status {
    const Fd file = TRY(create_file(folder.get(), hidden));
    TRY(write_all(file.get(), part.body.view()));
    TRY(set_attribute(file.get(), part_attribute, tag.etag.view()));
    if (root_.fsync()) TRY(sync_file(file.get()));
    TRY(lock_file(folder.get(), LOCK_SH));
    if (!is_open(folder.get())) return no_such_upload(part.id);
    const std::string name = part_file(part.number);
    if (renameat(folder.get(), hidden.c_str(), folder.get(), name.c_str()) == 0) return {};
    return error_of(errno);
  };
  Status status = write_it();
  if (status.ok()) return tag;
  unlinkat(folder.get(), hidden.c_str(), 0);
  if (is_open(folder.get())) return std::move(status.error());
  remove_directory(root_.uploads(), part.id.str());
  return no_such_upload(part.id);
}

// Several parts, one after the other, in a new file. It takes as long as it takes, so the upload
// isn't locked; the parts are looked at again when it is.
Status DirectoryUploads::make_whole(int folder, const Complete& complete, const Mark& mark,
                                    const std::string& whole, const Features& features) const {
  const Fd file = TRY(create_file(folder, whole));
  for (const PartTag& tag : complete.parts) {
    const Fd part = TRY(open_part(folder, tag));
    const auto bytes = static_cast<uint64_t>(TRY(stat_of(part.get())).st_size);
    if (&tag != &complete.parts.back() && bytes < features.part_bytes_min) {
      return too_small_part(tag.number, features);
    }
    TRY(copy_all(part.get(), file.get(), bytes));
  }
  return set_attribute(file.get(), mark_attribute, mark.view());
}

Result<Done> DirectoryUploads::complete(const Complete& complete, const Features& features) {
  TRY(root_.prepare_for_writes());
  TRY(check_parts(complete, features));
  TRY(check_key(complete.key.view()));
  const Fd folder = TRY(open_upload(complete.key, complete.id));
  const Mark mark(attribute(folder.get(), mark_attribute).value_or(""));
  const std::string whole = root_.unique_id();
  bool is_ours = false;
  const auto complete_it = [&]() -> Result<Done> {
    const bool is_only_part = complete.parts.size() == 1;
    if (!is_only_part) TRY(make_whole(folder.get(), complete, mark, whole, features));
    TRY(lock_file(folder.get(), LOCK_EX));
    if (!is_open(folder.get())) return no_such_upload(complete.id);
    Fd file;
    if (is_only_part) {
      file = TRY(link_only_part(folder.get(), complete.parts[0], whole));
      TRY(set_attribute(file.get(), mark_attribute, mark.view()));
    } else {
      for (const PartTag& tag : complete.parts) TRY(open_part(folder.get(), tag));
      file = Fd(openat(folder.get(), whole.c_str(), O_RDWR | O_CLOEXEC));
      if (!file) return error_of(errno, whole);
    }
    // Still open, but now with the whole bytes. Publishing takes the name away and ends it.
    is_ours = true;
    TRY(take_place(folder.get(), whole));
    const DirectoryRoot::Hidden hidden{folder.get(), object_file, file.get()};
    Done done{TRY(root_.publish(hidden, complete.key, Anything{}))};
    fremovexattr(file.get(), part_attribute);
    return done;
  };
  Result<Done> done = complete_it();
  if (!done.ok()) {
    unlinkat(folder.get(), whole.c_str(), 0);
    if (is_open(folder.get())) return done;
    if (!is_ours) done = no_such_upload(complete.id);
  }
  remove_directory(root_.uploads(), complete.id.str());
  return done;
}

Result<Done> DirectoryUploads::abort(const Abort& abort) {
  const auto folder = open_upload(abort.key, abort.id);
  if (!folder.ok()) {
    if (folder.error().kind == ErrorKind::not_found) return Done{};
    return folder.error();
  }
  TRY(root_.prepare_for_writes());
  TRY(lock_file(folder->get(), LOCK_EX));
  if (unlinkat(folder->get(), object_file, 0) != 0 && errno != ENOENT) return error_of(errno);
  remove_directory(root_.uploads(), abort.id.str());
  return Done{};
}

Result<UploadPage> DirectoryUploads::list(const ListUploads& list) {
  const auto uploads = open_directory(root_.fd(), ".sluice/uploads");
  if (!uploads.ok() && uploads.error().kind == ErrorKind::not_found) return UploadPage{};
  if (!uploads.ok()) return uploads.error();
  std::vector<OpenUpload> open;
  for (const std::string& id : TRY(names_in(uploads->get()))) {
    const auto folder = open_directory(uploads->get(), id);
    if (!folder.ok() || !is_open(folder->get())) continue;
    const auto key = attribute(folder->get(), key_attribute);
    if (key && key->starts_with(list.prefix)) open.push_back({Key(*key), UploadId(id)});
  }
  return cut_upload_page(std::move(open), list.after);
}

}  // namespace sluice

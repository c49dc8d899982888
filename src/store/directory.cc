#include "store/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/directory_listing.h"
#include "store/directory_root.h"
#include "store/directory_uploads.h"
#include "store/rules.h"

namespace sluice {
namespace {

// Where nothing can be found is the same as where nothing is.
Error no_object(int number) {
  if (number == ENOENT || number == ENOTDIR) return {ErrorKind::not_found, "no such file"};
  return error_of(number);
}

Meta meta_of(int fd, const struct stat& status) {
  return {static_cast<uint64_t>(status.st_size),
          etag_of(status),
          Mark(attribute(fd, mark_attribute).value_or("")),
          {modified_ns(status)}};
}

Status read_range(int fd, const Range& range, Buffer& bytes) {
  size_t read = 0;
  while (read < range.bytes) {
    const ssize_t more =
        pread(fd, bytes.data() + read, range.bytes - read, static_cast<off_t>(range.offset + read));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return error_of(errno);
    if (more == 0) return Error{ErrorKind::conflict, "it became shorter while it was read"};
    read += static_cast<size_t>(more);
  }
  bytes.resize(range.bytes);
  return {};
}

class Directory : public Store, private FileThreads::Doer {
 public:
  Directory(std::string path, Fd fd, const DirectoryOptions& options)
      : root_(std::move(path), std::move(fd), options.fsync),
        listing_(root_),
        uploads_(root_),
        own_threads_(options.threads),
        threads_(options.shared_threads ? *options.shared_threads : own_threads_) {}
  ~Directory() override { threads_.leave(*this); }

  Status prepare_for_writes() { return root_.prepare_for_writes(); }

  void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) override {
    threads_.start(*this, std::move(request), std::move(lease), ticket, inbox);
  }
  void cancel(Ticket ticket) override { threads_.cancel(*this, ticket); }
  // A folder is read whole for each list that begins in it.
  Features features() const override { return {.lists_from_anywhere = false}; }
  std::string name() const override { return root_.path(); }

 private:
  Result<Answer> answer(Request& request, Timing& timing) override {
    return std::visit(
        [&](auto& asked) -> Result<Answer> {
          return Answer(TRY_IN(on(asked, timing), describe_at(root_.path(), request)));
        },
        request);
  }

  struct Opened {
    Fd fd;
    struct stat status;
  };
  Result<Opened> open(const Key& key) const;

  Result<Body> on(Get& get, Timing& timing);
  Result<Meta> on(Head& head, Timing&) {
    const Opened file = TRY(open(head.key));
    return meta_of(file.fd.get(), file.status);
  }
  Result<Page> on(List& list, Timing&) { return listing_.list(list); }
  Result<Done> on(Put& put, Timing& timing);
  Result<Done> on(Delete& request, Timing&);
  Result<UploadId> on(CreateUpload& create, Timing&) { return uploads_.create(create); }
  Result<PartTag> on(PutPart& part, Timing& timing) {
    timing.bytes = part.body.size();
    return uploads_.put_part(part, features());
  }
  Result<Done> on(Complete& complete, Timing&) { return uploads_.complete(complete, features()); }
  Result<Done> on(Abort& abort, Timing&) { return uploads_.abort(abort); }
  Result<UploadPage> on(ListUploads& list, Timing&) { return uploads_.list(list); }

  DirectoryRoot root_;
  DirectoryListing listing_;
  DirectoryUploads uploads_;
  FileThreads own_threads_;
  FileThreads& threads_;
};

// Never waits for a pipe's other end, never becomes a terminal's slave.
Result<Directory::Opened> Directory::open(const Key& key) const {
  TRY(check_key(key.view()));
  Opened file;
  file.fd = Fd(openat(root_.fd(), key.str().c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.fd) return no_object(errno);
  if (fstat(file.fd.get(), &file.status) != 0) return error_of(errno);
  if (S_ISDIR(file.status.st_mode)) return no_object(ENOENT);
  if (!S_ISREG(file.status.st_mode))
    return Error{ErrorKind::invalid, "not a file with bytes in it"};
  return file;
}

Result<Body> Directory::on(Get& get, Timing& timing) {
  const Opened file = TRY(open(get.key));
  // Without the mark, which would be one more system call for each small object and is for Head.
  Meta meta{static_cast<uint64_t>(file.status.st_size),
            etag_of(file.status),
            {},
            {modified_ns(file.status)}};
  const Range range = TRY(range_to_read(get, meta.bytes, meta.etag));
  Buffer bytes(range.bytes);
  TRY(read_range(file.fd.get(), range, bytes));
  timing.bytes = range.bytes;
  return Body{std::move(bytes), std::move(meta)};
}

Result<Done> Directory::on(Put& put, Timing& timing) {
  TRY(check_key(put.key.view()));
  TRY(root_.prepare_for_writes());
  timing.bytes = put.body.size();
  const std::string hidden = root_.unique_id();
  const auto put_it = [&]() -> Result<Done> {
    // What is put is state, with places and cursors in it; objects of data are uploads.
    const Fd file = TRY(create_file(root_.tmp(), hidden, S_IRUSR | S_IWUSR));
    TRY(write_all(file.get(), put.body));
    return Done{TRY(root_.publish({root_.tmp(), hidden, file.get()}, put.key, put.expect))};
  };
  Result<Done> done = put_it();
  if (!done.ok()) unlinkat(root_.tmp(), hidden.c_str(), 0);
  return done;
}

Result<Done> Directory::on(Delete& request, Timing&) {
  TRY(check_key(request.key.view()));
  TRY(root_.prepare_for_writes());
  {
    const Fd lock = TRY(root_.lock(request.key));
    if (request.only) {
      const Opened file = TRY(open(request.key));
      const Meta meta = meta_of(file.fd.get(), file.status);
      if (meta.etag != request.only->etag || meta.mark != request.only->mark) {
        return not_as_expected(request.only->etag);
      }
    }
    if (unlinkat(root_.fd(), request.key.str().c_str(), 0) != 0) {
      // A folder of that name is no object.
      if (errno == ENOENT || errno == ENOTDIR || errno == EISDIR) return Done{};
      return error_of(errno);
    }
    if (root_.fsync()) {
      TRY(root_.sync_folders_of(request.key, DirectoryRoot::Folders::lowest));
    }
  }
  root_.remove_empty_folders(request.key);
  return Done{};
}

}  // namespace

Result<std::unique_ptr<Store>> open_directory_store(std::string root, DirectoryOptions options) {
  if (root.empty()) root.push_back('.');
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  if (options.create) {
    for (size_t slash = root.find('/', 1);; slash = root.find('/', slash + 1)) {
      const std::string folder = root.substr(0, slash);
      if (mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST && slash == std::string::npos) {
        return error_of(errno, "making the directory " + root);
      }
      if (slash == std::string::npos) break;
    }
  }
  Fd fd = TRY_IN(open_directory(AT_FDCWD, root), "opening the directory " + root);
  if (!root.ends_with('/')) root.push_back('/');
  auto store = std::make_unique<Directory>(std::move(root), std::move(fd), options);
  if (options.create) TRY(store->prepare_for_writes());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace sluice

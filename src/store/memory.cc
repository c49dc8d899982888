#include "store/memory.h"

#include <algorithm>
#include <mutex>

#include "store/rules.h"

namespace sluice {
namespace {

struct Object {
  std::string bytes;
  Meta meta;
};

struct PartsSoFar {
  Key key;
  Mark mark;
  struct Part {
    std::string bytes;
    ETag etag;
  };
  std::map<uint32_t, Part> parts;
};

class Memory : public MemoryStore {
 public:
  explicit Memory(std::string name) : name_(std::move(name)) {}

  void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) override {
    Timing timing{now(), {}, 0};
    Result<Answer> answer = this->answer(request, timing);
    timing.ended = now();
    inbox.post(std::make_unique<Answered>(ticket, std::move(answer), std::move(lease), timing));
  }
  Features features() const override {
    std::lock_guard lock(mutex_);
    return features_;
  }
  std::string name() const override { return name_; }

  std::map<Key, std::string> objects() const override {
    std::lock_guard lock(mutex_);
    std::map<Key, std::string> copy;
    for (const auto& [key, object] : objects_) copy.emplace(key, object.bytes);
    return copy;
  }
  std::vector<OpenUpload> open_uploads() const override {
    std::lock_guard lock(mutex_);
    std::vector<OpenUpload> open;
    open.reserve(uploads_.size());
    for (const auto& [at, upload] : uploads_) open.push_back({upload.key, at.second});
    return open;
  }
  Mark mark_of(const Key& key) const override {
    std::lock_guard lock(mutex_);
    const auto found = objects_.find(key);
    return found == objects_.end() ? Mark() : found->second.meta.mark;
  }
  uint64_t calls() const override {
    std::lock_guard lock(mutex_);
    return calls_;
  }
  void set_features(const Features& features) override {
    std::lock_guard lock(mutex_);
    features_ = features;
  }

 private:
  using At = std::pair<Key, UploadId>;

  Result<Answer> answer(Request& request, Timing& timing) {
    std::lock_guard lock(mutex_);
    ++calls_;
    return std::visit(
        [&](auto& asked) -> Result<Answer> {
          return Answer(TRY_IN(on(asked, timing), describe_at(name_, request)));
        },
        request);
  }

  Result<Body> on(Get& get, Timing& timing) {
    const Object& object = *TRY(find(get.key));
    const Range range = TRY(range_to_read(get, object.bytes.size(), object.meta.etag));
    timing.bytes = range.bytes;
    return Body{Buffer::of(std::string_view(object.bytes).substr(range.offset, range.bytes)),
                object.meta};
  }
  Result<Meta> on(Head& head, Timing&) { return TRY(find(head.key))->meta; }
  Result<Page> on(List& list, Timing&);
  Result<Done> on(Put& put, Timing& timing);
  Result<Done> on(Delete& request, Timing&);
  Result<UploadId> on(CreateUpload& create, Timing&) {
    TRY(check_key(create.key));
    const UploadId id(chance_.unique_id(clock_.wall()));
    uploads_[{create.key, id}] = PartsSoFar{create.key, create.mark, {}};
    return id;
  }
  Result<PartTag> on(PutPart& part, Timing& timing);
  Result<Done> on(Complete& complete, Timing&);
  Result<Done> on(Abort& abort, Timing&) {
    uploads_.erase({abort.key, abort.id});
    return Done{};
  }
  Result<UploadPage> on(ListUploads& list, Timing&);

  static Status check_key(const Key& key) {
    if (key.empty()) return Error{ErrorKind::invalid, "an object's key can't be empty"};
    return {};
  }
  Result<const Object*> find(const Key& key) const {
    const auto found = objects_.find(key);
    if (found == objects_.end()) return Error{ErrorKind::not_found, "no such object"};
    return &found->second;
  }
  // A version's number is in it, so that it never comes again.
  Done store(const Key& key, std::string bytes, Mark mark, std::string_view suffix) {
    ETag etag(std::to_string(++versions_) + "-" + std::to_string(bytes.size()) +
              std::string(suffix));
    const Meta meta{bytes.size(), etag, std::move(mark), clock_.wall()};
    objects_[key] = Object{std::move(bytes), meta};
    return Done{std::move(etag)};
  }

  const std::string name_;
  const Clock clock_;

  mutable std::mutex mutex_;  // Guards all below.
  Features features_;
  Chance chance_;
  uint64_t calls_ = 0;
  uint64_t versions_ = 0;
  std::map<Key, Object> objects_;
  std::map<At, PartsSoFar> uploads_;
};

Result<Page> Memory::on(List& list, Timing&) {
  const uint32_t most = std::clamp<uint32_t>(list.most, 1, page_entries_max);
  Page page;
  auto at = objects_.lower_bound(Key(std::max({list.prefix, list.after, list.start_after})));
  // A prefix that was listed is passed over with all that is below it.
  std::string passed = is_rolled_up(list, list.after) ? list.after : std::string();
  std::string last = list.after;
  for (; at != objects_.end() && at->first.view().starts_with(list.prefix); ++at) {
    const std::string_view key = at->first.view();
    if (key == list.after || key == list.start_after) continue;
    if (!passed.empty() && key.starts_with(passed)) continue;
    if (page.objects.size() + page.prefixes.size() == most) {
      page.next = last;
      break;
    }
    if (const std::string_view rolled = rolled_up(list, key); !rolled.empty()) {
      page.prefixes.emplace_back(rolled);
      last = passed = rolled;
    } else {
      page.objects.push_back({at->first, at->second.meta.bytes, at->second.meta.etag});
      last = key;
    }
  }
  return page;
}

Result<Done> Memory::on(Put& put, Timing& timing) {
  TRY(check_key(put.key));
  timing.bytes = put.body.size();
  if (!std::holds_alternative<Anything>(put.expect)) {
    if (!features_.conditional_put) {
      return Error{ErrorKind::invalid, "this store has no conditional writes"};
    }
    const auto found = objects_.find(put.key);
    const ETag* etag = std::get_if<ETag>(&put.expect);
    const bool as_expected = etag == nullptr
                                 ? found == objects_.end()
                                 : found != objects_.end() && found->second.meta.etag == *etag;
    if (!as_expected) return not_as_expected(put.expect);
  }
  return store(put.key, std::move(put.body), Mark(), "");
}

Result<Done> Memory::on(Delete& request, Timing&) {
  if (request.only) {
    const Meta& meta = TRY(find(request.key))->meta;
    if (meta.etag != request.only->etag || meta.mark != request.only->mark) {
      return not_as_expected(request.only->etag);
    }
  }
  objects_.erase(request.key);
  return Done{};
}

Result<PartTag> Memory::on(PutPart& part, Timing& timing) {
  TRY(check_part(part, features_));
  const auto found = uploads_.find({part.key, part.id});
  if (found == uploads_.end()) return no_such_upload(part.id);
  timing.bytes = part.body.size();
  PartTag tag{part.number, part_etag(part), part.crc32c};
  found->second.parts[part.number] = {std::string(part.body.view()), tag.etag};
  return tag;
}

Result<Done> Memory::on(Complete& complete, Timing&) {
  TRY(check_parts(complete, features_));
  const auto found = uploads_.find({complete.key, complete.id});
  if (found == uploads_.end()) return no_such_upload(complete.id);
  PartsSoFar& upload = found->second;
  std::string bytes;
  for (const PartTag& tag : complete.parts) {
    const auto part = upload.parts.find(tag.number);
    if (part == upload.parts.end() || part->second.etag != tag.etag) {
      return not_this_part(tag.number);
    }
    if (&tag != &complete.parts.back() && part->second.bytes.size() < features_.part_bytes_min) {
      return too_small_part(tag.number, features_);
    }
    bytes += part->second.bytes;
  }
  Done done = store(complete.key, std::move(bytes), upload.mark,
                    "-" + std::to_string(complete.parts.size()));
  uploads_.erase(found);
  return done;
}

Result<UploadPage> Memory::on(ListUploads& list, Timing&) {
  std::vector<OpenUpload> open;
  for (const auto& [at, upload] : uploads_) {
    if (upload.key.view().starts_with(list.prefix)) open.push_back({upload.key, at.second});
  }
  return cut_upload_page(std::move(open), list.after);
}

}  // namespace

std::unique_ptr<MemoryStore> make_memory_store(std::string name) {
  return std::make_unique<Memory>(std::move(name));
}

}  // namespace sluice

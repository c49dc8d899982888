#include "source/inventory.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <queue>

#include "base/digest.h"
#include "base/md5.h"
#include "base/text.h"
#include "http/url.h"
#include "json/items.h"
#include "json/value.h"
#include "source/errands.h"

namespace sluice {
namespace {

constexpr uint64_t manifest_bytes_max = 16 << 20;
constexpr uint64_t range_bytes = 1 << 20;
constexpr size_t ranges_at_once = 4;
constexpr size_t rows_bytes = 256 << 10;  // Of the JSON text that rows become: one is far shorter
constexpr uint64_t entry_bytes = 256;     // Of a key that is held, besides its text

// Which column a row's value is of.
struct Columns {
  explicit Columns(const std::vector<std::string>& names) {
    const auto place = [&](std::string_view name) {
      return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    };
    key = place("Key"), size = place("Size"), etag = place("ETag");
    latest = place("IsLatest"), marker = place("IsDeleteMarker");
  }
  size_t key, size, etag, latest, marker;  // Behind all columns: it isn't there
};

// Keys are encoded as in a form: a blank is a plus, a plus %2B.
std::string decoded_key(std::string text) {
  std::replace(text.begin(), text.end(), '+', ' ');
  return percent_decoded(text);
}

// The object of a row; nothing where it is no object as it is now. invalid: no number for its size.
Result<std::optional<Listed>> object_of(std::string_view row, const Columns& columns) {
  Listed object;
  bool is_there = true, has_size = false;
  json::for_each_item(row, 0, [&](const json::Item& item) {
    std::string text = json::as_text(item.value_of(row)).value_or("");
    if (item.index == columns.key)
      object.key = Key(decoded_key(std::move(text)));
    else if (item.index == columns.etag)
      object.etag = ETag(text);
    else if (item.index == columns.latest)
      is_there = is_there && text != "false";
    else if (item.index == columns.marker)
      is_there = is_there && text != "true";
    else if (item.index == columns.size) {
      const auto bytes = parse_number<uint64_t>(text);
      has_size = bytes.has_value();
      object.bytes = bytes.value_or(0);
    }
  });
  if (!is_there) return std::optional<Listed>();
  if (object.key.empty() || !has_size)
    return Error{ErrorKind::invalid, "a row without key or size: " + excerpt(row)};
  return std::optional(std::move(object));
}

class Inventory : public Listing {
 public:
  Inventory(InventoryPlace place, BoundPattern pattern, Parts parts)
      : place_(std::move(place)),
        pattern_(std::move(pattern)),
        parts_(parts),
        window_bytes_(std::min(inventory_window_bytes_max, parts.common.capacity() / 8)),
        window_(rows_bytes) {}

  void start_what_fits() override {
    if (stopped_ || error_) return;
    if (!manifest_ && errands_.open() == 0) {
      (void)ask({.is_manifest = true});
      return;
    }
    if (!window_lease_) {
      if (auto lease = parts_.common.try_reserve(window_bytes_)) window_lease_ = std::move(*lease);
    }
    while (manifest_ && next_file_ < manifest_->files.size() &&
           errands_.open() + early_.size() < ranges_at_once) {
      const InventoryManifest::File& file = manifest_->files[next_file_];
      const uint64_t bytes = std::min(range_bytes, file.bytes - next_offset_);
      const bool is_last = next_offset_ + bytes == file.bytes;
      if (!ask({.number = asked_, .file = next_file_, .offset = next_offset_, .bytes = bytes}))
        return;
      ++asked_;
      next_offset_ = is_last ? 0 : next_offset_ + bytes;
      if (is_last) ++next_file_;
    }
  }

  bool on(Event& event) override {
    auto back = errands_.take(event.ticket);
    if (!back) return false;
    if (stopped_ || error_) return true;
    Asked asked = std::move(back->what);
    if (back->was == Errands<Asked>::State::resting) {
      if (parts_.in_flight.try_take(turn_of(asked))) {
        send(std::move(asked));
      } else {
        const Nanoseconds pause = errand_retry_delay << asked.tries;
        errands_.rests(std::move(asked), now() + pause);
      }
      return true;
    }
    auto& answered = dynamic_cast<Answered&>(event);
    if (!answered.answer.ok()) {
      failed(std::move(asked), std::move(answered.answer.error()));
    } else {
      Body body = std::get<Body>(std::move(*answered.answer));
      if (asked.is_manifest) {
        read_manifest(body.bytes.view());
      } else if (body.bytes.size() != asked.bytes) {
        fail(asked.file, {ErrorKind::corrupt, "it is not of the size that the manifest says"});
      } else {
        early_.emplace(asked.number, Range{asked.file, asked.offset, std::move(body.bytes),
                                           std::move(answered.lease)});
      }
    }
    return true;
  }

  std::optional<Found> take() override {
    read_on();
    if (error_ || stopped_ || held_.empty()) return std::nullopt;
    if (!is_read() && held_bytes_ < window_bytes_) return std::nullopt;
    Found found = std::move(const_cast<Held&>(held_.top()).found);  // It leaves at once
    held_.pop();
    held_bytes_ -= bytes_of(found);
    const std::string& key = found.object.key.str();
    if (key <= last_key_ && taken_ > 0) {
      const bool is_twice = key == last_key_;
      stop_with({ErrorKind::invalid,
                 is_twice ? "the key " + excerpt(key) +
                                " is there twice: order an inventory of current versions only"
                          : "its keys are in no order (" + excerpt(key) + " after " +
                                excerpt(last_key_) + ") and more than can be sorted in " +
                                std::to_string(window_bytes_ >> 20) +
                                " MiB: sort it, or leave `inventory` out"});
      return std::nullopt;
    }
    last_key_ = key;
    ++taken_;
    return found;
  }

  std::optional<uint64_t> found() const override {
    if (!is_read()) return std::nullopt;
    return taken_ + held_.size();
  }
  bool ended() const override { return is_read() && held_.empty(); }
  uint64_t lists() const override { return requests_; }
  const std::optional<Error>& error() const override { return error_; }
  void stop() override {
    stopped_ = true;
    early_.clear();
    errands_.stop([&](Ticket ticket) { place_.store.cancel(ticket); });
  }
  size_t open() const override { return errands_.open(); }

 private:
  struct Asked {
    bool is_manifest = false;
    uint64_t number = 0;  // Of the range, over all files
    size_t file = 0;
    uint64_t offset = 0, bytes = 0;
    uint32_t tries = 0;
    Lease lease = {};  // While it is not under way
  };
  struct Range {
    size_t file = 0;
    uint64_t offset = 0;
    Buffer bytes;
    Lease lease;
  };
  struct Held {
    Found found;
    bool operator<(const Held& other) const { return found.object.key > other.found.object.key; }
  };
  static uint64_t bytes_of(const Found& found) {
    return entry_bytes + 2 * found.object.key.str().size();
  }

  // ---- asking -----------------------------------------------------------------------------------

  Turn turn_of(const Asked& asked) const { return asked.number == fed_ ? Turn::head : Turn::ahead; }
  // False: not now. The range whose turn it is to be read needs no memory that is free.
  bool ask(Asked asked) {
    auto lease = parts_.common.try_reserve(asked.bytes);
    if (!lease && asked.number != fed_) return false;
    if (!parts_.in_flight.try_take(turn_of(asked))) return false;
    if (lease) asked.lease = std::move(*lease);
    send(std::move(asked));
    return true;
  }
  void send(Asked asked) {
    Get get{.key = place_.manifest, .most = manifest_bytes_max};
    if (!asked.is_manifest) {
      get.key = manifest_->files[asked.file].key;
      get.range = sluice::Range{asked.offset, asked.bytes};
      get.most = asked.bytes;
    }
    ++requests_;
    Lease lease = std::exchange(asked.lease, Lease());
    const Ticket ticket = errands_.sent(std::move(asked));
    place_.store.start(std::move(get), std::move(lease), ticket, parts_.inbox);
  }
  void failed(Asked asked, Error error) {
    const auto rest = rest_before_retry(error, asked.tries);
    if (!rest) return stop_with(std::move(error));
    ++asked.tries;
    errands_.rests(std::move(asked), now() + *rest);
  }

  // ---- reading ----------------------------------------------------------------------------------

  void read_manifest(std::string_view text) {
    auto manifest = parse_inventory_manifest(text);
    if (!manifest.ok()) return stop_with(std::move(manifest.error()));
    if (!place_.bucket.empty() && manifest->bucket != place_.bucket)
      return stop_with({ErrorKind::invalid, "it lists the bucket " + excerpt(manifest->bucket) +
                                                ", not " + place_.bucket});
    manifest_ = std::move(*manifest);
    std::erase_if(manifest_->files, [](const auto& file) { return file.bytes == 0; });
    columns_.emplace(manifest_->columns);
    rows_ = place_.rows(manifest_->columns);
    decoder_ = rows_->make();
    decoder_->reset();
  }
  bool is_read() const { return manifest_ && files_read_ == manifest_->files.size(); }

  // Reads rows till the window of keys is full, or what has come is used up.
  void read_on() {
    while (!stopped_ && !error_ && manifest_ && !is_read() && held_bytes_ < window_bytes_) {
      const auto range = early_.find(fed_);
      if (range == early_.end()) return;
      if (!input_) {
        input_ = range->second.bytes.view();
        md5_.add(*input_);
      }
      step(range->second);
    }
  }

  void step(const Range& range) {
    const uint64_t end = range.offset + range.bytes.size();
    const bool is_last = end == manifest_->files[range.file].bytes;
    spans_.clear();
    bad_.clear();
    const auto stepped = decoder_->step(*input_, is_last, window_, spans_, bad_);
    if (!stepped.ok()) return fail(range.file, stepped.error());
    if (!bad_.empty())
      return fail(range.file, {ErrorKind::corrupt, "byte " + std::to_string(bad_.front().offset) +
                                                       ": " + bad_.front().reason});
    for (const json::Span& span : spans_) {
      auto object = object_of(span.of(window_.view()), *columns_);
      if (!object.ok()) return fail(range.file, object.error());
      if (*object) hold(std::move(**object));
    }
    const size_t left = window_.size() - stepped->consumed;
    std::memmove(window_.data(), window_.data() + stepped->consumed, left);
    window_.resize(left);
    decoder_->dropped(stepped->consumed);
    if (stepped->next == DecodeStep::Next::more_room && stepped->consumed == 0)
      return fail(range.file, {ErrorKind::corrupt, "a row is too long"});
    if (stepped->next == DecodeStep::Next::more_room) return;
    if (stepped->next == DecodeStep::Next::more_input && !input_->empty()) return;
    const bool has_ended = stepped->next == DecodeStep::Next::finished;
    if (is_last != has_ended || !input_->empty())
      return fail(range.file, {ErrorKind::corrupt, "it doesn't end where its gzip does"});
    if (has_ended && decoder_->rest_lost())
      return fail(range.file, {ErrorKind::corrupt, *decoder_->rest_lost()});
    input_.reset();
    const size_t file = range.file;
    early_.erase(fed_++);
    if (is_last) end_file(file);
  }
  void end_file(size_t file) {
    const std::string md5 = hex(md5_.digest());
    const std::string& wanted = manifest_->files[file].md5;
    if (!wanted.empty() && md5 != wanted)
      return fail(file,
                  {ErrorKind::corrupt, "its MD5 is " + md5 + ", the manifest says " + wanted});
    md5_ = {};
    window_.clear();
    decoder_->reset();
    ++files_read_;
  }

  void hold(Listed object) {
    if (object.bytes == 0 && object.key.view().ends_with('/')) return;  // A folder's mark
    auto captures = pattern_.match(object.key.view());
    if (!captures) return;
    Held held{{std::move(object), std::move(*captures)}};
    held_bytes_ += bytes_of(held.found);
    held_.push(std::move(held));
  }

  void fail(size_t file, Error error) {
    stop_with(std::move(error).in(manifest_->files[file].key.str()));
  }
  void stop_with(Error error) {
    if (!error_)
      error_ = std::move(error).in("inventory " + place_.store.name() + place_.manifest.str());
    early_.clear();
    input_.reset();
  }

  const InventoryPlace place_;
  const BoundPattern pattern_;
  Parts parts_;
  const uint64_t window_bytes_;

  std::optional<InventoryManifest> manifest_;
  std::optional<Columns> columns_;
  std::unique_ptr<DecoderMaker> rows_;
  std::unique_ptr<Decoder> decoder_;

  // Asked for and come:
  Errands<Asked> errands_{parts_.in_flight, parts_.inbox, parts_.tickets};
  std::map<uint64_t, Range> early_;  // By number; the one that is being read is among them
  size_t next_file_ = 0;
  uint64_t next_offset_ = 0, asked_ = 0, requests_ = 0;

  // Being read:
  uint64_t fed_ = 0;                       // The number of the range at hand
  std::optional<std::string_view> input_;  // What is left of it
  Md5 md5_;                                // Of the file
  Buffer window_;
  std::vector<json::Span> spans_;
  std::vector<SetAside> bad_;
  size_t files_read_ = 0;

  // Found:
  Lease window_lease_;
  std::priority_queue<Held> held_;
  uint64_t held_bytes_ = 0, taken_ = 0;
  std::string last_key_;
  bool stopped_ = false;
  std::optional<Error> error_;
};

}  // namespace

MakeListing inventory_listing(InventoryPlace place) {
  return [place = std::move(place)](BoundPattern pattern,
                                    Listing::Parts parts) -> std::unique_ptr<Listing> {
    return std::make_unique<Inventory>(place, std::move(pattern), parts);
  };
}

}  // namespace sluice

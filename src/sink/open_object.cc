#include "sink/open_object.h"

#include <algorithm>
#include <limits>

#include "base/checksum.h"

namespace sluice {
namespace {

// A block starts small and doubles: thousands of open places cost thousands of KiB.
constexpr size_t block_bytes_first = 512;
// What an encoded block may be longer than its text (deflate's stored blocks cost 5 bytes for each
// 64 KiB, a flush some more), and an object's header and trailer.
constexpr size_t slack_bytes(size_t block_capacity) {
  return 128 + block_capacity / 1024;
}
// Rolling looks at the sizes of all blocks but so many of the latest: they may be encoded
// meanwhile.
constexpr uint64_t settle_lag_blocks = 8;
// A mark ends its block, and short blocks compress worse: so none within less text than this.
constexpr uint64_t mark_bytes_min = 256 << 10;
// How large a part may grow that waits for a mark to end at: twice as large as it need be, where
// the share has the room.
constexpr uint64_t waiting_part_bytes_max(uint64_t wanted, uint64_t share_bytes) {
  return std::max(wanted, std::min(2 * wanted, share_bytes * 5 / 12));
}

}  // namespace

uint64_t part_bytes(uint32_t number, uint64_t share_bytes) {
  const uint64_t wanted = part_bytes_min * (1 + number / 1000);
  return std::max(part_bytes_min, std::min(wanted, share_bytes / 3));
}

struct OpenObject::Encode : Work {
  using Work::Work;
  void run(Scratch&) override {
    const Instant begun = now();
    status = encoder->encode(coil.get(), block->text.view(), block->final, block->encoded);
    wall = now() - begun;
  }
  const Encoder* encoder = nullptr;
  std::unique_ptr<Coil> coil;  // The object's, meanwhile
  Block* block = nullptr;
  Status status;
  Nanoseconds wall = 0;
};

OpenObject::OpenObject(Key key, Mark mark, ObjectYard& yard)
    : yard_(yard),
      upload_(std::move(key), std::move(mark)),
      least_ns_(std::numeric_limits<int64_t>::max()),
      greatest_ns_(std::numeric_limits<int64_t>::min()) {}

OpenObject::OpenObject(Uploader upload, ObjectState state, ObjectYard& yard)
    : yard_(yard),
      upload_(std::move(upload)),
      closed_(state.blocks),
      gathered_(state.blocks),
      recent_bytes_(std::move(state.recent_bytes)),
      settled_bytes_(state.settled_bytes),
      settled_blocks_(state.settled_blocks),
      crc32_(state.crc32),
      raw_bytes_(state.raw_bytes),
      records_(state.records),
      least_ns_(state.least_ns),
      greatest_ns_(state.greatest_ns) {}

OpenObject::~OpenObject() {
  ENSURE(encoding_ == 0);
}

// More room in the block, up to a whole one; false if there is no memory now.
bool OpenObject::grow_block() {
  const size_t whole = yard_.encoder.block_bytes();
  const size_t wanted = std::min(whole, std::max(block_bytes_first, block_.capacity() * 2));
  const uint64_t before =
      block_.capacity() == 0 ? 0 : block_.capacity() + slack_bytes(block_.capacity());
  const uint64_t more = wanted + slack_bytes(wanted) - before;
  auto lease = yard_.share.try_reserve(more);
  if (!lease) return false;
  lease_.merge(std::move(*lease));
  block_.grow(wanted);
  return true;
}

bool OpenObject::append(std::string_view& text) {
  while (!text.empty()) {
    if (block_.room() == 0) {
      if (block_.size() == yard_.encoder.block_bytes()) close_block(false);
      if (!grow_block()) return false;
    }
    const size_t taken = std::min(text.size(), block_.room());
    block_.append(text.substr(0, taken));
    text.remove_prefix(taken);
    unmarked_bytes_ += taken;
  }
  return true;
}

bool OpenObject::mark(uint64_t point) {
  if (unmarked_bytes_ < mark_bytes_min || block_.empty()) return false;
  close_block(false);
  unmarked_bytes_ = 0;
  ObjectCheckpoint& mark = blocks_.back().mark.emplace();
  mark.point = point;
  mark.state.records = records_;
  mark.state.least_ns = least_ns_;
  mark.state.greatest_ns = greatest_ns_;
  return true;
}

void OpenObject::keep_checkpoint(ObjectCheckpoint mark) {
  mark.state.crc32 = crc32_;
  mark.state.raw_bytes = raw_bytes_;
  mark.state.blocks = gathered_;
  mark.state.settled_bytes = settled_bytes_;
  mark.state.settled_blocks = settled_blocks_;
  mark.state.recent_bytes = recent_bytes_;
  mark.parts = upload_.parts_added();
  mark.bytes = upload_.bytes();
  mark.crc32c = upload_.crc32c();
  checkpoints_.push_back(std::move(mark));
  // The one before the last acknowledged is of no more use.
  while (checkpoints_.size() > 1 &&
         upload_.has_first_parts(std::next(checkpoints_.begin())->parts)) {
    checkpoints_.pop_front();
  }
}

std::optional<ObjectCheckpoint> OpenObject::checkpoint() const {
  for (auto one = checkpoints_.rbegin(); one != checkpoints_.rend(); ++one) {
    if (upload_.has_first_parts(one->parts)) return *one;
  }
  return std::nullopt;
}

void OpenObject::count_record(int64_t time_ns) {
  ++records_;
  if (time_ns == std::numeric_limits<int64_t>::min()) return;
  least_ns_ = std::min(least_ns_, time_ns);
  greatest_ns_ = std::max(greatest_ns_, time_ns);
}

void OpenObject::close_block(bool final) {
  Block& block = blocks_.emplace_back();
  block.text = std::move(block_);
  block_ = Buffer();
  block.number = closed_++;
  block.final = final;
}

void OpenObject::seal() {
  ENSURE(!sealed_);
  sealed_ = true;
  close_block(true);
}

std::optional<uint64_t> OpenObject::settled_bytes() const {
  if (closed_ <= settle_lag_blocks) return 0;
  if (gathered_ + settle_lag_blocks < closed_) return std::nullopt;
  // Of the blocks that are gathered, leave out those that count as recent.
  uint64_t bytes = settled_bytes_;
  const uint64_t wanted = closed_ - settle_lag_blocks;
  for (uint64_t i = settled_blocks_; i < wanted; ++i) bytes += recent_bytes_[i - settled_blocks_];
  return bytes;
}

bool OpenObject::has_block_to_encode() const {
  return !blocks_.empty() && blocks_.back().state == Block::State::waiting;
}

OpenObject::Encoding OpenObject::encode_what_fits() {
  for (Block& block : blocks_) {
    if (block.state != Block::State::waiting) continue;
    if (coil_lease_ && coil_ == nullptr) return Encoding::waits;  // The block before has it.
    if (!start_encode(block)) return Encoding::no_memory;
  }
  return Encoding::all_begun;
}

// Whether the next block of a chained encoder may be begun: the one before has brought the coil
// back, or it is the first and there is memory for one.
bool OpenObject::has_coil() {
  if (coil_lease_.bytes() > 0) return coil_ != nullptr;
  const uint64_t bytes = yard_.encoder.coil_bytes();
  auto lease = yard_.share.try_reserve(bytes);
  // A sealed object must get on whatever else is open: it will give the coil back.
  if (!lease && sealed_) lease = yard_.encode_share.try_reserve(bytes);
  if (!lease) return false;
  coil_lease_ = std::move(*lease);
  coil_ = yard_.encoder.coil();
  return true;
}

bool OpenObject::start_encode(Block& block) {
  if (yard_.encoder.coil_bytes() > 0 && !has_coil()) return false;
  const size_t room = yard_.encoder.encoded_bytes_max(block.text.size());
  auto out = yard_.encode_share.try_reserve(room);
  if (!out) return false;
  block.out = std::move(*out);
  block.encoded.bytes = Buffer(room);
  block.state = Block::State::encoding;
  auto work = std::make_unique<Encode>(yard_.tickets.next());
  yard_.owners.emplace(work->ticket, this);
  work->encoder = &yard_.encoder;
  work->coil = std::move(coil_);
  work->block = &block;
  ++encoding_;
  yard_.workers.submit(std::move(work), yard_.inbox);
  return true;
}

Status OpenObject::on(Event& event) {
  if (auto* answered = dynamic_cast<Answered*>(&event)) return upload_.take(*answered);
  auto& work = dynamic_cast<Encode&>(event);
  --encoding_;
  Gauge& gauge = yard_.meter.stage(Stage::encode);
  gauge.add(work.wall, work.block->text.size());
  gauge.add_cpu(work.cpu);
  gauge.add_wait(work.waited);
  coil_ = std::move(work.coil);
  TRY(work.status);
  ENSURE(work.block->encoded.raw_bytes == work.block->text.size());
  work.block->state = Block::State::done;
  gather();
  return {};
}

// Moves encoded blocks, in order, into the part. The text's lease becomes the part's.
void OpenObject::gather() {
  while (!blocks_.empty() && blocks_.front().state == Block::State::done) {
    Block& block = blocks_.front();
    if (gathered_ == 0) append_to_part(yard_.encoder.header());
    append_to_part(block.encoded.bytes.view());
    crc32_ = crc32_combine(crc32_, block.encoded.crc32, block.encoded.raw_bytes);
    raw_bytes_ += block.encoded.raw_bytes;
    recent_bytes_.push_back(block.encoded.bytes.size());
    ++gathered_;
    while (recent_bytes_.size() > settle_lag_blocks * 2) {
      settled_bytes_ += recent_bytes_.front();
      recent_bytes_.erase(recent_bytes_.begin());
      ++settled_blocks_;
    }
    const bool final = block.final;
    std::optional<ObjectCheckpoint> mark = std::move(block.mark);
    blocks_.pop_front();
    if (final) {
      append_to_part(yard_.encoder.trailer(crc32_, raw_bytes_));
      coil_.reset();
      coil_lease_.release();
      ended_ = true;
      cut_part();
      return;
    }
    const uint64_t wanted = part_bytes(upload_.parts_added() + 1, yard_.share_bytes);
    const bool waits = yard_.checkpoints && !mark;
    if (part_.size() < (waits ? waiting_part_bytes_max(wanted, yard_.share_bytes) : wanted))
      continue;
    cut_part();
    if (mark) keep_checkpoint(std::move(*mark));
  }
  // What the text needed and the encoded bytes don't goes back.
  uint64_t needed = part_.capacity();
  if (block_.capacity() > 0) needed += block_.capacity() + slack_bytes(block_.capacity());
  for (const Block& block : blocks_)
    needed += block.text.capacity() + slack_bytes(block.text.capacity());
  lease_.shrink(needed);
}

void OpenObject::append_to_part(std::string_view bytes) {
  if (part_.room() < bytes.size()) part_.grow(part_.size() + bytes.size());
  part_.append(bytes);
}

void OpenObject::cut_part() {
  Lease lease = lease_.split(std::min<uint64_t>(lease_.bytes(), part_.capacity()));
  upload_.add(std::move(part_), std::move(lease));
  part_ = Buffer();
  if (ended_) lease_.release();
}

bool OpenObject::complete() const {
  return ended_ && upload_.idle();
}

Prepared OpenObject::prepared() const {
  Prepared prepared{.key = upload_.key(), .id = *upload_.id(), .mark = upload_.mark()};
  prepared.may_have_twin = upload_.may_have_twin();
  prepared.parts = upload_.parts();
  prepared.bytes = upload_.bytes();
  prepared.records = records_;
  prepared.crc32c = upload_.crc32c();
  if (least_ns_ <= greatest_ns_) {
    prepared.least = WallTime{least_ns_};
    prepared.greatest = WallTime{greatest_ns_};
  }
  return prepared;
}

Prepared OpenObject::prepared_at(const ObjectCheckpoint& checkpoint) const {
  Prepared prepared{.key = upload_.key(), .id = *upload_.id(), .mark = upload_.mark()};
  prepared.may_have_twin = upload_.may_have_twin();
  prepared.parts = upload_.first_parts(checkpoint.parts);
  prepared.bytes = checkpoint.bytes;
  prepared.records = checkpoint.state.records;
  prepared.crc32c = checkpoint.crc32c;
  if (checkpoint.state.least_ns <= checkpoint.state.greatest_ns) {
    prepared.least = WallTime{checkpoint.state.least_ns};
    prepared.greatest = WallTime{checkpoint.state.greatest_ns};
  }
  return prepared;
}

std::optional<std::pair<Key, UploadId>> OpenObject::open_upload() const {
  if (!upload_.id()) return std::nullopt;
  return std::make_pair(upload_.key(), *upload_.id());
}

}  // namespace sluice

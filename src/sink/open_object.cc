#include "sink/open_object.h"

#include <algorithm>
#include <limits>
#include <list>

#include "base/checksum.h"
#include "flow/count_work.h"

namespace sluice {
namespace {

// A block starts small and grows by little till it is worth encoding, since thousands of open
// places cost thousands of KiB; then it doubles.
constexpr size_t block_bytes_first = 256, block_bytes_doubled = 4 << 10;
constexpr size_t larger_block(size_t capacity) {
  return capacity < block_bytes_doubled ? capacity + block_bytes_first : capacity * 2;
}
// What an encoded block may be longer than its text (deflate's stored blocks cost 5 bytes for each
// 64 KiB, a flush some more), an object's header and trailer, and what a Buffer has besides.
constexpr size_t slack_bytes(size_t block_capacity) {
  return 96 + block_capacity / 512;
}
// What an object needs besides that once something of it is encoded. It comes out of the lease of
// its text, which is longer than what takes its place.
constexpr uint64_t written_bytes = 512;
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

struct OpenObject::Block {
  Buffer text;
  Encoded encoded;
  bool final = false;
  enum class State : uint8_t { waiting, encoding, done } state = State::waiting;
  Lease out;  // Of `encoded`, from the encode share
  // Marked at its end: the point, and what records there were. The rest of the state is filled in
  // when the block is gathered.
  std::unique_ptr<ObjectCheckpoint> mark = {};
};

struct OpenObject::Written {
  explicit Written(Uploader begun) : upload(std::move(begun)) {}

  Uploader upload;
  std::list<Block> blocks;  // Closed, not yet in the part; a list: workers point into it
  size_t encoding = 0;
  // Of a chained encoder. A block's work takes it along and brings it back: so no two blocks of an
  // object can be encoded at once.
  std::unique_ptr<Coil> coil;
  Lease coil_lease;  // Held from the first block's beginning to the last one's end
  Buffer part;
  bool ended = false;                  // The trailer is in the last part
  uint64_t closed = 0;                 // Blocks
  uint64_t gathered = 0;               // Blocks in parts
  std::vector<uint64_t> recent_bytes;  // Encoded sizes, by block; a few
  uint64_t settled_bytes = 0;
  uint64_t settled_blocks = 0;
  uint32_t crc32 = 0;
  uint64_t raw_bytes = 0;
  std::list<ObjectCheckpoint> checkpoints;  // At the ends of parts, not all acknowledged
};

struct OpenObject::Encode : Work {
  using Work::Work;
  void run(Scratch&) override {
    status = encoder->encode(coil.get(), block->text.view(), block->final, block->encoded);
  }
  const Encoder* encoder = nullptr;
  std::unique_ptr<Coil> coil;  // The object's, meanwhile
  Block* block = nullptr;
  Status status;
};

OpenObject::OpenObject(const Place& place, uint64_t n, ObjectYard& yard)
    : yard_(yard),
      place_(place),
      n_(n),
      least_ns_(std::numeric_limits<int64_t>::max()),
      greatest_ns_(std::numeric_limits<int64_t>::min()) {}

OpenObject::OpenObject(const Place& place, uint64_t n, ObjectYard& yard, Uploader upload,
                       ObjectState state)
    : yard_(yard),
      place_(place),
      n_(n),
      written_(std::make_unique<Written>(std::move(upload))),
      records_(state.records),
      least_ns_(state.least_ns),
      greatest_ns_(state.greatest_ns) {
  written_->closed = state.blocks;
  written_->gathered = state.blocks;
  written_->recent_bytes = std::move(state.recent_bytes);
  written_->settled_bytes = state.settled_bytes;
  written_->settled_blocks = state.settled_blocks;
  written_->crc32 = state.crc32;
  written_->raw_bytes = state.raw_bytes;
}

OpenObject::~OpenObject() {
  ENSURE(!written_ || written_->encoding == 0);
}

OpenObject::Written& OpenObject::written() {
  if (!written_) {
    written_ = std::make_unique<Written>(Uploader(yard_.key_of(place_, n_), yard_.mark));
  }
  return *written_;
}

uint32_t OpenObject::parts_added() const {
  return written_ ? written_->upload.parts_added() : 0;
}

std::optional<Uploader::Start> OpenObject::next_request() {
  return written().upload.next();
}

bool OpenObject::has_request() const {
  return !written_ || written_->upload.has_next();
}

bool OpenObject::has_upload() const {
  return written_ && written_->upload.id().has_value();
}

uint64_t OpenObject::held_bytes() const {
  return lease_.bytes() + (written_ ? written_->coil_lease.bytes() : 0);
}

bool OpenObject::needs_coil() const {
  return yard_.encoder.coil_bytes() > 0 && !(written_ && written_->coil_lease);
}

// More room in the block, up to a whole one; false if there is no memory now.
bool OpenObject::grow_block() {
  const size_t whole = yard_.encoder.block_bytes();
  const size_t wanted = std::min(whole, larger_block(block_.capacity()));
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
  unmarked_bytes_ = 0;
  ObjectCheckpoint& mark = *(close_block(false).mark = std::make_unique<ObjectCheckpoint>());
  mark.point = point;
  mark.state.records = records_;
  mark.state.least_ns = least_ns_;
  mark.state.greatest_ns = greatest_ns_;
  return true;
}

void OpenObject::keep_checkpoint(ObjectCheckpoint mark) {
  mark.state.crc32 = written_->crc32;
  mark.state.raw_bytes = written_->raw_bytes;
  mark.state.blocks = written_->gathered;
  mark.state.settled_bytes = written_->settled_bytes;
  mark.state.settled_blocks = written_->settled_blocks;
  mark.state.recent_bytes = written_->recent_bytes;
  mark.parts = written_->upload.parts_added();
  mark.bytes = written_->upload.bytes();
  mark.crc32c = written_->upload.crc32c();
  written_->checkpoints.push_back(std::move(mark));
  // The one before the last acknowledged is of no more use.
  while (written_->checkpoints.size() > 1 &&
         written_->upload.has_first_parts(std::next(written_->checkpoints.begin())->parts)) {
    written_->checkpoints.pop_front();
  }
}

std::optional<ObjectCheckpoint> OpenObject::checkpoint() const {
  if (!written_) return std::nullopt;
  for (auto one = written_->checkpoints.rbegin(); one != written_->checkpoints.rend(); ++one) {
    if (written_->upload.has_first_parts(one->parts)) return *one;
  }
  return std::nullopt;
}

void OpenObject::count_record(int64_t time_ns) {
  ++records_;
  if (time_ns == std::numeric_limits<int64_t>::min()) return;
  least_ns_ = std::min(least_ns_, time_ns);
  greatest_ns_ = std::max(greatest_ns_, time_ns);
}

OpenObject::Block& OpenObject::close_block(bool final) {
  Written& written = this->written();
  Block& block = written.blocks.emplace_back();
  block.text = std::move(block_);
  block_ = Buffer();
  block.final = final;
  ++written.closed;
  return block;
}

void OpenObject::seal() {
  ENSURE(!sealed_);
  sealed_ = true;
  close_block(true);
}

std::optional<uint64_t> OpenObject::settled_bytes() const {
  if (!written_) return 0;
  if (written_->closed <= settle_lag_blocks) return 0;
  if (written_->gathered + settle_lag_blocks < written_->closed) return std::nullopt;
  // Of the blocks that are gathered, leave out those that count as recent.
  uint64_t bytes = written_->settled_bytes;
  const uint64_t wanted = written_->closed - settle_lag_blocks;
  for (uint64_t i = written_->settled_blocks; i < wanted; ++i)
    bytes += written_->recent_bytes[i - written_->settled_blocks];
  return bytes;
}

bool OpenObject::has_block_to_encode() const {
  return written_ && !written_->blocks.empty() &&
         written_->blocks.back().state == Block::State::waiting;
}

OpenObject::Encoding OpenObject::encode_what_fits() {
  for (Block& block : written_->blocks) {
    if (block.state != Block::State::waiting) continue;
    if (written_->coil_lease && written_->coil == nullptr)
      return Encoding::waits;  // The block before has it.
    if (!start_encode(block)) return Encoding::no_memory;
  }
  return Encoding::all_begun;
}

// Whether the next block of a chained encoder may be begun: the one before has brought the coil
// back, or it is the first and there is memory for one.
bool OpenObject::has_coil() {
  if (written_->coil_lease.bytes() > 0) return written_->coil != nullptr;
  const uint64_t bytes = yard_.encoder.coil_bytes();
  auto lease = yard_.share.try_reserve(bytes);
  // A sealed object must get on whatever else is open: it will give the coil back.
  if (!lease && sealed_) lease = yard_.encode_share.try_reserve(bytes);
  if (!lease) return false;
  written_->coil_lease = std::move(*lease);
  written_->coil = yard_.encoder.coil();
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
  work->coil = std::move(written_->coil);
  work->block = &block;
  ++written_->encoding;
  yard_.workers.submit(std::move(work), yard_.inbox);
  return true;
}

Status OpenObject::on(Event& event) {
  if (auto* answered = dynamic_cast<Answered*>(&event)) return written_->upload.take(*answered);
  auto& work = dynamic_cast<Encode&>(event);
  --written_->encoding;
  count_work(yard_.meter, Stage::encode, work, work.block->text.size());
  written_->coil = std::move(work.coil);
  TRY(work.status);
  ENSURE(work.block->encoded.raw_bytes == work.block->text.size());
  work.block->state = Block::State::done;
  gather();
  return {};
}

// Moves encoded blocks, in order, into the part. The text's lease becomes the part's.
void OpenObject::gather() {
  while (!written_->blocks.empty() && written_->blocks.front().state == Block::State::done) {
    Block& block = written_->blocks.front();
    if (written_->gathered == 0) append_to_part(yard_.encoder.header());
    append_to_part(block.encoded.bytes.view());
    written_->crc32 = crc32_combine(written_->crc32, block.encoded.crc32, block.encoded.raw_bytes);
    written_->raw_bytes += block.encoded.raw_bytes;
    written_->recent_bytes.push_back(block.encoded.bytes.size());
    ++written_->gathered;
    while (written_->recent_bytes.size() > settle_lag_blocks * 2) {
      written_->settled_bytes += written_->recent_bytes.front();
      written_->recent_bytes.erase(written_->recent_bytes.begin());
      ++written_->settled_blocks;
    }
    const bool final = block.final;
    const std::unique_ptr<ObjectCheckpoint> mark = std::move(block.mark);
    written_->blocks.pop_front();
    if (final) {
      append_to_part(yard_.encoder.trailer(written_->crc32, written_->raw_bytes));
      written_->coil.reset();
      written_->coil_lease.release();
      written_->ended = true;
      cut_part();
      return;
    }
    const uint64_t wanted = part_bytes(written_->upload.parts_added() + 1, yard_.share_bytes);
    const bool waits = yard_.checkpoints && !mark;
    if (written_->part.size() <
        (waits ? waiting_part_bytes_max(wanted, yard_.share_bytes) : wanted))
      continue;
    cut_part();
    if (mark) keep_checkpoint(std::move(*mark));
  }
  // What the text needed and the encoded bytes don't goes back.
  uint64_t needed = written_->part.capacity() + written_bytes;
  if (block_.capacity() > 0) needed += block_.capacity() + slack_bytes(block_.capacity());
  for (const Block& block : written_->blocks)
    needed += block.text.capacity() + slack_bytes(block.text.capacity());
  lease_.shrink(needed);
}

void OpenObject::append_to_part(std::string_view bytes) {
  if (written_->part.room() < bytes.size())
    written_->part.grow(written_->part.size() + bytes.size());
  written_->part.append(bytes);
}

void OpenObject::cut_part() {
  Lease lease = lease_.split(std::min<uint64_t>(lease_.bytes(), written_->part.capacity()));
  written_->upload.add(std::move(written_->part), std::move(lease));
  written_->part = Buffer();
  if (written_->ended) lease_.release();
}

bool OpenObject::complete() const {
  return written_ && written_->ended && written_->upload.idle();
}

Prepared OpenObject::prepared() const {
  Prepared prepared{
      .key = written_->upload.key(), .id = *written_->upload.id(), .mark = written_->upload.mark()};
  prepared.may_have_twin = written_->upload.may_have_twin();
  prepared.parts = written_->upload.parts();
  prepared.bytes = written_->upload.bytes();
  prepared.records = records_;
  prepared.crc32c = written_->upload.crc32c();
  if (least_ns_ <= greatest_ns_) {
    prepared.least = WallTime{least_ns_};
    prepared.greatest = WallTime{greatest_ns_};
  }
  return prepared;
}

Prepared OpenObject::prepared_at(const ObjectCheckpoint& checkpoint) const {
  Prepared prepared{
      .key = written_->upload.key(), .id = *written_->upload.id(), .mark = written_->upload.mark()};
  prepared.may_have_twin = written_->upload.may_have_twin();
  prepared.parts = written_->upload.first_parts(checkpoint.parts);
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
  if (!has_upload()) return std::nullopt;
  return std::make_pair(written_->upload.key(), *written_->upload.id());
}

}  // namespace sluice

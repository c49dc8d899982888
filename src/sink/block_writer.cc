#include "sink/block_writer.h"

#include <algorithm>
#include <list>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "base/text.h"
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
constexpr uint64_t encoding_bytes = 512;
// Rolling looks at the sizes of all blocks but so many of the latest: they may be encoded
// meanwhile.
constexpr uint64_t settle_lag_blocks = 8;
// A mark ends its block, and short blocks compress worse: so none within less text than this.
constexpr uint64_t mark_bytes_min = 256 << 10;

}  // namespace

struct BlockWriter::Block {
  Buffer text;
  Encoded encoded;
  bool final = false;
  enum class State : uint8_t { waiting, encoding, done } state = State::waiting;
  Lease out;                               // Of `encoded`, from the encode share
  std::unique_ptr<ObjectPoint> mark = {};  // At its end
};

// From the first closed block on. What has come of the gathered blocks is what a later run needs to
// go on behind one of them.
struct BlockWriter::Encoding {
  std::list<Block> blocks;  // Closed, not yet in the part; a list: workers point into it
  size_t under_way = 0;
  // Of a chained encoder. A block's work takes it along and brings it back: so no two blocks of an
  // object can be encoded at once.
  std::unique_ptr<Coil> coil;
  Lease coil_lease;       // Held from the first block's beginning to the last one's end
  uint64_t closed = 0;    // Blocks
  uint64_t gathered = 0;  // Blocks in parts
  std::vector<uint64_t> recent_bytes = {};  // Encoded sizes, by block; a few
  uint64_t settled_bytes = 0;               // Of the blocks before those
  uint64_t settled_blocks = 0;
  uint32_t crc32 = 0;      // Of the text
  uint64_t raw_bytes = 0;  // Of the text
};

struct BlockWriter::Encode : Work {
  using Work::Work;
  void run(Scratch&) override {
    status = encoder->encode(coil.get(), block->text.view(), block->final, block->encoded);
  }
  const Encoder* encoder = nullptr;
  std::unique_ptr<Coil> coil;  // The object's, meanwhile
  Block* block = nullptr;
  Status status;
};

BlockWriter::BlockWriter(OpenObject& owner, WriterYard& yard) : owner_(owner), yard_(yard) {}

BlockWriter::~BlockWriter() {
  ENSURE(!encoding_ || encoding_->under_way == 0);
}

BlockWriter::Encoding& BlockWriter::encoding() {
  if (!encoding_) encoding_ = std::make_unique<Encoding>();
  return *encoding_;
}

// ---- text --------------------------------------------------------------------------------------

bool BlockWriter::add(const Record& record, size_t& taken) {
  while (taken <= record.text.size()) {
    std::string_view rest = taken < record.text.size() ? record.text.substr(taken) : "\n";
    const size_t before = rest.size();
    const bool all = append(rest);
    taken += before - rest.size();
    if (!all) return false;
  }
  return true;
}

// Copies from the front of `text` what there is memory for; false: not all of it fitted.
bool BlockWriter::append(std::string_view& text) {
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

// More room in the block, up to a whole one; false if there is no memory now.
bool BlockWriter::grow_block() {
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

BlockWriter::Block& BlockWriter::close_block(bool final) {
  Block& block = encoding().blocks.emplace_back();
  block.text = std::exchange(block_, Buffer());
  block.final = final;
  ended_ = final;
  ++encoding_->closed;
  return block;
}

// ---- encoding ----------------------------------------------------------------------------------

bool BlockWriter::has_work() const {
  return encoding_ && !encoding_->blocks.empty() &&
         encoding_->blocks.back().state == Block::State::waiting;
}

bool BlockWriter::needs_coil() const {
  return yard_.encoder.coil_bytes() > 0 && !(encoding_ && encoding_->coil_lease);
}

ObjectWriter::Started BlockWriter::start_what_fits() {
  for (Block& block : encoding_->blocks) {
    if (block.state != Block::State::waiting) continue;
    // The block before has it.
    if (encoding_->coil_lease && encoding_->coil == nullptr) return Started::waits;
    if (!start(block)) return Started::no_memory;
  }
  return Started::all;
}

// Whether the next block of a chained encoder may be begun: the one before has brought the coil
// back, or it is the first and there is memory for one.
bool BlockWriter::has_coil() {
  if (encoding_->coil_lease.bytes() > 0) return encoding_->coil != nullptr;
  const uint64_t bytes = yard_.encoder.coil_bytes();
  auto lease = yard_.share.try_reserve(bytes);
  // An object that has ended must get on whatever else is open: it will give the coil back.
  if (!lease && ended_) lease = yard_.encode_share.try_reserve(bytes);
  if (!lease) return false;
  encoding_->coil_lease = std::move(*lease);
  encoding_->coil = yard_.encoder.coil();
  return true;
}

bool BlockWriter::start(Block& block) {
  if (yard_.encoder.coil_bytes() > 0 && !has_coil()) return false;
  const size_t room = yard_.encoder.encoded_bytes_max(block.text.size());
  auto out = yard_.encode_share.try_reserve(room);
  if (!out) return false;
  block.out = std::move(*out);
  block.encoded.bytes = Buffer(room);
  block.state = Block::State::encoding;
  auto work = std::make_unique<Encode>(yard_.tickets.next());
  yard_.owners.emplace(work->ticket, &owner_);
  work->encoder = &yard_.encoder;
  work->coil = std::move(encoding_->coil);
  work->block = &block;
  ++encoding_->under_way;
  yard_.workers.submit(std::move(work), yard_.inbox);
  return true;
}

Status BlockWriter::take(Work& work, PartStream& out) {
  auto& encoded = dynamic_cast<Encode&>(work);
  --encoding_->under_way;
  count_work(yard_.meter, Stage::encode, work, encoded.block->text.size());
  encoding_->coil = std::move(encoded.coil);
  TRY(encoded.status);
  ENSURE(encoded.block->encoded.raw_bytes == encoded.block->text.size());
  encoded.block->state = Block::State::done;
  gather(out);
  return {};
}

// Moves encoded blocks, in order, into the part. The text's lease becomes the part's.
void BlockWriter::gather(PartStream& out) {
  std::list<Block>& blocks = encoding_->blocks;
  while (!blocks.empty() && blocks.front().state == Block::State::done) {
    Block block = std::move(blocks.front());
    blocks.pop_front();
    if (encoding_->gathered == 0) out.append(yard_.encoder.header(), lease_);
    out.append(block.encoded.bytes.view(), lease_);
    count_gathered(block.encoded);
    if (block.final) {
      out.append(yard_.encoder.trailer(encoding_->crc32, encoding_->raw_bytes), lease_);
      out.end();
      encoding_->coil.reset();
      encoding_->coil_lease.release();
      lease_.release();
      return;
    }
    if (!out.cut_if_long(block.mark != nullptr) || !block.mark) continue;
    block.mark->writer = state();
    out.keep(std::move(*block.mark));
  }
  // What the text needed and the encoded bytes don't goes back.
  uint64_t needed = encoding_bytes;
  if (block_.capacity() > 0) needed += block_.capacity() + slack_bytes(block_.capacity());
  for (const Block& block : blocks)
    needed += block.text.capacity() + slack_bytes(block.text.capacity());
  lease_.shrink(needed);
}

void BlockWriter::count_gathered(const Encoded& encoded) {
  Encoding& all = *encoding_;
  all.crc32 = crc32_combine(all.crc32, encoded.crc32, encoded.raw_bytes);
  all.raw_bytes += encoded.raw_bytes;
  all.recent_bytes.push_back(encoded.bytes.size());
  ++all.gathered;
  while (all.recent_bytes.size() > settle_lag_blocks * 2) {
    all.settled_bytes += all.recent_bytes.front();
    all.recent_bytes.erase(all.recent_bytes.begin());
    ++all.settled_blocks;
  }
}

uint64_t BlockWriter::held_bytes() const {
  return lease_.bytes() + (encoding_ ? encoding_->coil_lease.bytes() : 0);
}

std::optional<uint64_t> BlockWriter::settled_bytes() const {
  if (!encoding_ || encoding_->closed <= settle_lag_blocks) return 0;
  if (encoding_->gathered + settle_lag_blocks < encoding_->closed) return std::nullopt;
  // Of the blocks that are gathered, leave out those that count as recent.
  uint64_t bytes = encoding_->settled_bytes;
  const uint64_t wanted = encoding_->closed - settle_lag_blocks;
  for (uint64_t i = encoding_->settled_blocks; i < wanted; ++i)
    bytes += encoding_->recent_bytes[i - encoding_->settled_blocks];
  return bytes;
}

// ---- going on later ----------------------------------------------------------------------------

bool BlockWriter::mark(uint64_t point, const RecordSums& sums) {
  if (unmarked_bytes_ < mark_bytes_min || block_.empty()) return false;
  unmarked_bytes_ = 0;
  close_block(false).mark =
      std::make_unique<ObjectPoint>(ObjectPoint{.point = point, .sums = sums});
  return true;
}

// "<raw_bytes> <crc32> <blocks> <settled_bytes> <settled_blocks> <recent,recent,...>"
std::string BlockWriter::state() const {
  const Encoding& all = *encoding_;
  std::string out;
  for (const uint64_t number :
       {all.raw_bytes, uint64_t{all.crc32}, all.gathered, all.settled_bytes, all.settled_blocks}) {
    out += std::to_string(number) + ' ';
  }
  for (const uint64_t bytes : all.recent_bytes) out += std::to_string(bytes) + ',';
  if (!all.recent_bytes.empty()) out.pop_back();
  return out;
}

Status BlockWriter::go_on(std::string_view state) {
  const Error bad{ErrorKind::invalid, "not the state of an object's blocks: " + excerpt(state)};
  const std::vector<std::string_view> words = split(state, ' ');
  if (words.size() != 6) return bad;
  std::vector<uint64_t> numbers, recent;
  for (size_t i = 0; i < 5; ++i) {
    const auto number = parse_number<uint64_t>(words[i]);
    if (!number) return bad;
    numbers.push_back(*number);
  }
  if (!words[5].empty()) {
    for (const std::string_view word : split(words[5], ',')) {
      const auto number = parse_number<uint64_t>(word);
      if (!number) return bad;
      recent.push_back(*number);
    }
  }
  // Of each block that isn't settled there is a size.
  if (numbers[1] > UINT32_MAX || numbers[2] != numbers[4] + recent.size()) return bad;
  Encoding& all = encoding();
  all.raw_bytes = numbers[0];
  all.crc32 = static_cast<uint32_t>(numbers[1]);
  all.closed = all.gathered = numbers[2];
  all.settled_bytes = numbers[3];
  all.settled_blocks = numbers[4];
  all.recent_bytes = std::move(recent);
  return {};
}

}  // namespace sluice

// An object's text as lines: it gathers in a block, full blocks are encoded by workers, and what
// they give goes into the parts in order.
//
// A block's lease covers its text, then the encoded bytes that take its place in the part.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sink/object_writer.h"

namespace sluice {

class BlockWriter final : public ObjectWriter {
 public:
  // Both outlive it. `owner` is who its work is of.
  BlockWriter(OpenObject& owner, WriterYard& yard);
  ~BlockWriter() override;

  bool add(const Record& record, size_t& taken) override;
  void end() override { close_block(true); }
  bool mark(uint64_t point, const RecordSums& sums) override;
  Status go_on(std::string_view state) override;
  Started start_what_fits() override;
  bool has_work() const override;
  bool needs_coil() const override;
  Status take(Work& work, PartStream& out) override;
  uint64_t held_bytes() const override;
  std::optional<uint64_t> settled_bytes() const override;
  uint64_t gathered_bytes() const override { return block_.size(); }
  void hand_over() override { close_block(false); }

 private:
  struct Encode;
  struct Block;
  struct Encoding;

  bool append(std::string_view& text);
  Encoding& encoding();
  bool grow_block();
  Block& close_block(bool final);
  bool start(Block& block);
  bool has_coil();
  void gather(PartStream& out);
  void count_gathered(const Encoded& encoded);
  std::string state() const;

  OpenObject& owner_;
  WriterYard& yard_;
  Lease lease_;  // Of the block and of closed blocks
  Buffer block_;
  // Nothing before its first block is closed: of thousands of open objects most have some text and
  // nothing else.
  std::unique_ptr<Encoding> encoding_;
  uint64_t unmarked_bytes_ = 0;  // Text since the last mark
  bool ended_ = false;
};

}  // namespace sluice

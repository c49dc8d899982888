#include "job/recorded_inputs.h"

namespace sluice {
namespace {

constexpr uint64_t piece_bytes_max = 64 << 20;

}  // namespace

Result<std::optional<ledger::Input>> RecordedInputs::next() {
  if (inputs_.file.empty()) {
    if (next_ == inputs_.list.size()) return std::optional<ledger::Input>();
    return std::optional(inputs_.list[next_++]);
  }
  while (next_ == piece_.size() && pieces_read_ < inputs_.pieces) TRY(read_piece());
  if (next_ == piece_.size()) return std::optional<ledger::Input>();
  return std::optional(std::move(piece_[next_++]));
}

Status RecordedInputs::read_piece() {
  constexpr std::string_view ending = ".json";
  const std::string stem = inputs_.file.substr(0, inputs_.file.size() - ending.size());
  const std::string number = pieces_read_ == 0 ? "" : "." + std::to_string(pieces_read_);
  const Key key = unit_.side_key(stem + number + std::string(ending));
  const Body body = TRY(call_for<Body>(state_, Get{.key = key, .most = piece_bytes_max}));
  piece_ = TRY(ledger::parse_inputs(body.bytes.view(), key));
  next_ = 0;
  ++pieces_read_;
  return {};
}

}  // namespace sluice

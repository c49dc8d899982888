#include "job/inputs_log.h"

#include <utility>

#include "json/bytes_text.h"
#include "json/value.h"
#include "ledger/commit.h"

namespace sluice {
namespace {

constexpr std::string_view head = R"({"format": 1, "inputs": [)";
constexpr std::string_view tail = "]}\n";
constexpr uint32_t attempts_max = 5;

}  // namespace

void InputsLog::add(const Document& document) {
  text_ += text_.empty() ? head : ", ";
  text_ += R"({"key": )";
  json::append_quoted(json::text_of_bytes(document.key.view()), text_);
  text_ += R"(, "etag": )";
  json::append_quoted(json::text_of_bytes(document.etag.view()), text_);
  text_ += R"(, "bytes": )" + std::to_string(document.bytes) + '}';
  ++count_;
}

void InputsLog::finish() {
  finishing_ = true;
  if (pieces_ > 0 || text_.size() > ledger::inputs_inline_bytes_max || text_.empty()) return;
  text_ += tail;
  auto parsed = ledger::parse_inputs(text_, Key("inputs"));
  ENSURE(parsed.ok());
  inline_ = std::move(*parsed);
  text_.clear();
}

void InputsLog::start_what_fits() {
  if (error_ || text_.empty() || open_.size() >= pieces_at_once) return;
  if (text_.size() >= piece_bytes || finishing_) {
    text_ += tail;
    write({.number = pieces_++, .text = std::exchange(text_, {})});
  }
}

void InputsLog::write(Piece piece) {
  const Key key = unit_.side_key(unit_.inputs_file(epoch_, piece.number));
  const Ticket ticket = tickets_.next();
  Piece& open = open_[ticket] = std::move(piece);
  state_.start(Put{key, open.text}, {}, ticket, inbox_);
}

void InputsLog::on(Event& event) {
  Piece piece = std::move(open_.extract(event.ticket).mapped());
  const auto& answer = dynamic_cast<Answered&>(event).answer;
  if (answer.ok()) return;
  if (answer.error().kind == ErrorKind::transient && ++piece.attempts < attempts_max) {
    write(std::move(piece));  // The same bytes under the same name: no harm in writing them twice
  } else {
    error_ = Error(answer.error()).in("the list of inputs");
  }
}

ledger::Inputs InputsLog::inputs() const {
  ledger::Inputs inputs;
  inputs.count = count_;
  inputs.list = inline_;
  if (pieces_ > 0) {
    inputs.file = unit_.inputs_file(epoch_, 0);
    inputs.pieces = pieces_;
  }
  return inputs;
}

}  // namespace sluice

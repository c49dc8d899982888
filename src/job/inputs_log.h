// The inputs that a unit has read, for its manifest: key, ETag and size, in input order. A short
// list goes into the record itself; a long one is written beside it as it grows, in pieces, so that
// a unit of a million inputs needs no more memory than one of a thousand. The record names the
// pieces only after all are written.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "flow/stage.h"
#include "ledger/record.h"
#include "ledger/unit.h"
#include "store/store.h"

namespace sluice {

class InputsLog {
 public:
  InputsLog(const ledger::Unit& unit, uint64_t epoch, Store& state, Inbox& inbox,
            TicketSeries tickets)
      : unit_(unit), epoch_(epoch), state_(state), inbox_(inbox), tickets_(tickets) {}

  void add(const Document& document);
  // Full pieces wait to be written: read no further.
  bool full() const { return open_.size() >= pieces_at_once && text_.size() >= piece_bytes; }
  void finish();  // No more inputs. Once or more
  void start_what_fits();
  bool owns(Ticket ticket) const { return tickets_.owns(ticket); }
  void on(Event& event);
  bool idle() const { return open_.empty(); }
  bool finished() const { return finishing_ && open_.empty() && text_.empty(); }
  Status status() const { return error_ ? Status(*error_) : Status(); }
  // What the intent says, once finished().
  ledger::Inputs inputs() const;

  // So much text is a piece, and so many of them are written at once: more would be memory of
  // nobody's share.
  static constexpr size_t piece_bytes = 256 << 10;
  static constexpr size_t pieces_at_once = 4;

 private:
  struct Piece {
    uint64_t number;
    std::string text;  // In case it has to be repeated
    uint32_t attempts = 0;
  };
  void write(Piece piece);

  const ledger::Unit& unit_;
  uint64_t epoch_;
  Store& state_;
  Inbox& inbox_;
  TicketSeries tickets_;
  std::string text_;  // Of the piece to come
  uint64_t count_ = 0;
  uint64_t pieces_ = 0;  // Begun
  std::map<Ticket, Piece> open_;
  bool finishing_ = false;
  std::vector<ledger::Input> inline_;
  std::optional<Error> error_;
};

}  // namespace sluice

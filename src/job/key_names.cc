#include "job/key_names.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace sluice {
namespace {

using Kind = ledger::NamePiece::Kind;

// A time in a key may go over several segments: "{.t:%Y/%m/%d}". Only its slashes are known here.
void add_time(const Template::Piece& piece, std::vector<ledger::NamePiece>& pieces) {
  for (size_t i = 0; i <= piece.slashes; ++i) {
    if (i > 0) pieces.push_back({Kind::text, "/"});
    pieces.push_back({Kind::value});
  }
}

// Where the last piece of a name is the job's own text and that ends in an extension, any will do:
// an upload of the job as it was before its format changed is this unit's, too. What ends in a
// unit's id has none: its dots tell it from others.
void free_extension(std::string& text, std::vector<ledger::NamePiece>& pieces) {
  for (size_t at = text.find('.'); at != text.npos; at = text.find('.', at + 1)) {
    if (!ledger::is_object_extension(std::string_view(text).substr(at))) continue;
    text.resize(at);
    pieces.push_back({Kind::text, text});
    pieces.push_back({Kind::known_extension});
    return;
  }
  pieces.push_back({Kind::text, text});
}

// A key that the unit could have: whatever its records hold stands in folders of its own.
std::string some_key(const OutputNames& names, const std::string& unit) {
  const UnitNames named{.id = unit};
  return names.key(names.default_place(named), named, 0);
}

// What an earlier form of the job has left may have no time where the names want one.
bool can_be_named(const OutputNames& names, const UnitNames& unit) {
  if (!names.whole_key()) return true;  // By the unit's id
  return std::ranges::all_of(names.place().pieces(), [&](const Template::Piece& piece) {
    const bool wants_time =
        piece.format || piece.end || piece.writes_offset != Template::Piece::Offset::none;
    if (piece.kind != Template::Piece::Kind::unit || !wants_time) return true;
    return (piece.end ? unit.end : unit.start).has_value();
  });
}

}  // namespace

ledger::Names key_names(const OutputNames& names, std::string lake_prefix, const UnitNames& unit,
                        NamedBy by) {
  if (!can_be_named(names, unit)) return {.lake_prefix = std::move(lake_prefix)};
  const bool by_span = by == NamedBy::span;
  if (!names.whole_key()) {
    const std::string word = names.file_word(unit);
    if (!by_span) return ledger::Names::of_unit(std::move(lake_prefix), word);
    return ledger::Names::of_template(std::move(lake_prefix), {{Kind::folders},
                                                               {Kind::text, word + "-"},
                                                               {Kind::number},  // The position
                                                               {Kind::text, "-"},
                                                               {Kind::number},
                                                               {Kind::extension}});
  }
  std::vector<ledger::NamePiece> pieces;
  for (const Template::Piece& piece : names.place().pieces()) {
    switch (piece.kind) {
      case Template::Piece::Kind::text:
        if (&piece == &names.place().pieces().back()) {
          std::string text = piece.text;
          free_extension(text, pieces);
        } else {
          pieces.push_back({Kind::text, piece.text});
        }
        break;
      case Template::Piece::Kind::unit:
        pieces.push_back(
            {Kind::text, names.place().render_unit(piece, unit) + (by_span ? "-" : "")});
        if (by_span) pieces.push_back({Kind::number});
        break;
      case Template::Piece::Kind::n:
        pieces.push_back({Kind::number});
        break;
      default:
        if (piece.format) {
          add_time(piece, pieces);
        } else {
          pieces.push_back({Kind::value});
        }
    }
  }
  return ledger::Names::of_template(std::move(lake_prefix), std::move(pieces));
}

// One's id can only be taken for another's by what might be an extension, so those that differ by
// one are tried.
std::optional<UnitsMeeting> units_that_meet(const OutputNames& names,
                                            const std::vector<std::string>& units) {
  const std::set<std::string_view> known(units.begin(), units.end());
  const auto takes = [&](const std::string& one, const std::string& other) {
    return key_names(names, "", {.id = one}, NamedBy::unit).is_unit_key(some_key(names, other));
  };
  for (const std::string& unit : units) {
    for (size_t at = unit.find('.'); at != unit.npos; at = unit.find('.', at + 1)) {
      const std::string stem = unit.substr(0, at);
      if (!ledger::is_object_extension(std::string_view(unit).substr(at)) || !known.contains(stem))
        continue;
      if (takes(stem, unit) || takes(unit, stem)) return UnitsMeeting{stem, unit};
    }
  }
  return std::nullopt;
}

}  // namespace sluice

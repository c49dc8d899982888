#include "job/key_names.h"

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

// Where the last piece of a name is text that ends in an extension, any extension will do: an
// upload of the job as it was before its format changed is this unit's, too.
void free_extension(std::vector<ledger::NamePiece>& pieces) {
  ledger::NamePiece& last = pieces.back();
  if (last.kind != Kind::text) return;
  const auto fits = [](char c) {
    return c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
  };
  size_t begin = last.text.size();
  while (begin > 0 && fits(last.text[begin - 1])) --begin;
  begin = last.text.find('.', begin);
  if (begin == last.text.npos) return;
  last.text.resize(begin);
  if (last.text.empty()) pieces.pop_back();
  pieces.push_back({Kind::extension});
}

}  // namespace

ledger::Names key_names(const OutputNames& names, std::string lake_prefix, const UnitNames& unit,
                        NamedBy by) {
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
        pieces.push_back({Kind::text, piece.text});
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
  free_extension(pieces);
  return ledger::Names::of_template(std::move(lake_prefix), std::move(pieces));
}

}  // namespace sluice

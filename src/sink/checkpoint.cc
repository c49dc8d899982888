#include "sink/checkpoint.h"

#include "base/text.h"

namespace sluice {
namespace {

constexpr std::string_view first_line = "sluice-sink 1";

std::string_view next_word(std::string_view& rest, char end) {
  const size_t at = std::min(rest.find(end), rest.size());
  const std::string_view word = rest.substr(0, at);
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return word;
}

template <class Number>
bool read_number(std::string_view& rest, Number& number) {
  const auto parsed = parse_number<Number>(next_word(rest, ' '));
  if (parsed) number = *parsed;
  return parsed.has_value();
}

// Places and keys may have blanks in them: they stand last, or are counted.
bool read_open(std::string_view rest, SinkState& state) {
  size_t key_bytes = 0;
  if (!read_number(rest, key_bytes) || rest.size() < key_bytes + 1) return false;
  state.open = Key(std::string(rest.substr(0, key_bytes)));
  state.writer = rest.substr(key_bytes + 1);
  return true;
}

}  // namespace

std::string print(const SinkState& state) {
  std::string out(first_line);
  for (const auto& place : state.places) {
    out += "\nplace " + std::to_string(place.next_n) + ' ' + place.name;
  }
  out += "\nopen " + std::to_string(state.open.str().size()) + ' ' + state.open.str();
  return out + ' ' + state.writer + '\n';
}

Result<SinkState> parse_sink_state(std::string_view text) {
  const Error bad{ErrorKind::invalid,
                  "the checkpoint is not of this sink: \"" + excerpt(text) + "\""};
  std::string_view rest = text;
  if (next_word(rest, '\n') != first_line) return bad;
  SinkState state;
  bool has_open = false;
  while (!rest.empty()) {
    std::string_view line = next_word(rest, '\n');
    const std::string_view what = next_word(line, ' ');
    if (what == "place") {
      auto& place = state.places.emplace_back();
      if (!read_number(line, place.next_n)) return bad;
      place.name = line;
    } else if (what == "open" && !has_open) {
      if (!read_open(line, state)) return bad;
      has_open = true;
    } else {
      return bad;
    }
  }
  if (!has_open) return bad;
  return state;
}

}  // namespace sluice

#include "json/checker.h"

namespace sluice::json {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// ASCII that stands for itself in a string.
bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

}  // namespace

Checker::Stop Checker::fail(std::string_view reason) {
  reason_ = reason;
  return Stop::fault;
}

Checker::Stop Checker::next(std::string_view piece, size_t& at) {
  while (at < piece.size()) {
    Stop stop = Stop::used_up;
    switch (state_) {
      case State::string:
      case State::escape:
      case State::hex:
      case State::utf8:
        stop = in_string(piece, at);
        break;
      case State::minus:
      case State::zero:
      case State::integer:
      case State::point:
      case State::fraction:
      case State::exponent:
      case State::exponent_sign:
      case State::exponent_digits:
        stop = in_number(piece[at]);
        if (stop == Stop::used_up) ++at;
        break;
      case State::literal:
        if (piece[at] != literal_.front()) return fail("expected true, false or null");
        ++at;
        literal_.remove_prefix(1);
        if (!literal_.empty()) break;
        end_value();
        return Stop::value_end;
      default:
        if (is_blank(piece[at])) {
          ++at;
        } else {
          stop = stop_at_token(piece[at], at);
        }
    }
    if (stop != Stop::used_up) return stop;
  }
  return Stop::used_up;
}

// A byte between tokens, not blank.
Checker::Stop Checker::stop_at_token(char c, size_t& at) {
  switch (state_) {
    case State::value:
      return begin_value(c, at);
    case State::first_element:
      return c == ']' ? close(c, at) : begin_value(c, at);
    case State::first_member:
    case State::member:
      if (c == '}' && state_ == State::first_member) return close(c, at);
      if (c != '"') {
        return fail(state_ == State::member ? "expected a key after ','" : "expected a key or '}'");
      }
      if (!announced_) {
        announced_ = true;
        return Stop::key_begin;
      }
      announced_ = false;
      in_key_ = true;
      state_ = State::string;
      ++at;
      return Stop::used_up;
    case State::colon:
      if (c != ':') return fail("expected ':' after a key");
      state_ = State::value;
      ++at;
      return Stop::used_up;
    default:
      break;
  }
  if (depth_ == 0) return fail("something follows the value");
  if (c != ',') return close(c, at);
  state_ = in_object() ? State::member : State::value;
  ++at;
  return Stop::used_up;
}

Checker::Stop Checker::close(char c, size_t& at) {
  if (c != (in_object() ? '}' : ']')) {
    return fail(in_object() ? "expected ',' or '}'" : "expected ',' or ']'");
  }
  ++at;
  --depth_;
  end_value();
  return Stop::value_end;
}

Checker::Stop Checker::begin_value(char c, size_t& at) {
  const bool container = c == '{' || c == '[';
  const bool literal = c == 't' || c == 'f' || c == 'n';
  if (!container && !literal && c != '"' && c != '-' && !is_digit(c)) {
    return fail("expected a value");
  }
  if (!announced_) {
    announced_ = true;
    return Stop::value_begin;
  }
  announced_ = false;
  if (container) {
    if (depth_ == depth_max) return fail("deeper than 1024");
    const uint64_t bit = uint64_t{1} << (depth_ % 64);
    uint64_t& word = objects_[depth_ / 64];
    word = c == '{' ? word | bit : word & ~bit;
    ++depth_;
    state_ = c == '{' ? State::first_member : State::first_element;
  } else if (c == '"') {
    in_key_ = false;
    state_ = State::string;
  } else if (literal) {
    literal_ = c == 't' ? "rue" : c == 'f' ? "alse" : "ull";
    state_ = State::literal;
  } else {
    state_ = c == '-' ? State::minus : c == '0' ? State::zero : State::integer;
  }
  ++at;
  return Stop::used_up;
}

Checker::Stop Checker::in_string(std::string_view piece, size_t& at) {
  if (state_ == State::string) {
    while (at < piece.size() && is_plain(piece[at])) ++at;
    if (at == piece.size()) return Stop::used_up;
  }
  const Stop stop = string_byte(static_cast<unsigned char>(piece[at]));
  if (stop != Stop::fault) ++at;
  return stop;
}

// https://www.unicode.org/versions/Unicode15.0.0/ch03.pdf, table 3-7: which bytes may follow which.
Checker::Stop Checker::string_byte(unsigned char byte) {
  const char c = static_cast<char>(byte);
  switch (state_) {
    case State::escape:
      if (c != 'u' && std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) {
        return fail("no such escape");
      }
      left_ = 4;
      state_ = c == 'u' ? State::hex : State::string;
      return Stop::used_up;
    case State::hex:
      if (!is_hex(c)) return fail("expected four hex digits after \\u");
      if (--left_ == 0) state_ = State::string;
      return Stop::used_up;
    case State::utf8:
      if (byte < low_ || byte > high_) return fail("not UTF-8");
      low_ = 0x80, high_ = 0xBF;
      if (--left_ == 0) state_ = State::string;
      return Stop::used_up;
    default:
      break;
  }
  if (c == '"') {
    if (!in_key_) {
      end_value();
      return Stop::value_end;
    }
    state_ = State::colon;
    return Stop::key_end;
  }
  if (c == '\\') {
    state_ = State::escape;
    return Stop::used_up;
  }
  if (byte < 0x20) return fail("a control character in a string: it must be escaped");
  if (byte < 0xC2 || byte > 0xF4) return fail("not UTF-8");
  left_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  low_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
  high_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
  state_ = State::utf8;
  return Stop::used_up;
}

// The byte that ends a number is not the number's.
Checker::Stop Checker::in_number(char c) {
  const auto go = [this](State state) {
    state_ = state;
    return Stop::used_up;
  };
  const bool exponent = c == 'e' || c == 'E';
  switch (state_) {
    case State::minus:
      if (!is_digit(c)) return fail("expected a digit after '-'");
      return go(c == '0' ? State::zero : State::integer);
    case State::integer:
      if (is_digit(c)) return Stop::used_up;
      [[fallthrough]];
    case State::zero:
      if (c == '.') return go(State::point);
      if (exponent) return go(State::exponent);
      if (is_digit(c)) return fail("a number may not begin with 0");
      break;
    case State::point:
      if (!is_digit(c)) return fail("expected a digit after '.'");
      return go(State::fraction);
    case State::fraction:
      if (is_digit(c)) return Stop::used_up;
      if (exponent) return go(State::exponent);
      break;
    case State::exponent:
      if (c == '+' || c == '-') return go(State::exponent_sign);
      [[fallthrough]];
    case State::exponent_sign:
      if (!is_digit(c)) return fail("expected a digit in the exponent");
      return go(State::exponent_digits);
    default:
      if (is_digit(c)) return Stop::used_up;
      break;
  }
  end_value();
  return Stop::value_end;
}

std::string_view Checker::finish() const {
  const bool number_ends = state_ == State::zero || state_ == State::integer ||
                           state_ == State::fraction || state_ == State::exponent_digits;
  if (depth_ == 0 && (state_ == State::after_value || number_ends)) return {};
  switch (state_) {
    case State::value:
      if (depth_ == 0) return "empty: expected a value";
      break;
    case State::string:
    case State::escape:
    case State::hex:
    case State::utf8:
      return "cut short: a string is not closed";
    default:
      break;
  }
  if (depth_ == 0) return "cut short: the value is not complete";
  return in_object() ? "cut short: an object is not closed" : "cut short: an array is not closed";
}

std::optional<Fault> find_fault(std::string_view text) {
  Checker checker;
  for (size_t at = 0;;) {
    const Checker::Stop stop = checker.next(text, at);
    if (stop == Checker::Stop::fault) return Fault{at, checker.reason()};
    if (stop != Checker::Stop::used_up) continue;
    const std::string_view missing = checker.finish();
    if (missing.empty()) return std::nullopt;
    return Fault{text.size(), missing, true};
  }
}

std::string Fault::message() const {
  return "at byte " + std::to_string(offset) + ": " + std::string(reason);
}

}  // namespace sluice::json

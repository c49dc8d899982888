// Checks JSON byte by byte, in pieces of any size, in constant memory, and stops where something of
// interest begins or ends. The slicer reads the envelope with it, find_fault() whole texts. Plain
// and exact rather than fast: records don't come this way.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "json/scan.h"

namespace sluice::json {

class Checker {
 public:
  enum class Stop : uint8_t {
    used_up,      // The piece is read.
    key_begin,    // At a key's opening quote.
    key_end,      // Behind a key's closing quote.
    value_begin,  // At a value's first byte: depth() is that of what surrounds it.
    value_end,    // Behind a value's last byte: depth() is that of what surrounds it.
    fault,        // At the bad byte: reason().
  };
  // Reads on from piece[at] and moves `at`. After `fault` it must not be called again.
  Stop next(std::string_view piece, size_t& at);

  // Just after value_begin: the caller has read the value itself, all of it.
  void skip_value() { end_value(); }

  // Nothing if what was read is one whole value; else what is missing.
  std::string_view finish() const;

  size_t depth() const { return depth_; }  // How many containers are open
  bool in_object() const { return depth_ > 0 && is_object(depth_ - 1); }
  std::string_view reason() const { return reason_; }

 private:
  enum class State : uint8_t {
    value,          // A value must come.
    first_element,  // A value or "]".
    first_member,   // A key or "}".
    member,         // A key.
    colon,
    after_value,  // A comma or the end of the container; at depth 0 blanks only.
    string,
    escape,  // After a backslash.
    hex,     // Inside \uXXXX.
    utf8,    // Inside a character of several bytes.
    minus,   // Numbers: what was read last.
    zero,
    integer,
    point,
    fraction,
    exponent,
    exponent_sign,
    exponent_digits,
    literal,  // Inside true, false or null.
  };

  Stop stop_at_token(char c, size_t& at);
  Stop begin_value(char c, size_t& at);
  Stop in_string(std::string_view piece, size_t& at);
  Stop string_byte(unsigned char byte);
  Stop in_number(char c);
  Stop close(char c, size_t& at);
  Stop fail(std::string_view reason);
  void end_value() {
    announced_ = false;
    state_ = State::after_value;
  }
  bool is_object(size_t level) const { return objects_[level / 64] >> (level % 64) & 1; }

  State state_ = State::value;
  bool announced_ = false;  // value_begin or key_begin was said, the byte itself not yet read
  bool in_key_ = false;
  uint8_t left_ = 0;                  // Digits of \uXXXX, or bytes of a character, still to come
  unsigned char low_ = 0, high_ = 0;  // What the next byte of the character may be
  std::string_view literal_;          // What must still come of it
  size_t depth_ = 0;
  std::array<uint64_t, depth_max / 64> objects_ =
      {};  // Which levels are objects; the rest are arrays
  std::string_view reason_;
};

}  // namespace sluice::json

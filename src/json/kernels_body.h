// Included by kernels.cc once for each kind of CPU, on purpose without a guard: the loops over a
// Block, which the including namespace has defined; with OWN_PARTS also Tail and write_positions.
// Calls nothing from the standard library, whose templates would be compiled for the wrong CPU.

// The bytes after an odd run of backslashes. `carry`: the same for the block's first byte, before
// and after. (The arithmetic is simdjson's: Langdale, Lemire: Parsing Gigabytes of JSON per
// Second, 3.1.1.)
inline uint64_t find_escaped(uint64_t backslash, uint64_t& carry) {
  if (backslash == 0) {
    const uint64_t escaped = carry;
    carry = 0;
    return escaped;
  }
  constexpr uint64_t even_bits = 0x5555555555555555;
  backslash &= ~carry;
  const uint64_t follows = backslash << 1 | carry;
  const uint64_t odd_starts = backslash & ~even_bits & ~follows;
  unsigned long long even_runs = 0;
  carry = __builtin_uaddll_overflow(odd_starts, backslash, &even_runs);
  return (even_bits ^ (even_runs << 1)) & follows;
}

// Bits of the strings of a block: opening quotes are inside, closing ones are not.
inline uint64_t find_strings(uint64_t quotes, uint64_t& in_string) {
  const uint64_t strings = prefix_xor(quotes) ^ in_string;
  in_string = static_cast<uint64_t>(static_cast<int64_t>(strings) >> 63);
  return strings;
}

#if !defined(OWN_PARTS)
// The last bytes of a piece, with blanks behind them.
struct Tail {
  Tail(const char* text, size_t bytes) {
    __builtin_memset(padded, ' ', sizeof padded);
    __builtin_memcpy(padded, text, bytes);
  }
  char padded[64];
};
#endif

// Answers the position behind the bracket that brings the depth to 0, or 0 if none does.
ALWAYS_INLINE size_t skim_block(const Block& block, Skim& skim, uint64_t& escaped,
                                uint64_t& strings) {
  escaped = find_escaped(block.backslashes(), skim.escaped);
  strings = find_strings(block.quotes() & ~escaped, skim.in_string);
  const uint64_t opens = block.opens() & ~strings;
  uint64_t closes = block.closes() & ~strings;
  const auto close_count = static_cast<uint64_t>(__builtin_popcountll(closes));
  if (close_count >= skim.depth) {
    for (uint64_t closed = 1; closes != 0; ++closed, closes &= closes - 1) {
      const int at = __builtin_ctzll(closes);
      const uint64_t before = opens & ((uint64_t{1} << at) - 1);
      if (skim.depth + static_cast<uint64_t>(__builtin_popcountll(before)) == closed) {
        skim.depth = 0;
        return static_cast<size_t>(at) + 1;
      }
    }
  }
  skim.depth += static_cast<uint64_t>(__builtin_popcountll(opens));
  skim.depth -= close_count;
  return 0;
}

size_t skim(const char* text, size_t bytes, Skim& state) {
  Skim skim = state;
  uint64_t escaped = 0, strings = 0;
  size_t at = 0;
  for (; at + 64 <= bytes; at += 64) {
    if (const size_t end = skim_block(Block(text + at), skim, escaped, strings)) {
      state = skim;
      return at + end;
    }
  }
  size_t end = 0;
  const size_t left = bytes - at;
  if (left > 0) {
    end = skim_block(Block(Tail(text + at, left).padded), skim, escaped, strings);
    skim.escaped = escaped >> left & 1;
    skim.in_string = 0 - (strings >> (left - 1) & 1);
  }
  state = skim;
  return end > 0 ? at + end : bytes;
}

size_t string_end(const char* text, size_t bytes, uint64_t& escaped) {
  size_t at = 0;
  for (; at + 64 <= bytes; at += 64) {
    const Block block(text + at);
    const uint64_t quotes = block.quotes() & ~find_escaped(block.backslashes(), escaped);
    if (quotes != 0) return at + static_cast<size_t>(__builtin_ctzll(quotes)) + 1;
  }
  const size_t left = bytes - at;
  if (left == 0) return 0;
  const Tail tail(text + at, left);
  const Block block(tail.padded);
  const uint64_t after_slash = find_escaped(block.backslashes(), escaped);
  const uint64_t quotes = block.quotes() & ~after_slash;
  if (quotes != 0) return at + static_cast<size_t>(__builtin_ctzll(quotes)) + 1;
  escaped = after_slash >> left & 1;
  return 0;
}

// Are the escapes whose second bytes are `escaped` such as JSON has?
inline bool escapes_good(const char* block, uint64_t escaped, const char* end) {
  bool good = true;
  for (; escaped != 0; escaped &= escaped - 1) {
    const char* letter = block + __builtin_ctzll(escaped);
    if (letter >= end) return false;
    const Escape escape = escape_of[static_cast<unsigned char>(*letter)];
    if (escape == Escape::code) {
      if (end - letter < 5) return false;
      for (int i = 1; i <= 4; ++i) good &= is_hex_digit[static_cast<unsigned char>(letter[i])];
    } else {
      good &= escape == Escape::one;
    }
  }
  return good;
}

ALWAYS_INLINE uint64_t index_block(const Block& block, const char* text, const char* end,
                                   Indexing& state) {
  const uint64_t backslashes = block.backslashes();
  const uint64_t escaped = find_escaped(backslashes, state.escaped);
  if (escaped != 0) state.bad |= !escapes_good(text, escaped, end);
  const uint64_t quotes = block.quotes() & ~escaped;
  const uint64_t strings = find_strings(quotes, state.in_string);
  const uint64_t operators = block.operators();
  const uint64_t controls = block.controls();
  state.bad |= (controls & strings) != 0;
  state.backslashes |= backslashes;
  state.controls |= controls;
  state.non_ascii |= block.non_ascii();
  const uint64_t scalars = ~(operators | block.blanks());
  const uint64_t unquoted = scalars & ~quotes;
  const uint64_t follows_scalar = unquoted << 1 | state.in_scalar;
  state.in_scalar = unquoted >> 63;
  // All of each string but its opening quote: no token begins there.
  const uint64_t inside = strings ^ quotes;
  return (operators | (scalars & ~follows_scalar)) & ~inside;
}

#if !defined(OWN_PARTS)
// Writes one position for each bit, and up to 8 more that don't count.
ALWAYS_INLINE uint32_t* write_positions(uint64_t bits, uint32_t base, uint32_t* out) {
  const int count = __builtin_popcountll(bits);
  for (int i = 0; i < count; i += 8) {
    for (int k = 0; k < 8; ++k) {
      out[i + k] = base + first_bit(bits);
      bits &= bits - 1;
    }
  }
  return out + count;
}
#endif

size_t index(const char* text, size_t bytes, const char* end, uint32_t base, Indexing& state,
             uint32_t* out) {
  Indexing indexing = state;
  uint32_t* next = out;
  size_t at = 0;
  for (; at + 64 <= bytes; at += 64) {
    const uint64_t bits = index_block(Block(text + at), text + at, end, indexing);
    next = write_positions(bits, base + static_cast<uint32_t>(at), next);
  }
  if (at < bytes) {
    const Tail tail(text + at, bytes - at);
    const uint64_t bits = index_block(Block(tail.padded), text + at, end, indexing);
    next = write_positions(bits, base + static_cast<uint32_t>(at), next);
  }
  state = indexing;
  return static_cast<size_t>(next - out);
}

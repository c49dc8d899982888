#include "json/kernels.h"

#include <array>

#if defined(__x86_64__)
// GCC 12 takes its own _mm512_undefined_epi32 for a mistake: https://gcc.gnu.org/PR105593
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif

// The compiler would rather call what is used twice, and these are all there is to the loops.
#define ALWAYS_INLINE [[gnu::always_inline]] inline

namespace sluice::json {

namespace {

enum class Escape : uint8_t { none, one, code };

constexpr std::array<Escape, 256> make_escapes() {
  std::array<Escape, 256> escapes = {};
  for (const char c : std::string_view("\"\\/bfnrt")) {
    escapes[static_cast<unsigned char>(c)] = Escape::one;
  }
  escapes['u'] = Escape::code;
  return escapes;
}
constexpr std::array<bool, 256> make_hex_digits() {
  std::array<bool, 256> digits = {};
  for (const char c : std::string_view("0123456789abcdefABCDEF")) {
    digits[static_cast<unsigned char>(c)] = true;
  }
  return digits;
}
constexpr auto escape_table = make_escapes();
constexpr auto hex_table = make_hex_digits();
constexpr const Escape* escape_of = escape_table.data();
constexpr const bool* is_hex_digit = hex_table.data();

// Two ways that any CPU knows; AVX2's are its own.
inline uint64_t prefix_xor(uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}
inline uint32_t first_bit(uint64_t bits) {
  return bits != 0 ? static_cast<uint32_t>(__builtin_ctzll(bits)) : 64;
}

#if defined(__x86_64__)

// What follows is compiled for CPUs with AVX2 and carry-less multiplication (2013 on), and called
// only on them.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,pclmul,popcnt"))), \
                                 apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,pclmul,popcnt")
#endif
namespace avx2 {

inline uint64_t prefix_xor(uint64_t bits) {
  const __m128i ones = _mm_set1_epi8(-1);
  const __m128i value = _mm_set_epi64x(0, static_cast<int64_t>(bits));
  return static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_clmulepi64_si128(value, ones, 0)));
}

// Of no bit at all: 64.
inline uint32_t first_bit(uint64_t bits) {
  return static_cast<uint32_t>(_tzcnt_u64(bits));
}

inline uint64_t join(__m256i low, __m256i high) {
  return static_cast<uint32_t>(_mm256_movemask_epi8(low)) |
         static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(high))) << 32;
}

// A table for shuffles by low nibble: a byte equals its entry if it is one of those listed. The
// other entries have the top bit set, which no byte that shuffles to them has.
inline __m256i nibble_table(char at0, char at9, char at10, char at11, char at12, char at13) {
  constexpr char none = -128;
  return _mm256_setr_epi8(at0, none, none, none, none, none, none, none, none, at9, at10, at11,
                          at12, at13, none, none, at0, none, none, none, none, none, none, none,
                          none, at9, at10, at11, at12, at13, none, none);
}

// 64 bytes and, for each question, a bit for each of them.
struct Block {
  explicit Block(const char* text)
      : low(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(text))),
        high(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + 32))) {}

  uint64_t equal(char c) const {
    const __m256i wanted = _mm256_set1_epi8(c);
    return join(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
  }
  uint64_t equal_lower(char c) const {
    const __m256i wanted = _mm256_set1_epi8(c), bit = _mm256_set1_epi8(0x20);
    return join(_mm256_cmpeq_epi8(_mm256_or_si256(low, bit), wanted),
                _mm256_cmpeq_epi8(_mm256_or_si256(high, bit), wanted));
  }
  uint64_t quotes() const { return equal('"'); }
  uint64_t backslashes() const { return equal('\\'); }
  uint64_t opens() const { return equal_lower('{'); }   // "[" with bit 0x20 set is "{",
  uint64_t closes() const { return equal_lower('}'); }  // and "]" is "}".
  uint64_t blanks() const {
    constexpr char none = -128;
    const __m256i table = nibble_table(' ', '\t', '\n', none, none, '\r');
    return join(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, low), low),
                _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, high), high));
  }
  // Also 0x0C and 0x1A, which stand for nothing outside of strings: the reader looks at the byte.
  uint64_t operators() const {
    constexpr char none = -128;
    const __m256i table = nibble_table(none, none, ':', '{', ',', '}');
    const __m256i bit = _mm256_set1_epi8(0x20);
    return join(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, low), _mm256_or_si256(low, bit)),
                _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, high), _mm256_or_si256(high, bit)));
  }
  uint64_t controls() const {
    const __m256i last = _mm256_set1_epi8(0x1F);
    return join(_mm256_cmpeq_epi8(_mm256_max_epu8(low, last), last),
                _mm256_cmpeq_epi8(_mm256_max_epu8(high, last), last));
  }
  bool non_ascii() const { return _mm256_movemask_epi8(_mm256_or_si256(low, high)) != 0; }

  __m256i low, high;
};

#include "json/kernels_body.h"

constexpr Kernels all = {"avx2", skim, string_end, index};

}  // namespace avx2
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

// Likewise for CPUs with AVX-512 up to VBMI2 (2019 on; those that slow down for it are older).
#if defined(__clang__)
#pragma clang attribute push(                                                           \
        __attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,bmi2,pclmul,popcnt"))), \
            apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vbmi2,bmi,bmi2,pclmul,popcnt")
#endif
namespace avx512 {

inline uint64_t prefix_xor(uint64_t bits) {
  const __m128i ones = _mm_set1_epi8(-1);
  const __m128i value = _mm_set_epi64x(0, static_cast<int64_t>(bits));
  return static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_clmulepi64_si128(value, ones, 0)));
}

struct Block {
  explicit Block(const char* text) : bytes(_mm512_loadu_si512(text)) {}

  uint64_t equal(char c) const { return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c)); }
  uint64_t equal_lower(char c) const {
    return _mm512_cmpeq_epi8_mask(_mm512_or_si512(bytes, _mm512_set1_epi8(0x20)),
                                  _mm512_set1_epi8(c));
  }
  uint64_t quotes() const { return equal('"'); }
  uint64_t backslashes() const { return equal('\\'); }
  uint64_t opens() const { return equal_lower('{'); }
  uint64_t closes() const { return equal_lower('}'); }
  uint64_t blanks() const { return equal(' ') | equal('\t') | equal('\n') | equal('\r'); }
  uint64_t operators() const { return equal(',') | equal(':') | opens() | closes(); }
  uint64_t controls() const { return _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(0x20)); }
  bool non_ascii() const { return _mm512_movepi8_mask(bytes) != 0; }

  __m512i bytes;
};

// The last bytes of a piece, with blanks behind them.
struct Tail {
  Tail(const char* text, size_t bytes) {
    const __mmask64 there = (uint64_t{1} << bytes) - 1;
    _mm512_store_si512(padded, _mm512_mask_loadu_epi8(_mm512_set1_epi8(' '), there, text));
  }
  alignas(64) char padded[64];
};

// Sixteen at a time; what is written behind the last doesn't count.
ALWAYS_INLINE uint32_t* write_positions(uint64_t bits, uint32_t base, uint32_t* out) {
  alignas(64) static constexpr auto numbers = [] {
    std::array<uint8_t, 64> each = {};
    for (size_t i = 0; i < each.size(); ++i) each[i] = static_cast<uint8_t>(i);
    return each;
  }();
  const __m512i chosen = _mm512_maskz_compress_epi8(bits, _mm512_load_si512(numbers.data()));
  const __m512i bases = _mm512_set1_epi32(static_cast<int>(base));
  const auto write = [&](int at, __m128i part) {
    _mm512_storeu_si512(out + at, _mm512_add_epi32(bases, _mm512_cvtepu8_epi32(part)));
  };
  write(0, _mm512_castsi512_si128(chosen));
  const int count = __builtin_popcountll(bits);
  if (count > 16) write(16, _mm512_extracti32x4_epi32(chosen, 1));
  if (count > 32) write(32, _mm512_extracti32x4_epi32(chosen, 2));
  if (count > 48) write(48, _mm512_extracti32x4_epi32(chosen, 3));
  return out + count;
}

#define OWN_PARTS
#include "json/kernels_body.h"
#undef OWN_PARTS

constexpr Kernels all = {"avx512", skim, string_end, index};

}  // namespace avx512
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace sse2 {

struct Block {
  explicit Block(const char* text) {
    for (int i = 0; i < 4; ++i) {
      part[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + 16 * i));
    }
  }
  template <class Question>
  uint64_t ask(Question question) const {
    uint64_t bits = 0;
    for (int i = 0; i < 4; ++i) {
      bits |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(question(part[i]))))
              << 16 * i;
    }
    return bits;
  }
  static __m128i is(__m128i bytes, char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); }
  static __m128i lower(__m128i bytes) { return _mm_or_si128(bytes, _mm_set1_epi8(0x20)); }

  uint64_t quotes() const {
    return ask([](__m128i bytes) { return is(bytes, '"'); });
  }
  uint64_t backslashes() const {
    return ask([](__m128i bytes) { return is(bytes, '\\'); });
  }
  uint64_t opens() const {
    return ask([](__m128i bytes) { return is(lower(bytes), '{'); });
  }
  uint64_t closes() const {
    return ask([](__m128i bytes) { return is(lower(bytes), '}'); });
  }
  uint64_t blanks() const {
    return ask([](__m128i bytes) {
      return _mm_or_si128(_mm_or_si128(is(bytes, ' '), is(bytes, '\t')),
                          _mm_or_si128(is(bytes, '\n'), is(bytes, '\r')));
    });
  }
  uint64_t operators() const {
    return ask([](__m128i bytes) {
      return _mm_or_si128(_mm_or_si128(is(bytes, ','), is(bytes, ':')),
                          _mm_or_si128(is(lower(bytes), '{'), is(lower(bytes), '}')));
    });
  }
  uint64_t controls() const {
    return ask([](__m128i bytes) {
      const __m128i last = _mm_set1_epi8(0x1F);
      return _mm_cmpeq_epi8(_mm_max_epu8(bytes, last), last);
    });
  }
  bool non_ascii() const {
    return ask([](__m128i bytes) { return bytes; }) != 0;
  }

  __m128i part[4];
};

#include "json/kernels_body.h"

constexpr Kernels all = {"sse2", skim, string_end, index};

}  // namespace sse2

#endif

// For any CPU.
namespace plain {

struct Block {
  explicit Block(const char* bytes) : text(bytes) {}

  template <class Question>
  uint64_t ask(Question question) const {
    uint64_t bits = 0;
    for (int i = 0; i < 64; ++i) {
      bits |= static_cast<uint64_t>(question(static_cast<unsigned char>(text[i]))) << i;
    }
    return bits;
  }
  uint64_t quotes() const {
    return ask([](unsigned char c) { return c == '"'; });
  }
  uint64_t backslashes() const {
    return ask([](unsigned char c) { return c == '\\'; });
  }
  uint64_t opens() const {
    return ask([](unsigned char c) { return c == '{' || c == '['; });
  }
  uint64_t closes() const {
    return ask([](unsigned char c) { return c == '}' || c == ']'; });
  }
  uint64_t blanks() const {
    return ask([](unsigned char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
  }
  uint64_t operators() const {
    return ask([](unsigned char c) {
      return c == ',' || c == ':' || c == '{' || c == '}' || c == '[' || c == ']';
    });
  }
  uint64_t controls() const {
    return ask([](unsigned char c) { return c < 0x20; });
  }
  bool non_ascii() const {
    return ask([](unsigned char c) { return c >= 0x80; }) != 0;
  }

  const char* text;
};

#include "json/kernels_body.h"

constexpr Kernels all = {"plain", skim, string_end, index};

}  // namespace plain

#if defined(__x86_64__)
constexpr const Kernels* known[] = {&plain::all, &sse2::all, &avx2::all, &avx512::all};
bool can_run_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("popcnt");
}
bool can_run_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vbmi2");
}
std::span<const Kernels* const> find_runnable() {
  return std::span(known).first(!can_run_avx2() ? 2 : !can_run_avx512() ? 3 : 4);
}
#else
constexpr const Kernels* known[] = {&plain::all};
std::span<const Kernels* const> find_runnable() {
  return known;
}
#endif

}  // namespace

std::span<const Kernels* const> all_kernels() {
  static const std::span<const Kernels* const> runnable = find_runnable();
  return runnable;
}

const Kernels& kernels() {
  return *all_kernels().back();
}

}  // namespace sluice::json

#include "codec/deflater.h"

#include <isa-l/igzip_lib.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "base/result.h"

namespace sluice {

namespace {

// An empty stored block: what ends each of our blocks.
constexpr std::string_view flush_mark("\x00\x00\x00\xff\xff", 5);

// A stored block (RFC 1951, 3.2.4): 00, length (2), its complement (2), the bytes. Answers its end.
char* store_block(std::string_view text, char* at) {
  const auto length = static_cast<uint16_t>(text.size());
  const auto complement = static_cast<uint16_t>(~length);
  *at++ = 0;
  *at++ = static_cast<char>(length & 0xff);
  *at++ = static_cast<char>(length >> 8);
  *at++ = static_cast<char>(complement & 0xff);
  *at++ = static_cast<char>(complement >> 8);
  std::memcpy(at, text.data(), length);
  return at + length;
}

size_t store(std::string_view text, char* out) {
  char* at = out;
  while (!text.empty()) {
    const std::string_view block = text.substr(0, 65535);
    at = store_block(block, at);
    text.remove_prefix(block.size());
  }
  std::memcpy(at, flush_mark.data(), flush_mark.size());
  return static_cast<size_t>(at - out) + flush_mark.size();
}

class FastDeflater final : public Deflater {
 public:
  FastDeflater()
      : stream_(std::make_unique<isal_zstream>()),
        level_buffer_(std::make_unique<uint8_t[]>(ISAL_DEF_LVL2_DEFAULT)) {}

  size_t deflate(std::string_view text, char* out) override {
    if (text.empty()) return store(text, out);
    ENSURE(text.size() <= UINT32_MAX / 2);
    const size_t room = deflated_bytes_max(text.size());
    forget();
    isal_deflate_init(stream_.get());
    char* const at = begin_with_history(text, out);
    const std::string_view rest = text.substr(1);
    stream_->level = 2;
    stream_->level_buf = level_buffer_.get();
    stream_->level_buf_size = ISAL_DEF_LVL2_DEFAULT;
    stream_->gzip_flag = IGZIP_DEFLATE;
    stream_->flush = FULL_FLUSH;
    stream_->next_in = bytes_of(rest);
    stream_->avail_in = static_cast<uint32_t>(rest.size());
    stream_->next_out = reinterpret_cast<uint8_t*>(at);
    stream_->avail_out = static_cast<uint32_t>(room - static_cast<size_t>(at - out));
    ENSURE(isal_deflate(stream_.get()) == COMP_OK);
    // No room left: it may not have flushed all. Then the text is stored as it is.
    if (stream_->avail_in > 0 || stream_->avail_out == 0) return store(text, out);
    return static_cast<size_t>(at - out) + stream_->total_out;
  }

 private:
  static uint8_t* bytes_of(std::string_view text) {  // Which are only read
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  }

  // Where a stream has no history yet, ISA-L 2.30 enters its third byte in the hash table under a
  // hash of the stream's own address (its assembly reads a register that it hasn't loaded, in
  // "write_first_byte"); so which match a later byte found depended on where the stream lay. Here
  // the first byte is a block of its own, and history for the rest: 5 bytes. Answers its end.
  char* begin_with_history(std::string_view text, char* out) {
    const std::string_view first = text.substr(0, 1);
    ENSURE(isal_deflate_set_dict(stream_.get(), bytes_of(first), 1) == COMP_OK);
    return store_block(first, out);
  }

  // isal_deflate_init() leaves most of what the block before has written, and which block that was
  // is chance. Nothing of it can choose a match if it isn't there: 8 us of some 340 a block.
  void forget() {
    std::memset(static_cast<void*>(stream_.get()), 0, sizeof(isal_zstream));
    std::memset(level_buffer_.get(), 0, ISAL_DEF_LVL2_DEFAULT);
  }

  const std::unique_ptr<isal_zstream> stream_;
  const std::unique_ptr<uint8_t[]> level_buffer_;
};

class SmallDeflater final : public Deflater {
 public:
  SmallDeflater() {
    constexpr int raw_window_bits = -15;
    constexpr int memory_level = 8;
    ENSURE(deflateInit2(&stream_, 6, Z_DEFLATED, raw_window_bits, memory_level,
                        Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~SmallDeflater() override { deflateEnd(&stream_); }
  SmallDeflater(const SmallDeflater&) = delete;
  SmallDeflater& operator=(const SmallDeflater&) = delete;

  size_t deflate(std::string_view text, char* out) override {
    if (text.empty()) return store(text, out);
    ENSURE(text.size() <= UINT32_MAX / 2);
    const size_t room = deflated_bytes_max(text.size());
    ENSURE(deflateReset(&stream_) == Z_OK);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // Only read
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(room);
    ENSURE(::deflate(&stream_, Z_FULL_FLUSH) == Z_OK);
    if (stream_.avail_in > 0 || stream_.avail_out == 0) return store(text, out);
    return stream_.total_out;
  }

 private:
  z_stream stream_ = {};
};

}  // namespace

std::unique_ptr<Deflater> make_fast_deflater() {
  return std::make_unique<FastDeflater>();
}
std::unique_ptr<Deflater> make_small_deflater() {
  return std::make_unique<SmallDeflater>();
}

}  // namespace sluice

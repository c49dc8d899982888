// An HTTP/1.1 request as it came and the answer as it shall go; who moves the bytes is
// connection.h.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/clock.h"

namespace sluice::http_server {

struct HeaderField {
  std::string_view name, value;  // The value trimmed
};

// Views into the connection's input: valid until the request has been handled.
struct HttpRequest {
  static constexpr size_t headers_max = 96;

  std::string_view method, path, query;  // Path and query as they came, still encoded
  std::array<HeaderField, headers_max> fields;
  size_t field_count = 0;
  uint64_t content_length = 0;
  bool has_content_length = false;
  bool keep_alive = true;
  bool expects_continue = false;
  bool is_chunked = false;
  Buffer body;

  // The value of the first header of that name, which must be in lower case; empty if none.
  std::string_view header(std::string_view name) const;
  bool has_header(std::string_view name) const;
};

enum class Head { incomplete, whole, bad };
// Reads a head from the beginning of `input`; `bytes` is its length. `request` is made new.
Head parse_head(std::string_view input, HttpRequest& request, size_t& bytes);

// Bytes that never change and are sent without a copy.
class Body {
 public:
  virtual ~Body() = default;
  // The memory of `bytes` bytes from `offset` on, in at most `most` pieces; how many they are.
  virtual int pieces(uint64_t offset, uint64_t bytes, iovec* pieces, int most) const = 0;
};

struct HttpAnswer {
  enum class Delivery { answered, reset, silence };

  int status = 200;
  std::string head;         // Status line, headers, and the body where it was made here
  size_t header_bytes = 0;  // How much of it isn't body
  // Then these bytes of a body made elsewhere.
  std::shared_ptr<const Body> object;
  uint64_t offset = 0, length = 0;

  Delivery delivery = Delivery::answered;
  Nanoseconds delay = 0;            // From when the request was whole
  uint64_t bytes_per_second = 0;    // 0: as fast as it goes
  uint64_t cut_after = UINT64_MAX;  // Bytes of the body, then the connection is closed
  bool resets_when_cut = false;     // With a RST
  bool close_after = false;
  bool is_control = false;  // Not counted

  void clear();
};

}  // namespace sluice::http_server

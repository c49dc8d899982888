// Bytes of a connection, made into one response: status line, headers, body by Content-Length, by
// chunks or up to the connection's end. RFC 9112; interim responses (1xx) are skipped.
//
// Pure: it never touches a socket. One thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "http/http.h"

namespace sluice {

class ResponseReader {
 public:
  // Of all that comes before the body. S3 sends under 2 KiB; nginx and Apache take 8 KiB a line.
  static constexpr size_t head_bytes_max = 64 << 10;
  // Interim answers before the one that counts; fields behind a chunked body, 64 KiB of them at
  // most. Nobody needs more than two or three.
  static constexpr uint32_t interim_max = 32;
  // Of the body of what is no 2xx: enough for its reason. What comes behind is not waited for.
  static constexpr uint64_t refusal_bytes_max = 64 << 10;
  static constexpr uint32_t trailers_max = 128;

  // For the response to a request of that method, whose body may have `body_most` bytes. The
  // exchange, if there is one, is asked where the body goes; it outlives the response.
  void begin(std::string_view method, uint64_t body_most, Exchange* exchange = nullptr);

  // Takes what belongs to this response and says how much that was; the rest is behind its end.
  // `transient`: not HTTP, or malformed; `invalid`: the body is over `body_most`.
  Result<size_t> take(std::string_view bytes);
  // Where the next bytes of a body of known length may be put straight away; empty elsewhere.
  // `put` says how many were.
  std::span<char> room();
  // How many bytes take() may be given now: a streamed body may have no room for more. 0: none.
  size_t take_bytes_max() const;
  void put(size_t bytes);
  // The peer closed its side: an error unless the response may end so. `said_so`: TLS's
  // close_notify came first, so that nobody in between has cut it.
  enum class End : uint8_t { plain, said_so, cut };
  Status end(End how);

  bool began() const { return began_; }  // Any byte of it came
  bool has_head() const { return state_ > State::head; }
  bool done() const { return state_ == State::done; }
  // The head is there and no 2xx: what it says counts, even if the body never comes to an end.
  bool is_refusal() const { return has_head() && response_.status / 100 != 2; }
  void end_here();                                             // Done, with the body that has come
  bool keeps_connection() const { return keeps_connection_; }  // After done
  HttpResponse& response() { return response_; }

 private:
  enum class State : uint8_t {
    head,
    sized,
    chunk_size,
    chunk,
    chunk_end,
    trailer,
    until_end,
    done
  };

  Result<size_t> take_head(std::string_view bytes);
  Status parse_head(std::string_view head);
  Status parse_fields(std::string_view rest);
  Status frame_body();
  Status frame_by_length();
  size_t wanted(uint64_t bytes) const;
  void stop_at_most();
  Result<size_t> take_chunk_part(std::string_view bytes);
  Status take_chunk_size(std::string_view line);
  Status take_trailer(std::string_view line);
  Status append(std::string_view bytes);

  State state_ = State::head;
  bool began_ = false;
  bool is_head_request_ = false;
  bool keeps_connection_ = false;
  uint64_t body_most_ = 0;
  Exchange* exchange_ = nullptr;
  BodySink* sink_ = nullptr;           // Of a streamed body
  uint64_t body_bytes_ = 0;            // So far
  uint64_t wanted_most_ = UINT64_MAX;  // Bytes of the body; with these it is done
  uint64_t missing_ = 0;               // Bytes of the sized body, or of the chunk
  uint32_t interim_ = 0;               // Answers before this one
  uint32_t trailers_ = 0;
  size_t trailer_bytes_ = 0;
  std::string partial_;  // A head, or a line of the chunked framing, that hasn't ended yet
  HttpResponse response_;
};

}  // namespace sluice

#include "http/response_reader.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"

namespace sluice {

namespace {

Error malformed(std::string_view what, std::string_view bytes) {
  return {ErrorKind::transient, "the answer is not HTTP/1.1: " + std::string(what) + " \"" +
                                    excerpt(bytes.substr(0, bytes.find('\n')), 60) + "\""};
}

Error too_long(uint64_t most) {
  return {ErrorKind::invalid,
          "the answer's body is longer than the " + std::to_string(most) + " bytes expected"};
}

// The end of the head: behind the first empty line, which may end in a lone LF (RFC 9112 2.2); npos
// if it isn't there yet. However the bytes were cut, it is the same one.
size_t end_of_head(std::string_view bytes) {
  for (size_t at = bytes.find('\n'); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
    const std::string_view behind = bytes.substr(at + 1);
    if (behind.starts_with('\n')) return at + 2;
    if (behind.starts_with("\r\n")) return at + 3;
  }
  return std::string_view::npos;
}

std::string_view next_line(std::string_view& rest) {
  const size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// RFC 9110, 5.6.2: what a field's name is made of. A blank before the colon has let requests and
// answers mean different things to different readers (RFC 9112, 5.1).
constexpr auto token_bytes = [] {
  std::array<bool, 256> is_one = {};
  for (unsigned char c = '0'; c <= '9'; ++c) is_one[c] = true;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) is_one[c] = is_one[c + ('a' - 'A')] = true;
  for (const unsigned char c : std::string_view("!#$%&'*+-.^_`|~")) is_one[c] = true;
  return is_one;
}();
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return token_bytes[static_cast<unsigned char>(c)];
  });
}

// A line break of its own kind, or an end of text, within a value.
bool has_break(std::string_view value) {
  return has_byte_of(value, std::string_view("\r\0", 2));
}

bool lists_token(std::string_view value, std::string_view token) {
  for (const std::string_view one : split(value, ',')) {
    if (equal_without_case(trim(one), token)) return true;
  }
  return false;
}

}  // namespace

void ResponseReader::begin(std::string_view method, uint64_t body_most, Exchange* exchange) {
  state_ = State::head;
  exchange_ = exchange;
  sink_ = nullptr;
  body_bytes_ = 0;
  wanted_most_ = UINT64_MAX;
  began_ = false;
  is_head_request_ = method == "HEAD";
  body_most_ = body_most;
  interim_ = trailers_ = 0;
  trailer_bytes_ = 0;
  partial_.clear();
  response_ = HttpResponse{};
}

Result<size_t> ResponseReader::take(std::string_view bytes) {
  size_t taken = 0;
  began_ |= !bytes.empty();
  while (taken < bytes.size() && !done()) {
    const std::string_view rest = bytes.substr(taken);
    switch (state_) {
      case State::head:
        taken += TRY(take_head(rest));
        break;
      case State::sized: {
        const size_t some = std::min<uint64_t>(rest.size(), missing_);
        TRY(append(rest.substr(0, some)));
        missing_ -= some;
        taken += some;
        if (missing_ == 0) state_ = State::done;
        break;
      }
      case State::until_end: {
        const size_t some = wanted(rest.size());
        TRY(append(rest.substr(0, some)));
        taken += some;
        stop_at_most();
        break;
      }
      default:
        taken += TRY(take_chunk_part(rest));
    }
  }
  return taken;
}

// Of so many bytes of the body those that anybody cares for.
size_t ResponseReader::wanted(uint64_t bytes) const {
  return std::min(bytes, wanted_most_ - body_bytes_);
}

void ResponseReader::stop_at_most() {
  if (body_bytes_ == wanted_most_) end_here();
}

void ResponseReader::end_here() {
  state_ = State::done;
  keeps_connection_ = false;
}

std::span<char> ResponseReader::room() {
  if (state_ != State::sized) return {};
  if (sink_ == nullptr) return {response_.body.data() + response_.body.size(), missing_};
  const std::span<char> room = sink_->room();
  return room.first(std::min<uint64_t>(room.size(), missing_));
}

size_t ResponseReader::take_bytes_max() const {
  return sink_ == nullptr ? SIZE_MAX : sink_->room().size();
}

void ResponseReader::put(size_t bytes) {
  if (sink_ != nullptr) {
    sink_->put(bytes);
  } else {
    response_.body.resize(response_.body.size() + bytes);
  }
  body_bytes_ += bytes;
  missing_ -= bytes;
  if (missing_ == 0) state_ = State::done;
}

Status ResponseReader::end(End how) {
  if (done()) return {};
  if (state_ == State::until_end) {
    if (how == End::cut)
      return Error{ErrorKind::transient,
                   "the connection was closed without TLS's close_notify, and the answer says no "
                   "length: it may have been cut after " +
                       std::to_string(body_bytes_) + " bytes"};
    response_.may_be_cut = how == End::plain;
    state_ = State::done;
    return {};
  }
  if (!began_) return Error{ErrorKind::transient, "the connection was closed without an answer"};
  if (state_ == State::head)
    return Error{ErrorKind::transient, "the connection was closed within the answer's head"};
  return Error{ErrorKind::transient, "the connection was closed within the answer's body, after " +
                                         std::to_string(body_bytes_) + " bytes"};
}

Result<size_t> ResponseReader::take_head(std::string_view bytes) {
  // The usual case, all of it in one piece, is parsed where it lies.
  const size_t before = partial_.size();
  std::string_view all = bytes;
  if (before > 0) {
    partial_ += bytes;
    all = partial_;
  }
  const size_t end = end_of_head(all);
  if (std::min(end, all.size()) > head_bytes_max)
    return Error{ErrorKind::transient, "the answer's head is longer than 64 KiB"};
  if (end == std::string_view::npos) {
    if (before == 0) partial_ = bytes;
    return bytes.size();
  }
  TRY(parse_head(all.substr(0, end)));
  partial_.clear();
  return end - before;
}

Status ResponseReader::parse_head(std::string_view head) {
  std::string_view rest = head;
  const std::string_view line = next_line(rest);
  const bool is_http = line.starts_with("HTTP/1.0 ") || line.starts_with("HTTP/1.1 ");
  if (!is_http || line.size() < 12) return malformed("status line", line);
  const int status = parse_number<int>(line.substr(9, 3)).value_or(0);
  if (status < 100) return malformed("status line", line);
  if (status < 200 && status != 101) {  // Interim: the real one follows.
    if (++interim_ > interim_max) return malformed("ever more interim answers, the last", line);
    return {};
  }
  response_.status = status;
  TRY(parse_fields(rest));
  const std::string_view connection = header(response_.headers, "Connection");
  keeps_connection_ = line.starts_with("HTTP/1.1") ? !lists_token(connection, "close")
                                                   : lists_token(connection, "keep-alive");
  // What follows is another protocol, which nobody has asked for.
  if (status == 101) keeps_connection_ = false;
  return frame_body();
}

Status ResponseReader::parse_fields(std::string_view rest) {
  Headers& headers = response_.headers;
  headers.reserve(16);
  while (!rest.empty()) {
    const std::string_view field = next_line(rest);
    if (field.empty()) break;
    if (has_break(field)) return malformed("header", field);
    // A line that begins with a blank belongs to the one before (RFC 9112, 5.2; long obsolete, and
    // alive).
    if (field.front() == ' ' || field.front() == '\t') {
      if (headers.empty()) return malformed("header", field);
      std::string& value = headers.back().value;
      const std::string_view more = trim(field);
      if (!value.empty() && !more.empty()) value += ' ';
      value += more;
      continue;
    }
    const size_t colon = field.find(':');
    if (colon == std::string_view::npos || !is_token(field.substr(0, colon)))
      return malformed("header", field);
    headers.push_back(
        {std::string(field.substr(0, colon)), std::string(trim(field.substr(colon + 1)))});
  }
  return {};
}

Status ResponseReader::frame_body() {
  const Headers& headers = response_.headers;
  const int status = response_.status;
  if (is_head_request_ || status == 101 || status == 204 || status == 304) {
    state_ = State::done;
    return {};
  }
  if (exchange_ != nullptr) sink_ = exchange_->stream(response_);
  if (status / 100 != 2) {
    wanted_most_ = sink_ == nullptr ? std::min(body_most_, refusal_bytes_max) : refusal_bytes_max;
    if (wanted_most_ == 0) return end_here(), Status();
  }
  if (const std::string_view coding = header(headers, "Transfer-Encoding"); !coding.empty()) {
    for (const Header& one : headers) {
      if (equal_without_case(one.name, "Transfer-Encoding") &&
          !equal_without_case(trim(one.value), "chunked"))
        return malformed("coding", one.value);
    }
    // Two ways to say where it ends: chunks count, and nothing behind them is trusted (RFC 9112,
    // 6.3).
    if (has_header(headers, "Content-Length")) keeps_connection_ = false;
    state_ = State::chunk_size;
    return {};
  }
  if (!has_header(headers, "Content-Length")) {
    keeps_connection_ = false;
    state_ = State::until_end;
    return {};
  }
  return frame_by_length();
}

Status ResponseReader::frame_by_length() {
  const Headers& headers = response_.headers;
  const auto length = parse_number<uint64_t>(header(headers, "Content-Length"));
  if (!length) return malformed("Content-Length", header(headers, "Content-Length"));
  for (const Header& one : headers) {  // Two that differ are an attack or a bug.
    if (equal_without_case(one.name, "Content-Length") &&
        parse_number<uint64_t>(one.value) != length)
      return malformed("two Content-Lengths, the second", one.value);
  }
  missing_ = std::min(*length, wanted_most_);
  if (missing_ < *length) keeps_connection_ = false;
  if (sink_ == nullptr && missing_ > body_most_) return too_long(body_most_);
  if (sink_ == nullptr && missing_ > 0) response_.body.grow(missing_);
  state_ = missing_ == 0 ? State::done : State::sized;
  return {};
}

Result<size_t> ResponseReader::take_chunk_part(std::string_view bytes) {
  if (state_ == State::chunk) {
    const size_t some = wanted(std::min<uint64_t>(bytes.size(), missing_));
    TRY(append(bytes.substr(0, some)));
    missing_ -= some;
    if (missing_ == 0) state_ = State::chunk_end;
    stop_at_most();
    return some;
  }
  // The rest of the framing is lines.
  const size_t end = bytes.find('\n');
  const size_t taken = end == std::string_view::npos ? bytes.size() : end + 1;
  partial_ += bytes.substr(0, taken);
  if (partial_.size() > head_bytes_max) return malformed("chunk", partial_);
  if (end == std::string_view::npos) return taken;
  const std::string_view line = trim(partial_);
  if (state_ == State::chunk_end) {
    if (!line.empty()) return malformed("end of a chunk", line);
    state_ = State::chunk_size;
  } else if (state_ == State::trailer) {
    TRY(take_trailer(line));
  } else {
    TRY(take_chunk_size(line));
  }
  partial_.clear();
  return taken;
}

Status ResponseReader::take_chunk_size(std::string_view line) {
  const std::string_view digits = trim(line.substr(0, line.find(';')));
  const auto [stop, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), missing_, 16);
  if (digits.empty() || error != std::errc() || stop != digits.data() + digits.size())
    return malformed("chunk size", line);
  state_ = missing_ == 0 ? State::trailer : State::chunk;
  return {};
}

// Fields behind the body are read over, but not for ever.
Status ResponseReader::take_trailer(std::string_view line) {
  if (line.empty()) {
    state_ = State::done;
    return {};
  }
  trailer_bytes_ += partial_.size();
  if (++trailers_ > trailers_max || trailer_bytes_ > head_bytes_max)
    return malformed("ever more fields behind the body, the last", line);
  return {};
}

Status ResponseReader::append(std::string_view bytes) {
  body_bytes_ += bytes.size();
  while (sink_ != nullptr && !bytes.empty()) {
    const std::span<char> room = sink_->room();
    ENSURE(!room.empty());  // No more than take_bytes_max was given.
    const size_t some = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), some);
    sink_->put(some);
    bytes.remove_prefix(some);
  }
  if (sink_ != nullptr) return {};
  Buffer& body = response_.body;
  if (bytes.size() > body_most_ - body.size()) return too_long(body_most_);
  if (body.room() < bytes.size()) {
    const uint64_t doubled = std::max<uint64_t>(body.capacity() * 2, 16 << 10);
    body.grow(std::min(std::max<uint64_t>(doubled, body.size() + bytes.size()), body_most_));
  }
  body.append(bytes);
  return {};
}

}  // namespace sluice

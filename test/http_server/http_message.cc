#include "http_server/http_message.h"

#include <cstring>

#include "base/text.h"

namespace sluice::http_server {
namespace {

constexpr size_t head_bytes_max = 64 << 10;

bool is_named(std::string_view field, std::string_view lower) {
  if (field.size() != lower.size()) return false;
  for (size_t i = 0; i < field.size(); ++i) {
    const char c = field[i];
    if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != lower[i]) return false;
  }
  return true;
}

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool read_request_line(std::string_view line, HttpRequest& request) {
  const size_t first = line.find(' '), last = line.rfind(' ');
  if (first == line.npos || last == first) return false;
  const std::string_view version = line.substr(last + 1);
  if (!version.starts_with("HTTP/1.")) return false;
  request.keep_alive = version != "HTTP/1.0";
  request.method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  for (const std::string_view scheme : {"http://", "https://"}) {  // As to a proxy
    if (!target.starts_with(scheme)) continue;
    const size_t slash = target.find('/', scheme.size());
    target = slash == target.npos ? "/" : target.substr(slash);
  }
  if (target.empty() || target.front() != '/') return false;
  const size_t question = target.find('?');
  request.path = target.substr(0, question);
  request.query = question == target.npos ? std::string_view() : target.substr(question + 1);
  return true;
}

bool note_framing(const HeaderField& field, HttpRequest& request) {
  switch (field.name.size()) {
    case 14:
      if (is_named(field.name, "content-length")) {
        const auto length = parse_number<uint64_t>(field.value);
        if (!length) return false;
        request.content_length = *length;
        request.has_content_length = true;
      }
      break;
    case 10:
      if (is_named(field.name, "connection")) {
        if (equal_without_case(field.value, "close")) request.keep_alive = false;
        if (equal_without_case(field.value, "keep-alive")) request.keep_alive = true;
      }
      break;
    case 6:
      if (is_named(field.name, "expect")) {
        request.expects_continue = equal_without_case(field.value, "100-continue");
      }
      break;
    case 17:
      if (is_named(field.name, "transfer-encoding")) request.is_chunked = true;
      break;
    default:
      break;
  }
  return true;
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  for (size_t i = 0; i < field_count; ++i) {
    if (is_named(fields[i].name, name)) return fields[i].value;
  }
  return {};
}

bool HttpRequest::has_header(std::string_view name) const {
  for (size_t i = 0; i < field_count; ++i) {
    if (is_named(fields[i].name, name)) return true;
  }
  return false;
}

Head parse_head(std::string_view input, HttpRequest& request, size_t& bytes) {
  const void* found = memmem(input.data(), input.size(), "\r\n\r\n", 4);
  if (found == nullptr) return input.size() > head_bytes_max ? Head::bad : Head::incomplete;
  const size_t end = static_cast<const char*>(found) - input.data();
  bytes = end + 4;
  request.field_count = 0;
  request.content_length = 0;
  request.has_content_length = request.expects_continue = request.is_chunked = false;
  request.body.clear();

  std::string_view rest = input.substr(0, end + 2);
  for (bool first = true; !rest.empty(); first = false) {
    const char* line_end = static_cast<const char*>(std::memchr(rest.data(), '\r', rest.size()));
    const std::string_view line = rest.substr(0, line_end - rest.data());
    if (rest.size() < line.size() + 2 || rest[line.size() + 1] != '\n') return Head::bad;
    rest.remove_prefix(line.size() + 2);
    if (first) {
      if (!read_request_line(line, request)) return Head::bad;
      continue;
    }
    const size_t colon = line.find(':');
    if (colon == line.npos || colon == 0 || request.field_count == HttpRequest::headers_max) {
      return Head::bad;
    }
    HeaderField& field = request.fields[request.field_count++];
    field = {line.substr(0, colon), trim_blanks(line.substr(colon + 1))};
    if (!note_framing(field, request)) return Head::bad;
  }
  return Head::whole;
}

void HttpAnswer::clear() {
  status = 200;
  head.clear();
  object.reset();
  offset = length = header_bytes = 0;
  delivery = Delivery::answered;
  delay = 0;
  bytes_per_second = 0;
  cut_after = UINT64_MAX;
  resets_when_cut = close_after = is_control = false;
}

}  // namespace sluice::http_server

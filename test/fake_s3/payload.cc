#include "payload.h"

#include <array>
#include <cctype>

#include "base/checksum.h"
#include "base/text.h"
#include "http_server/digests.h"
#include "http_server/url.h"

namespace sluice::fake_s3 {
namespace {

constexpr std::array<std::string_view, 5> names = {"crc32", "crc32c", "crc64nvme", "sha1",
                                                   "sha256"};
constexpr std::string_view header_prefix = "x-amz-checksum-";

S3Error bad_digest(std::string_view what) {
  return {400, "BadDigest",
          "The " + std::string(what) + " you specified did not match the calculated checksum."};
}

S3Error bad_chunks() {
  return {400, "IncompleteBody", "The request body terminated unexpectedly"};
}

struct Line {
  std::string_view text;
  bool is_whole = false;
};
Line take_line(std::string_view& rest) {
  const size_t end = rest.find("\r\n");
  if (end == rest.npos) return {};
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return {line, true};
}

std::optional<uint64_t> read_hex(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

//   10000;chunk-signature=...\r\n <bytes> \r\n ... 0\r\n x-amz-checksum-crc32c:...\r\n \r\n
std::optional<S3Error> decode_chunks(HttpRequest& request,
                                     std::vector<std::pair<std::string, std::string>>& trailer) {
  const auto decoded = parse_number<uint64_t>(request.header("x-amz-decoded-content-length"));
  if (!decoded) {
    return S3Error{411, "MissingContentLength", "You must provide the Content-Length HTTP header."};
  }
  Buffer body(std::min<uint64_t>(*decoded, request.body.size()));
  std::string_view rest = request.body.view();
  for (;;) {
    const Line line = take_line(rest);
    if (!line.is_whole) return bad_chunks();
    const auto size = read_hex(line.text.substr(0, line.text.find(';')));
    if (!size || *size > rest.size() || *size > body.room()) return bad_chunks();
    if (*size == 0) break;
    body.append(rest.substr(0, *size));
    rest.remove_prefix(*size);
    if (!rest.starts_with("\r\n")) return bad_chunks();
    rest.remove_prefix(2);
  }
  for (Line line = take_line(rest); line.is_whole && !line.text.empty(); line = take_line(rest)) {
    const size_t colon = line.text.find(':');
    if (colon == line.text.npos) return bad_chunks();
    trailer.emplace_back(lower_case(line.text.substr(0, colon)), trim(line.text.substr(colon + 1)));
  }
  if (body.size() != *decoded) return bad_chunks();
  request.body = std::move(body);
  return std::nullopt;
}

std::optional<S3Error> check_md5(const HttpRequest& request, Md5 wants_md5, Payload& payload) {
  const std::string_view claimed = request.header("content-md5");
  if (wants_md5 == Md5::always || !claimed.empty()) payload.md5 = md5(payload.body.view());
  if (claimed.empty() || claimed == base64(payload.md5)) return std::nullopt;
  if (claimed.size() != 24) {
    return S3Error{400, "InvalidDigest", "The Content-MD5 you specified is not valid."};
  }
  return S3Error{400, "BadDigest", "The Content-MD5 you specified did not match what we received."};
}

std::optional<S3Error> check_one(std::string_view name, std::string_view value, Payload& payload) {
  const std::string raw = raw_checksum(name, payload.body.view());
  if (base64(raw) != value) return bad_digest(name);
  payload.checksums.push_back({std::string(name), std::string(value), raw});
  return std::nullopt;
}

}  // namespace

std::optional<S3Error> take_payload(HttpRequest& request, Md5 wants_md5, Payload& payload) {
  payload = {};
  const std::string_view hash = request.header("x-amz-content-sha256");
  std::vector<std::pair<std::string, std::string>> trailer;
  if (hash.starts_with("STREAMING-")) {
    if (auto error = decode_chunks(request, trailer)) return error;
  } else if (hash.size() == 64) {
    std::string actual;
    append_hex(sha256(request.body.view()), actual);
    if (actual != hash) {
      return S3Error{400, "XAmzContentSHA256Mismatch",
                     "The provided 'x-amz-content-sha256' header does not match what was computed.",
                     "<ClientComputedContentSHA256>" + std::string(hash) +
                         "</ClientComputedContentSHA256><S3ComputedContentSHA256>" + actual +
                         "</S3ComputedContentSHA256>"};
    }
  }
  payload.body = std::move(request.body);
  if (auto error = check_md5(request, wants_md5, payload)) return error;
  for (size_t i = 0; i < request.field_count; ++i) {
    const HeaderField& field = request.fields[i];
    if (field.name.size() <= header_prefix.size() ||
        !equal_without_case(field.name.substr(0, header_prefix.size()), header_prefix)) {
      continue;
    }
    const std::string name = lower_case(field.name.substr(header_prefix.size()));
    if (!is_checksum_name(name)) continue;  // "-algorithm", "-type", "-mode"
    if (auto error = check_one(name, field.value, payload)) return error;
  }
  for (const auto& [name, value] : trailer) {
    if (!name.starts_with(header_prefix)) continue;
    const std::string_view algorithm = std::string_view(name).substr(header_prefix.size());
    if (!is_checksum_name(algorithm)) continue;
    if (auto error = check_one(algorithm, value, payload)) return error;
  }
  return std::nullopt;
}

bool is_checksum_name(std::string_view name) {
  for (const std::string_view one : names) {
    if (one == name) return true;
  }
  return false;
}

std::string raw_checksum(std::string_view name, std::string_view bytes) {
  if (name == "crc32") return big_endian(crc32(bytes), 4);
  if (name == "crc32c") return big_endian(crc32c(bytes), 4);
  if (name == "crc64nvme") return big_endian(http_server::crc64nvme(bytes), 8);
  return name == "sha1" ? sha1(bytes) : sha256(bytes);
}

void append_checksum_headers(const std::vector<Checksum>& checksums, std::string& out) {
  for (const Checksum& checksum : checksums) {
    out += header_prefix;
    out += checksum.name + ": " + checksum.value + "\r\nx-amz-checksum-type: ";
    out += checksum.is_composite ? "COMPOSITE\r\n" : "FULL_OBJECT\r\n";
  }
}

std::string checksum_element(std::string_view name) {
  std::string element = "Checksum";
  for (const char c : name) {
    element += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return element;
}

void append_checksum_xml(const std::vector<Checksum>& checksums, std::string& out) {
  for (const Checksum& checksum : checksums) {
    const std::string element = checksum_element(checksum.name);
    out += "<" + element + ">" + checksum.value + "</" + element + ">";
  }
}

}  // namespace sluice::fake_s3

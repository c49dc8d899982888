// Multipart uploads: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
#include <algorithm>
#include <charconv>

#include "base/checksum.h"
#include "base/text.h"
#include "http_server/digests.h"
#include "s3_handler.h"
#include "xml.h"

namespace sluice::fake_s3 {
namespace {

// The 16 bytes that an ETag of 32 digits in quotes says, as S3 takes them from the parts' MD5s.
std::string bytes_of_etag(std::string_view etag) {
  std::string bytes;
  for (size_t i = 1; i + 2 < etag.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(etag.data() + i, etag.data() + i + 2, byte, 16);
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: part numbers 1 to 10,000;
// "5 MiB to 5 GiB. There is no minimum size limit on the last part".
constexpr uint32_t part_number_max = 10'000;
constexpr uint64_t part_bytes_min = 5 << 20;

S3Error invalid_part(uint32_t number) {
  return {400, "InvalidPart",
          "One or more of the specified parts could not be found.  The part may not have been "
          "uploaded, or the specified entity tag may not match the part's entity tag.",
          "<PartNumber>" + std::to_string(number) + "</PartNumber>"};
}

S3Error invalid_request(std::string message) {
  return {400, "InvalidRequest", std::move(message)};
}

const Checksum* find_checksum(const std::vector<Checksum>& checksums, std::string_view name) {
  for (const Checksum& checksum : checksums) {
    if (checksum.name == name) return &checksum;
  }
  return nullptr;
}

std::string_view without_quotes(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  return etag;
}

}  // namespace

// A part as CompleteMultipartUpload names it.
struct S3Handler::NamedPart {
  uint32_t number = 0;
  std::string etag;
  std::vector<std::pair<std::string, std::string>> checksums;  // Name, value
};

Upload* S3Handler::find_upload() {
  const auto at =
      bucket_->uploads.find(std::pair(std::string(key_), std::string(query_.value("uploadId"))));
  return at == bucket_->uploads.end() ? nullptr : &at->second;
}

void S3Handler::create_upload() {
  Upload upload;
  upload.key = key_;
  // In the order in which they were made, since listings of one key are in that order.
  upload.id = "u";
  append_hex(big_endian(++world_.upload_number, 5), upload.id);
  upload.id += ".";
  append_hex(sha256(upload.id).substr(0, 12), upload.id);
  upload.initiated_seconds = now_seconds_;
  upload.headers = kept_headers();
  upload.tagging = request_->header("x-amz-tagging");
  upload.storage_class = request_->header("x-amz-storage-class");
  upload.checksum_name = lower_case(request_->header("x-amz-checksum-algorithm"));
  const std::string_view type = request_->header("x-amz-checksum-type");
  if (!upload.checksum_name.empty() && !is_checksum_name(upload.checksum_name)) {
    return refuse(
        invalid_request("Checksum algorithm provided is unsupported. Please try again "
                        "with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, "
                        "SHA256]"));
  }
  const bool is_crc64 = upload.checksum_name == "crc64nvme";
  upload.full_object_checksum = type == "FULL_OBJECT" || is_crc64;
  if (is_crc64 && type == "COMPOSITE") {
    return refuse(
        invalid_request("The COMPOSITE checksum type cannot be used with the crc64nvme "
                        "checksum algorithm."));
  }
  if (upload.full_object_checksum && upload.checksum_name.starts_with("sha")) {
    return refuse(invalid_request("The FULL_OBJECT checksum type cannot be used with the " +
                                  upload.checksum_name + " checksum algorithm."));
  }
  begin(200);
  append_encryption(answer_->head);
  if (!upload.checksum_name.empty()) {
    answer_->head +=
        "x-amz-checksum-algorithm: " + checksum_element(upload.checksum_name).substr(8) +
        "\r\nx-amz-checksum-type: " +
        (upload.full_object_checksum ? "FULL_OBJECT\r\n" : "COMPOSITE\r\n");
  }
  body_ =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<Bucket>";
  append_xml(bucket_->name, body_);
  body_ += "</Bucket><Key>";
  append_xml(key_, body_);
  body_ += "</Key><UploadId>" + upload.id + "</UploadId></InitiateMultipartUploadResult>";
  auto name = std::pair(upload.key, upload.id);
  bucket_->uploads.emplace(std::move(name), std::move(upload));
  end_with("application/xml", body_);
}

void S3Handler::put_part() {
  Upload* upload = find_upload();
  if (upload == nullptr) return refuse(no_such_upload());
  const auto number = parse_number<uint32_t>(query_.value("partNumber"));
  if (!number || *number < 1 || *number > part_number_max) {
    return refuse({400, "InvalidArgument",
                   "Part number must be an integer between 1 and 10000, inclusive",
                   "<ArgumentName>partNumber</ArgumentName>"});
  }
  if (!request_->has_content_length) {
    return refuse(
        {411, "MissingContentLength", "You must provide the Content-Length HTTP header."});
  }
  const std::string& wanted = upload->checksum_name;
  if (!wanted.empty() && find_checksum(payload_.checksums, wanted) == nullptr) {
    const std::string actual = payload_.checksums.empty() ? "null" : payload_.checksums[0].name;
    return refuse(invalid_request("Checksum Type mismatch occurred, expected checksum Type: " +
                                  wanted + ", actual checksum Type: " + actual));
  }
  Part& part = upload->parts[*number];
  part.etag = etag_of_payload();
  part.md5 = std::move(payload_.md5);
  part.checksums = std::move(payload_.checksums);
  part.modified_seconds = now_seconds_;
  part.slice = slice_of(std::move(payload_.body));
  begin(200);
  answer_->head += "ETag: " + part.etag + "\r\n";
  for (const Checksum& checksum : part.checksums) {
    answer_->head += "x-amz-checksum-" + checksum.name + ": " + checksum.value + "\r\n";
  }
  end_empty();
}

//   <Part><PartNumber>1</PartNumber><ETag>"..."</ETag><ChecksumCRC32C>...</ChecksumCRC32C></Part>
std::optional<S3Error> S3Handler::read_named_parts(std::vector<NamedPart>& parts) const {
  const S3Error malformed{400, "MalformedXML",
                          "The XML you provided was not well-formed or did not validate against "
                          "our published schema"};
  std::string_view rest = payload_.body.view();
  while (const auto one = next_element(rest, "Part")) {
    NamedPart part;
    const auto number = parse_number<uint32_t>(element_text(*one, "PartNumber").value_or(""));
    auto etag = element_text(*one, "ETag");
    if (!number || !etag || parts.size() == part_number_max) return malformed;
    part.number = *number;
    part.etag = *std::move(etag);
    for (const std::string_view name : {"crc32", "crc32c", "crc64nvme", "sha1", "sha256"}) {
      if (auto value = element_text(*one, checksum_element(name))) {
        part.checksums.emplace_back(name, *std::move(value));
      }
    }
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return malformed;
  return std::nullopt;
}

std::optional<S3Error> S3Handler::judge_parts(const Upload& upload,
                                              const std::vector<NamedPart>& parts) const {
  for (size_t i = 1; i < parts.size(); ++i) {
    if (parts[i - 1].number < parts[i].number) continue;
    return S3Error{400, "InvalidPartOrder",
                   "The list of parts was not in ascending order. Parts must be ordered by part "
                   "number."};
  }
  for (const NamedPart& named : parts) {
    const auto at = upload.parts.find(named.number);
    if (at == upload.parts.end()) return invalid_part(named.number);
    if (without_quotes(named.etag) != without_quotes(at->second.etag)) {
      return invalid_part(named.number);
    }
    for (const auto& [name, value] : named.checksums) {
      const Checksum* checksum = find_checksum(at->second.checksums, name);
      if (checksum == nullptr || checksum->value != value) return invalid_part(named.number);
    }
    const bool must = !upload.checksum_name.empty() && !upload.full_object_checksum;
    if (must && named.checksums.empty()) {
      return invalid_request("The upload was created using a " + upload.checksum_name +
                             " checksum. The complete request must include the checksum for each "
                             "part. It was missing for part " +
                             std::to_string(named.number) + " in the request.");
    }
  }
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    const Part& part = upload.parts.at(parts[i].number);
    if (part.slice.bytes.size() >= part_bytes_min) continue;
    return S3Error{400, "EntityTooSmall",
                   "Your proposed upload is smaller than the minimum allowed size",
                   "<ProposedSize>" + std::to_string(part.slice.bytes.size()) +
                       "</ProposedSize><MinSizeAllowed>5242880</MinSizeAllowed><PartNumber>" +
                       std::to_string(parts[i].number) + "</PartNumber><ETag>" +
                       std::string(without_quotes(part.etag)) + "</ETag>"};
  }
  return std::nullopt;
}

// COMPOSITE: the checksum of the parts' raw checksums, with "-N". FULL_OBJECT: of all bytes.
std::optional<S3Error> S3Handler::checksum_of_whole(const Upload& upload,
                                                    const std::vector<NamedPart>& parts,
                                                    Object& object) const {
  const std::string& name = upload.checksum_name;
  if (name.empty()) return std::nullopt;
  Checksum whole{name, "", "", !upload.full_object_checksum};
  std::string raws;
  uint32_t crc = 0;
  uint64_t wide_crc = 0;
  for (const NamedPart& named : parts) {
    const Part& part = upload.parts.at(named.number);
    const Checksum* checksum = find_checksum(part.checksums, name);
    if (checksum == nullptr) return invalid_part(named.number);
    raws += checksum->raw;
    const uint64_t bytes = part.slice.bytes.size();
    const uint32_t of_part = crc_from_base64(checksum->value).value_or(0);
    if (name == "crc32") crc = crc32_combine(crc, of_part, bytes);
    if (name == "crc32c") crc = crc32c_combine(crc, of_part, bytes);
    if (name == "crc64nvme") wide_crc = http_server::crc64nvme(part.slice.bytes, wide_crc);
  }
  if (whole.is_composite) {
    whole.raw = raw_checksum(name, raws);
  } else {
    whole.raw = name == "crc64nvme" ? big_endian(wide_crc, 8) : big_endian(crc, 4);
  }
  whole.value = base64(whole.raw);
  const std::string_view claimed = request_->header("x-amz-checksum-" + name);
  const std::string_view claimed_value = claimed.substr(0, claimed.find('-'));
  if (!claimed.empty() && claimed_value != whole.value) {
    return S3Error{400, "BadDigest",
                   "The " + name + " you specified did not match the calculated checksum."};
  }
  if (whole.is_composite) whole.value += "-" + std::to_string(parts.size());
  object.checksums.push_back(std::move(whole));
  return std::nullopt;
}

void S3Handler::complete() {
  Upload* upload = find_upload();
  if (upload == nullptr) return refuse(no_such_upload());
  std::vector<NamedPart> parts;
  if (auto error = read_named_parts(parts)) return refuse(*error);
  if (auto error = judge_parts(*upload, parts)) return refuse(*error);
  if (auto error = judge_write_conditions()) return refuse(*error);
  auto object = std::make_shared<Object>();
  if (auto error = checksum_of_whole(*upload, parts, *object)) return refuse(*error);

  std::string digests;
  for (const NamedPart& named : parts) {
    Part& part = upload->parts.at(named.number);
    digests += part.md5.empty() ? bytes_of_etag(part.etag) : part.md5;
    object->bytes += part.slice.bytes.size();
    if (!part.slice.bytes.empty()) object->slices.push_back(part.slice);
  }
  const auto size = parse_number<uint64_t>(request_->header("x-amz-mp-object-size"));
  if (size && *size != object->bytes) {
    return refuse(
        invalid_request("The provided 'x-amz-mp-object-size' header does not match what "
                        "was computed."));
  }
  object->etag = etag_of(digests, ETagKind::md5);
  object->etag.insert(object->etag.size() - 1, "-" + std::to_string(parts.size()));
  object->modified_seconds = now_seconds_;
  object->headers = base_headers(object->etag, now_seconds_) + upload->headers;
  object->tagging = std::move(upload->tagging);
  object->storage_class = std::move(upload->storage_class);

  body_ =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<CompleteMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<Location>http://";
  append_xml(request_->header("host"), body_);
  append_xml(request_->path, body_);
  body_ += "</Location><Bucket>";
  append_xml(bucket_->name, body_);
  body_ += "</Bucket><Key>";
  append_xml(key_, body_);
  body_ += "</Key><ETag>";
  append_xml(object->etag, body_);
  body_ += "</ETag>";
  append_checksum_xml(object->checksums, body_);
  if (!object->checksums.empty()) {
    body_ += object->checksums[0].is_composite ? "<ChecksumType>COMPOSITE</ChecksumType>"
                                               : "<ChecksumType>FULL_OBJECT</ChecksumType>";
  }
  body_ += "</CompleteMultipartUploadResult>";
  bucket_->uploads.erase(std::pair(upload->key, upload->id));
  store(std::move(object));
  begin(200);
  end_with("application/xml", body_);
}

void S3Handler::abort() {
  Upload* upload = find_upload();
  if (upload == nullptr) return refuse(no_such_upload());
  bucket_->uploads.erase(std::pair(upload->key, upload->id));
  begin(204);
  end_empty();
}

}  // namespace sluice::fake_s3

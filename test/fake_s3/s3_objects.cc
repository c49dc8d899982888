// Objects alone: read, written, deleted; and the few questions about buckets.
#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/text.h"
#include "http_server/times.h"
#include "s3_handler.h"
#include "xml.h"

namespace sluice::fake_s3 {
namespace {

// Kept with an object and given back as they came.
constexpr std::array<std::string_view, 5> kept_names = {"content-disposition", "content-language",
                                                        "cache-control", "expires",
                                                        "x-amz-website-redirect-location"};
constexpr std::array<std::string_view, 2> encryption_names = {
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled"};

void append_line(std::string_view name, std::string_view value, std::string& out) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

// An ETag as a header gives it, with or without quotes, and * for any.
bool etag_fits(std::string_view wanted, std::string_view etag) {
  if (wanted == "*" || wanted == etag) return true;
  return wanted == etag.substr(1, etag.size() - 2);
}

std::string_view without_chunked(std::string_view encoding) {
  if (encoding == "aws-chunked") return {};
  constexpr std::string_view first = "aws-chunked,";
  return encoding.starts_with(first) ? trim(encoding.substr(first.size())) : encoding;
}

}  // namespace

void S3Handler::get_object() {
  const auto at = bucket_->objects.find(key_);
  if (at == bucket_->objects.end()) return refuse(no_such_key());
  const ObjectRef& object = at->second;
  if (auto error = judge_read_conditions(*object)) {
    if (error->status != 304) return refuse(*error);
    begin(304);
    append_line("ETag", object->etag, answer_->head);
    return end_empty();
  }
  Span span;
  if (auto error = read_range(*object, span)) return refuse(*error);
  begin(span.is_range ? 206 : 200);
  std::string& head = answer_->head;
  head += object->headers;
  if (span.is_range) {
    append_line("Content-Range",
                "bytes " + std::to_string(span.offset) + "-" +
                    std::to_string(span.offset + span.bytes - 1) + "/" +
                    std::to_string(object->bytes),
                head);
  } else if (!object->checksums.empty() &&
             equal_without_case(request_->header("x-amz-checksum-mode"), "enabled")) {
    append_checksum_headers(object->checksums, head);
  }
  if (!request_->header("x-amz-request-payer").empty())
    head += "x-amz-request-charged: requester\r\n";
  head += "Content-Length: ";
  char digits[20];
  head.append(digits, std::to_chars(digits, digits + sizeof digits, span.bytes).ptr);
  head += "\r\n\r\n";
  answer_->header_bytes = head.size();
  if (verb_ == Verb::head) return;
  answer_->object = object;
  answer_->offset = span.offset;
  answer_->length = span.bytes;
}

std::optional<S3Error> S3Handler::judge_read_conditions(const Object& object) const {
  const std::string_view match = request_->header("if-match");
  if (!match.empty() && !etag_fits(match, object.etag)) return precondition_failed("If-Match");
  const std::string_view none = request_->header("if-none-match");
  if (!none.empty() && etag_fits(none, object.etag)) return S3Error{304, "NotModified", ""};
  return std::nullopt;
}

// "bytes=0-99", "bytes=100-", "bytes=-10". What isn't one of them is ignored, as S3 does.
std::optional<S3Error> S3Handler::read_range(const Object& object, Span& span) const {
  span = {0, object.bytes, false};
  const std::string_view header = request_->header("range");
  constexpr std::string_view unit = "bytes=";
  if (header.empty() || !header.starts_with(unit)) return std::nullopt;
  const std::string_view range = header.substr(unit.size());
  const size_t dash = range.find('-');
  if (dash == range.npos) return std::nullopt;
  const auto first = parse_number<uint64_t>(range.substr(0, dash));
  const auto last = parse_number<uint64_t>(range.substr(dash + 1));
  uint64_t end = object.bytes;
  if (first && last && *last < *first) return std::nullopt;
  if (first) {
    span.offset = *first;
    if (last) end = std::min(end, *last + 1);
  } else if (last && dash == 0) {
    span.offset = *last == 0 ? end : end - std::min(end, *last);
  } else {
    return std::nullopt;
  }
  if (span.offset >= object.bytes) {
    return S3Error{416, "InvalidRange", "The requested range is not satisfiable",
                   "<RangeRequested>" + std::string(header) +
                       "</RangeRequested><ActualObjectSize>" + std::to_string(object.bytes) +
                       "</ActualObjectSize>"};
  }
  span.bytes = end - span.offset;
  span.is_range = true;
  return std::nullopt;
}

void S3Handler::put_object() {
  if (!request_->has_content_length) {
    return refuse(
        {411, "MissingContentLength", "You must provide the Content-Length HTTP header."});
  }
  if (auto error = judge_write_conditions()) return refuse(*error);
  auto object = std::make_shared<Object>();
  object->bytes = payload_.body.size();
  object->etag = etag_of_payload();
  object->headers = base_headers(object->etag, now_seconds_) + kept_headers();
  object->tagging = request_->header("x-amz-tagging");
  object->storage_class = request_->header("x-amz-storage-class");
  object->checksums = std::move(payload_.checksums);
  object->modified_seconds = now_seconds_;
  if (object->bytes > 0) object->slices.push_back(slice_of(std::move(payload_.body)));
  begin(200);
  append_line("ETag", object->etag, answer_->head);
  append_encryption(answer_->head);
  append_checksum_headers(object->checksums, answer_->head);
  store(std::move(object));
  end_empty();
}

// If-None-Match: * and If-Match, of PutObject and CompleteMultipartUpload.
std::optional<S3Error> S3Handler::judge_write_conditions() const {
  const std::string_view none = request_->header("if-none-match");
  const std::string_view match = request_->header("if-match");
  if (none.empty() && match.empty()) return std::nullopt;
  const auto at = bucket_->objects.find(key_);
  if (!none.empty()) {
    if (none != "*") {
      return S3Error{501, "NotImplemented",
                     "A header you provided implies functionality that is not implemented",
                     "<Header>If-None-Match</Header>"};
    }
    if (at != bucket_->objects.end()) return precondition_failed("If-None-Match");
  }
  if (!match.empty()) {
    if (at == bucket_->objects.end()) return no_such_key();
    if (!etag_fits(match, at->second->etag)) return precondition_failed("If-Match");
  }
  return std::nullopt;
}

// With aws:kms an ETag is no MD5: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
std::string S3Handler::etag_of_payload() const {
  const bool is_kms = request_->header("x-amz-server-side-encryption").starts_with("aws:kms");
  if (is_kms || payload_.md5.empty() || world_.etag_kind == ETagKind::fast) {
    return etag_of(payload_.body.view(), ETagKind::fast);
  }
  std::string etag = "\"";
  append_hex(payload_.md5, etag);
  return etag + '"';
}

std::string S3Handler::kept_headers() const {
  std::string kept;
  std::string_view type = request_->header("content-type");
  append_line("Content-Type", type.empty() ? "binary/octet-stream" : type, kept);
  const std::string_view encoding = without_chunked(request_->header("content-encoding"));
  if (!encoding.empty()) append_line("Content-Encoding", encoding, kept);
  for (const std::string_view name : kept_names) {
    if (request_->has_header(name)) append_line(name, request_->header(name), kept);
  }
  append_encryption(kept);
  const std::string_view storage_class = request_->header("x-amz-storage-class");
  if (!storage_class.empty() && storage_class != "STANDARD") {
    append_line("x-amz-storage-class", storage_class, kept);
  }
  // S3 tells nobody the ACL that an object was put with; a test wants to know.
  const std::string_view acl = request_->header("x-amz-acl");
  if (!acl.empty()) append_line("x-fake-s3-acl", acl, kept);
  const std::string_view tagging = request_->header("x-amz-tagging");
  if (!tagging.empty()) {
    const auto tags = 1 + std::count(tagging.begin(), tagging.end(), '&');
    append_line("x-amz-tagging-count", std::to_string(tags), kept);
  }
  for (size_t i = 0; i < request_->field_count; ++i) {
    const HeaderField& field = request_->fields[i];
    if (field.name.size() > 11 && equal_without_case(field.name.substr(0, 11), "x-amz-meta-")) {
      append_line(lower_case(field.name), field.value, kept);
    }
  }
  return kept;
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html: SSE-S3 where
// nothing is said.
void S3Handler::append_encryption(std::string& out) const {
  constexpr std::string_view prefix = "x-amz-server-side-encryption";
  const std::string_view kind = request_->header(prefix);
  append_line(prefix, kind.empty() ? "AES256" : kind, out);
  for (const std::string_view name : encryption_names) {
    if (request_->has_header(name)) append_line(name, request_->header(name), out);
  }
}

void S3Handler::store(std::shared_ptr<Object> object) {
  object->name = bucket_->name + "/" + std::string(key_);
  const auto at = bucket_->objects.find(key_);
  if (at != bucket_->objects.end()) {
    at->second = std::move(object);
  } else {
    bucket_->objects.emplace(key_, std::move(object));
  }
}

void S3Handler::delete_object() {
  const auto at = bucket_->objects.find(key_);
  const std::string_view match = request_->header("if-match");
  if (!match.empty()) {
    if (at == bucket_->objects.end()) return refuse(no_such_key());
    if (!etag_fits(match, at->second->etag)) return refuse(precondition_failed("If-Match"));
  }
  if (at != bucket_->objects.end()) bucket_->objects.erase(at);
  begin(204);
  end_empty();
}

//   <Delete><Quiet>true</Quiet><Object><Key>a</Key><ETag>"..."</ETag></Object>...</Delete>
void S3Handler::batch_delete() {
  if (payload_.md5.empty() && payload_.checksums.empty()) {
    return refuse({400, "InvalidRequest",
                   "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"});
  }
  const S3Error malformed{400, "MalformedXML",
                          "The XML you provided was not well-formed or did not validate against "
                          "our published schema"};
  std::string_view rest = payload_.body.view();
  const bool is_quiet = element_text(rest, "Quiet").value_or("") == "true";
  body_ =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  size_t count = 0;
  while (const auto one = next_element(rest, "Object")) {
    const auto key = element_text(*one, "Key");
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html: up to 1,000
    if (!key || key->empty() || ++count > 1000) return refuse(malformed);
    const auto etag = element_text(*one, "ETag");
    const auto at = bucket_->objects.find(*key);
    const bool is_there = at != bucket_->objects.end();
    if (etag && (!is_there || !etag_fits(*etag, at->second->etag))) {
      body_ += "<Error><Key>";
      append_xml(*key, body_);
      body_ += is_there ? "</Key><Code>PreconditionFailed</Code><Message>At least one of the "
                          "pre-conditions you specified did not hold</Message></Error>"
                        : "</Key><Code>NoSuchKey</Code><Message>The specified key does not "
                          "exist.</Message></Error>";
      continue;
    }
    if (is_there) bucket_->objects.erase(at);
    if (is_quiet) continue;
    body_ += "<Deleted><Key>";
    append_xml(*key, body_);
    body_ += "</Key></Deleted>";
  }
  if (count == 0) return refuse(malformed);
  body_ += "</DeleteResult>";
  begin(200);
  end_with("application/xml", body_);
}

void S3Handler::get_tagging() {
  const auto at = bucket_->objects.find(key_);
  if (at == bucket_->objects.end()) return refuse(no_such_key());
  Query tags;
  tags.parse(at->second->tagging);
  body_ =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet>";
  for (const Parameter& tag : tags.all()) {
    body_ += "<Tag><Key>";
    append_xml(tag.name, body_);
    body_ += "</Key><Value>";
    append_xml(tag.value, body_);
    body_ += "</Value></Tag>";
  }
  body_ += "</TagSet></Tagging>";
  begin(200);
  end_with("application/xml", body_);
}

void S3Handler::create_bucket() {
  if (bucket_ != nullptr) {
    return refuse({409, "BucketAlreadyOwnedByYou",
                   "Your previous request to create the named bucket succeeded and you already "
                   "own it."});
  }
  const auto region = element_text(payload_.body.view(), "LocationConstraint");
  world_.buckets.create(bucket_name_, region.value_or(world_.region), now_seconds_);
  begin(200);
  append_line("Location", "/" + std::string(bucket_name_), answer_->head);
  end_empty();
}

void S3Handler::list_buckets() {
  body_ =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Buckets>";
  for (const auto& [name, bucket] : world_.buckets.all()) {
    body_ += "<Bucket><Name>";
    append_xml(name, body_);
    body_ += "</Name><CreationDate>";
    append_iso_date(bucket.created_seconds, body_);
    body_ += "</CreationDate></Bucket>";
  }
  body_ += "</Buckets><Owner><ID>" + world_.owner + "</ID></Owner></ListAllMyBucketsResult>";
  begin(200);
  end_with("application/xml", body_);
}

void S3Handler::get_location() {
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html: us-east-1 is empty.
  body_ =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
      (bucket_->region == "us-east-1" ? std::string() : bucket_->region) + "</LocationConstraint>";
  begin(200);
  end_with("application/xml", body_);
}

}  // namespace sluice::fake_s3

#include "s3_handler.h"

#include <charconv>

#include "base/text.h"
#include "http_server/times.h"

namespace sluice::fake_s3 {
namespace {

constexpr std::string_view host_id =
    "fakeS3fakeS3fakeS3fakeS3fakeS3fakeS3fakeS3fakeS3fakeS3fakeS3fakeS3fakeS3fake=";

std::string_view status_line(int status) {
  switch (status) {
    case 200:
      return "HTTP/1.1 200 OK\r\n";
    case 204:
      return "HTTP/1.1 204 No Content\r\n";
    case 206:
      return "HTTP/1.1 206 Partial Content\r\n";
    case 301:
      return "HTTP/1.1 301 Moved Permanently\r\n";
    case 304:
      return "HTTP/1.1 304 Not Modified\r\n";
    case 400:
      return "HTTP/1.1 400 Bad Request\r\n";
    case 403:
      return "HTTP/1.1 403 Forbidden\r\n";
    case 404:
      return "HTTP/1.1 404 Not Found\r\n";
    case 405:
      return "HTTP/1.1 405 Method Not Allowed\r\n";
    case 409:
      return "HTTP/1.1 409 Conflict\r\n";
    case 411:
      return "HTTP/1.1 411 Length Required\r\n";
    case 412:
      return "HTTP/1.1 412 Precondition Failed\r\n";
    case 416:
      return "HTTP/1.1 416 Requested Range Not Satisfiable\r\n";
    case 501:
      return "HTTP/1.1 501 Not Implemented\r\n";
    case 503:
      return "HTTP/1.1 503 Slow Down\r\n";
    default:
      return "HTTP/1.1 500 Internal Server Error\r\n";
  }
}

void append_number(uint64_t number, std::string& out) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end);
}

std::string request_id(uint64_t number) {
  std::string raw;
  append_hex(big_endian(number ^ 0x5A00'0000'0000'0000, 8), raw);
  return raw;
}

}  // namespace

S3Handler::S3Handler(World& world) : world_(world), signature_(world.credentials) {}

void S3Handler::handle(HttpRequest& request, HttpAnswer& answer) {
  request_ = &request;
  answer_ = &answer;
  bucket_ = nullptr;
  verb_ = Verb::unknown;
  bool is_readable = query_.parse(request.query);
  if (answer.is_control) {
    const std::lock_guard lock(world_.mutex);
    now_seconds_ = world_.now_seconds();
    return control();
  }
  is_readable = read_target() && is_readable;
  verb_ = is_readable ? classify() : Verb::unknown;
  // Digests cost time, so they are made before the lock is taken.
  std::optional<S3Error> bad_payload;
  if (request.content_length > 0 || verb_ == Verb::put || verb_ == Verb::put_part) {
    const bool is_etag =
        world_.etag_kind == ETagKind::md5 && (verb_ == Verb::put || verb_ == Verb::put_part);
    bad_payload = take_payload(request, is_etag ? Md5::always : Md5::if_asked, payload_);
  } else {
    payload_ = {};
  }
  const std::lock_guard lock(world_.mutex);
  now_seconds_ = world_.now_seconds();
  request_number_ = ++world_.request_number;
  bucket_ = world_.buckets.find(bucket_name_);
  answer.delay = world_.latency.next(verb_);
  std::optional<S3Error> error;
  if (!is_readable) error = S3Error{400, "InvalidURI", "Couldn't parse the specified URI."};
  if (!error) error = admit();
  if (error) {
    refuse(*error);
  } else {
    const Fault fault = world_.faults.next(verb_, bucket_name_, key_);
    if (fault.action != Action::none) world_.counters.fault_done();
    if (fault.action == Action::none || !answer_fault(fault)) {
      if (bad_payload) {
        refuse(*bad_payload);
      } else {
        perform();
      }
      deliver_with(fault);
    }
  }
  world_.counters.answered(verb_, answer.status);
}

void S3Handler::connection_used() {
  const std::lock_guard lock(world_.mutex);
  world_.counters.connection_opened();
}

void S3Handler::connection_closed() {
  const std::lock_guard lock(world_.mutex);
  world_.counters.connection_closed();
}

void S3Handler::request_opened(size_t head_bytes, uint64_t body_bytes) {
  const std::lock_guard lock(world_.mutex);
  world_.counters.request_opened(head_bytes + body_bytes);
}

void S3Handler::request_closed(const HttpAnswer& answer, uint64_t bytes_sent, bool sent_whole) {
  const std::lock_guard lock(world_.mutex);
  world_.counters.request_closed(bytes_sent);
  if (sent_whole && answer.object) {
    const auto& object = static_cast<const Object&>(*answer.object);
    world_.counters.object_sent(object, answer.offset, answer.offset + answer.length);
  }
}

// /bucket/key, or /key at bucket.domain.
bool S3Handler::read_target() {
  path_.clear();
  bucket_name_ = key_ = {};
  const std::string_view host = request_->header("host");
  std::string_view virtual_bucket;
  if (!world_.domain.empty()) {
    const std::string_view name = host.substr(0, host.find(':'));
    const std::string end = "." + world_.domain;
    if (name.size() > end.size() && name.ends_with(end)) {
      virtual_bucket = name.substr(0, name.size() - end.size());
      path_ += '/';
      path_ += virtual_bucket;
    }
  }
  if (!append_decoded(request_->path, Plus::is_plus, path_)) return false;
  std::string_view rest = std::string_view(path_).substr(1);
  const size_t slash = virtual_bucket.empty() ? rest.find('/') : virtual_bucket.size();
  bucket_name_ = rest.substr(0, slash);
  if (slash != rest.npos) key_ = rest.substr(slash + 1);
  return true;
}

Verb S3Handler::classify() const {
  if (bucket_name_.empty()) {
    return request_->method == "GET" ? Verb::list_buckets : Verb::unknown;
  }
  return key_.empty() ? classify_of_bucket() : classify_of_object();
}

Verb S3Handler::classify_of_bucket() const {
  const std::string_view method = request_->method;
  if (method == "GET") {
    if (query_.has("location")) return Verb::get_location;
    if (query_.has("uploads")) return Verb::list_uploads;
    if (query_.value("list-type") == "2") return Verb::list;
    // ListObjects, the first version: nothing in the query but what it knows.
    for (const Parameter& parameter : query_.all()) {
      const std::string& name = parameter.name;
      const bool is_known = name == "prefix" || name == "delimiter" || name == "marker" ||
                            name == "max-keys" || name == "encoding-type" ||
                            name.starts_with("X-Amz-");
      if (!is_known) return Verb::unknown;
    }
    return Verb::list;
  }
  if (method == "HEAD") return Verb::head_bucket;
  if (method == "POST" && query_.has("delete")) return Verb::batch_delete;
  if (method == "PUT" && query_.all().empty()) return Verb::create_bucket;
  return Verb::unknown;
}

Verb S3Handler::classify_of_object() const {
  const std::string_view method = request_->method;
  const bool has_upload = query_.has("uploadId");
  if (method == "GET") {
    if (has_upload) return Verb::list_parts;
    if (query_.has("tagging")) return Verb::get_tagging;
    if (query_.has("acl") || query_.has("attributes") || query_.has("torrent")) {
      return Verb::unknown;
    }
    return Verb::get;
  }
  if (method == "HEAD") return Verb::head;
  if (method == "PUT") {
    if (request_->has_header("x-amz-copy-source") || query_.has("acl") || query_.has("tagging")) {
      return Verb::unknown;
    }
    return has_upload ? Verb::put_part : Verb::put;
  }
  if (method == "DELETE") return has_upload ? Verb::abort : Verb::remove;
  if (method == "POST" && query_.has("uploads")) return Verb::create_upload;
  if (method == "POST" && has_upload) return Verb::complete;
  return Verb::unknown;
}

// Signature, token, owner, rate: in this order.
std::optional<S3Error> S3Handler::admit() {
  if (world_.checks_signatures) {
    const std::string& region = bucket_ == nullptr ? world_.region : bucket_->region;
    if (auto error = signature_.check(*request_, query_, region, now_seconds_)) return error;
  }
  if (!world_.expired_tokens.empty()) {
    std::string_view token = request_->header("x-amz-security-token");
    if (token.empty()) token = query_.value("X-Amz-Security-Token");
    if (world_.expired_tokens.contains(token)) {
      return S3Error{400, "ExpiredToken", "The provided token has expired.",
                     "<Token-0>" + std::string(token) + "</Token-0>"};
    }
  }
  if (!(is_write(verb_) ? world_.writes : world_.reads).admits()) {
    return S3Error{503, "SlowDown", "Please reduce your request rate."};
  }
  const std::string_view owner = request_->header("x-amz-expected-bucket-owner");
  if (!owner.empty() && owner != world_.owner) return S3Error{403, "AccessDenied", "Access Denied"};
  if (request_->is_chunked) {
    return S3Error{501, "NotImplemented",
                   "A header you provided implies functionality that is not implemented",
                   "<Header>Transfer-Encoding</Header>"};
  }
  return std::nullopt;
}

void S3Handler::perform() {
  if (verb_ == Verb::list_buckets) return list_buckets();
  if (verb_ == Verb::create_bucket) return create_bucket();
  if (bucket_ == nullptr && !bucket_name_.empty()) {
    std::string element = "<BucketName>";
    append_xml(bucket_name_, element);
    return refuse(
        {404, "NoSuchBucket", "The specified bucket does not exist", element + "</BucketName>"});
  }
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html: 1,024 bytes
  if (key_.size() > 1024) return refuse({400, "KeyTooLongError", "Your key is too long"});
  switch (verb_) {
    case Verb::get:
    case Verb::head:
      return get_object();
    case Verb::put:
      return put_object();
    case Verb::remove:
      return delete_object();
    case Verb::batch_delete:
      return batch_delete();
    case Verb::list:
      return list_objects();
    case Verb::create_upload:
      return create_upload();
    case Verb::put_part:
      return put_part();
    case Verb::complete:
      return complete();
    case Verb::abort:
      return abort();
    case Verb::list_uploads:
      return list_uploads();
    case Verb::list_parts:
      return list_parts();
    case Verb::get_tagging:
      return get_tagging();
    case Verb::get_location:
      return get_location();
    case Verb::head_bucket:
      begin(200);
      answer_->head += "x-amz-bucket-region: " + bucket_->region + "\r\n";
      return end_with("application/xml", "");
    default:
      return refuse({501, "NotImplemented",
                     "A header you provided implies functionality that is not implemented"});
  }
}

// A fault that lets the request be done, but not its answer come as usual.
void S3Handler::deliver_with(const Fault& fault) {
  switch (fault.action) {
    case Action::reset_after:
      answer_->delivery = HttpAnswer::Delivery::reset;
      break;
    case Action::lost:
      answer_->delivery = HttpAnswer::Delivery::silence;
      break;
    case Action::slow:
      answer_->bytes_per_second = fault.amount;
      break;
    case Action::truncate:
      answer_->cut_after = fault.amount;
      break;
    case Action::close:
      answer_->close_after = true;
      break;
    case Action::delay:
      answer_->delay += static_cast<Nanoseconds>(fault.amount) * 1'000'000;
      break;
    default:
      break;
  }
}

void S3Handler::begin(int status) {
  if (now_seconds_ != date_seconds_) {
    date_seconds_ = now_seconds_;
    date_ = "\r\nDate: ";
    append_http_date(now_seconds_, date_);
    date_ += "\r\nServer: AmazonS3\r\n";
  }
  answer_->status = status;
  std::string& head = answer_->head;
  head.clear();
  head += status_line(status);
  head += "x-amz-id-2: ";
  head += host_id;
  head += "\r\nx-amz-request-id: ";
  head += request_id(request_number_);
  head += date_;
}

void S3Handler::end_empty() {
  // RFC 9110, 8.6: no Content-Length in a 204.
  answer_->head +=
      answer_->status == 204 || answer_->status == 304 ? "\r\n" : "Content-Length: 0\r\n\r\n";
  answer_->header_bytes = answer_->head.size();
}

void S3Handler::end_with(std::string_view content_type, std::string_view body) {
  std::string& head = answer_->head;
  head += "Content-Type: ";
  head += content_type;
  head += "\r\nContent-Length: ";
  append_number(body.size(), head);
  head += "\r\n\r\n";
  answer_->header_bytes = head.size();
  head += body;
}

void S3Handler::refuse(const S3Error& error) {
  world_.counters.refused(error.code);
  answer_->object.reset();
  answer_->length = 0;
  begin(error.status);
  if (bucket_ != nullptr) {
    answer_->head += "x-amz-bucket-region: " + bucket_->region + "\r\n";
  }
  if (request_->method == "HEAD") return end_with("application/xml", "");
  body_ =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + error.code + "</Code><Message>";
  append_xml(error.message, body_);
  body_ += "</Message>" + error.elements + "<RequestId>" + request_id(request_number_) +
           "</RequestId><HostId>" + std::string(host_id) + "</HostId></Error>";
  end_with("application/xml", body_);
}

}  // namespace sluice::fake_s3

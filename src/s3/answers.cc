#include "s3/answers.h"

#include <algorithm>
#include <charconv>

#include "aws/xml.h"
#include "base/digest.h"
#include "base/text.h"
#include "http/date.h"
#include "http/url.h"
#include "s3/requests.h"

namespace sluice::s3 {

namespace {

using aws::Failure;
using Outcome = std::variant<Answer, Failure>;

Failure failure(ErrorKind kind, std::string message, int status) {
  Failure made;
  made.error = {kind, std::move(message)};
  made.status = status;
  return made;
}

ETag etag_of(std::string_view text) {
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  return ETag(text);
}

// Undoes encoding-type=url, where the answer says that it was done: not every server does it.
std::string decoded(std::string_view text, bool is_encoded) {
  if (!is_encoded) return std::string(text);
  std::string blanks(text);
  std::replace(blanks.begin(), blanks.end(), '+', ' ');  // As in a form: a plus itself is %2B.
  return percent_decoded(blanks);
}

// "bytes 0-9/123" -> 123, also of "bytes */123".
std::optional<uint64_t> size_in_range(const HttpResponse& response) {
  const std::string_view range = header(response.headers, "Content-Range");
  const size_t slash = range.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return parse_number<uint64_t>(range.substr(slash + 1));
}

// How large the object is, of a refused range: S3 says it in the body, others in the header.
std::optional<uint64_t> size_behind(const HttpResponse& response) {
  if (const auto size = size_in_range(response)) return size;
  const auto document = aws::XmlDocument::parse(response.body.view());
  if (!document.ok()) return std::nullopt;
  return parse_number<uint64_t>(document->root().text("ActualObjectSize"));
}

// What a listing of this request can only be: XML with that root.
Result<aws::XmlDocument> parsed(const HttpResponse& response, std::string_view root) {
  aws::XmlDocument document = TRY(aws::XmlDocument::parse(response.body.view()));
  if (document.root().name() != root)
    return Error{ErrorKind::invalid, "the answer is <" + excerpt(document.root().name()) +
                                         ">, not <" + std::string(root) +
                                         ">: this endpoint does not speak S3"};
  return document;
}

class Reader {
 public:
  Reader(HttpResponse& response, const S3Options& options, WallTime at)
      : response_(response), options_(options), at_(at) {}

  Outcome operator()(const Get& get) {
    if (get.range && response_.status == 416) return behind_the_end(get);
    if (!succeeded()) return failed();
    // A page of a proxy or a web server would otherwise pass for an object.
    if (!has_header(response_.headers, "ETag")) return strange();
    Body body{std::move(response_.body), meta_of(response_)};
    if (get.range && response_.status != 206 && body.bytes.size() > get.range->bytes)
      return failure(ErrorKind::invalid, "asked for a range, the whole object came", 200);
    if (!get.range && body.bytes.size() > get.most)
      return failure(ErrorKind::invalid,
                     "the object has " + std::to_string(body.bytes.size()) + " bytes, more than " +
                         std::to_string(get.most),
                     200);
    if (get.range && get.range->bytes == 0) body.bytes.clear();
    return Answer(std::move(body));
  }
  Outcome operator()(const Head&) {
    if (!succeeded()) return failed();
    if (!has_header(response_.headers, "ETag")) return strange();
    return Answer(meta_of(response_));
  }
  Outcome operator()(const List&) {
    if (!succeeded()) return failed();
    auto document = parsed(response_, "ListBucketResult");
    if (!document.ok()) return strange();
    const aws::XmlElement root = document->root();
    const bool is_encoded = root.text("EncodingType") == "url";
    Page page;
    for (const aws::XmlElement one : root.all("Contents")) {
      page.objects.push_back({Key(decoded(one.text("Key"), is_encoded)),
                              parse_number<uint64_t>(one.text("Size")).value_or(0),
                              etag_of(one.text("ETag"))});
    }
    for (const aws::XmlElement one : root.all("CommonPrefixes"))
      page.prefixes.push_back(decoded(one.text("Prefix"), is_encoded));
    page.next = next_page(root, "NextContinuationToken");
    if (page.next && page.next->empty()) return endless("NextContinuationToken");
    return Answer(std::move(page));
  }
  Outcome operator()(const Put& put) {
    Outcome outcome = done_with_etag();
    // If-Match where nothing is: S3 says 404, but it is the expectation that failed.
    auto* failure = std::get_if<Failure>(&outcome);
    if (failure != nullptr && failure->error.kind == ErrorKind::not_found &&
        std::holds_alternative<ETag>(put.expect))
      failure->error.kind = ErrorKind::conflict;
    return outcome;
  }
  Outcome operator()(const Delete&) {
    if (!succeeded() && response_.status != 404) return failed();
    if (response_.status == 404) {
      Failure known = failed();
      if (known.error.kind != ErrorKind::not_found) return known;  // The bucket isn't there.
    }
    return Answer(Done{});
  }
  Outcome operator()(const CreateUpload&) {
    if (!succeeded()) return failed();
    auto document = parsed(response_, "InitiateMultipartUploadResult");
    if (!document.ok()) return strange();
    const std::string_view id = document->root().text("UploadId");
    if (id.empty()) return strange();
    return Answer(UploadId(id));
  }
  Outcome operator()(const PutPart& part) {
    if (!succeeded()) return failed();
    const ETag etag = etag_of(header(response_.headers, "ETag"));
    if (etag.empty()) return strange();
    return Answer(PartTag{part.number, etag, part.crc32c});
  }
  Outcome operator()(const Complete& complete) {
    if (!succeeded() || aws::has_error(response_.body.view())) return failed();
    auto document = parsed(response_, "CompleteMultipartUploadResult");
    if (!document.ok()) {
      // Blanks and then nothing: the connection was kept warm, and the answer never came.
      if (trim(response_.body.view()).empty()) {
        Failure cut = failure(ErrorKind::transient, "the answer has no body", response_.status);
        cut.is_retryable = true;
        return cut;
      }
      return strange();
    }
    const ETag etag = etag_of(document->root().text("ETag"));
    if (!fits(etag, complete.parts, options_.encryption))
      return failure(ErrorKind::not_found,
                     "the answer's ETag " + etag.str() +
                         " is not that of the upload's parts: the "
                         "upload is gone",
                     response_.status);
    return Answer(Done{etag});
  }
  Outcome operator()(const Abort&) {
    if (succeeded()) return Answer(Done{});
    Failure known = failed();
    if (known.error.kind == ErrorKind::not_found) return Answer(Done{});
    return known;
  }
  Outcome operator()(const ListUploads&) {
    if (!succeeded()) return failed();
    auto document = parsed(response_, "ListMultipartUploadsResult");
    if (!document.ok()) return strange();
    const aws::XmlElement root = document->root();
    const bool is_encoded = root.text("EncodingType") == "url";
    UploadPage page;
    for (const aws::XmlElement one : root.all("Upload")) {
      page.uploads.push_back(
          {Key(decoded(one.text("Key"), is_encoded)), UploadId(one.text("UploadId"))});
    }
    page.next = next_page(root, "NextKeyMarker");
    if (page.next) {
      if (page.next->empty()) return endless("NextKeyMarker");
      page.next = decoded(*page.next, is_encoded);
      page.next->append(1, '\0').append(root.text("NextUploadIdMarker"));
    }
    return Answer(std::move(page));
  }

 private:
  // A server that leaves IsTruncated out says by the token alone that there is more.
  static std::optional<std::string> next_page(const aws::XmlElement& root, const char* token) {
    const std::string_view truncated = trim(root.text("IsTruncated")), next = root.text(token);
    if (equal_without_case(truncated, "true") || (truncated.empty() && !next.empty()))
      return std::string(next);
    return std::nullopt;
  }
  // Asked for without a token it would begin anew, for ever.
  Failure endless(std::string_view token) const {
    return failure(ErrorKind::invalid,
                   "the listing is said to go on (IsTruncated), but it has no " +
                       std::string(token) + ": what follows can't be asked for",
                   response_.status);
  }
  bool succeeded() const { return response_.status / 100 == 2; }
  Failure failed() const { return aws::classify(response_, at_); }
  // A success in which what every S3 says is missing.
  Failure strange() const {
    Failure known = aws::classify(response_, at_);
    if (known.error.kind != ErrorKind::invalid)
      known.error = {ErrorKind::invalid, "the answer is not S3's (status " +
                                             std::to_string(response_.status) +
                                             " without an ETag): does this endpoint speak S3?"};
    known.is_retryable = false;
    return known;
  }
  Outcome done_with_etag() {
    if (!succeeded()) return failed();
    const ETag etag = etag_of(header(response_.headers, "ETag"));
    if (etag.empty()) return strange();
    return Answer(Done{etag});
  }
  Outcome behind_the_end(const Get& get) const {
    const uint64_t size = size_behind(response_).value_or(0);
    if (get.range->offset <= size) {
      Body body;
      body.meta.bytes = size;
      body.meta.etag = get.if_match.value_or(etag_of(header(response_.headers, "ETag")));
      return Answer(std::move(body));
    }
    return failure(ErrorKind::invalid,
                   "the range begins at byte " + std::to_string(get.range->offset) +
                       ", the object has " + std::to_string(size),
                   416);
  }

  HttpResponse& response_;
  const S3Options& options_;
  WallTime at_;
};

std::optional<std::string> bytes_of_hex(std::string_view hex) {
  if (hex.size() != 32) return std::nullopt;
  std::string out;
  for (size_t i = 0; i < hex.size(); i += 2) {
    unsigned byte = 0;
    if (std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16).ptr != hex.data() + i + 2)
      return std::nullopt;
    out += static_cast<char>(byte);
  }
  return out;
}

}  // namespace

std::variant<Answer, aws::Failure> answer_of(const Request& request, HttpResponse response,
                                             const S3Options& options, WallTime at) {
  return std::visit(Reader(response, options, at), request);
}

Meta meta_of(const HttpResponse& response) {
  Meta meta;
  const auto length = parse_number<uint64_t>(header(response.headers, "Content-Length"));
  meta.bytes = size_in_range(response).value_or(length.value_or(0));
  meta.etag = etag_of(header(response.headers, "ETag"));
  meta.mark = mark_of(header(response.headers, mark_header));
  meta.modified = parse_http_date(header(response.headers, "Last-Modified")).value_or(WallTime{});
  return meta;
}

bool fits(const ETag& etag, const std::vector<PartTag>& parts, Encryption encryption) {
  const std::string count = "-" + std::to_string(parts.size());
  if (!etag.view().ends_with(count)) return false;
  if (encryption == Encryption::kms) return true;  // Its ETags are no MD5s.
  std::string all;
  for (const PartTag& part : parts) {
    const auto bytes = bytes_of_hex(part.etag.view());
    if (!bytes) return true;  // Not MD5s either: nothing to compare with
    all += *bytes;
  }
  return etag.view() == hex(sluice::md5(all)) + count;
}

}  // namespace sluice::s3

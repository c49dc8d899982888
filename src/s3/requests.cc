#include "s3/requests.h"

#include "aws/sign.h"
#include "aws/xml.h"
#include "base/checksum.h"
#include "http/url.h"

namespace sluice::s3 {

namespace {

// A body longer than what was asked for is an error, not memory: room for an <Error> all the same.
constexpr uint64_t error_bytes_max = 64 << 10;
// 1,000 keys of 1,024 bytes, each byte as %XX, and what is around them.
constexpr uint64_t page_bytes_max = 8 << 20;

class Maker {
 public:
  Maker(std::string_view base_url, const S3Options& options)
      : base_url_(base_url), options_(options) {}

  Outgoing operator()(const Get& get) {
    start("GET", get.key);
    if (get.range) {
      // An empty range can't be said: one byte is asked for, and dropped.
      const uint64_t bytes = std::max<uint64_t>(get.range->bytes, 1);
      add("range", "bytes=" + std::to_string(get.range->offset) + "-" +
                       std::to_string(get.range->offset + bytes - 1));
      out_.request.body_most = std::max(bytes, error_bytes_max);
    } else {
      out_.request.body_most = std::max(get.most, error_bytes_max);
    }
    if (get.if_match) add("if-match", "\"" + get.if_match->str() + "\"");
    return finish();
  }
  Outgoing operator()(const Head& head) {
    start("HEAD", head.key);
    return finish();
  }
  Outgoing operator()(const List& list) {
    start("GET", Key());
    std::vector<aws::QueryPair> query = {{"list-type", "2"},
                                         {"encoding-type", "url"},
                                         {"max-keys", std::to_string(list.most)},
                                         {"prefix", list.prefix}};
    if (!list.delimiter.empty()) query.emplace_back("delimiter", list.delimiter);
    if (!list.after.empty()) query.emplace_back("continuation-token", list.after);
    if (!list.start_after.empty() && list.after.empty())
      query.emplace_back("start-after", list.start_after);
    ask(query);
    out_.request.body_most = page_bytes_max;
    return finish();
  }
  Outgoing operator()(const Put& put) {
    start("PUT", put.key);
    add_kept_headers();
    if (options_.features.conditional_put) add_expected(put.expect);
    add_checksum(put.body, {});
    out_.request.body = put.body;
    return finish();
  }
  Outgoing operator()(const Delete& remove) {
    start("DELETE", remove.key);
    return finish();
  }
  Outgoing operator()(const CreateUpload& create) {
    start("POST", create.key);
    ask({{"uploads", ""}});
    // Sent twice it may have a twin, and its answer must say so (Timing::attempts).
    out_.request.may_be_sent_twice = false;
    add_kept_headers();
    if (!create.mark.empty()) add(mark_header, mark_text(create.mark));
    if (options_.checksum == PartChecksum::crc32c) add("x-amz-checksum-algorithm", "CRC32C");
    if (options_.checksum == PartChecksum::crc64nvme) {
      add("x-amz-checksum-algorithm", "CRC64NVME");
      add("x-amz-checksum-type", "FULL_OBJECT");
    }
    return finish();
  }
  Outgoing operator()(const PutPart& part) {
    start("PUT", part.key);
    ask({{"partNumber", std::to_string(part.number)}, {"uploadId", part.id.str()}});
    add_checksum(part.body.view(), part.crc32c);
    out_.request.body = part.body.view();
    return finish();
  }
  Outgoing operator()(const Complete& complete) {
    start("POST", complete.key);
    ask({{"uploadId", complete.id.str()}});
    std::string& body = out_.made_body;
    body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    for (const PartTag& part : complete.parts) {
      body += "<Part>";
      aws::append_xml_element("PartNumber", std::to_string(part.number), body);
      aws::append_xml_element("ETag", "\"" + part.etag.str() + "\"", body);
      if (options_.checksum == PartChecksum::crc32c)
        aws::append_xml_element("ChecksumCRC32C", crc_to_base64(part.crc32c), body);
      body += "</Part>";
    }
    body += "</CompleteMultipartUpload>";
    add("content-type", "application/xml");
    Outgoing out = finish();
    // "Processing of a CompleteMultipartUpload request could take several minutes."
    out.request.first_byte_within *= 10;
    out.request.stalled_after = 300_s;
    // Meanwhile it sends a blank now and then, so that the connection lives.
    out.request.slow_most = 900_s;
    return out;
  }
  Outgoing operator()(const Abort& abort) {
    start("DELETE", abort.key);
    ask({{"uploadId", abort.id.str()}});
    return finish();
  }
  Outgoing operator()(const ListUploads& list) {
    start("GET", Key());
    std::vector<aws::QueryPair> query = {
        {"uploads", ""}, {"encoding-type", "url"}, {"prefix", list.prefix}};
    if (!list.after.empty()) {  // key \0 id
      const size_t cut = list.after.find('\0');
      query.emplace_back("key-marker", list.after.substr(0, cut));
      if (cut != std::string::npos)
        query.emplace_back("upload-id-marker", list.after.substr(cut + 1));
    }
    ask(query);
    out_.request.body_most = page_bytes_max;
    return finish();
  }
  Outgoing delete_if(const Delete& remove) {
    start("DELETE", remove.key);
    if (options_.features.exact_delete) add_expected(remove.only->etag);
    return finish();
  }

 private:
  void start(const char* method, const Key& key) {
    out_.request.method = method;
    std::string& url = out_.request.url;
    url.reserve(base_url_.size() + key.view().size() + 64);
    url.append(base_url_).append("/");
    aws::append_encoded_path(key.view(), url);
    out_.request.headers.reserve(10);
    out_.request.first_byte_within = options_.first_byte_within;
    out_.request.body_most = error_bytes_max;
  }
  void ask(std::span<const aws::QueryPair> query) {
    out_.request.url.append("?").append(aws::canonical_query(query));
  }
  void ask(std::initializer_list<aws::QueryPair> query) {
    ask(std::span(query.begin(), query.size()));
  }
  void add(std::string_view name, std::string value) {
    out_.request.headers.push_back({std::string(name), std::move(value)});
  }
  void add_expected(const Expect& expect) {
    if (std::holds_alternative<Absent>(expect)) add("if-none-match", "*");
    if (const ETag* etag = std::get_if<ETag>(&expect)) add("if-match", "\"" + etag->str() + "\"");
  }
  // What an object keeps.
  void add_kept_headers() {
    if (options_.encryption == Encryption::s3) add("x-amz-server-side-encryption", "AES256");
    if (options_.encryption == Encryption::kms) {
      add("x-amz-server-side-encryption", "aws:kms");
      if (!options_.kms_key.empty())
        add("x-amz-server-side-encryption-aws-kms-key-id", options_.kms_key);
    }
    if (!options_.acl.empty()) add("x-amz-acl", options_.acl);
    if (!options_.storage_class.empty()) add("x-amz-storage-class", options_.storage_class);
    if (!options_.tags.empty()) add("x-amz-tagging", aws::canonical_query(options_.tags));
  }
  void add_checksum(std::string_view bytes, std::optional<uint32_t> known) {
    if (options_.checksum == PartChecksum::crc32c) {
      add("x-amz-checksum-crc32c", crc_to_base64(known ? *known : crc32c(bytes)));
    } else if (options_.checksum == PartChecksum::crc64nvme) {
      add("x-amz-checksum-crc64nvme", crc64_to_base64(crc64nvme(bytes)));
    }
  }
  Outgoing finish() {
    if (!options_.expected_owner.empty())
      add("x-amz-expected-bucket-owner", options_.expected_owner);
    if (options_.requester_pays) add("x-amz-request-payer", "requester");
    return std::move(out_);
  }

  std::string_view base_url_;
  const S3Options& options_;
  Outgoing out_;
};

bool is_plain(unsigned char c) {
  return c > ' ' && c < 0x7F && c != '%';
}

}  // namespace

std::string mark_text(const Mark& mark) {
  std::string out;
  for (const char c : mark.view()) {
    if (is_plain(static_cast<unsigned char>(c))) {
      out += c;
    } else {
      aws::append_encoded({&c, 1}, out);
    }
  }
  return out;
}

Mark mark_of(std::string_view text) {
  return Mark(percent_decoded(text));
}

Outgoing outgoing(const Request& request, std::string_view base_url, const S3Options& options) {
  return std::visit(Maker(base_url, options), request);
}

Outgoing outgoing_delete_if(const Delete& request, std::string_view base_url,
                            const S3Options& options) {
  return Maker(base_url, options).delete_if(request);
}

}  // namespace sluice::s3

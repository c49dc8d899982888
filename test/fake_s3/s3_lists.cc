// Listings: of objects, of open uploads, of an upload's parts; page by page.
#include <algorithm>

#include "base/text.h"
#include "http_server/times.h"
#include "s3_handler.h"

namespace sluice::fake_s3 {
namespace {

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html: up to 1,000
constexpr uint64_t page_max = 1000;
constexpr std::string_view xml_head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

S3Error invalid_argument(std::string_view name, std::string_view value) {
  std::string elements = "<ArgumentName>" + std::string(name) + "</ArgumentName><ArgumentValue>";
  append_xml(value, elements);
  return {400, "InvalidArgument", "Provided " + std::string(name) + " is not valid",
          elements + "</ArgumentValue>"};
}

// Writes names into the page's XML, encoded if the request wants that.
class NameWriter {
 public:
  NameWriter(bool is_url, std::string& out) : is_url_(is_url), out_(out) {}
  void element(std::string_view element, std::string_view name) {
    out_ += '<';
    out_ += element;
    out_ += '>';
    text(name);
    out_ += "</";
    out_ += element;
    out_ += '>';
  }
  void text(std::string_view name) {
    if (is_url_) {
      append_listing_encoded(name, out_);
    } else {
      append_xml(name, out_);
    }
  }

 private:
  const bool is_url_;
  std::string& out_;
};

std::optional<uint64_t> page_size(const Query& query, std::string_view name) {
  if (!query.has(name)) return page_max;
  const auto most = parse_number<uint64_t>(query.value(name));
  if (!most || *most > INT32_MAX) return std::nullopt;
  return std::min(*most, page_max);
}

// Dates of a page are mostly of one second.
class DateWriter {
 public:
  void append(int64_t seconds, std::string& out) {
    if (seconds != seconds_) {
      seconds_ = seconds;
      text_.clear();
      append_iso_date(seconds, text_);
    }
    out += text_;
  }

 private:
  int64_t seconds_ = -1;
  std::string text_;
};

std::string token_of(std::string_view last) {
  std::string token = "1";
  append_hex(last, token);
  return token;
}

std::optional<std::string> read_token(std::string_view token) {
  if (token.empty() || token[0] != '1' || token.size() % 2 == 0) return std::nullopt;
  std::string percent;
  for (size_t i = 1; i < token.size(); i += 2) {
    percent += '%';
    percent += token.substr(i, 2);
  }
  std::string last;
  if (!append_decoded(percent, Plus::is_plus, last)) return std::nullopt;
  return last;
}

void append_object(std::string_view key, const Object& object, NameWriter& names, DateWriter& dates,
                   std::string& out) {
  out += "<Contents>";
  names.element("Key", key);
  out += "<LastModified>";
  dates.append(object.modified_seconds, out);
  out += "</LastModified><ETag>";
  append_xml(object.etag, out);
  out += "</ETag>";
  for (const Checksum& checksum : object.checksums) {
    out += "<ChecksumAlgorithm>" + checksum_element(checksum.name).substr(8) +
           "</ChecksumAlgorithm><ChecksumType>" +
           (checksum.is_composite ? "COMPOSITE" : "FULL_OBJECT") + "</ChecksumType>";
  }
  out += "<Size>" + std::to_string(object.bytes) + "</Size><StorageClass>";
  out += object.storage_class.empty() ? "STANDARD" : object.storage_class;
  out += "</StorageClass></Contents>";
}

// A page of a bucket's keys, with what lies below "prefix...delimiter" told as one group.
class ObjectPage {
 public:
  ObjectPage(std::string_view prefix, std::string_view delimiter, std::string_view after,
             uint64_t most, bool is_url)
      : prefix_(prefix),
        delimiter_(delimiter),
        after_(after),
        most_(most),
        content_names_(is_url, contents),
        prefix_names_(is_url, prefixes) {}

  void fill(const Bucket& bucket) {
    const auto& objects = bucket.objects;
    auto at = after_ < prefix_ ? objects.lower_bound(prefix_) : objects.upper_bound(after_);
    while (at != objects.end() && at->first.starts_with(prefix_)) {
      const std::string& key = at->first;
      const size_t cut = delimiter_.empty() ? key.npos : key.find(delimiter_, prefix_.size());
      const std::string_view group =
          cut == key.npos ? "" : std::string_view(key).substr(0, cut + delimiter_.size());
      // The group that ended the page before.
      const bool is_told = !group.empty() && group == after_;
      if (!is_told && count == most_) {
        is_truncated = most_ > 0;
        return;
      }
      if (group.empty()) {
        append_object(key, *at->second, content_names_, dates_, contents);
        last = key;
        ++at;
      } else {
        if (!is_told) add_group(group);
        at = behind(objects, std::string(group));
      }
      if (!is_told) ++count;
    }
  }

  std::string contents, prefixes, last;
  uint64_t count = 0;
  bool is_truncated = false;

 private:
  using Objects = decltype(Bucket::objects);

  void add_group(std::string_view group) {
    prefixes += "<CommonPrefixes>";
    prefix_names_.element("Prefix", group);
    prefixes += "</CommonPrefixes>";
    last = group;
  }
  // The first key behind all that begin with `group`.
  static Objects::const_iterator behind(const Objects& objects, std::string group) {
    while (!group.empty() && static_cast<uint8_t>(group.back()) == 255) group.pop_back();
    if (group.empty()) return objects.end();
    group.back() = static_cast<char>(group.back() + 1);
    return objects.lower_bound(group);
  }

  const std::string_view prefix_, delimiter_, after_;  // Of the request, which outlives the page
  const uint64_t most_;
  NameWriter content_names_, prefix_names_;
  DateWriter dates_;
};

}  // namespace

void S3Handler::list_objects() {
  const std::string_view prefix = query_.value("prefix"), delimiter = query_.value("delimiter");
  const std::string_view token = query_.value("continuation-token");
  const auto most = page_size(query_, "max-keys");
  if (!most) return refuse(invalid_argument("max-keys", query_.value("max-keys")));
  const bool is_url = query_.value("encoding-type") == "url";
  const bool is_first_version = !query_.has("list-type");
  std::string after(query_.value(is_first_version ? "marker" : "start-after"));
  if (query_.has("continuation-token")) {
    auto last = read_token(token);
    if (!last) {
      return refuse({400, "InvalidArgument", "The continuation token provided is incorrect"});
    }
    after = *std::move(last);
  }
  ObjectPage page(prefix, delimiter, after, *most, is_url);
  page.fill(*bucket_);

  body_ = xml_head;
  body_ += "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>";
  append_xml(bucket_->name, body_);
  body_ += "</Name>";
  NameWriter names(is_url, body_);
  names.element("Prefix", prefix);
  if (!delimiter.empty()) names.element("Delimiter", delimiter);
  if (is_first_version) {
    names.element("Marker", after);
    if (page.is_truncated) names.element("NextMarker", page.last);
  } else if (query_.has("start-after")) {
    names.element("StartAfter", query_.value("start-after"));
  }
  if (!token.empty()) {
    body_ += "<ContinuationToken>" + std::string(token) + "</ContinuationToken>";
  }
  if (page.is_truncated && !is_first_version) {
    body_ += "<NextContinuationToken>" + token_of(page.last) + "</NextContinuationToken>";
  }
  if (!is_first_version) body_ += "<KeyCount>" + std::to_string(page.count) + "</KeyCount>";
  body_ += "<MaxKeys>" + std::to_string(*most) + "</MaxKeys>";
  if (is_url) body_ += "<EncodingType>url</EncodingType>";
  body_ +=
      page.is_truncated ? "<IsTruncated>true</IsTruncated>" : "<IsTruncated>false</IsTruncated>";
  body_ += page.contents;
  body_ += page.prefixes;
  body_ += "</ListBucketResult>";
  begin(200);
  answer_->head += "x-amz-bucket-region: " + bucket_->region + "\r\n";
  end_with("application/xml", body_);
}

void S3Handler::list_uploads() {
  const auto most = page_size(query_, "max-uploads");
  if (!most) return refuse(invalid_argument("max-uploads", query_.value("max-uploads")));
  const std::string_view prefix = query_.value("prefix");
  const std::string_view key_marker = query_.value("key-marker");
  // Means something only beside a key marker.
  const std::string_view id_marker =
      key_marker.empty() ? std::string_view() : query_.value("upload-id-marker");
  std::string list;
  const bool is_url = query_.value("encoding-type") == "url";
  NameWriter list_names(is_url, list);
  uint64_t count = 0;
  bool is_truncated = false;
  const Upload* last = nullptr;
  for (const auto& [name, upload] : bucket_->uploads) {
    if (!upload.key.starts_with(prefix)) continue;
    if (!key_marker.empty()) {
      const bool is_behind =
          upload.key > key_marker ||
          (upload.key == key_marker && !id_marker.empty() && upload.id > id_marker);
      if (!is_behind) continue;
    }
    if (count == *most) {
      is_truncated = count > 0;
      break;
    }
    ++count;
    last = &upload;
    list += "<Upload>";
    list_names.element("Key", upload.key);
    list += "<UploadId>" + upload.id + "</UploadId><Initiator><ID>" + world_.owner +
            "</ID></Initiator><Owner><ID>" + world_.owner + "</ID></Owner><StorageClass>" +
            (upload.storage_class.empty() ? "STANDARD" : upload.storage_class) +
            "</StorageClass><Initiated>";
    append_iso_date(upload.initiated_seconds, list);
    list += "</Initiated></Upload>";
  }
  body_ = xml_head;
  body_ += "<ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>";
  append_xml(bucket_->name, body_);
  body_ += "</Bucket>";
  NameWriter names(is_url, body_);
  names.element("KeyMarker", key_marker);
  body_ += "<UploadIdMarker>" + std::string(id_marker) + "</UploadIdMarker>";
  names.element("Prefix", prefix);
  if (is_truncated && last != nullptr) {
    names.element("NextKeyMarker", last->key);
    body_ += "<NextUploadIdMarker>" + last->id + "</NextUploadIdMarker>";
  }
  if (is_url) body_ += "<EncodingType>url</EncodingType>";
  body_ += "<MaxUploads>" + std::to_string(*most) + "</MaxUploads><IsTruncated>" +
           (is_truncated ? "true" : "false") + "</IsTruncated>" + list +
           "</ListMultipartUploadsResult>";
  begin(200);
  end_with("application/xml", body_);
}

void S3Handler::list_parts() {
  const Upload* upload = find_upload();
  if (upload == nullptr) return refuse(no_such_upload());
  const auto most = page_size(query_, "max-parts");
  const uint32_t marker = parse_number<uint32_t>(query_.value("part-number-marker")).value_or(0);
  if (!most) return refuse(invalid_argument("max-parts", query_.value("max-parts")));
  std::string list;
  uint64_t count = 0;
  uint32_t last = 0;
  bool is_truncated = false;
  for (auto at = upload->parts.upper_bound(marker); at != upload->parts.end(); ++at) {
    if (count == *most) {
      is_truncated = count > 0;
      break;
    }
    ++count;
    last = at->first;
    list += "<Part><PartNumber>" + std::to_string(at->first) + "</PartNumber><LastModified>";
    append_iso_date(at->second.modified_seconds, list);
    list += "</LastModified><ETag>";
    append_xml(at->second.etag, list);
    list += "</ETag><Size>" + std::to_string(at->second.slice.bytes.size()) + "</Size>";
    append_checksum_xml(at->second.checksums, list);
    list += "</Part>";
  }
  body_ = xml_head;
  body_ += "<ListPartsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>";
  append_xml(bucket_->name, body_);
  body_ += "</Bucket><Key>";
  append_xml(upload->key, body_);
  body_ += "</Key><UploadId>" + upload->id + "</UploadId><PartNumberMarker>" +
           std::to_string(marker) + "</PartNumberMarker>";
  if (is_truncated) {
    body_ += "<NextPartNumberMarker>" + std::to_string(last) + "</NextPartNumberMarker>";
  }
  body_ += "<MaxParts>" + std::to_string(*most) + "</MaxParts><IsTruncated>" +
           (is_truncated ? "true" : "false") + "</IsTruncated>" + list +
           "<StorageClass>STANDARD</StorageClass></ListPartsResult>";
  begin(200);
  end_with("application/xml", body_);
}

}  // namespace sluice::fake_s3

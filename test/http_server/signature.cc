#include "http_server/signature.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "http_server/times.h"

namespace sluice::http_server {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
// "the request must reach Amazon S3 within 15 minutes of the time stamp"
constexpr int64_t skew_seconds_max = 15 * 60;

std::string iso(int64_t seconds) {
  std::string text;
  append_iso_date(seconds, text);
  return text;
}

S3Error malformed(std::string message, std::string elements = {}) {
  return {400, "AuthorizationHeaderMalformed",
          "The authorization header is malformed; " + std::move(message), std::move(elements)};
}

// Trimmed, runs of blanks made one.
void append_header_value(std::string_view value, std::string& out) {
  if (value.find("  ") == value.npos) {
    out += value;
    return;
  }
  char before = 0;
  for (const char c : value) {
    if (c != ' ' || before != ' ') out += c;
    before = c;
  }
}

bool needs_no_encoding(std::string_view path) {
  return std::all_of(path.begin(), path.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '-' || c == '.' || c == '_' || c == '~';
  });
}

bool is_signed(std::string_view signed_headers, std::string_view name) {
  while (!signed_headers.empty()) {
    const size_t end = signed_headers.find(';');
    if (equal_without_case(signed_headers.substr(0, end), name)) return true;
    if (end == signed_headers.npos) break;
    signed_headers.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace

// What a request says about its signature.
struct SignatureCheck::Claim {
  std::string_view key, date, region, service, scope_end;
  std::string_view credential;  // The five with slashes
  std::string_view signed_headers, signature, amz_date, payload_hash;
  bool is_presigned = false;
  int64_t expires_seconds = 0;

  std::string_view scope() const {
    return credential.substr(std::min(credential.size(), key.size() + 1));
  }
  bool read_credential(std::string_view text) {
    credential = text;
    // From the end, for a key id could have a slash.
    std::string_view* const fields[] = {&scope_end, &service, &region, &date};
    for (std::string_view* field : fields) {
      const size_t slash = text.rfind('/');
      if (slash == text.npos) return false;
      *field = text.substr(slash + 1);
      text = text.substr(0, slash);
    }
    key = text;
    return scope_end == "aws4_request";
  }
};

std::optional<S3Error> SignatureCheck::check(const HttpRequest& request, const Query& query,
                                             std::string_view region, int64_t now_seconds) {
  Claim claim;
  if (query.has("X-Amz-Algorithm")) {
    if (auto error = read_query(query, claim)) return error;
  } else if (auto error = read_header(request, claim)) {
    return error;
  }
  const Credential* credential = nullptr;
  if (auto error = judge_scope(claim, region, credential)) return error;
  if (auto error = judge_time(claim, now_seconds)) return error;
  if (auto error = write_canonical(request, query, claim)) return error;

  to_sign_.clear();
  to_sign_ += algorithm;
  to_sign_ += '\n';
  to_sign_ += claim.amz_date;
  to_sign_ += '\n';
  to_sign_ += claim.scope();
  to_sign_ += '\n';
  append_hex(sha256(canonical_), to_sign_);
  std::string expected;
  expected.reserve(64);
  append_hex(signing_key(claim, *credential)(to_sign_), expected);
  if (expected != claim.signature) return mismatch(claim);
  return std::nullopt;
}

std::optional<S3Error> SignatureCheck::read_header(const HttpRequest& request, Claim& claim) const {
  std::string_view text = request.header("authorization");
  if (text.empty()) return S3Error{403, "AccessDenied", "Access Denied"};
  if (!text.starts_with(algorithm)) {
    return S3Error{400, "InvalidRequest",
                   "The authorization mechanism you have provided is not supported. Please use "
                   "AWS4-HMAC-SHA256."};
  }
  text.remove_prefix(algorithm.size());
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view field = trim(text.substr(0, comma));
    text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
    const size_t equals = field.find('=');
    if (equals == field.npos) continue;
    const std::string_view name = field.substr(0, equals), value = field.substr(equals + 1);
    if (name == "Credential" && !claim.read_credential(value)) {
      return malformed(
          "the Credential is mal-formed; expecting "
          "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".");
    }
    if (name == "SignedHeaders") claim.signed_headers = value;
    if (name == "Signature") claim.signature = value;
  }
  if (claim.credential.empty() || claim.signed_headers.empty() || claim.signature.empty()) {
    return malformed(
        "the authorization header requires three components: Credential, "
        "SignedHeaders, and Signature.");
  }
  claim.amz_date = request.header("x-amz-date");
  claim.payload_hash = request.header("x-amz-content-sha256");
  if (claim.payload_hash.empty() && service_ == "s3") {
    return S3Error{400, "InvalidRequest",
                   "Missing required header for this request: x-amz-content-sha256"};
  }
  return std::nullopt;
}

std::optional<S3Error> SignatureCheck::read_query(const Query& query, Claim& claim) const {
  claim.is_presigned = true;
  claim.signed_headers = query.value("X-Amz-SignedHeaders");
  claim.signature = query.value("X-Amz-Signature");
  claim.amz_date = query.value("X-Amz-Date");
  claim.payload_hash = "UNSIGNED-PAYLOAD";
  const auto expires = parse_number<int64_t>(query.value("X-Amz-Expires"));
  if (query.value("X-Amz-Algorithm") != algorithm || !expires || claim.signature.empty() ||
      claim.signed_headers.empty() || !claim.read_credential(query.value("X-Amz-Credential"))) {
    return S3Error{400, "AuthorizationQueryParametersError",
                   "Query-string authentication version 4 requires the X-Amz-Algorithm, "
                   "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and "
                   "X-Amz-Expires parameters."};
  }
  if (*expires < 1 || *expires > 604'800) {
    return S3Error{400, "AuthorizationQueryParametersError",
                   "X-Amz-Expires must be less than a week (in seconds) that is 604800"};
  }
  claim.expires_seconds = *expires;
  return std::nullopt;
}

std::optional<S3Error> SignatureCheck::judge_scope(const Claim& claim, std::string_view region,
                                                   const Credential*& credential) const {
  const auto found = std::find_if(credentials_.begin(), credentials_.end(),
                                  [&](const Credential& one) { return one.key == claim.key; });
  if (found == credentials_.end()) {
    std::string element = "<AWSAccessKeyId>";
    append_xml(claim.key, element);
    return S3Error{403, "InvalidAccessKeyId",
                   "The AWS Access Key Id you provided does not exist in our records.",
                   element + "</AWSAccessKeyId>"};
  }
  credential = &*found;
  if (claim.service != service_) {
    return malformed("incorrect service \"" + std::string(claim.service) +
                     "\". This endpoint belongs to \"" + service_ + "\".");
  }
  if (claim.region != region) {
    return malformed("the region '" + std::string(claim.region) + "' is wrong; expecting '" +
                         std::string(region) + "'",
                     "<Region>" + std::string(region) + "</Region>");
  }
  return std::nullopt;
}

std::optional<S3Error> SignatureCheck::judge_time(const Claim& claim, int64_t now_seconds) const {
  const auto at = parse_amz_date(claim.amz_date);
  if (!at) {
    return S3Error{403, "AccessDenied",
                   "AWS authentication requires a valid Date or x-amz-date header"};
  }
  if (claim.amz_date.substr(0, 8) != claim.date) {
    return malformed("Invalid credential date \"" + std::string(claim.date) +
                     "\". This date is not the same as X-Amz-Date: \"" +
                     std::string(claim.amz_date.substr(0, 8)) + "\".");
  }
  if (claim.is_presigned && now_seconds > *at + claim.expires_seconds) {
    return S3Error{403, "AccessDenied", "Request has expired",
                   "<X-Amz-Expires>" + std::to_string(claim.expires_seconds) +
                       "</X-Amz-Expires><Expires>" + iso(*at + claim.expires_seconds) +
                       "</Expires><ServerTime>" + iso(now_seconds) + "</ServerTime>"};
  }
  const bool is_early = *at > now_seconds + skew_seconds_max;
  if (is_early || (!claim.is_presigned && *at < now_seconds - skew_seconds_max)) {
    return S3Error{403, "RequestTimeTooSkewed",
                   "The difference between the request time and the current time is too large.",
                   "<RequestTime>" + std::string(claim.amz_date) + "</RequestTime><ServerTime>" +
                       iso(now_seconds) +
                       "</ServerTime><MaxAllowedSkewMilliseconds>900000"
                       "</MaxAllowedSkewMilliseconds>"};
  }
  return std::nullopt;
}

//   GET \n /bucket/key \n query \n host:... \n x-amz-date:... \n \n host;x-amz-date \n hash
std::optional<S3Error> SignatureCheck::write_canonical(const HttpRequest& request,
                                                       const Query& query, const Claim& claim) {
  for (size_t i = 0; i < request.field_count; ++i) {
    const std::string_view name = request.fields[i].name;
    const bool must = (name.size() > 6 && equal_without_case(name.substr(0, 6), "x-amz-")) ||
                      equal_without_case(name, "host");
    if (!must || is_signed(claim.signed_headers, name)) continue;
    return S3Error{403, "AccessDenied",
                   "There were headers present in the request which were not signed",
                   "<HeadersNotSigned>" + lower_case(name) + "</HeadersNotSigned>"};
  }
  canonical_.clear();
  canonical_ += request.method;
  canonical_ += '\n';
  if (needs_no_encoding(request.path)) {
    canonical_ += request.path;
  } else if (service_ != "s3") {  // Everybody else encodes what is encoded once more.
    append_encoded(request.path, Slash::kept, canonical_);
  } else {  // S3 decodes the path and encodes it once, its own way.
    std::string decoded;
    append_decoded(request.path, Plus::is_plus, decoded);
    append_encoded(decoded, Slash::kept, canonical_);
  }
  canonical_ += '\n';
  write_canonical_query(request, query, claim);
  canonical_ += '\n';
  for (std::string_view rest = claim.signed_headers; !rest.empty();) {
    const size_t end = rest.find(';');
    const std::string_view name = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    canonical_ += name;
    canonical_ += ':';
    append_header_value(request.header(name), canonical_);
    canonical_ += '\n';
  }
  canonical_ += '\n';
  canonical_ += claim.signed_headers;
  canonical_ += '\n';
  if (claim.payload_hash.empty()) {
    append_hex(sha256(request.body.view()), canonical_);
  } else {
    canonical_ += claim.payload_hash;
  }
  return std::nullopt;
}

void SignatureCheck::write_canonical_query(const HttpRequest& request, const Query& query,
                                           const Claim& claim) {
  if (request.query.empty()) return;
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const Parameter& parameter : query.all()) {
    if (claim.is_presigned && parameter.name == "X-Amz-Signature") continue;
    auto& [name, value] = encoded.emplace_back();
    append_encoded(parameter.name, Slash::encoded, name);
    append_encoded(parameter.value, Slash::encoded, value);
  }
  std::sort(encoded.begin(), encoded.end());
  for (size_t i = 0; i < encoded.size(); ++i) {
    if (i > 0) canonical_ += '&';
    canonical_ += encoded[i].first;
    canonical_ += '=';
    canonical_ += encoded[i].second;
  }
}

const HmacSha256& SignatureCheck::signing_key(const Claim& claim, const Credential& credential) {
  if (cached_key_ && cached_scope_ == claim.credential) return *cached_key_;
  std::string key = HmacSha256("AWS4" + credential.secret)(claim.date);
  key = HmacSha256(key)(claim.region);
  key = HmacSha256(key)(claim.service);
  cached_key_.emplace(HmacSha256(key)("aws4_request"));
  cached_scope_ = claim.credential;
  return *cached_key_;
}

S3Error SignatureCheck::mismatch(const Claim& claim) const {
  std::fprintf(stderr, "signature mismatch; canonical request:\n%s\nstring to sign:\n%s\n---\n",
               canonical_.c_str(), to_sign_.c_str());
  std::string elements = "<AWSAccessKeyId>";
  append_xml(claim.key, elements);
  elements += "</AWSAccessKeyId><StringToSign>";
  append_xml(to_sign_, elements);
  elements += "</StringToSign><SignatureProvided>";
  append_xml(claim.signature, elements);
  elements += "</SignatureProvided><CanonicalRequest>";
  append_xml(canonical_, elements);
  elements += "</CanonicalRequest>";
  return {403, "SignatureDoesNotMatch",
          "The request signature we calculated does not match the signature you provided. Check "
          "your key and signing method.",
          std::move(elements)};
}

}  // namespace sluice::http_server

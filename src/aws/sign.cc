#include "aws/sign.h"

#include <algorithm>

#include "base/text.h"
#include "base/time.h"

namespace sluice::aws {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

// "20150830T123600Z"; its first eight characters are the day.
std::array<char, 16> signing_time(WallTime at) {
  const CivilTime civil = to_civil(at);
  std::array<char, 16> out = {};
  char* to = out.data();
  const auto put = [&](uint32_t number, int digits) {
    for (int i = digits - 1; i >= 0; --i, number /= 10)
      to[i] = static_cast<char>('0' + number % 10);
    to += digits;
  };
  put(static_cast<uint32_t>(civil.year), 4);
  put(civil.month, 2);
  put(civil.day, 2);
  *to++ = 'T';
  put(civil.hour, 2);
  put(civil.minute, 2);
  put(civil.second, 2);
  *to = 'Z';
  return out;
}

// The pieces of a URL, as they stand in it.
struct UrlParts {
  std::string_view origin, host, path, query;
};

UrlParts parts_of(std::string_view url) {
  UrlParts parts;
  const size_t scheme = url.find("://");
  const size_t host = scheme == url.npos ? 0 : scheme + 3;
  const size_t path_end = std::min({url.find('?', host), url.find('#', host), url.size()});
  const size_t host_end = std::min(url.find('/', host), path_end);
  parts.origin = url.substr(0, host_end);
  parts.host = url.substr(host, host_end - host);
  parts.path = url.substr(host_end, path_end - host_end);
  if (path_end < url.size() && url[path_end] == '?') {
    parts.query = url.substr(path_end + 1, url.find('#', path_end) - path_end - 1);
  }
  // A port that goes without saying isn't sent.
  const std::string_view usual = url.starts_with("https:") ? ":443" : ":80";
  if (parts.host.ends_with(usual)) parts.host.remove_suffix(usual.size());
  if (parts.path.empty()) parts.path = "/";
  return parts;
}

// ---- headers ---

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool less_without_case(std::string_view a, std::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  for (size_t i = 0; i < size; ++i) {
    const char left = lower(a[i]), right = lower(b[i]);
    if (left != right) return left < right;
  }
  return a.size() < b.size();
}

void append_lower(std::string_view text, std::string& out) {
  const size_t begin = out.size();
  out.append(text);
  for (size_t i = begin; i < out.size(); ++i) out[i] = lower(out[i]);
}

// Proxies add to these, drop them or write them anew.
bool is_left_to_proxies(std::string_view name) {
  constexpr std::string_view names[] = {
      "user-agent", "expect",     "connection", "x-amzn-trace-id",
      "te",         "keep-alive", "upgrade",    "transfer-encoding"};
  return std::any_of(std::begin(names), std::end(names),
                     [&](std::string_view one) { return equal_without_case(name, one); });
}

bool is_of_signing(std::string_view name) {
  constexpr std::string_view names[] = {"x-amz-date", "authorization", "x-amz-security-token",
                                        "x-amz-content-sha256"};
  return std::any_of(std::begin(names), std::end(names),
                     [&](std::string_view one) { return equal_without_case(name, one); });
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Without blanks at the ends, and with one where there are several.
void append_header_value(std::string_view value, std::string& out) {
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
  // Most have none, and a session token is long: four quick looks are cheaper than a slow one.
  const auto has = [&](char c) { return value.find(c) != value.npos; };
  if (!has(' ') && !has('\t') && !has('\n') && !has('\r')) {
    out.append(value);
    return;
  }
  size_t from = 0;  // Of what is not yet appended
  for (size_t i = 0; i < value.size(); ++i) {
    if (!is_blank(value[i])) continue;
    out.append(value, from, i - from);
    out += ' ';
    while (is_blank(value[i + 1])) ++i;  // The last one is none.
    from = i + 1;
  }
  out.append(value, from);
}

struct NamedValue {
  std::string_view name, value;  // Of the request, for the one call
};

// Sorted by name; those of one name stay in order.
class SignedHeaders {
 public:
  SignedHeaders(const Headers& headers, std::string_view host) {
    sorted_.reserve(headers.size() + 1);
    if (!has_header(headers, "host")) add("host", host);
    for (const Header& header : headers) {
      if (!is_left_to_proxies(header.name)) add(header.name, header.value);
    }
  }

  void append_names(std::string& out, std::string_view separator = ";") const {
    for (size_t i = 0; i < sorted_.size(); ++i) {
      if (repeats(i)) continue;
      if (i > 0) out += separator;
      append_lower(sorted_[i].name, out);
    }
  }

  void append_lines(std::string& out) const {
    for (size_t i = 0; i < sorted_.size(); ++i) {
      if (repeats(i)) {
        out.back() = ',';
      } else {
        append_lower(sorted_[i].name, out);
        out += ':';
      }
      append_header_value(sorted_[i].value, out);
      out += '\n';
    }
  }

 private:
  void add(std::string_view name, std::string_view value) {
    size_t at = sorted_.size();
    while (at > 0 && less_without_case(name, sorted_[at - 1].name)) --at;
    sorted_.insert(sorted_.begin() + static_cast<ptrdiff_t>(at), {name, value});
  }
  bool repeats(size_t i) const {
    return i > 0 && equal_without_case(sorted_[i].name, sorted_[i - 1].name);
  }

  std::vector<NamedValue> sorted_;
};

// ---- paths ---

// Without ".", ".." and empty segments; a slash at the end stays.
std::string normalised(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view segment : split(path, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      kept.push_back(segment);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  std::string out;
  for (const std::string_view segment : kept) out.append("/").append(segment);
  const bool slash_at_end = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  if (out.empty() || slash_at_end) out += '/';
  return out;
}

void append_canonical_path(std::string_view path, PathRule rule, std::string& out) {
  switch (rule) {
    case PathRule::as_sent:
      out += path;
      return;
    case PathRule::encoded_again:
      return append_encoded_path(path, out);
    case PathRule::normalised_and_encoded_again:
      return append_encoded_path(normalised(path), out);
  }
}

// ---- the signature ---

struct Signed {
  std::string scope;      // "20150830/us-east-1/s3/aws4_request"
  std::string signature;  // Hex
};

std::string scope_text(std::string_view day, const SigningScope& scope) {
  std::string text;
  text.reserve(64);
  text.append(day).append("/").append(scope.region).append("/").append(scope.service);
  text += "/aws4_request";
  return text;
}

struct ToSign {
  std::string_view method, path, query, payload_hash, time;
};

Signed signature_of(const ToSign& parts, const SignedHeaders& headers, const SigningScope& scope,
                    std::string_view secret, SigningKeys& keys, SigningSteps* steps) {
  std::string canonical;
  canonical.reserve(1024);
  canonical.append(parts.method).append("\n");
  append_canonical_path(parts.path, scope.path, canonical);
  canonical.append("\n").append(parts.query).append("\n");
  headers.append_lines(canonical);
  canonical += '\n';
  headers.append_names(canonical);
  canonical.append("\n").append(parts.payload_hash);

  const std::string_view day = parts.time.substr(0, 8);
  Signed made;
  made.scope = scope_text(day, scope);
  std::string to_sign;
  to_sign.reserve(192);
  to_sign.append(algorithm).append("\n").append(parts.time).append("\n").append(made.scope);
  to_sign += '\n';
  const Sha256Digest canonical_digest = sha256(canonical);
  append_hex(canonical_digest.data(), canonical_digest.size(), to_sign);
  made.signature = hex(keys.find(secret, day, scope).of(to_sign));
  if (steps != nullptr) {
    *steps = {std::move(canonical), std::move(to_sign), made.signature};
  }
  return made;
}

}  // namespace

// ---- encoding ----------------------------------------------------------------------------------

namespace {

constexpr std::array<bool, 256> make_unreserved(bool is_slash_kept) {
  std::array<bool, 256> table = {};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = true;
  for (const unsigned char c : {'-', '.', '_', '~'}) table[c] = true;
  table['/'] = is_slash_kept;
  return table;
}
constexpr std::array<bool, 256> kept_in_text = make_unreserved(false);
constexpr std::array<bool, 256> kept_in_paths = make_unreserved(true);

void append_encoded(std::string_view text, const std::array<bool, 256>& kept, std::string& out) {
  constexpr char digits[] = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (kept[byte]) {
      out += c;
    } else {
      const char escape[] = {'%', digits[byte >> 4], digits[byte & 15]};
      out.append(escape, sizeof escape);
    }
  }
}

}  // namespace

void append_encoded(std::string_view text, std::string& out) {
  append_encoded(text, kept_in_text, out);
}

void append_encoded_path(std::string_view path, std::string& out) {
  append_encoded(path, kept_in_paths, out);
}

std::string encoded(std::string_view text) {
  std::string out;
  append_encoded(text, out);
  return out;
}

std::string canonical_query(std::span<const QueryPair> pairs) {
  std::vector<QueryPair> sorted;
  sorted.reserve(pairs.size());
  for (const auto& [name, value] : pairs) sorted.emplace_back(encoded(name), encoded(value));
  std::sort(sorted.begin(), sorted.end());
  std::string out;
  for (const auto& [name, value] : sorted) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

// ---- signing -----------------------------------------------------------------------------------

HmacSha256Key SigningKeys::find(std::string_view secret, std::string_view day,
                                const SigningScope& scope) {
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : entries_) {
    if (entry.day == day && entry.region == scope.region && entry.service == scope.service &&
        entry.secret == secret) {
      return entry.key;
    }
  }
  Sha256Digest digest = HmacSha256Key("AWS4" + std::string(secret)).of(day);
  digest = HmacSha256Key(digest).of(scope.region);
  digest = HmacSha256Key(digest).of(scope.service);
  digest = HmacSha256Key(digest).of("aws4_request");
  Entry& entry = entries_[next_];
  next_ = (next_ + 1) % entries_.size();
  entry = {std::string(secret), std::string(day), std::string(scope.region),
           std::string(scope.service), HmacSha256Key(digest)};
  return entry.key;
}

void sign(HttpRequest& request, const SigningScope& scope, const Credentials& credentials,
          SigningKeys& keys, std::string_view payload_hash, SigningSteps* steps) {
  const UrlParts url = parts_of(request.url);
  const std::array<char, 16> time = signing_time(scope.at);
  const std::string_view time_text(time.data(), time.size());
  std::string hashed_here;
  if (payload_hash.empty()) {
    hashed_here = hex(sha256(request.body));
    payload_hash = hashed_here;
  }
  std::erase_if(request.headers, [](const Header& header) { return is_of_signing(header.name); });
  request.headers.reserve(request.headers.size() + 4);
  request.headers.push_back({"x-amz-date", std::string(time_text)});
  if (scope.payload_header == PayloadHeader::added) {
    request.headers.push_back({"x-amz-content-sha256", std::string(payload_hash)});
  }
  if (!credentials.session_token.empty()) {
    request.headers.push_back({"x-amz-security-token", credentials.session_token});
  }

  const SignedHeaders headers(request.headers, url.host);
  const Signed made = signature_of({request.method, url.path, url.query, payload_hash, time_text},
                                   headers, scope, credentials.secret_access_key, keys, steps);
  std::string authorization;
  authorization.reserve(320);
  authorization.append(algorithm).append(" Credential=").append(credentials.access_key_id);
  authorization.append("/").append(made.scope).append(", SignedHeaders=");
  headers.append_names(authorization);
  authorization.append(", Signature=").append(made.signature);
  request.headers.push_back({"authorization", std::move(authorization)});
}

std::string presigned_url(const HttpRequest& request, const SigningScope& scope,
                          const Credentials& credentials, SigningKeys& keys, uint32_t seconds,
                          std::string_view payload_hash, SigningSteps* steps) {
  const UrlParts url = parts_of(request.url);
  const std::array<char, 16> time = signing_time(scope.at);
  const std::string_view time_text(time.data(), time.size());
  const SignedHeaders headers(request.headers, url.host);

  std::vector<QueryPair> pairs;  // Encoded
  for (const std::string_view pair : split(url.query, '&')) {
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    pairs.emplace_back(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
  }
  const auto add = [&](std::string name, std::string_view value) {
    pairs.emplace_back(std::move(name), encoded(value));
  };
  std::string names;
  headers.append_names(names);
  add("X-Amz-Algorithm", algorithm);
  add("X-Amz-Credential",
      credentials.access_key_id + "/" + scope_text(time_text.substr(0, 8), scope));
  add("X-Amz-Date", time_text);
  add("X-Amz-Expires", std::to_string(seconds));
  add("X-Amz-SignedHeaders", names);
  if (!credentials.session_token.empty()) add("X-Amz-Security-Token", credentials.session_token);
  std::sort(pairs.begin(), pairs.end());
  std::string query;
  for (const auto& [name, value] : pairs) {
    if (!query.empty()) query += '&';
    query.append(name).append("=").append(value);
  }

  const Signed made = signature_of({request.method, url.path, query, payload_hash, time_text},
                                   headers, scope, credentials.secret_access_key, keys, steps);
  return std::string(url.origin) + std::string(url.path) + "?" + query +
         "&X-Amz-Signature=" + made.signature;
}

}  // namespace sluice::aws

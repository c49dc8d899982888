#include "aws/sign.h"

#include <doctest/doctest.h>

#include <cstdio>

#include "aws/shared_data.h"
#include "base/text.h"
#include "base/time.h"

namespace sluice::aws {
namespace {

std::string decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// The text of a request as the suite has it: "GET /path HTTP/1.1", headers, a blank line, a body.
struct RequestText {
  HttpRequest request;
  std::string body;
};

RequestText parse_request(const std::string& text) {
  RequestText parsed;
  const size_t head_end = std::min(text.find("\n\n"), text.size());
  if (head_end < text.size()) parsed.body = text.substr(head_end + 2);
  std::string host, target;
  for (const std::string_view line : split(std::string_view(text).substr(0, head_end), '\n')) {
    if (line.empty()) continue;
    if (target.empty()) {
      const size_t method_end = line.find(' ');
      parsed.request.method = line.substr(0, method_end);
      target = line.substr(method_end + 1, line.rfind(' ') - method_end - 1);
    } else if (line.starts_with(' ')) {
      parsed.request.headers.back().value.append("\n").append(line);
    } else {
      const size_t colon = line.find(':');
      const std::string_view name = line.substr(0, colon), value = line.substr(colon + 1);
      if (equal_without_case(name, "host")) {
        host = value;
      } else {
        parsed.request.headers.push_back({std::string(name), std::string(value)});
      }
    }
  }
  const size_t path_end = std::min(target.find('?'), target.size());
  parsed.request.url = "https://" + host + target.substr(0, path_end);
  if (path_end < target.size()) {
    std::vector<QueryPair> pairs;
    for (const std::string_view pair : split(std::string_view(target).substr(path_end + 1), '&')) {
      const size_t equals = std::min(pair.find('='), pair.size());
      pairs.emplace_back(decoded(pair.substr(0, equals)),
                         decoded(pair.substr(std::min(equals + 1, pair.size()))));
    }
    parsed.request.url += "?" + canonical_query(pairs);
  }
  return parsed;
}

struct SuiteCase {
  RequestText text;
  Credentials credentials;
  std::string region, service;
  SigningScope scope;
  uint32_t seconds = 0;
};

void read_case(const std::string& folder, SuiteCase& read) {
  const std::string context = *read_shared(folder + "/context.json");
  read.text = parse_request(*read_shared(folder + "/request.txt"));
  read.text.request.body = read.text.body;
  read.credentials = {*json_text(context, ".credentials.access_key_id"),
                      *json_text(context, ".credentials.secret_access_key")};
  if (json_text(context, ".omit_session_token") != "true") {
    read.credentials.session_token = json_text(context, ".credentials.token").value_or("");
  }
  read.region = *json_text(context, ".region");
  read.service = *json_text(context, ".service");
  read.seconds = parse_number<uint32_t>(*json_text(context, ".expiration_in_seconds")).value();
  read.scope.region = read.region;
  read.scope.service = read.service;
  read.scope.at = *parse_time(*json_text(context, ".timestamp"));
  read.scope.path = json_text(context, ".normalize") == "true"
                        ? PathRule::normalised_and_encoded_again
                        : PathRule::encoded_again;
  read.scope.payload_header =
      json_text(context, ".sign_body") == "true" ? PayloadHeader::added : PayloadHeader::left_out;
}

void compare(const std::string& folder, const std::string& kind, const SigningSteps& steps) {
  const auto published = [&](const std::string& step) {
    return read_shared(folder + "/" + kind + "-" + step + ".txt").value();
  };
  CHECK(steps.canonical_request == published("canonical-request"));
  CHECK(steps.string_to_sign == published("string-to-sign"));
  CHECK(steps.signature == published("signature"));
}

TEST_CASE("AWS's suite: canonical request, string to sign and signature, in header and in query") {
  SigningKeys keys;
  size_t count = 0;
  for (const std::string& name : list_shared("sigv4-crt/v4")) {
    CAPTURE(name);
    const std::string folder = "sigv4-crt/v4/" + name;
    SuiteCase read;
    read_case(folder, read);
    SigningSteps steps;
    const std::string url = presigned_url(read.text.request, read.scope, read.credentials, keys,
                                          read.seconds, hex(sha256(read.text.body)), &steps);
    compare(folder, "query", steps);
    CHECK(url.ends_with("&X-Amz-Signature=" + steps.signature));
    sign(read.text.request, read.scope, read.credentials, keys, {}, &steps);
    compare(folder, "header", steps);
    const std::string signed_request = *read_shared(folder + "/header-signed-request.txt");
    const std::string authorization(header(read.text.request.headers, "authorization"));
    CHECK(signed_request.find("Authorization:" + authorization + "\n") != signed_request.npos);
    count += 2;
  }
  if (count > 0) std::printf("sigv4-crt: %zu signatures\n", count);
}

TEST_CASE("A path that is sent encoded is encoded once more for services other than S3") {
  SigningKeys keys;
  for (const std::string& name : list_shared("sigv4-crt/extra-smithy-rs")) {
    CAPTURE(name);
    const std::string folder = "sigv4-crt/extra-smithy-rs/" + name;
    RequestText text = parse_request(*read_shared(folder + "/request.txt"));
    SigningSteps steps;
    const Credentials credentials = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
    sign(text.request, SigningScope::of("lambda", "us-east-2", *parse_time("2021-05-11T15:40:45Z")),
         credentials, keys, {}, &steps);
    const auto canonical = read_shared(folder + "/header-canonical-request.txt");
    CHECK(steps.canonical_request == canonical.value());
    if (const auto expected = read_shared(folder + "/header-string-to-sign.txt")) {
      CHECK(steps.string_to_sign == trim(*expected));
      const std::string signed_request = *read_shared(folder + "/header-signed-request.txt");
      CHECK(signed_request.find("Signature=" + steps.signature) != signed_request.npos);
    }
  }
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
const Credentials documented = {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
constexpr std::string_view documented_host = "https://examplebucket.s3.amazonaws.com";

SigningScope documented_scope() {
  return SigningScope::s3("us-east-1", *parse_time("2013-05-24T00:00:00Z"));
}

std::string signature_of_documented(HttpRequest request) {
  SigningKeys keys;
  SigningSteps steps;
  sign(request, documented_scope(), documented, keys, {}, &steps);
  return steps.signature;
}

TEST_CASE("The four requests that S3's documentation signs") {
  const std::string host(documented_host);
  CHECK(signature_of_documented({.url = host + "/test.txt", .headers = {{"Range", "bytes=0-9"}}}) ==
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  HttpRequest put = {.method = "PUT", .url = host};
  append_encoded_path("/test$file.text", put.url);
  put.headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                 {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  put.body = "Welcome to Amazon S3.";
  CHECK(signature_of_documented(put) ==
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  CHECK(signature_of_documented({.url = host + "/?" + canonical_query({{"lifecycle", ""}})}) ==
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  CHECK(signature_of_documented(
            {.url = host + "/?" + canonical_query({{"prefix", "J"}, {"max-keys", "2"}})}) ==
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_CASE("The URL that S3's documentation presigns") {
  SigningKeys keys;
  const HttpRequest request = {.url = std::string(documented_host) + "/test.txt"};
  CHECK(presigned_url(request, documented_scope(), documented, keys, 86400) ==
        std::string(documented_host) +
            "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F"
            "20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires="
            "86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST_CASE("An S3 key is encoded once, never normalised, and signed as it is sent") {
  const auto path_of = [](std::string_view key) {
    std::string url = "https://b.example";
    append_encoded_path(std::string("/") + std::string(key), url);
    HttpRequest request = {.url = url};
    SigningKeys keys;
    SigningSteps steps;
    sign(request, documented_scope(), documented, keys, unsigned_payload, &steps);
    const std::string canonical(split(steps.canonical_request, '\n')[1]);
    CHECK("https://b.example" + canonical == url);
    return canonical;
  };
  CHECK(path_of("a b+c*d@e=f") == "/a%20b%2Bc%2Ad%40e%3Df");
  CHECK(path_of("a//b") == "/a//b");
  CHECK(path_of("a/../b/./c") == "/a/../b/./c");
  CHECK(path_of("/a") == "//a");
  CHECK(path_of("dt=2024-02-08/\xc3\xbc\xe1\x88\xb4~._-") ==
        "/dt%3D2024-02-08/%C3%BC%E1%88%B4~._-");
  CHECK(path_of("a\nb%20?#&") == "/a%0Ab%2520%3F%23%26");
}

TEST_CASE("A query is sorted by its encoded names, then values") {
  CHECK(canonical_query({{"b", "2"}, {"a-b", "1"}, {"a", "z"}, {"a", "y"}, {"uploads", ""}}) ==
        "a=y&a=z&a-b=1&b=2&uploads=");
  CHECK(canonical_query({{"continuation-token", "1/ab+c=="}}) ==
        "continuation-token=1%2Fab%2Bc%3D%3D");
}

TEST_CASE("Signing again replaces what the attempt before had added") {
  SigningKeys keys;
  HttpRequest request = {.url = "http://127.0.0.1:9000/b/k"};
  const Credentials temporary = {"A", "S", "T"};
  sign(request, documented_scope(), temporary, keys, unsigned_payload);
  const Headers first = request.headers;
  sign(request, documented_scope(), temporary, keys, unsigned_payload);
  CHECK(request.headers == first);
  CHECK(request.headers.size() == 4);
  SigningScope later = documented_scope();
  later.at.ns += 1'000'000'000;
  sign(request, later, {"A", "S"}, keys, unsigned_payload);
  CHECK(request.headers.size() == 3);
  CHECK(header(request.headers, "x-amz-date") == "20130524T000001Z");
}

TEST_CASE("A port that goes without saying isn't signed, and proxies' headers are left out") {
  SigningKeys keys;
  const auto canonical = [&](std::string url) {
    HttpRequest request = {.url = std::move(url), .headers = {{"User-Agent", "x"}}};
    SigningSteps steps;
    sign(request, documented_scope(), documented, keys, unsigned_payload, &steps);
    return steps.canonical_request;
  };
  CHECK(canonical("https://h:443/k") == canonical("https://h/k"));
  CHECK(canonical("http://h:80/k") == canonical("https://h/k"));
  CHECK(canonical("http://h:9000/k") != canonical("http://h/k"));
  CHECK(canonical("http://h:9000").find("\nhost:h:9000\n") != std::string::npos);
  CHECK(canonical("http://h").find("user-agent") == std::string::npos);
}

TEST_CASE("An HMAC with a key longer than a block, and digests of old") {
  // RFC 4231, cases 2 and 6.
  CHECK(hex(HmacSha256Key("Jefe").of("what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex(HmacSha256Key(std::string(131, '\xaa'))
                .of("Test Using Larger Than Block-Size Key - Hash Key First")) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(hex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(hex(md5("abc")) == "900150983cd24fb0d6963f7d28e17f72");
}

}  // namespace
}  // namespace sluice::aws

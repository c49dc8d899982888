#include "aws/xml.h"

#include <doctest/doctest.h>

#include <cstdio>

#include "aws/shared_data.h"

namespace sluice::aws {
namespace {

XmlDocument parse(std::string_view text) {
  return XmlDocument::parse(text).value();
}

TEST_CASE("Elements are found by name, in order, whatever their prefix") {
  const XmlDocument page = parse(
      "\n <?xml version=\"1.0\"?>\n<s3:List xmlns:s3='x'><Key a='1'>one</Key><!-- c -->"
      "<s3:Key>two</s3:Key><Other><Key>three</Key></Other><Empty/></s3:List>");
  CHECK(page.root().name() == "List");
  std::string keys;
  for (const XmlElement key : page.root().all("Key")) keys += std::string(key.text()) + " ";
  CHECK(keys == "one two ");
  CHECK(page.root().child("Other").text("Key") == "three");
  CHECK(page.root().text("Empty").empty());
  CHECK(page.root().child("Empty"));
  CHECK(!page.root().child("Nothing"));
  CHECK(page.root().child("Nothing").child("Below").text("Key").empty());
}

TEST_CASE("Text is unescaped, keeps its blanks, and may be CDATA") {
  const XmlDocument page = parse(
      "<a><k>&lt;&amp;&quot;&#x20AC;&#10;</k><k> </k><k> a  b </k><k><![CDATA[<x>]]></k></a>");
  std::string texts;
  for (const XmlElement key : page.root().all("k")) texts += std::string(key.text()) + "|";
  CHECK(texts == "<&\"\xe2\x82\xac\n| | a  b |<x>|");
}

TEST_CASE("What isn't XML is corrupt") {
  for (const std::string_view text :
       {"", "  ", "no", "<a>", "<a></b>", "<a/><b/>", "<!-- only -->", "{\"a\":1}"}) {
    CAPTURE(text);
    const auto parsed = XmlDocument::parse(text);
    REQUIRE(!parsed.ok());
    CHECK(parsed.error().kind == ErrorKind::corrupt);
    CHECK(parsed.error().message.starts_with("not XML"));
  }
}

TEST_CASE("Entities that a document declares are not expanded") {
  const XmlDocument page = parse("<!DOCTYPE a [<!ENTITY b \"bb\">]><a>&b;&b;</a>");
  CHECK(page.root().text() == "&b;&b;");
}

TEST_CASE("A text that was escaped reads as it was") {
  const std::string key = "a&b<c>\"d'\t\n\xc3\xbc";
  std::string body;
  append_xml_element("Key", key, body);
  CHECK(body == "<Key>a&amp;b&lt;c&gt;&quot;d'&#9;&#10;\xc3\xbc</Key>");
  CHECK(parse(body).root().text() == key);
}

TEST_CASE("Real answers of S3 and STS read as botocore reads them") {
  const auto list = read_shared("s3xml/responses/s3-list-objects.xml");
  if (!list) {
    std::printf("skipped: s3xml needs ../shared/data (set SLUICE_SHARED)\n");
    return;
  }
  const XmlDocument objects = parse(*list);
  const std::string expected = read_shared("s3xml/responses/s3-list-objects.json").value();
  size_t count = 0;
  for (const XmlElement object : objects.root().all("Contents")) {
    const std::string raw = json_elements(json_raw(expected, ".Contents").value()).at(count++);
    CHECK(json_text(raw, ".Key") == object.text("Key"));
    CHECK(json_text(raw, ".ETag") == object.text("ETag"));
    CHECK(json_text(raw, ".Size") == object.text("Size"));
  }
  CHECK(count == 2);
  CHECK(objects.root().text("IsTruncated") == "false");

  const XmlDocument uploads =
      parse(read_shared("s3xml/responses/s3-list-multipart-uploads.xml").value());
  CHECK(uploads.root().child("CommonPrefixes").text("Prefix") == "foo/");
  CHECK(uploads.root().text("MaxUploads") == "1000");

  const XmlDocument session =
      parse(read_shared("s3xml/responses/sts-get-session-token.xml").value());
  CHECK(session.root().child("GetSessionTokenResult").child("Credentials").text("Expiration") ==
        "2011-07-11T19:55:29.611Z");
}

TEST_CASE("A listing of 1,000 keys is read whole") {
  std::string body = "<?xml version=\"1.0\"?><ListBucketResult>";
  for (int i = 0; i < 1000; ++i) {
    body += "<Contents><Key>AWSLogs/123456789012/CloudTrail/eu-west-1/2024/02/08/" +
            std::to_string(i) +
            ".json.gz</Key><LastModified>2024-02-08T10:00:00.000Z</LastModified><ETag>&quot;"
            "1d921b22129502cbbe5cbaf2c8bac682&quot;</ETag><ChecksumAlgorithm>CRC64NVME"
            "</ChecksumAlgorithm><Size>4096</Size><StorageClass>STANDARD</StorageClass></Contents>";
  }
  body += "</ListBucketResult>";
  const XmlDocument page = parse(body);
  size_t count = 0, bytes = 0;
  for (const XmlElement object : page.root().all("Contents")) {
    ++count;
    bytes += object.text("Key").size() + object.text("ETag").size() + object.text("Size").size();
  }
  CHECK(count == 1000);
  CHECK(bytes > 90'000);
}

}  // namespace
}  // namespace sluice::aws

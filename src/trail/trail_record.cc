#include "trail/trail_record.h"

#include <algorithm>
#include <iterator>

namespace sluice {
namespace {

// A kind of event. In these texts $a is the account, $r the region, $t the event's time, $s the
// session's start, $u a UUID, $i an address, $h 17 hex digits, $K 16 capitals and digits, $x 76
// characters of base64, $n a number up to 100,000, $N one beyond 2^53, $w one of a few words.
struct Kind {
  uint32_t weight;
  bool read_only;
  std::string_view source, name, request, response, more;
};

constexpr Kind kinds[] = {
    {22, true, "s3", "GetBucketAcl",
     R"({"bucketName":"$w-$w-$r","Host":"$w-$w-$r.s3.$r.amazonaws.com","acl":""})", "null",
     R"("additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"$x","bytesTransferredOut":$n},"requestID":"$K","eventID":"$u","readOnly":true,"resources":[{"accountId":"$a","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$w-$w-$r"}])"},
    {18, true, "sts", "AssumeRole",
     R"({"roleArn":"arn:aws:iam::$a:role/$w-$w","roleSessionName":"$w-$h","durationSeconds":3600})",
     R"({"credentials":{"accessKeyId":"ASIA$K","sessionToken":"IQoJ$x$x","expiration":"Feb 8, 2024, 11:12:13 PM"},"assumedRoleUser":{"assumedRoleId":"AROA$K:$w","arn":"arn:aws:sts::$a:assumed-role/$w-$w/$w"}})",
     R"("requestID":"$u","eventID":"$u","readOnly":true,"resources":[{"accountId":"$a","type":"AWS::IAM::Role","ARN":"arn:aws:iam::$a:role/$w-$w"}])"},
    {16, true, "ec2", "DescribeInstances",
     R"({"maxResults":1000,"instancesSet":{},"filterSet":{"items":[{"name":"tag:Name","valueSet":{"items":[{"value":"$w-$w"}]}}]}})",
     "null", R"("requestID":"$u","eventID":"$u","readOnly":true)"},
    {12, true, "kms", "Decrypt",
     R"({"encryptionContext":{"aws:s3:arn":"arn:aws:s3:::$w-$w\/$h"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"})",
     "null",
     R"("requestID":"$u","eventID":"$u","readOnly":true,"resources":[{"accountId":"$a","type":"AWS::KMS::Key","ARN":"arn:aws:kms:$r:$a:key/$u"}])"},
    {8, false, "logs", "CreateLogStream",
     R"({"logGroupName":"/aws/lambda/$w-$w","logStreamName":"2024/02/08/[$$LATEST]$h"})", "null",
     R"("requestID":"$u","eventID":"$u","readOnly":false)"},
    {7, true, "dynamodb", "DescribeTable", R"({"tableName":"$w-$w"})", "null",
     R"("requestID":"$K$K$K","eventID":"$u","readOnly":true,"resources":[{"accountId":"$a","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:$r:$a:table/$w-$w"}],"apiVersion":"2012-08-10")"},
    {5, false, "ec2", "RunInstances",
     R"({"instancesSet":{"items":[{"imageId":"ami-$h","minCount":1,"maxCount":1,"keyName":"$w"}]},"instanceType":"m6i.large","blockDeviceMapping":{},"monitoring":{"enabled":false},"clientToken":"$u","userData":"\u003csensitiveDataRemoved\u003e"})",
     R"({"requestId":"$u","reservationId":"r-$h","ownerId":"$a","groupSet":{},"instancesSet":{"items":[{"instanceId":"i-$h","imageId":"ami-$h","instanceState":{"code":0,"name":"pending"},"privateDnsName":"ip-10-0-3-7.$r.compute.internal","amiLaunchIndex":0,"productCodes":{},"instanceType":"m6i.large","launchTime":1707$n.10,"placement":{"availabilityZone":"$ra","tenancy":"default"},"subnetId":"subnet-$h","vpcId":"vpc-$h","ebsOptimized":false}]}})",
     R"("requestID":"$u","eventID":"$u","readOnly":false)"},
    {5, false, "cloudwatch", "PutMetricAlarm",
     R"({"alarmName":"$w größer als $n","metricName":"Latency","threshold":1.10,"period":$n,"evaluationPeriods":1E0,"dimensions":[{"name":"id","value":$N}]})",
     "null", R"("requestID":"$u","eventID":"$u","readOnly":false)"},
    {4, true, "s3", "GetObject",
     R"({"bucketName":"$w-$w","key":"$w/$w/$h.parquet","Host":"$w-$w.s3.$r.amazonaws.com"})",
     "null",
     R"("errorCode":"AccessDenied","errorMessage":"User: arn:aws:iam::$a:user/$w is not authorized to perform: \"s3:GetObject\"","additionalEventData":{"x-amz-id-2":"$x","bytesTransferredOut":$n},"requestID":"$K","eventID":"$u","readOnly":true)"},
    {3, true, "iam", "ListAttachedRolePolicies", R"({"roleName":"$w-$w"})", "null",
     R"("requestID":"$u","eventID":"$u","readOnly":true)"},
};

constexpr std::string_view identities[] = {
    R"({"type":"AssumedRole","principalId":"AROA$K:$w-$w","arn":"arn:aws:sts::$a:assumed-role/$w-$w/$w","accountId":"$a","accessKeyId":"ASIA$K","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA$K","arn":"arn:aws:iam::$a:role/$w-$w","accountId":"$a","userName":"$w-$w"},"webIdFederationData":{},"attributes":{"creationDate":"$s","mfaAuthenticated":"false"}}})",
    R"({"type":"IAMUser","principalId":"AIDA$K","arn":"arn:aws:iam::$a:user/$w","accountId":"$a","accessKeyId":"AKIA$K","userName":"$w"})",
    R"({"type":"AWSService","invokedBy":"$w.amazonaws.com"})",
};

constexpr std::string_view agents[] = {
    "Boto3/1.34.34 md/Botocore#1.34.34 ua/2.0 os/linux#5.10.205 lang/python#3.11.6 "
    "cfg/retry-mode#legacy",
    "aws-sdk-go-v2/1.24.1 os/linux lang/go#1.21.5 md/GOOS#linux md/GOARCH#amd64 api/sts#1.26.7",
    "APN/1.0 HashiCorp/1.0 Terraform/1.7.2 (+https://www.terraform.io) "
    "terraform-provider-aws/5.35.0",
    "cloudtrail.amazonaws.com",
};

constexpr std::string_view words[] = {"orders", "billing", "search", "ingest",  "reports", "web",
                                      "deploy", "backup",  "audit",  "scanner", "pricing", "lab"};

void append_from(std::string& out, std::string_view alphabet, int count, Chance& chance) {
  for (int n = 0; n < count; ++n) out += alphabet[chance.below(alphabet.size())];
}

void append_uuid(std::string& out, Chance& chance) {
  constexpr std::string_view hex = "0123456789abcdef";
  for (const int digits : {8, 4, 4, 4, 12}) {
    if (digits != 8) out += '-';
    append_from(out, hex, digits, chance);
  }
}

void append_value(std::string& out, char name, const TrailScene& scene, Chance& chance) {
  constexpr std::string_view base64 =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  switch (name) {
    case 'a':
      out += scene.account;
      break;
    case 'r':
      out += scene.region;
      break;
    case 't':
      out += scene.time;
      break;
    case 's':
      out += scene.session_start;
      break;
    case 'u':
      append_uuid(out, chance);
      break;
    case 'h':
      append_from(out, "0123456789abcdef", 17, chance);
      break;
    case 'K':
      append_from(out, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16, chance);
      break;
    case 'x':
      append_from(out, base64, 76, chance);
      break;
    case 'n':
      out += std::to_string(chance.below(100'000));
      break;
    case 'N':
      out += std::to_string((1ULL << 53) + 1 + 2 * chance.below(1ULL << 40));
      break;
    case 'w':
      out += words[chance.below(std::size(words))];
      break;
    case 'i':
      out += std::to_string(1 + chance.below(223));
      for (int n = 0; n < 3; ++n) out += '.' + std::to_string(chance.below(256));
      break;
    default:
      out += name;
      break;
  }
}

void append_filled(std::string& out, std::string_view text, const TrailScene& scene,
                   Chance& chance) {
  while (!text.empty()) {
    const size_t plain = std::min(text.find('$'), text.size());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.size() < 2) return;
    append_value(out, text[1], scene, chance);
    text.remove_prefix(2);
  }
}

const Kind& choose_kind(Chance& chance) {
  uint64_t total = 0;
  for (const Kind& kind : kinds) total += kind.weight;
  uint64_t at = chance.below(total);
  for (const Kind& kind : kinds) {
    if (at < kind.weight) return kind;
    at -= kind.weight;
  }
  return kinds[0];
}

constexpr std::string_view digest =
    R"({"awsAccountId":"$a","digestStartTime":"$s","digestEndTime":"$t","digestS3Bucket":"$w-$w","digestPublicKeyFingerprint":"$h$h","digestSignatureAlgorithm":"SHA256withRSA","newestEventTime":"$t","oldestEventTime":"$s","previousDigestSignature":"$h$h$h$h","logFiles":[]})";

}  // namespace

void append_record(std::string& out, const TrailScene& scene, Chance& chance) {
  const Kind& kind = choose_kind(chance);
  out += R"({"eventVersion":"1.09","userIdentity":)";
  append_filled(out, identities[chance.below(std::size(identities))], scene, chance);
  out += R"(,"eventTime":")" + scene.time + R"(","eventSource":")";
  out.append(kind.source).append(R"(.amazonaws.com","eventName":")").append(kind.name);
  out.append(R"(","awsRegion":")").append(scene.region).append(R"(","sourceIPAddress":")");
  append_value(out, 'i', scene, chance);
  out.append(R"(","userAgent":")").append(agents[chance.below(std::size(agents))]);
  out += R"(","requestParameters":)";
  append_filled(out, kind.request, scene, chance);
  out += R"(,"responseElements":)";
  append_filled(out, kind.response, scene, chance);
  out += ',';
  append_filled(out, kind.more, scene, chance);
  out.append(R"(,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":")");
  out.append(scene.account).append(R"(","eventCategory":"Management"})");
}

void append_digest(std::string& out, const TrailScene& scene, Chance& chance) {
  append_filled(out, digest, scene, chance);
}

}  // namespace sluice

#include "app/iam_policy.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "app/s3_words.h"
#include "app/stores.h"
#include "json/value.h"
#include "store/open.h"

namespace sluice {
namespace {

const std::string default_identity = "the environment's identity";

struct Location {
  std::string bucket, prefix;
};

std::optional<Location> location_of(const std::string& url) {
  const auto where = parse_store_url(url);
  if (!where.ok() || where->scheme != StoreScheme::s3) return std::nullopt;
  return Location{where->root, where->prefix};
}

// What all keys of a path begin with: up to its first reference or optional segment. "{{" and "[["
// are brackets of the key itself: the prefix just ends before them.
std::string fixed_prefix(std::string_view path) {
  return std::string(path.substr(0, path.find_first_of("{[")));
}

std::string partition_of(std::string_view region) {
  if (region.starts_with("cn-")) return "aws-cn";
  if (region.starts_with("us-gov-")) return "aws-us-gov";
  return "aws";
}

class Policies {
 public:
  explicit Policies(const Environment& environment) : environment_(environment) {}

  Status add_source(const Job& job) {
    const PathPattern* pattern = source_pattern(job);
    if (pattern == nullptr) return {};
    const std::string& url = job.source.text("url");
    const auto place = location_of(fixed_prefix(url));
    if (!place) return {};
    const S3Words words = TRY(s3_words(job.source, environment_));
    allow_listing(words, *place, {"s3:ListBucket"});
    allow(words, {"s3:GetObject"}, objects(words, *place));
    if (job.source.has("inventory")) {
      // <prefix>/<time>/manifest.json and <prefix>/data/: all below the prefix.
      std::string folder = job.source.text("inventory");
      for (int up = 0; up < 2; ++up) folder.resize(std::min(folder.size(), folder.rfind('/')));
      if (const auto kept = location_of(folder + "/"))
        allow(words, {"s3:GetObject"}, objects(words, *kept));
    }
    return {};
  }

  Status add_lake(const Job& job, const std::string& url) {
    const auto place = location_of(url);
    if (!place) return {};
    const S3Words words = TRY(s3_words(job.sink, environment_));
    const S3Options& options = words.options;
    allow_listing(words, *place, {"s3:ListBucket"});
    // Open uploads can't be narrowed to a prefix: the condition key s3:prefix isn't known there.
    allow(words, {"s3:ListBucketMultipartUploads"}, bucket(words, *place));
    std::vector<std::string> actions = {"s3:GetObject", "s3:PutObject", "s3:DeleteObject",
                                        "s3:AbortMultipartUpload"};
    if (!options.acl.empty()) actions.emplace_back("s3:PutObjectAcl");
    if (!options.tags.empty()) actions.emplace_back("s3:PutObjectTagging");
    allow(words, actions, objects(words, *place));
    // Parts of an upload are decrypted when it is completed.
    if (options.encryption == Encryption::kms)
      allow(words, {"kms:GenerateDataKey", "kms:Decrypt"},
            options.kms_key.starts_with("arn:") ? options.kms_key : "*");
    return {};
  }

  // Secrets are read by the environment's identity. Those of an own key need kms:Decrypt with it
  // too, which the job file doesn't tell.
  void add_secrets(const Job& job) {
    for (const SecretReference& reference : job.references) {
      if (reference.kind == SecretReference::Kind::file) continue;
      const bool is_parameter = reference.kind == SecretReference::Kind::ssm;
      add(default_identity,
          R"({"Effect": "Allow", "Action": [)" +
              json::quote(is_parameter ? "ssm:GetParameter" : "secretsmanager:GetSecretValue") +
              R"(], "Resource": )" +
              json::quote(is_parameter ? parameter_arn(reference.name)
                                       : secret_arn(reference.name)) +
              "}");
    }
  }

  Result<std::string> print() const {
    if (statements_.empty())
      return Error{ErrorKind::invalid, "nothing of this job lies on S3: AWS need allow nothing"};
    if (statements_.size() == 1) return policy(statements_.begin()->second) + "\n";
    std::string out = "{\n";
    for (const auto& [identity, statements] : statements_) {
      out += out.size() == 2 ? "" : ",\n";
      out += json::quote(identity) + ": " + policy(statements);
    }
    return out + "\n}\n";
  }

 private:
  std::string identity(const S3Words& words) {
    std::string below =
        words.aws.profile.empty() ? default_identity : "profile " + words.aws.profile;
    if (words.aws.role_arn.empty()) return below;
    add(below, R"({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": )" +
                   json::quote(words.aws.role_arn) + "}");
    return words.aws.role_arn;
  }
  // "arn:aws:ssm:eu-west-1:*:"; the account isn't known without asking.
  std::string arn_of(std::string_view service) const {
    const std::string region = environment_.get("AWS_REGION").value_or("");
    return "arn:" + partition_of(region) + ":" + std::string(service) + ":" +
           (region.empty() ? "*" : region) + ":*:";
  }
  // Secrets Manager appends "-" and six characters to a secret's name.
  std::string secret_arn(const std::string& id) const {
    if (id.starts_with("arn:")) return id;
    return arn_of("secretsmanager") + "secret:" + id + "-??????";
  }
  std::string parameter_arn(const std::string& name) const {
    if (name.starts_with("arn:")) return name;
    return arn_of("ssm") + "parameter" + (name.starts_with('/') ? "" : "/") + name;
  }
  std::string bucket(const S3Words& words, const Location& place) const {
    const std::string region =
        !words.aws.region.empty() ? words.aws.region : environment_.get("AWS_REGION").value_or("");
    return "arn:" + partition_of(region) + ":s3:::" + place.bucket;
  }
  std::string objects(const S3Words& words, const Location& place) const {
    return bucket(words, place) + "/" + place.prefix + "*";
  }
  void allow(const S3Words& words, const std::vector<std::string>& actions,
             const std::string& resource, const std::string& condition = {}) {
    if (words.is_unsigned) return;
    std::string list;
    for (const std::string& action : actions)
      list += (list.empty() ? "" : ", ") + json::quote(action);
    add(identity(words), R"({"Effect": "Allow", "Action": [)" + list + R"(], "Resource": )" +
                             json::quote(resource) + condition + "}");
  }
  void allow_listing(const S3Words& words, const Location& place,
                     const std::vector<std::string>& actions) {
    allow(
        words, actions, bucket(words, place),
        R"(, "Condition": {"StringLike": {"s3:prefix": )" + json::quote(place.prefix + "*") + "}}");
  }
  void add(const std::string& identity, std::string statement) {
    std::vector<std::string>& known = statements_[identity];
    if (std::find(known.begin(), known.end(), statement) == known.end())
      known.push_back(std::move(statement));
  }
  static std::string policy(const std::vector<std::string>& statements) {
    std::string out = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n";
    for (size_t i = 0; i < statements.size(); ++i)
      out += "    " + statements[i] + (i + 1 < statements.size() ? ",\n" : "\n");
    return out + "  ]\n}";
  }

  const Environment& environment_;
  std::map<std::string, std::vector<std::string>> statements_;  // By identity
};

}  // namespace

Result<std::string> iam_policies(const Job& job, const Environment& environment) {
  Policies policies(environment);
  TRY(policies.add_source(job));
  TRY(policies.add_lake(job, job.lake));
  if (!job.state.starts_with(job.lake)) TRY(policies.add_lake(job, job.state));
  policies.add_secrets(job);
  return policies.print();
}

}  // namespace sluice

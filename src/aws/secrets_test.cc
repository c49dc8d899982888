#include "aws/secrets.h"

#include <doctest/doctest.h>

#include <vector>

#include "aws/error.h"
#include "aws/shared_data.h"
#include "base/text.h"
#include "base/time.h"
#include "http/scripted_engine.h"

namespace sluice::aws {
namespace {

struct World {
  World() {
    surroundings.environment = {{{"AWS_REGION", "eu-west-1"}}};
    surroundings.read_file = [](const std::string& path) -> Result<std::string> {
      return Error{ErrorKind::not_found, path};
    };
    surroundings.http = &engine;
    surroundings.clock = &clock;
  }
  SecretReader reader() { return {surroundings, *credentials}; }
  const HttpRequest& asked(size_t i = 0) const { return engine.asked()[i].request; }

  StoppedClock clock{*parse_time("2024-02-08T10:00:00Z")};
  ScriptedEngine engine;
  AwsSurroundings surroundings;
  std::unique_ptr<CredentialSource> credentials = make_fixed_credentials({"AKID", "secret"});
};

HttpResponse failure(int status, const std::string& type, const std::string& message) {
  return ScriptedEngine::response(status,
                                  R"({"__type":")" + type + R"(","message":")" + message + "\"}");
}

// What is told of an answer that is asked for in full patience.
std::string told(const HttpResponse& response) {
  World world;
  for (int i = 0; i < 6; ++i) {
    world.engine.then(
        ScriptedEngine::response(response.status, response.body.view(), response.headers));
  }
  const auto got = world.reader().secret("api/token");
  REQUIRE_FALSE(got.ok());
  return std::string(to_string(got.error().kind)) + ": " + got.error().message;
}

}  // namespace

TEST_CASE("a secret is asked for by name, signed for its region") {
  World world;
  world.engine.then(ScriptedEngine::response(
      200,
      R"({"ARN":"arn:x","Name":"api/token","SecretString":"{\"a\":\"b\"}\n","VersionId":"1"})"));
  CHECK(*world.reader().secret("api/token") == "{\"a\":\"b\"}\n");
  const HttpRequest& asked = world.asked();
  CHECK(asked.method == "POST");
  CHECK(asked.url == "https://secretsmanager.eu-west-1.amazonaws.com/");
  CHECK(header(asked.headers, "x-amz-target") == "secretsmanager.GetSecretValue");
  CHECK(header(asked.headers, "content-type") == "application/x-amz-json-1.1");
  CHECK(header(asked.headers, "authorization")
            .find("/20240208/eu-west-1/secretsmanager/aws4_request") != std::string::npos);
  CHECK(world.engine.asked()[0].body == R"({"SecretId":"api/token"})");
}

TEST_CASE("a parameter is asked for decrypted, from the endpoint that the environment names") {
  World world;
  world.surroundings.environment.variables["AWS_ENDPOINT_URL_SSM"] = "http://127.0.0.1:4566";
  world.engine.then(ScriptedEngine::response(
      200, R"({"Parameter":{"Name":"/a/b","Type":"SecureString","Value":"v\u00e9"}})"));
  CHECK(*world.reader().parameter("/a/b") == "v\xC3\xA9");
  CHECK(world.asked().url == "http://127.0.0.1:4566/");
  CHECK(world.engine.asked()[0].body == R"({"Name":"/a/b","WithDecryption":true})");
  CHECK(header(world.asked().headers, "x-amz-target") == "AmazonSSM.GetParameter");
}

TEST_CASE(
    "an ARN's region comes before the environment's; FIPS and endpoints as for all services") {
  World world;
  const std::string answer = R"({"SecretString":"s","Parameter":{"Value":"s"}})";
  for (int i = 0; i < 4; ++i) world.engine.then(ScriptedEngine::response(200, answer));
  CHECK(world.reader()
            .secret("arn:aws:secretsmanager:us-east-2:111122223333:secret:api/token-AbCdEf")
            .ok());
  CHECK(world.asked(0).url == "https://secretsmanager.us-east-2.amazonaws.com/");
  CHECK(world.reader().parameter("arn:aws-cn:ssm:cn-north-1:111122223333:parameter/x").ok());
  CHECK(world.asked(1).url == "https://ssm.cn-north-1.amazonaws.com.cn/");
  world.surroundings.environment.variables["AWS_USE_FIPS_ENDPOINT"] = "true";
  CHECK(world.reader().secret("s").ok());
  CHECK(world.asked(2).url == "https://secretsmanager-fips.eu-west-1.amazonaws.com/");
  world.surroundings.environment.variables.erase("AWS_USE_FIPS_ENDPOINT");
  world.surroundings.environment.variables["AWS_ENDPOINT_URL"] = "http://here:1";
  world.surroundings.environment.variables["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = "http://there:2/x";
  CHECK(world.reader().secret("s").ok());
  CHECK(world.asked(3).url == "http://there:2/x/");
  world.surroundings.environment.variables.clear();
  CHECK(world.reader().secret("s").error().message.find("no region") != std::string::npos);
}

TEST_CASE("what AWS refuses is one line with what to do") {
  CHECK(told(failure(400, "ResourceNotFoundException",
                     "Secrets Manager can't find the specified secret.")) ==
        "invalid: secret api/token: 400 ResourceNotFoundException: Secrets Manager can't find the "
        "specified secret; check the name, and the region eu-west-1");
  CHECK(told(failure(400, "AccessDeniedException", "User: u is not authorized")) ==
        "denied: secret api/token: 400 AccessDeniedException: User: u is not authorized; allow it "
        "to these credentials, or use others (profile, role); `plan --iam` prints the policy");
  CHECK(told(failure(400, "DecryptionFailure", "KMS says no.")) ==
        "denied: secret api/token: 400 DecryptionFailure: KMS says no; allow kms:Decrypt with its "
        "key");
  CHECK(told(failure(400, "InvalidRequestException", "It was marked for deletion.")) ==
        "invalid: secret api/token: 400 InvalidRequestException: It was marked for deletion");
  CHECK(told(ScriptedEngine::response(404, "<html>nothing here</html>")) ==
        "invalid: secret api/token: 404: no such service answers at "
        "https://secretsmanager.eu-west-1.amazonaws.com; check the endpoint");
  CHECK(told(ScriptedEngine::response(200, R"({"SecretBinary":"AAAA"})")) ==
        "invalid: secret api/token: it is binary, and a text was expected");
  CHECK(told(ScriptedEngine::response(200, "hello")).find("an answer without a value") !=
        std::string::npos);
}

TEST_CASE("throttling is waited out, whatever its status") {
  World world;
  world.engine.then(failure(400, "ThrottlingException", "Rate exceeded"));
  world.engine.then(failure(500, "InternalServiceError", ""));
  world.engine.then(ScriptedEngine::response(200, R"({"SecretString":"s"})"));
  CHECK(*world.reader().secret("s") == "s");
  CHECK(world.engine.asked().size() == 3);
  CHECK(told(failure(400, "ThrottlingException", "Rate exceeded")) ==
        "throttled: secret api/token: 400 ThrottlingException: Rate exceeded");
}

TEST_CASE("credentials that have expired are loaded anew, once; a clock that is off is put right") {
  World world;
  int loads = 0;
  CredentialSource source(
      [&]() -> Result<Credentials> {
        return Credentials{"A" + std::to_string(++loads), "secret", "token"};
      },
      world.clock);
  world.engine.then(failure(400, "ExpiredTokenException", "The security token is expired"));
  world.engine.then(ScriptedEngine::response(200, R"({"SecretString":"s"})"));
  SecretReader reader(world.surroundings, source);
  CHECK(*reader.secret("s") == "s");
  CHECK(loads == 2);
  CHECK(header(world.asked(1).headers, "authorization").find("Credential=A2/") !=
        std::string::npos);

  HttpResponse skewed = failure(400, "InvalidSignatureException", "Signature expired");
  skewed.headers = {{"Date", "Thu, 08 Feb 2024 12:00:00 GMT"}};
  world.engine.then(std::move(skewed));
  world.engine.then(ScriptedEngine::response(200, R"({"SecretString":"s"})"));
  CHECK(*reader.secret("s") == "s");
  CHECK(header(world.asked(3).headers, "x-amz-date") == "20240208T120000Z");
  for (int i = 0; i < 2; ++i)
    world.engine.then(failure(400, "ExpiredTokenException", "The security token is expired"));
  CHECK(reader.secret("s").error().message.find("get new credentials") != std::string::npos);
}

TEST_CASE("a key of a JSON secret is its text") {
  const std::string secret = R"({"user":"me","port":5432,"odd key":"\u0041","none":null,"in":{}})";
  CHECK(*secret_member(secret, "user") == "me");
  CHECK(*secret_member(secret, "port") == "5432");
  CHECK(*secret_member(secret, "odd key") == "A");
  for (const char* key : {"none", "in", "absent"}) {
    const auto got = secret_member(secret, key);
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().message.find("me") == std::string::npos);
  }
  CHECK(secret_member("pa55word", "user").error().message ==
        "not a JSON object, so it has no key user");
}

TEST_CASE("errors of the JSON 1.1 protocol read as botocore reads them") {
  const auto suites = read_shared("aws-protocols/protocols/output/json.json");
  size_t count = 0;
  for (const std::string& suite : suites ? json_elements(*suites) : std::vector<std::string>()) {
    for (const std::string& one : json_elements(json_raw(suite, ".cases").value_or("[]"))) {
      const auto code = json_text(one, ".errorCode");
      if (!code) continue;
      HttpResponse response = ScriptedEngine::response(
          parse_number<int>(json_text(one, ".response.status_code").value()).value(),
          json_text(one, ".response.body").value_or(""));
      for (const auto& [name, value] :
           json_members(json_raw(one, ".response.headers").value_or("{}")))
        response.headers.push_back({name, value.substr(1, value.size() - 2)});
      CHECK(classify(response, {}).code == *code);
      ++count;
    }
  }
  CHECK((!suites || count >= 10));
}

}  // namespace sluice::aws

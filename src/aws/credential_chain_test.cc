#include "aws/credential_chain.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>

#include "aws/machine_credentials.h"
#include "aws/process.h"
#include "aws/shared_data.h"
#include "aws/sign.h"
#include "base/text.h"
#include "base/time.h"
#include "http/scripted_engine.h"

namespace sluice::aws {
namespace {

// Surroundings made of values; a file that isn't in `files` isn't there.
struct World {
  explicit World(std::string_view at = "2024-02-08T10:00:00Z",
                 ScriptedEngine::Answerer answerer = {})
      : engine(std::move(answerer)), clock(*parse_time(at)) {}
  Result<Credentials> find(const AwsOptions& options = {}) {
    return find_credentials(options, surroundings());
  }
  AwsSurroundings surroundings() {
    AwsSurroundings made;
    made.environment = environment;
    made.read_file = [this](const std::string& path) -> Result<std::string> {
      const auto found = files.find(path);
      if (found != files.end()) return found->second;
      return Error{ErrorKind::not_found, path + ": No such file or directory"};
    };
    made.write_file = [this](const std::string& path, std::string_view text) -> Status {
      files[path] = text;
      return {};
    };
    made.run_process = [this](const std::vector<std::string>& words) -> Result<std::string> {
      ran = words;
      return printed;
    };
    made.http = &engine;
    made.clock = &clock;
    return made;
  }

  Environment environment = {{{"HOME", "/h"}}};
  std::map<std::string, std::string> files;
  std::vector<std::string> ran;
  std::string printed;
  ScriptedEngine engine;
  StoppedClock clock;
};

// ---- the published cases ---

struct Recorded {
  std::string method, url;
  Result<HttpResponse> answer = Error{ErrorKind::transient, "no answer was recorded"};
  std::string body;
  int status = 0;
};

std::vector<Recorded> read_traffic(const std::string& text) {
  std::map<std::string, Recorded> connections;
  for (const std::string& event : json_elements(json_raw(text, ".events").value_or("[]"))) {
    Recorded& recorded = connections[json_text(event, ".connection_id").value()];
    if (const auto request = json_raw(event, ".action.Request.request")) {
      recorded.method = json_text(*request, ".method").value();
      recorded.url = json_text(*request, ".uri").value();
    } else if (const auto status = json_text(event, ".action.Response.response.Ok.status")) {
      recorded.status = *parse_number<int>(*status);
    } else if (json_text(event, ".action.Data.direction") == "Response") {
      recorded.body += json_text(event, ".action.Data.data.Utf8").value_or("");
    }
  }
  std::vector<Recorded> traffic;
  for (auto& [id, recorded] : connections) {
    recorded.answer = ScriptedEngine::response(recorded.status, recorded.body);
    traffic.push_back(std::move(recorded));
  }
  return traffic;
}

// Each recorded exchange once, in order, whoever asks for it.
ScriptedEngine::Answerer replay(std::vector<Recorded> traffic) {
  auto shared = std::make_shared<std::vector<Recorded>>(std::move(traffic));
  return [shared](const HttpRequest& request) -> Result<HttpResponse> {
    for (auto one = shared->begin(); one != shared->end(); ++one) {
      if (one->method != request.method || one->url != request.url) continue;
      Result<HttpResponse> answer = std::move(one->answer);
      shared->erase(one);
      return answer;
    }
    return Error{ErrorKind::transient, request.url + ": nothing listens there"};
  };
}

void check_case(const std::string& folder, const std::map<std::string, std::string>& files) {
  const auto traffic = files.find("http-traffic.json");
  World world("2009-01-01T00:00:00Z",
              replay(read_traffic(traffic == files.end() ? "{}" : traffic->second)));
  world.environment.variables.clear();
  for (const auto& [name, value] : json_members(files.at("env.json"))) {
    world.environment.variables[name] = json_text(value, ".").value_or("");
  }
  for (const auto& [path, text] : files) {
    if (path.starts_with("fs/")) world.files[path.substr(2)] = text;
  }
  CAPTURE(folder);
  const std::string expected = files.at("test-case.json");
  const auto found = world.find();
  if (json_text(expected, ".result.ErrorContains")) {
    REQUIRE(!found.ok());
    CHECK(found.error().message.find('\n') == std::string::npos);
    return;
  }
  if (!found.ok()) MESSAGE(found.error().message);
  REQUIRE(found.ok());
  CHECK(found->access_key_id == json_text(expected, ".result.Ok.access_key_id").value());
  CHECK(found->secret_access_key == json_text(expected, ".result.Ok.secret_access_key").value());
  CHECK(found->session_token == json_text(expected, ".result.Ok.session_token").value_or(""));
  if (const auto expiry = json_text(expected, ".result.Ok.expiry")) {
    REQUIRE(found->expires);
    CHECK(std::to_string(found->expires->ns / 1'000'000'000) == *expiry);
  }
}

TEST_CASE("The published cases of the default chain, replayed") {
  const std::string folder = "credentials/default-credential-provider-chain";
  size_t count = 0, errors = 0;
  for (const std::string& name : list_shared(folder)) {
    const auto files = read_shared_tree(folder + "/" + name);
    check_case(name, files);
    ++count;
    errors += json_text(files.at("test-case.json"), ".result.ErrorContains") ? 1 : 0;
  }
  if (count == 0) return;
  std::printf(
      "default-credential-provider-chain: %zu cases, none passed over; in %zu of them an "
      "error is expected, in whatever words\n",
      count, errors);
}

TEST_CASE("The published cases of the EC2 metadata endpoint") {
  const auto suite = read_shared("credentials/imds-config/imds-endpoint-tests.json");
  if (!suite) {
    std::printf("skipped: imds-config needs ../shared/data (set SLUICE_SHARED)\n");
    return;
  }
  size_t count = 0, passed_over = 0;
  for (const std::string& one : json_elements(json_raw(*suite, ".tests").value())) {
    if (json_raw(one, ".endpoint_override") || json_raw(one, ".mode_override")) {
      ++passed_over;  // Overrides of a client in code, which Sluice doesn't have.
      continue;
    }
    ++count;
    const std::string name = json_text(one, ".docs").value();
    CAPTURE(name);
    Environment environment;
    for (const auto& [variable, value] : json_members(json_raw(one, ".env").value())) {
      environment.variables[variable] = json_text(value, ".").value();
    }
    const auto profiles = parse_profiles(json_text(one, ".fs.config").value_or(""), "");
    const auto endpoint = instance_endpoint(environment, profiles.value(), "default");
    if (const auto expected = json_text(one, ".result.Ok")) {
      REQUIRE(endpoint.ok());
      CHECK(*endpoint + "/latest/api/token" == *expected);
    } else {
      CHECK(!endpoint.ok());
    }
  }
  std::printf("imds-endpoint-tests: %zu cases, %zu passed over\n", count, passed_over);
}

// ---- our own ---

std::string sts_answer(std::string_view action, std::string_view id) {
  std::string body = "<" + std::string(action) + "Response><" + std::string(action) +
                     "Result><Credentials><AccessKeyId>" + std::string(id) +
                     "</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t"
                     "</SessionToken><Expiration>2024-02-08T11:00:00Z</Expiration></Credentials></";
  return body + std::string(action) + "Result></" + std::string(action) + "Response>";
}

TEST_CASE("The environment comes first, unless the options name a profile") {
  World world;
  world.environment.variables.insert(
      {{"AWS_ACCESS_KEY_ID", "env"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_SESSION_TOKEN", "t"}});
  world.files["/h/.aws/credentials"] =
      "[other]\naws_access_key_id = file\naws_secret_access_key = s\n";
  CHECK(world.find().value() == Credentials{"env", "s", "t"});
  AwsOptions options;
  options.profile = "other";
  CHECK(world.find(options)->access_key_id == "file");
  options.profile = "missing";
  CHECK(world.find(options).error().message ==
        "profile \"missing\": not in /h/.aws/config or /h/.aws/credentials");
  world.environment.variables.erase("AWS_SECRET_ACCESS_KEY");
  CHECK(world.find().error().message == "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY isn't");
}

TEST_CASE("A role of the options is assumed with whatever was found, in the options' region") {
  World world;
  world.environment.variables.insert(
      {{"AWS_ACCESS_KEY_ID", "base"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_REGION", "us-west-2"}});
  world.engine.then(ScriptedEngine::response(200, sts_answer("AssumeRole", "assumed")));
  AwsOptions options;
  options.role_arn = "arn:aws:iam::123456789012:role/reader";
  options.role_external_id = "a b";
  options.region = "eu-west-1";
  const Credentials found = world.find(options).value();
  CHECK(found.access_key_id == "assumed");
  CHECK(found.session_token == "t");
  CHECK(found.expires == parse_time("2024-02-08T11:00:00Z"));
  const ScriptedEngine::Asked& asked = world.engine.asked().at(0);
  CHECK(asked.request.url == "https://sts.eu-west-1.amazonaws.com/");
  CHECK(asked.body ==
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2F"
        "reader&RoleSessionName=sluice-1707386400&ExternalId=a%20b");
  CHECK(header(asked.request.headers, "authorization")
            .starts_with("AWS4-HMAC-SHA256 Credential=base/20240208/eu-west-1/sts/aws4_request"));
}

TEST_CASE("A role that is refused is told with its name and STS's reason") {
  World world;
  world.environment.variables.insert(
      {{"AWS_ACCESS_KEY_ID", "base"}, {"AWS_SECRET_ACCESS_KEY", "secret"}});
  world.engine.then(ScriptedEngine::response(
      403,
      "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User x is not authorized."
      "</Message></Error><RequestId>7</RequestId></ErrorResponse>"));
  AwsOptions options;
  options.role_arn = "arn:r";
  const Error error = world.find(options).error();
  CHECK(error.kind == ErrorKind::denied);
  CHECK(error.message ==
        "assume role arn:r: 403 AccessDenied: User x is not authorized; allow it to these "
        "credentials, or use others (profile, role) (request 7)");
}

TEST_CASE("Roles chain through profiles, each assumed with the one before") {
  World world;
  world.environment.variables["AWS_PROFILE"] = "a";
  world.files["/h/.aws/config"] =
      "[profile a]\nrole_arn = ra\nsource_profile = b\nduration_seconds = 900\nregion = eu-west-1\n"
      "[profile b]\nrole_arn = rb\nsource_profile = b\naws_access_key_id = base\n"
      "aws_secret_access_key = s\n";
  world.engine.then(ScriptedEngine::response(200, sts_answer("AssumeRole", "from_a")));
  CHECK(world.find()->access_key_id == "from_a");
  const auto& asked = world.engine.asked();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].body.find("RoleArn=ra") != std::string::npos);
  CHECK(asked[0].body.find("DurationSeconds=900") != std::string::npos);
  CHECK(header(asked[0].request.headers, "authorization").find("=base/") != std::string::npos);
}

TEST_CASE("A role's source without keys of its own is followed to the end") {
  World world;
  world.environment.variables["AWS_PROFILE"] = "a";
  world.files["/h/.aws/config"] =
      "[profile a]\nrole_arn = ra\nsource_profile = b\nregion = eu-west-1\n"
      "[profile b]\nrole_arn = rb\nsource_profile = c\n"
      "[profile c]\naws_access_key_id = base\naws_secret_access_key = s\n";
  world.engine.then(ScriptedEngine::response(200, sts_answer("AssumeRole", "from_b")));
  world.engine.then(ScriptedEngine::response(200, sts_answer("AssumeRole", "from_a")));
  CHECK(world.find()->access_key_id == "from_a");
  const auto& asked = world.engine.asked();
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].body.find("RoleArn=rb") != std::string::npos);
  CHECK(header(asked[1].request.headers, "authorization").find("=from_b/") != std::string::npos);
}

TEST_CASE("Profiles that can't be followed are invalid") {
  const auto message = [](std::string_view config) {
    World world;
    world.files["/h/.aws/config"] = config;
    const auto found = world.find();
    REQUIRE(!found.ok());
    CHECK(found.error().kind == ErrorKind::invalid);
    return found.error().message;
  };
  CHECK(message("[default]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\n"
                "source_profile = default\n")
            .find("goes round in circles") != std::string::npos);
  CHECK(message("[default]\nrole_arn = r\n").find("needs source_profile") != std::string::npos);
  CHECK(message("[default]\nrole_arn = r\nsource_profile = b\n").find("isn't there") !=
        std::string::npos);
  CHECK(message("[default]\nrole_arn = r\nmfa_serial = m\nsource_profile = default\n")
            .find("one-time code") != std::string::npos);
  CHECK(message("[default]\naws_access_key_id = a\n") ==
        "profile default: aws_access_key_id without aws_secret_access_key");
}

TEST_CASE("Without any credentials the message says where they were looked for") {
  World world;
  const Error error = world.find().error();
  CHECK(error.kind == ErrorKind::denied);
  CHECK(error.message.starts_with(
      "no AWS credentials: none in the environment, none in profile default, and no role of this "
      "machine (no EC2 metadata service: "));
}

TEST_CASE("A process prints credentials; what else it prints is refused") {
  World world;
  world.files["/h/.aws/config"] =
      "[default]\ncredential_process = /opt/get \"my keys\" --for 'a b'\n";
  world.printed = R"({"Version": 1, "AccessKeyId": "p", "SecretAccessKey": "s",
                      "SessionToken": "t", "Expiration": "2024-02-08T12:00:00Z"})";
  const Credentials found = world.find().value();
  CHECK(found.access_key_id == "p");
  CHECK(found.expires == parse_time("2024-02-08T12:00:00Z"));
  CHECK(world.ran == std::vector<std::string>{"/opt/get", "my keys", "--for", "a b"});
  world.printed = R"({"Version": 2, "AccessKeyId": "p", "SecretAccessKey": "s"})";
  CHECK(world.find().error().message ==
        "profile default: credential_process: /opt/get: what it prints has no \"Version\": 1");
  world.printed = "hunter2";
  CHECK(world.find().error().message.find("hunter2") == std::string::npos);
}

TEST_CASE("Stale credentials of an instance count for a little longer than they say") {
  World world;
  const auto script = [&](std::string_view expiration) {
    world.engine.then(ScriptedEngine::response(200, "token"));
    world.engine.then(ScriptedEngine::response(200, "role\n"));
    world.engine.then(ScriptedEngine::response(
        200, R"({"AccessKeyId":"i","SecretAccessKey":"s","Token":"t","Expiration":")" +
                 std::string(expiration) + "\"}"));
  };
  script("2024-02-08T09:00:00Z");
  const WallTime extended = world.find()->expires.value();
  CHECK(extended.ns - world.clock.wall().ns >= 17 * 60_s);
  CHECK(extended.ns - world.clock.wall().ns <= 25 * 60_s);
  script("2024-02-08T16:00:00Z");
  CHECK(world.find()->expires == parse_time("2024-02-08T16:00:00Z"));
  CHECK(header(world.engine.asked().at(1).request.headers, "x-aws-ec2-metadata-token") == "token");
}

TEST_CASE("A container's URL must be https or one of the addresses that are known") {
  const auto message = [](std::string_view url) {
    World world;
    world.environment.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    world.environment.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "auth";
    world.engine.then(ScriptedEngine::response(403));
    return world.find().error().message;
  };
  for (const std::string_view good :
       {"https://any.example/c", "http://localhost:8080/c", "http://127.0.0.1/c",
        "http://[fd00:ec2::23]/c", "http://[::1]:80/c", "http://169.254.170.23/v1/credentials"}) {
    CHECK(message(good) == "the container's credentials: answered 403");
  }
  for (const std::string_view bad :
       {"http://any.example/c", "http://127.0.0.1.example/c", "http://localhost@example/c",
        "ftp://localhost/", "http://169.254.170.2.example/"}) {
    CHECK(message(bad).find("neither https nor") != std::string::npos);
  }
}

TEST_CASE("Where an endpoint is configured SSO's token goes there and nowhere else") {
  for (const auto& [name, where] : std::map<std::string, std::string>{
           {"AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:7"}, {"AWS_ENDPOINT_URL", "http://b:8/x"}}) {
    World world;
    world.environment.variables[name] = where;
    world.files["/h/.aws/config"] =
        "[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n"
        "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://x\n";
    world.files["/h/.aws/sso/cache/" + hex(sha1("s")) + ".json"] =
        R"({"accessToken":"t","expiresAt":"2024-02-09T10:00:00Z"})";
    world.engine.then(ScriptedEngine::response(
        200, R"({"roleCredentials":{"accessKeyId":"sso","secretAccessKey":"s"}})"));
    CHECK(world.find()->access_key_id == "sso");
    CHECK(world.engine.asked().at(0).request.url ==
          where + "/federation/credentials?account_id=1&role_name=r");
    world.environment.variables["AWS_USE_FIPS_ENDPOINT"] = "true";
    CHECK(world.find().error().message.find("custom endpoint") != std::string::npos);
    CHECK(world.engine.asked().size() == 1);
  }
}

TEST_CASE("A session token of SSO that is about to end is renewed and written back") {
  World world;
  world.files["/h/.aws/config"] =
      "[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n"
      "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://x\n";
  const std::string path = "/h/.aws/sso/cache/" + hex(sha1("s")) + ".json";
  world.files[path] =
      R"({"accessToken":"old","expiresAt":"2024-02-08T10:05:00Z","refreshToken":"r1",
          "clientId":"c","clientSecret":"cs","registrationExpiresAt":"2024-05-01T00:00:00Z",
          "startUrl":"https://x","region":"eu-west-1"})";
  world.engine.then(ScriptedEngine::response(
      200, R"({"accessToken":"new","expiresIn":3600,"refreshToken":"r2"})"));
  world.engine.then(ScriptedEngine::response(
      200, R"({"roleCredentials":{"accessKeyId":"sso","secretAccessKey":"s","sessionToken":"t",
               "expiration":1707390000000}})"));
  CHECK(world.find()->access_key_id == "sso");
  const auto& asked = world.engine.asked();
  CHECK(asked.at(0).request.url == "https://oidc.eu-west-1.amazonaws.com/token");
  CHECK(json_text(asked.at(0).body, ".refreshToken") == "r1");
  CHECK(asked.at(1).request.url ==
        "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?account_id=1&role_name="
        "r");
  CHECK(header(asked.at(1).request.headers, "x-amz-sso_bearer_token") == "new");
  CHECK(json_text(world.files[path], ".accessToken") == "new");
  CHECK(json_text(world.files[path], ".refreshToken") == "r2");
  CHECK(json_text(world.files[path], ".expiresAt") == "2024-02-08T11:00:00Z");

  world.clock.set(*parse_time("2024-06-01T00:00:00Z"));
  CHECK(world.find().error().message ==
        "profile default: the session has ended: run  aws sso login --profile default");
}

TEST_CASE("A command is split into words as a shell would, and nothing is expanded") {
  CHECK(split_words(R"(a  "b c" 'd "e' f\ g "h\"i" '' $HOME)").value() ==
        std::vector<std::string>{"a", "b c", "d \"e", "f g", "h\"i", "", "$HOME"});
  CHECK(!split_words("a \"b").ok());
  CHECK(!split_words("  ").ok());
}

TEST_CASE("A program is run without a shell; failing, missing and endless ones are told") {
  CHECK(run_process({"echo", "a  b", "$HOME"}).value() == "a  b $HOME\n");
  CHECK(run_process({"false"}).error().message == "false: failed: exit status 1");
  CHECK(run_process({"/nowhere/program"}).error().message ==
        "/nowhere/program: can't be started: No such file or directory");
  CHECK(run_process({"sleep", "30"}, 50_ms).error().message == "sleep: takes too long; killed");
  CHECK(run_process({"cat"}).value().empty());  // Its input is empty.
  CHECK(run_process({"yes"}).error().message == "yes: prints more than 1 MiB; killed");
}

// Whether the process has ended (a zombie that nobody reaps has).
bool is_gone(int process) {
  for (const Instant deadline = now() + 5_s; now() < deadline; ::usleep(1000)) {
    std::ifstream status("/proc/" + std::to_string(process) + "/status");
    const std::string text{std::istreambuf_iterator<char>(status), {}};
    if (text.empty() || text.find("State:\tZ") != text.npos) return true;
  }
  return false;
}

TEST_CASE("a program of credentials that fails is an error where SIGCHLD is ignored") {
  std::signal(SIGCHLD, SIG_IGN);  // As `trap '' CHLD` leaves it
  CHECK(run_process({"sh", "-c", "echo '{}'; exit 7"}).error().message ==
        "sh: failed: exit status 7");
  std::signal(SIGCHLD, SIG_DFL);
}

TEST_CASE("a program of credentials has the default signals, and what it leaves behind goes") {
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  CHECK(run_process({"sh", "-c", "kill -TERM $$; echo alive"})
            .error()
            .message.starts_with("sh: failed: killed by signal 15"));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  const Instant begun = now();
  const std::string id = run_process({"sh", "-c", "sleep 1000 & echo $!"}).value();
  CHECK(now() - begun < 5_s);
  CHECK(is_gone(std::stoi(id)));
}

}  // namespace
}  // namespace sluice::aws

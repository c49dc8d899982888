#include "source/oauth2_token.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "http/scripted_engine.h"
#include "source/secret_file.h"

namespace sluice {
namespace {

Secrets& secrets_of_tests() {
  static Secrets secrets;
  return secrets;
}

using Response = Result<HttpResponse>;

HttpResponse granted(const std::string& token, const std::string& more = "") {
  return ScriptedEngine::response(200, R"({"access_token":")" + token + "\"" + more + "}");
}

Oauth2Options options() {
  return {.token_url = "https://login.example.com/token?tenant=1",
          .client_id = "me",
          .client_secret = "s3cr&t",
          .retry = {.attempts_max = 3, .pause_base = 1}};
}

// Asks and tells the token, or the error.
std::string get(Oauth2Token& token) {
  // Shared with an answer that may come later.
  auto got = std::make_shared<std::string>("(nothing yet)");
  token.get([got](const Result<std::string>& answer) {
    *got = answer.ok() ? *answer : "error: " + answer.error().message;
  });
  return *got;
}

// Keeps exchanges until they are told to end: what waits is seen waiting.
class HoldingEngine : public Engine {
 public:
  ExchangeId start(std::unique_ptr<Exchange> exchange, Instant) override {
    held.push_back(std::move(exchange));
    return ++started;
  }
  void cancel(ExchangeId) override {}
  void end(Response response) {
    const std::unique_ptr<Exchange> first = std::move(held.front());
    held.pop_front();
    first->finished(std::move(response));
  }
  // As the engine does when its time has come; what isn't wanted yet ends.
  bool prepare_next() {
    if (held.front()->prepare()) return true;
    end(Error{ErrorKind::cancelled, "not wanted any more"});
    return false;
  }
  std::deque<std::unique_ptr<Exchange>> held;
  uint64_t started = 0;
};

struct Folder {
  Folder()
      : path(std::filesystem::temp_directory_path() /
             ("sluice-oauth2-test-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  const std::filesystem::path path;
};

}  // namespace

TEST_CASE("client credentials go in the form, and the token is fetched once") {
  ScriptedEngine engine;
  StoppedClock clock({1'000'000'000 * int64_t{1'700'000'000}});
  Oauth2Options given = options();
  given.scope = "read all";
  given.audience = "https://api.example.com";
  given.parameters = {{"resource", "x y"}};
  const auto token = Oauth2Token::make(given, engine, clock, secrets_of_tests());
  REQUIRE(token.ok());
  engine.then(granted("t1", R"(,"token_type":"Bearer","expires_in":3600)"));
  CHECK(get(**token) == "t1");
  CHECK(get(**token) == "t1");
  REQUIRE(engine.asked().size() == 1);
  const auto& asked = engine.asked()[0];
  CHECK(asked.request.method == "POST");
  CHECK(asked.request.url == "https://login.example.com/token?tenant=1");
  CHECK(header(asked.request.headers, "content-type") == "application/x-www-form-urlencoded");
  CHECK(asked.body ==
        "grant_type=client_credentials&client_id=me&client_secret=s3cr%26t&scope=read%20all"
        "&audience=https%3A%2F%2Fapi.example.com&resource=x%20y");
}

TEST_CASE("with auth_in: header they go there, encoded as RFC 6749 has it") {
  ScriptedEngine engine;
  const Clock clock;
  Oauth2Options given = options();
  given.auth_in = Oauth2Options::AuthIn::header;
  const auto token = Oauth2Token::make(given, engine, clock, secrets_of_tests());
  engine.then(granted("t1"));
  CHECK(get(**token) == "t1");
  CHECK(engine.asked()[0].body == "grant_type=client_credentials");
  // me:s3cr%26t
  CHECK(header(engine.asked()[0].request.headers, "authorization") == "Basic bWU6czNjciUyNnQ=");
}

TEST_CASE("a token is renewed a minute before its end, or in the last tenth of its life") {
  for (const auto& [life, margin] : {std::pair(3600, 60), std::pair(300, 30)}) {
    ScriptedEngine engine;
    StoppedClock clock({0});
    const auto token = Oauth2Token::make(options(), engine, clock, secrets_of_tests());
    engine.then(granted("t1", ",\"expires_in\":\"" + std::to_string(life) + "\""));
    CHECK(get(**token) == "t1");
    clock.set({(life - margin) * 1_s - 1});
    CHECK(get(**token) == "t1");
    CHECK(engine.asked().size() == 1);
    clock.set({(life - margin) * 1_s});
    engine.then(granted("t2"));
    get(**token);
    CHECK(get(**token) == "t2");
    CHECK(engine.asked().size() == 2);
  }
}

TEST_CASE("all who wait share one fetch; a token at hand is used while another is fetched") {
  HoldingEngine engine;
  StoppedClock clock({0});
  const auto token = Oauth2Token::make(options(), engine, clock, secrets_of_tests());
  int answered = 0;
  for (int i = 0; i < 100; ++i)
    (*token)->get([&](const Result<std::string>& got) { answered += got.ok() && *got == "t1"; });
  CHECK(engine.started == 1);
  engine.end(granted("t1", R"(,"expires_in":1000)"));
  CHECK(answered == 100);
  clock.set({950 * 1_s});
  CHECK(get(**token) == "t1");
  CHECK(get(**token) == "t1");
  CHECK(engine.started == 2);
  engine.end(Error{ErrorKind::denied, "no more"});
  CHECK(get(**token) == "t1");  // Good until its end
  CHECK(engine.started == 2);   // Not asked again at once
  clock.set({999 * 1_s});
  CHECK(get(**token) == "(nothing yet)");
  CHECK(engine.started == 3);
  engine.end(granted("t2"));
  CHECK(get(**token) == "t2");
}

TEST_CASE("what fails in passing is tried again, and Retry-After is heeded") {
  ScriptedEngine engine;
  const Clock clock;
  const auto token = Oauth2Token::make(options(), engine, clock, secrets_of_tests());
  engine.then(Error{ErrorKind::transient, "cut"});
  engine.then(ScriptedEngine::response(503, "busy", {{"Retry-After", "7"}}));
  engine.then(granted("t1"));
  CHECK(get(**token) == "t1");
  REQUIRE(engine.asked().size() == 3);
  CHECK(engine.asked()[2].when - now() > 6_s);

  for (int i = 0; i < 3; ++i) engine.then(ScriptedEngine::response(429));
  (*token)->refused("t1");
  CHECK(get(**token) == "error: token from https://login.example.com/token: 429");
  CHECK(engine.asked().size() == 6);
  CHECK(engine.asked()[5].when - now() > 500_ms);  // However little it says of how long
  CHECK(get(**token).starts_with("error:"));       // The same, for a while
  CHECK(engine.asked().size() == 6);
}

TEST_CASE(
    "a token server that never answers has the API's timeout, and what is left of its patience") {
  const Clock clock;
  Oauth2Options given = options();
  given.retry.attempts_max = 1000;
  given.patience = {.answer_within = 30_s, .give_up_after = 5_s};
  {
    ScriptedEngine engine;
    const auto token = Oauth2Token::make(given, engine, clock, secrets_of_tests());
    engine.then(granted("t1"));
    CHECK(get(**token) == "t1");
    const HttpRequest& asked = engine.asked()[0].request;
    CHECK(asked.first_byte_within <= 5_s);
    CHECK(asked.stalled_after <= 5_s);
    CHECK(asked.deadline <= now() + 5_s);
  }
  given.patience = {.answer_within = 2_s, .give_up_after = 600_s};
  {
    ScriptedEngine engine;
    const auto token = Oauth2Token::make(given, engine, clock, secrets_of_tests());
    engine.then(granted("t1"));
    CHECK(get(**token) == "t1");
    CHECK(engine.asked()[0].request.first_byte_within == 2_s);
  }
  // And then it is given up, however often it might be tried.
  given.patience = {.answer_within = 30_s, .give_up_after = 20_ms};
  ScriptedEngine engine([](const HttpRequest&) -> Result<HttpResponse> {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return Error{ErrorKind::transient, "no answer"};
  });
  const auto token = Oauth2Token::make(given, engine, clock, secrets_of_tests());
  CHECK(get(**token).ends_with("no answer"));
  CHECK(engine.asked().size() < 6);
}

TEST_CASE("a long wait that the token server asks for is said at once") {
  ScriptedEngine engine;
  const Clock clock;
  std::vector<std::string> said;
  Oauth2Options given = options();
  given.say = [&](const std::string& text) { said.push_back(text); };
  const auto token = Oauth2Token::make(given, engine, clock, secrets_of_tests());
  engine.then(ScriptedEngine::response(503, "", {{"Retry-After", "7"}}));
  engine.then(ScriptedEngine::response(429, "", {{"Retry-After", "3600"}}));
  engine.then(granted("t1"));
  CHECK(get(**token) == "t1");
  REQUIRE(said.size() == 1);
  CHECK(said[0] == "login.example.com asks to be left alone for 1 h 0 m: waiting for a token");
}

TEST_CASE("a token that would be there in years isn't waited for, nor asked for again") {
  const std::string from = "error: token from https://login.example.com/token: ";
  for (const int status : {429, 503}) {
    ScriptedEngine engine;
    StoppedClock clock({0});
    const auto token = Oauth2Token::make(options(), engine, clock, secrets_of_tests());
    const auto refused = [&](const std::string& seconds) {
      engine.then(ScriptedEngine::response(status, "", {{"Retry-After", seconds}}));
    };
    refused("4294967295");
    const std::string why = get(**token);
    CHECK_MESSAGE(why.starts_with(from + std::to_string(status) + "; it asks to wait for "), why);
    CHECK(engine.asked().size() == 1);
    // Nor in several days, one after the other; what was asked for before counts no more.
    clock.set({11_s});
    refused("50000");
    refused("50000");
    CHECK(get(**token).ends_with("; it asks to wait for 27 h 47 m; run again then"));
    CHECK(engine.asked().size() == 3);
    // Whoever wanted it doesn't try once more.
    std::optional<ErrorKind> kind;
    (*token)->get([&](const Result<std::string>& answer) { kind = answer.error().kind; });
    CHECK(kind == ErrorKind::invalid);  // Nobody asks again
  }
}

TEST_CASE("a refusal is told with the server's words and no secret") {
  const auto told = [](Response response, Oauth2Options given = options()) {
    ScriptedEngine engine;
    const Clock clock;
    const auto token = Oauth2Token::make(std::move(given), engine, clock, secrets_of_tests());
    engine.then(std::move(response));
    return get(**token);
  };
  const std::string from = "error: token from https://login.example.com/token: ";
  CHECK(told(ScriptedEngine::response(
            401, R"({"error":"invalid_client","error_description":"Bad secret s3cr&t."})")) ==
        from +
            "401 invalid_client: Bad secret ${client_secret}; check client_id and client_secret, "
            "or try "
            "auth_in: header");
  CHECK(told(ScriptedEngine::response(200, R"({"error":"bad_verification_code"})")) ==
        from + "200 bad_verification_code");
  CHECK(told(ScriptedEngine::response(200, "<html>")) ==
        from + "200: an answer without an access_token; check token_url");
  CHECK(told(ScriptedEngine::response(302, "", {{"Location", "/login"}})) ==
        from + "302; check token_url");
  CHECK(told(Error{ErrorKind::invalid, "no such host"}) == from + "no such host");
}

TEST_CASE(
    "a refused token is fetched again once, and a late refusal of the old one costs nothing") {
  ScriptedEngine engine;
  StoppedClock clock({0});
  const auto token = Oauth2Token::make(options(), engine, clock, secrets_of_tests());
  engine.then(granted("t1"));
  engine.then(granted("t2"));
  engine.then(granted("t3"));
  CHECK(get(**token) == "t1");
  CHECK((*token)->refused("t1"));
  CHECK(get(**token) == "t2");
  CHECK((*token)->refused("t1"));
  CHECK(get(**token) == "t2");
  CHECK_FALSE((*token)->refused("t2"));  // The token isn't what is wrong.
  CHECK(get(**token) == "t2");
  clock.set({61_s});
  CHECK((*token)->refused("t2"));  // It was good for a while.
  CHECK(get(**token) == "t3");
  CHECK(secrets_of_tests().hide("t1 t2 t3 s3cr&t") ==
        "${access_token} ${access_token} ${access_token} ${client_secret}");
}

TEST_CASE("a rotated refresh token is kept: for the run, and in its file for the next") {
  const Folder folder;
  const std::string path = folder.path / "refresh_token";
  Oauth2Options given = options();
  given.grant = "refresh_token";
  given.refresh_token = "r1";
  given.refresh_token_file = path;
  const Clock clock;
  {
    ScriptedEngine engine;
    const auto token = Oauth2Token::make(given, engine, clock, secrets_of_tests());
    REQUIRE(token.ok());
    engine.then(granted("t1", R"(,"refresh_token":"r2")"));
    engine.then(granted("t2"));
    CHECK(get(**token) == "t1");
    CHECK((*token)->refused({}));
    CHECK(get(**token) == "t2");
    CHECK(engine.asked()[0].body ==
          "grant_type=refresh_token&client_id=me&client_secret=s3cr%26t&refresh_token=r1");
    CHECK(engine.asked()[1].body.ends_with("refresh_token=r2"));
  }
  CHECK(*read_secret_file(path) == "r2");
  struct stat what = {};
  REQUIRE(::stat(path.c_str(), &what) == 0);
  CHECK((what.st_mode & 0777) == 0600);
  ScriptedEngine engine;
  const auto token = Oauth2Token::make(given, engine, clock, secrets_of_tests());
  engine.then(granted("t3"));
  CHECK(get(**token) == "t3");
  CHECK(engine.asked()[0].body.ends_with("refresh_token=r2"));

  given.refresh_token_file = folder.path / "nowhere" / "token";
  CHECK(Oauth2Token::make(given, engine, clock, secrets_of_tests())
            .error()
            .message.find("would be lost") != std::string::npos);
  given.refresh_token = given.refresh_token_file = "";
  CHECK_FALSE(Oauth2Token::make(given, engine, clock, secrets_of_tests()).ok());
}

TEST_CASE("two runs at once don't use up one refresh token: it is read again under a lock") {
  const Folder folder;
  const std::string path = folder.path / "refresh_token";
  Oauth2Options given = options();
  given.grant = "refresh_token";
  given.refresh_token = "r1";
  given.refresh_token_file = path;
  const Clock clock;
  HoldingEngine first, second;
  const auto one = Oauth2Token::make(given, first, clock, secrets_of_tests());
  const auto other = Oauth2Token::make(given, second, clock, secrets_of_tests());
  auto got = std::make_shared<std::string>();
  (*one)->get([](const Result<std::string>&) {});
  (*other)->get([got](const Result<std::string>& answer) { *got = answer.value(); });
  REQUIRE(first.held.size() == 1);
  REQUIRE(second.held.size() == 1);
  REQUIRE(first.prepare_next());
  CHECK_FALSE(second.prepare_next());  // Another has it: tried again a little later
  first.end(granted("t1", R"(,"refresh_token":"r2")"));
  CHECK(*read_secret_file(path) == "r2");
  REQUIRE(second.held.size() == 1);
  REQUIRE(second.prepare_next());
  CHECK(second.held.front()->request().body.ends_with("refresh_token=r2"));
  second.end(granted("t2"));
  CHECK(*got == "t2");
}

TEST_CASE("a refresh token to which no answer came is not sent twice blindly") {
  Oauth2Options given = options();
  given.grant = "refresh_token";
  given.refresh_token = "r1";
  StoppedClock clock({0});
  for (const bool is_answered : {false, true}) {
    ScriptedEngine engine;
    const auto token = Oauth2Token::make(given, engine, clock, secrets_of_tests());
    engine.then(is_answered ? Result<HttpResponse>(ScriptedEngine::response(502, "<html>"))
                            : Error{ErrorKind::transient, "the connection was closed"});
    CHECK(get(**token).starts_with("error: "));
    clock.set({clock.wall().ns + 60_s});
    CHECK(get(**token).find("may be used up") != std::string::npos);
    CHECK(engine.asked().size() == 1);
    CHECK_FALSE(engine.asked()[0].request.may_be_sent_twice);
  }
  // What has never left, or was refused for now, may be sent again.
  ScriptedEngine engine;
  const auto token = Oauth2Token::make(given, engine, clock, secrets_of_tests());
  engine.then(Error{ErrorKind::transient, "connect to login.example.com: refused"});
  engine.then(ScriptedEngine::response(503));
  engine.then(granted("t1"));
  CHECK(get(**token) == "t1");
}

TEST_CASE("who still waits at the end is answered, and a fetch may end after it") {
  HoldingEngine engine;
  const Clock clock;
  auto token = Oauth2Token::make(options(), engine, clock, secrets_of_tests());
  std::optional<ErrorKind> kind;
  (*token)->get([&](const Result<std::string>& got) { kind = got.error().kind; });
  token->reset();
  CHECK(kind == ErrorKind::cancelled);
  engine.end(Error{ErrorKind::transient, "cut"});
  CHECK(engine.held.empty());
}

TEST_CASE("many threads get one token") {
  std::atomic<int> fetches{0};
  std::mutex mutex;
  std::vector<std::jthread> threads;
  struct ThreadedEngine : Engine {
    ExchangeId start(std::unique_ptr<Exchange> exchange, Instant) override {
      ++fetches;
      exchange->prepare();
      const std::lock_guard lock(mutex);
      threads.emplace_back([held = std::move(exchange)] { held->finished(granted("t1")); });
      return 1;
    }
    void cancel(ExchangeId) override {}
    ThreadedEngine(std::atomic<int>& a, std::mutex& b, std::vector<std::jthread>& c)
        : fetches(a), mutex(b), threads(c) {}
    std::atomic<int>& fetches;
    std::mutex& mutex;
    std::vector<std::jthread>& threads;
  } engine(fetches, mutex, threads);
  const Clock clock;
  const auto token = Oauth2Token::make(options(), engine, clock, secrets_of_tests());
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> askers;
    askers.reserve(8);
    for (int i = 0; i < 8; ++i) {
      askers.emplace_back([&] {
        for (int n = 0; n < 1000; ++n)
          (*token)->get([&](const Result<std::string>& got) { good += got.ok(); });
      });
    }
  }
  threads.clear();
  CHECK(good == 8000);
  CHECK(fetches == 1);
}

}  // namespace sluice

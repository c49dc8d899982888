// What a store learns of an answer and heeds from then on: new credentials, the server's clock, the
// bucket's region, which reads are slow; and crowds of requests with faults among them.
#include <doctest/doctest.h>

#include <atomic>
#include <map>

#include "s3/fake.h"
#include "store/contract.h"

namespace sluice {
namespace {

using contract::Client;
using contract::kind;
using contract::require_ok;

// ---- credentials -------------------------------------------------------------------------------

// Sessions "session-1", "session-2", ..., one for each load.
class Sessions {
 public:
  explicit Sessions(const S3Server& server, int most = 100)
      : source_(
            [this, &server, most]() -> Result<aws::Credentials> {
              if (loads_ >= most)
                return Error{ErrorKind::denied, "the role can't be assumed any more"};
              return aws::Credentials{server.key(), server.secret(),
                                      "session-" + std::to_string(++loads_)};
            },
            clock_) {
    require_ok(source_.get());
  }
  aws::CredentialSource* source() { return &source_; }
  int loads() const { return loads_; }

 private:
  const Clock clock_;
  std::atomic<int> loads_ = 0;
  aws::CredentialSource source_;
};

TEST_SUITE("faults") {
  TEST_CASE("a session that has ended is renewed once, however many requests hear of it") {
    const Fake fake;
    Sessions sessions(fake.server());
    S3Door store(fake.server(), options_for_faults(fake), sessions.source());
    const Client client{store, ""};
    require_ok(client.put("x", "bytes"));
    fake.tell("expire?token=session-1");
    Inbox inbox;
    for (Ticket ticket = 1; ticket <= 40; ++ticket) store.start(Get{Key("x")}, {}, ticket, inbox);
    for (int i = 0; i < 40; ++i) {
      const std::unique_ptr<Event> event = inbox.wait();
      const auto& answered = static_cast<Answered&>(*event);
      CHECK_MESSAGE(answered.answer.ok(), answered.answer.error().message);
    }
    CHECK(sessions.loads() == 2);
    CHECK(fake.count("ExpiredToken", "by_error") > 0);
  }
  TEST_CASE("a session that can't be renewed is denied, with the reason") {
    const Fake fake;
    Sessions sessions(fake.server(), 1);
    S3Door store(fake.server(), options_for_faults(fake), sessions.source());
    fake.tell("expire?token=session-1");
    const Told told = ask(store, Put{Key("x"), "bytes"});
    CHECK(told.kind() == ErrorKind::denied);
    CHECK_MESSAGE(told.message().find("ExpiredToken") != std::string::npos, told.message());
    CHECK_MESSAGE(told.message().find("can't be assumed any more") != std::string::npos,
                  told.message());
  }
  TEST_CASE("credentials that are called expired although they are new: given up, not asked on") {
    const Fake fake;
    Sessions sessions(fake.server());
    S3Door store(fake.server(), options_for_faults(fake), sessions.source());
    fake.begin("verb=put,do=expired_token");
    CHECK(ask(store, Put{Key("x"), "bytes"}).kind() == ErrorKind::denied);
    CHECK(fake.asked("put") < 15);
  }

  // ---- clock and region -------------------------------------------------------------------------

  TEST_CASE("a clock that is wrong is corrected by the server's, once for all requests") {
    for (const char* seconds : {"3600", "-3600"}) {
      CAPTURE(seconds);
      const Fake fake;
      fake.tell(std::string("clock?seconds=") + seconds);
      S3Door store(fake.server(), options_for_faults(fake));
      const Told first = ask(store, Put{Key("x"), "bytes"});
      CHECK_MESSAGE(first.ok(), first.message());
      CHECK(first.attempts == 2);
      CHECK(ask(store, Get{Key("x")}).attempts == 1);
      CHECK(fake.count("RequestTimeTooSkewed", "by_error") == 1);
    }
  }
  TEST_CASE("a bucket in another region is found there, by whatever request comes first") {
    for (const bool heads : {false, true}) {
      CAPTURE(heads);
      const Fake fake({"--bucket", "far@eu-west-1"});
      S3Options options = options_for_faults(fake);
      options.bucket = Bucket("far");
      options.base_url = fake.server().endpoint() + "/far";
      S3Door store(fake.server(), options);
      if (heads) {
        const Told head = ask(store, Head{Key("x")});
        CHECK_MESSAGE(head.kind() == ErrorKind::not_found, head.message());
      }
      const Told put = ask(store, Put{Key("x"), "bytes"});
      CHECK_MESSAGE(put.ok(), put.message());
      CHECK(put.attempts == (heads ? 1 : 2));
      CHECK(ask(store, Get{Key("x")}).attempts == 1);
    }
  }

  // ---- hedges -----------------------------------------------------------------------------------

  TEST_CASE("a read that hangs is overtaken by a second one, and no body is read a third time") {
    const Fake fake;
    S3Options options = options_of(fake.server());
    S3Door store(fake.server(), options);
    const Client client{store, ""};
    require_ok(client.put("x", std::string(1000, 'x')));
    for (int i = 0; i < 250; ++i) require_ok(client.get("x"));
    fake.again("verb=get,times=1,do=delay=5000");
    const Instant began = now();
    const Told told = ask(store, Get{.key = Key("x"), .most = 1000});
    REQUIRE_MESSAGE(told.ok(), told.message());
    CHECK(std::get<Body>(*told.answer).bytes.view() == std::string(1000, 'x'));
    CHECK(now() - began < 2_s);
    CHECK(store.counts().hedges_won == 1);
    CHECK(fake.asked("get") == 2);
    CHECK(fake.count("bodies_sent_twice") <= 1);
  }
  TEST_CASE("when every read is slow, few are sent twice") {
    const Fake fake;
    S3Door store(fake.server(), options_of(fake.server()));
    const Client client{store, ""};
    require_ok(client.put("x", "bytes"));
    for (int i = 0; i < 250; ++i) require_ok(client.get("x"));
    fake.tell("latency?ms=get=400");
    fake.again("");
    Inbox inbox;
    for (Ticket ticket = 1; ticket <= 200; ++ticket) {
      store.start(Get{Key("x"), {}, {}, 100}, {}, ticket, inbox);
    }
    for (int i = 0; i < 200; ++i) {
      CHECK(static_cast<Answered&>(*inbox.wait()).answer.ok());
    }
    CHECK(fake.asked("get") <= 215);  // Five, and one in fifty
  }

  // ---- crowds -----------------------------------------------------------------------------------

  TEST_CASE("of hundreds at once with every kind of fault among them each has its one effect") {
    const Fake fake;
    S3Door store(fake.server(), options_for_faults(fake));
    const Client client{store, ""};
    fake.begin(
        "verb=any,percent=4,seed=1,do=503\nverb=any,percent=4,seed=2,do=500empty\n"
        "verb=any,percent=4,seed=3,do=reset_before\nverb=put,percent=4,seed=4,do=reset_after\n"
        "verb=any,percent=2,seed=5,do=lost\nverb=any,percent=4,seed=6,do=close");
    Inbox inbox;
    constexpr Ticket puts = 400;
    for (Ticket ticket = 1; ticket <= puts; ++ticket) {
      const std::string name = std::to_string(ticket);
      store.start(Put{Key("crowd/" + name), "body " + name, Absent{}}, {}, ticket, inbox);
    }
    int conflicts = 0;
    for (Ticket i = 0; i < puts; ++i) {
      const std::unique_ptr<Event> event = inbox.wait();
      const auto& answered = static_cast<Answered&>(*event);
      if (answered.answer.ok()) continue;
      CHECK_MESSAGE(answered.answer.error().kind == ErrorKind::conflict,
                    answered.answer.error().message);
      ++conflicts;  // Its answer was lost.
    }
    CHECK(conflicts < static_cast<int>(puts / 2));
    fake.again("");
    CHECK(client.list("crowd/").size() == puts);
    CHECK(client.text("crowd/7") == "body 7");
  }
  TEST_CASE(
      "uploads with faults at every step end complete; what is left open are twins that told") {
    const Fake fake;
    S3Door store(fake.server(), options_for_faults(fake));
    const Client client{store, ""};
    fake.begin(
        "verb=create_upload,every=5,do=reset_after\nverb=complete,every=4,do=reset_after\n"
        "verb=put_part,every=3,do=reset_after\nverb=complete,every=7,do=error200\n"
        "verb=create_upload,every=7,do=reset_before");
    uint64_t twins_most = 0;
    std::map<std::string, UploadId> completed;
    for (int i = 0; i < 40; ++i) {
      const std::string name = "up/" + std::to_string(i);
      const Told created = ask(store, CreateUpload{Key(name), Mark("m")});
      REQUIRE_MESSAGE(created.ok(), created.message());
      twins_most += created.attempts - 1;
      const UploadId id = std::get<UploadId>(*created.answer);
      const PartTag tag = client.tag(name, id, 1, Buffer::of(name));
      const Told done = ask(store, Complete{Key(name), id, {tag}});
      CHECK_MESSAGE((done.ok() || done.kind() == ErrorKind::not_found), done.message());
      completed.emplace(name, id);
    }
    CHECK(fake.open_uploads() > 0);
    CHECK(fake.open_uploads() <= twins_most);
    fake.again("");
    for (const auto& [name, id] : completed) CHECK(client.text(name) == name);
    for (const OpenUpload& open : client.uploads()) {
      CHECK(completed.at(open.key.str()) != open.id);
      require_ok(client.abort(open.key.str(), open.id));
    }
    CHECK(fake.open_uploads() == 0);
  }
}

}  // namespace
}  // namespace sluice

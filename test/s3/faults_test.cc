// What goes wrong on the way to S3, one thing at a time, by the fault plan of the fake: the request
// is done in the end, once, or ends with the kind of error that s3/store.h promises. How often the
// server was asked, and what is left on it, are its own counters.
#include <doctest/doctest.h>

#include <functional>
#include <set>

#include "s3/fake.h"
#include "store/contract.h"

namespace sluice {
namespace {

using contract::Client;
using contract::kind;
using contract::require_ok;

// ---- the ten requests --------------------------------------------------------------------------

// What each of them finds: the object "there", an upload of "new" with its only part.
struct World {
  ETag etag;
  UploadId upload;
  PartTag part;
};
World prepare(const Client& client) {
  const auto done = client.put("there", "bytes of an object");
  require_ok(done);
  const UploadId id = client.create("new", "mark");
  return {done->etag, id, client.tag("new", id, 1, Buffer::of("bytes"))};
}

struct Step {
  std::string verb;  // As the fake counts it
  std::function<Request(const World&)> request;
  std::function<bool(Answer&, Client)> is_right;
};

template <class T>
bool is(const Answer& answer, const std::function<bool(const T&)>& fits) {
  const T* value = std::get_if<T>(&answer);
  return value != nullptr && fits(*value);
}

const std::vector<Step>& steps() {
  static const std::vector<Step> all = {
      {"get", [](const World&) { return Get{Key("there")}; },
       [](Answer& answer, const Client&) {
         return is<Body>(answer,
                         [](const Body& b) { return b.bytes.view() == "bytes of an object"; });
       }},
      {"head", [](const World&) { return Head{Key("there")}; },
       [](Answer& answer, const Client&) {
         return is<Meta>(answer, [](const Meta& meta) { return meta.bytes == 18; });
       }},
      {"list", [](const World&) { return List{"the"}; },
       [](Answer& answer, const Client&) {
         return is<Page>(answer, [](const Page& page) { return page.objects.size() == 1; });
       }},
      {"put",
       [](const World&) {
         return Put{Key("put"), "put bytes"};
       },
       [](Answer&, const Client& client) { return client.text("put") == "put bytes"; }},
      {"delete", [](const World&) { return Delete{Key("there")}; },
       [](Answer&, const Client& client) { return !client.head("there").ok(); }},
      {"create_upload",
       [](const World&) {
         return CreateUpload{Key("more"), Mark("mark")};
       },
       [](Answer&, const Client& client) { return !client.uploads("more").empty(); }},
      {"put_part",
       [](const World& world) {
         return PutPart{Key("new"), world.upload, 1, Buffer::of("bytes"), crc32c("bytes")};
       },
       [](Answer& answer, const Client&) {
         return is<PartTag>(answer, [](const PartTag& tag) { return tag.number == 1; });
       }},
      {"complete",
       [](const World& world) {
         return Complete{Key("new"), world.upload, {world.part}};
       },
       [](Answer&, const Client& client) {
         return client.text("new") == "bytes" && client.uploads().empty();
       }},
      {"abort",
       [](const World& world) {
         return Abort{Key("new"), world.upload};
       },
       [](Answer&, const Client& client) { return client.uploads().empty(); }},
      {"list_uploads", [](const World&) { return ListUploads{"n"}; },
       [](Answer& answer, const Client&) {
         return is<UploadPage>(answer, [](const UploadPage& p) { return p.uploads.size() == 1; });
       }}};
  return all;
}

// The step with this action at its first attempt; `verbs`: which of the steps, all if empty. A
// connection that dies idle may be replaced below the store, but not for what may have a twin.
void each_step(const std::string& action, uint32_t attempts,
               const std::set<std::string>& verbs = {}) {
  const Fake fake;
  S3Door store(fake.server(), options_for_faults(fake));
  const Client client{store, ""};
  for (const Step& step : steps()) {
    if (!verbs.empty() && !verbs.contains(step.verb)) continue;
    INFO(step.verb << " with " << action);
    fake.begin();
    const World world = prepare(client);
    fake.again("verb=" + step.verb + ",times=1,do=" + action);
    Told told = ask(store, step.request(world));
    CHECK_MESSAGE(told.ok(), told.message());
    const bool is_repeated_below = action.starts_with("reset") && step.verb != "create_upload";
    CHECK((told.attempts == attempts || (is_repeated_below && told.attempts == attempts - 1)));
    CHECK(fake.asked(step.verb) == attempts);
    CHECK(fake.count("faults_done") == 1);
    fake.again("");
    if (told.ok()) CHECK(step.is_right(*told.answer, client));
  }
}

TEST_SUITE("faults") {
  // ---- what passes ------------------------------------------------------------------------------

  TEST_CASE("what passes is tried again, and each request is done once") {
    for (const std::string action :
         {"503", "503empty", "500", "500empty", "500html", "reset_before", "400timeout"}) {
      CAPTURE(action);
      each_step(action, 2);
    }
  }
  TEST_CASE("a connection that the server closes after an answer costs nothing") {
    each_step("close", 1);
  }
  TEST_CASE("an answer that comes late or slowly, but comes, is an answer") {
    each_step("delay=80", 1);
    each_step("slow=2000", 1, {"get", "list", "complete", "list_uploads"});
  }
  TEST_CASE("a body that is cut is asked for again, never taken for the whole") {
    each_step("truncate=7", 2, {"get", "list", "list_uploads"});
    each_step("truncate=0", 2, {"get", "list", "list_uploads"});
  }
  TEST_CASE("an error inside a 200 is the error: Complete is tried again") {
    each_step("error200", 2, {"complete"});
  }
  TEST_CASE("a conflict with another request under way is tried again") {
    each_step("409", 2, {"put"});
  }
  TEST_CASE("an answer lost of what may be done twice: done again, with the same effect") {
    for (const std::string action : {"reset_after", "lost"}) {
      CAPTURE(action);
      each_step(action, 2,
                {"get", "head", "list", "put", "delete", "put_part", "abort", "list_uploads"});
    }
  }

  // ---- what may have happened -------------------------------------------------------------------

  TEST_CASE("a conditional put whose answer is lost is a conflict, and the object is ours") {
    const Fake fake;
    S3Door store(fake.server(), options_for_faults(fake));
    const Client client{store, ""};
    for (const std::string action : {"reset_after", "lost"}) {
      CAPTURE(action);
      fake.begin("verb=put,times=1,do=" + action);
      const Told absent = ask(store, Put{Key("record"), "ours", Absent{}});
      CHECK(absent.kind() == ErrorKind::conflict);
      CHECK(fake.asked("put") == 2);
      CHECK(client.text("record") == "ours");
      fake.again("verb=put,times=1,do=" + action);
      const Told matching = ask(store, Put{Key("record"), "next", client.head("record")->etag});
      CHECK(matching.kind() == ErrorKind::conflict);
      CHECK(client.text("record") == "next");
      CHECK(fake.asked("put") == 2);
    }
  }
  TEST_CASE("a Complete whose answer is lost is not_found, and the object is there, whole") {
    const Fake fake;
    S3Options options = options_for_faults(fake);
    options.first_byte_within = 30_ms;  // Ten times that for a Complete
    S3Door store(fake.server(), options);
    const Client client{store, ""};
    for (const std::string action : {"reset_after", "lost"}) {
      CAPTURE(action);
      fake.begin();
      const World world = prepare(client);
      fake.again("verb=complete,times=1,do=" + action);
      const Told told = ask(store, Complete{Key("new"), world.upload, {world.part}});
      CHECK(told.kind() == ErrorKind::not_found);
      CHECK(fake.asked("complete") == 2);
      CHECK(client.text("new") == "bytes");
      CHECK(client.head("new")->mark == Mark("mark"));
      CHECK(fake.open_uploads() == 0);
    }
  }
  TEST_CASE("a CreateUpload whose answer is lost has a twin, and says that it was tried twice") {
    const Fake fake;
    S3Door store(fake.server(), options_for_faults(fake));
    const Client client{store, ""};
    for (const std::string action : {"reset_after", "lost"}) {
      CAPTURE(action);
      fake.begin("verb=create_upload,times=1,do=" + action);
      const Told told = ask(store, CreateUpload{Key("new"), Mark("mark")});
      REQUIRE(told.ok());
      CHECK(told.attempts == 2);
      CHECK(fake.open_uploads() == 2);
      for (const OpenUpload& open : client.uploads("new")) require_ok(client.abort("new", open.id));
      CHECK(fake.open_uploads() == 0);
    }
  }
  TEST_CASE("an exact delete whose answer is lost took its object and no other") {
    const Fake fake;
    S3Door store(fake.server(), options_for_faults(fake));
    const Client client{store, ""};
    for (const std::string action : {"reset_after", "lost", "reset_before", "500"}) {
      CAPTURE(action);
      fake.begin();
      const ETag etag = client.put("x", "bytes")->etag;
      fake.again("verb=delete,times=1,do=" + action);
      const Told told = ask(store, Delete{Key("x"), ExactObject{etag, Mark()}});
      CHECK((told.ok() || told.kind() == ErrorKind::not_found));
      CHECK(kind(client.head("x")) == ErrorKind::not_found);
      CHECK(fake.asked("delete") == 2);
    }
  }

  // ---- what stays -------------------------------------------------------------------------------

  TEST_CASE("what doesn't pass ends with its kind, and says how often it was tried") {
    const Fake fake;
    S3Options options = options_for_faults(fake);
    options.retry.attempts_max = 3;
    options.retry.refused_most = 50_ms;
    S3Door store(fake.server(), options);
    const Client client{store, ""};
    const auto put_with = [&](const std::string& action) {
      fake.begin("verb=put,do=" + action);
      return ask(store, Put{Key("x"), "bytes"});
    };
    for (const std::string action : {"500", "500empty", "500html", "reset_before", "400timeout"}) {
      CAPTURE(action);
      const Told told = put_with(action);
      CHECK(told.kind() == ErrorKind::transient);
      CHECK(fake.asked("put") >= 3);
      CHECK(fake.asked("put") <= 4);  // An idle connection was reset
      CHECK(told.message().find("(after 3 attempts)") != std::string::npos);
      CHECK(kind(client.head("x")) == ErrorKind::not_found);
    }
    for (const std::string action : {"503", "503empty"}) {
      CAPTURE(action);
      CHECK(put_with(action).kind() == ErrorKind::throttled);
      CHECK(fake.asked("put") >= 2);
    }
    CHECK(put_with("lost").kind() == ErrorKind::transient);
    CHECK(client.text("x") == "bytes");  // It may have happened, and it has.
  }
  TEST_CASE("what a human must mend is asked once") {
    const Fake fake;
    S3Door store(fake.server(), options_for_faults(fake));
    const Client client{store, ""};
    for (const Step& step : steps()) {
      INFO(step.verb);
      fake.begin();
      const World world = prepare(client);
      fake.again("verb=" + step.verb + ",do=403");
      const Told told = ask(store, step.request(world));
      CHECK(told.kind() == ErrorKind::denied);
      CHECK(fake.asked(step.verb) == 1);
      if (step.verb == "head") continue;  // Its answer has no body.
      CHECK_MESSAGE(told.message().find("AccessDenied") != std::string::npos, told.message());
    }
  }
  TEST_CASE("a page of HTML is no answer of S3, whatever its status says") {
    const Fake fake;
    S3Door store(fake.server(), options_for_faults(fake));
    const Client client{store, ""};
    for (const Step& step : steps()) {
      if (step.verb == "delete" || step.verb == "abort")
        continue;  // Theirs have no body to look at.
      INFO(step.verb);
      fake.begin();
      const World world = prepare(client);
      fake.again("verb=" + step.verb + ",do=html");
      const Told told = ask(store, step.request(world));
      CHECK(told.kind() == ErrorKind::invalid);
      CHECK_MESSAGE(told.message().find("speak S3") != std::string::npos, told.message());
      CHECK(fake.asked(step.verb) == 1);
    }
  }
}

}  // namespace
}  // namespace sluice

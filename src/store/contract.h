// The contract suite: everything that store.h promises, as tests over any store.
//
// A store's own test file makes a Subject and calls contract::check_store from a TEST_CASE; each
// promise is a SUBCASE, and each gets a fresh Subject. What a store lacks is read from its features
// and skipped. Test code: includes doctest, for *_test.cc only.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/checksum.h"
#include "store/contract_race.h"
#include "store/store.h"

namespace sluice::contract {

inline Buffer filled(uint64_t bytes, char letter) {
  Buffer buffer(bytes);
  std::memset(buffer.data(), letter, bytes);
  buffer.resize(bytes);
  return buffer;
}

// Short words for one store's requests. Names are below the subject's prefix.
struct Client {
  Store& store;
  std::string prefix;

  Key at(std::string_view name) const { return Key(prefix + std::string(name)); }
  Result<Done> put(std::string_view name, std::string body, Expect expect = Anything{}) const {
    return call_for<Done>(store, Put{at(name), std::move(body), std::move(expect)});
  }
  Result<Body> get(std::string_view name) const { return call_for<Body>(store, Get{at(name)}); }
  std::string text(std::string_view name) const {
    auto body = get(name);
    return body.ok() ? std::string(body->bytes.view()) : "error: " + body.error().message;
  }
  Result<Meta> head(std::string_view name) const { return call_for<Meta>(store, Head{at(name)}); }
  Result<Done> remove(std::string_view name, std::optional<ExactObject> only = {}) const {
    return call_for<Done>(store, Delete{at(name), std::move(only)});
  }
  UploadId create(std::string_view name, std::string_view mark) const {
    auto id = call_for<UploadId>(store, CreateUpload{at(name), Mark(mark)});
    if (!id.ok()) FAIL(id.error().message);
    return *id;
  }
  Result<PartTag> part(std::string_view name, const UploadId& id, uint32_t number,
                       Buffer body) const {
    const uint32_t crc = crc32c(body.view());
    return call_for<PartTag>(store, PutPart{at(name), id, number, std::move(body), crc});
  }
  PartTag tag(std::string_view name, const UploadId& id, uint32_t number, Buffer body) const {
    auto tag = part(name, id, number, std::move(body));
    if (!tag.ok()) FAIL(tag.error().message);
    return *tag;
  }
  Result<Done> complete(std::string_view name, const UploadId& id,
                        std::vector<PartTag> parts) const {
    return call_for<Done>(store, Complete{at(name), id, std::move(parts)});
  }
  Result<Done> abort(std::string_view name, const UploadId& id) const {
    return call_for<Done>(store, Abort{at(name), id});
  }
  // All pages, names without the prefix; with a delimiter the prefixes are among them, in order.
  std::vector<std::string> list(std::string_view below = "", std::string_view delimiter = "",
                                uint32_t most = 1000, std::string_view behind = "") const;
  std::vector<OpenUpload> uploads(std::string_view below = "") const;
};

template <class T>
ErrorKind kind(const Result<T>& result) {
  REQUIRE_FALSE(result.ok());
  return result.error().kind;
}
template <class T>
void require_ok(const Result<T>& result) {
  if (!result.ok()) FAIL(result.error().message);
}

inline std::vector<std::string> Client::list(std::string_view below, std::string_view delimiter,
                                             uint32_t most, std::string_view behind) const {
  std::vector<std::string> names;
  List request{prefix + std::string(below), std::string(delimiter), {}, most};
  if (!behind.empty()) request.start_after = prefix + std::string(behind);
  for (int pages = 0; pages < 10'000; ++pages) {
    auto page = call_for<Page>(store, request);
    if (!page.ok()) FAIL(page.error().message);
    CHECK(page->objects.size() + page->prefixes.size() <= most);
    std::vector<std::string> of_page;
    for (const Listed& object : page->objects) {
      of_page.push_back(object.key.str().substr(prefix.size()));
    }
    for (const std::string& rolled : page->prefixes)
      of_page.push_back(rolled.substr(prefix.size()));
    std::sort(of_page.begin(), of_page.end());
    names.insert(names.end(), of_page.begin(), of_page.end());
    if (!page->next) return names;
    request.after = *page->next;
  }
  FAIL("a listing that doesn't end");
  return names;
}

inline std::vector<OpenUpload> Client::uploads(std::string_view below) const {
  std::vector<OpenUpload> open;
  ListUploads request{prefix + std::string(below)};
  for (int pages = 0; pages < 1'000; ++pages) {
    auto page = call_for<UploadPage>(store, request);
    if (!page.ok()) FAIL(page.error().message);
    open.insert(open.end(), page->uploads.begin(), page->uploads.end());
    if (!page->next) return open;
    request.after = *page->next;
  }
  FAIL("a listing that doesn't end");
  return open;
}

// ---- reading and writing -----------------------------------------------------------------------

inline void check_objects(Client client) {
  SUBCASE("what was put is what is got, with its meta; what isn't there is not_found") {
    const std::string bytes = std::string("line\n\0\xff", 7) + std::string(70'000, 'x');
    const auto done = client.put("a/b.bin", bytes);
    require_ok(done);
    CHECK(client.text("a/b.bin") == bytes);
    const auto body = client.get("a/b.bin");
    const auto meta = client.head("a/b.bin");
    require_ok(meta);
    CHECK(meta->bytes == bytes.size());
    CHECK(meta->etag == done->etag);
    CHECK(meta->mark.empty());
    CHECK(meta->modified.ns > 1'600'000'000'000'000'000);
    CHECK(body->meta.etag == done->etag);
    CHECK(body->meta.bytes == bytes.size());
    require_ok(client.put("empty", ""));
    CHECK(client.text("empty").empty());
    CHECK(client.head("empty")->bytes == 0);
    CHECK(kind(client.get("a/b")) == ErrorKind::not_found);
    CHECK(kind(client.get("a")) == ErrorKind::not_found);
    CHECK(kind(client.head("a/b.bin/c")) == ErrorKind::not_found);
    CHECK(client.get("nothing").error().message.find(client.prefix + "nothing") !=
          std::string::npos);
  }
  SUBCASE("a range is cut at the end, and refused behind it; the whole only up to `most`") {
    const ETag etag = client.put("digits", "0123456789")->etag;
    const auto ranged = [&](uint64_t offset, uint64_t bytes, std::optional<ETag> if_match = {}) {
      return call_for<Body>(client.store,
                            Get{client.at("digits"), Range{offset, bytes}, std::move(if_match)});
    };
    CHECK(ranged(2, 3)->bytes.view() == "234");
    CHECK(ranged(2, 3)->meta.bytes == 10);
    CHECK(ranged(7, 100)->bytes.view() == "789");
    CHECK(ranged(10, 1)->bytes.view().empty());
    CHECK(kind(ranged(11, 1)) == ErrorKind::invalid);
    CHECK(ranged(0, 1, etag)->bytes.view() == "0");
    CHECK(kind(ranged(0, 1, ETag("another"))) == ErrorKind::conflict);
    Get whole{client.at("digits"), {}, etag, 10};
    CHECK(call_for<Body>(client.store, whole)->bytes.view() == "0123456789");
    whole.most = 9;
    CHECK(kind(call_for<Body>(client.store, whole)) == ErrorKind::invalid);
    require_ok(client.put("digits", "9876543210"));
    whole.most = 10;
    CHECK(kind(call_for<Body>(client.store, whole)) == ErrorKind::conflict);
  }
  SUBCASE("a key may have any printable sign in it") {
    const std::vector<std::string> names = {"a b",
                                            "a%2Fb",
                                            "dt=2024-02-08/x+y.jsonl.gz",
                                            "~!@$&*()",
                                            "\xc3\xa4\xe2\x82\xac/\xf0\x9f\x98\x80",
                                            "...",
                                            "a..b/.x"};
    for (const std::string& name : names) require_ok(client.put(name, name));
    for (const std::string& name : names) CHECK(client.text(name) == name);
    CHECK(client.list().size() == names.size());
  }
  SUBCASE("no two bodies ever have the same ETag, however quickly they follow one another") {
    std::set<ETag> seen;
    for (int i = 0; i < 60; ++i) {
      const auto done = client.put("same", "body " + std::to_string(10 + i));
      require_ok(done);
      CHECK(seen.insert(done->etag).second);
    }
  }
}

inline void check_deletes(Client client) {
  SUBCASE("deleted is gone, whether it was there or not") {
    require_ok(client.put("x/y/z", "1"));
    require_ok(client.remove("x/y/z"));
    require_ok(client.remove("x/y/z"));
    require_ok(client.remove("never/was"));
    CHECK(kind(client.get("x/y/z")) == ErrorKind::not_found);
    CHECK(client.list().empty());
    require_ok(client.put("x", "a file where a folder was"));
    CHECK(client.list() == std::vector<std::string>{"x"});
  }
  SUBCASE("an exact delete takes that very object and no other") {
    const ETag first = client.put("x", "first")->etag;
    const ETag second = client.put("x", "other")->etag;
    CHECK(kind(client.remove("x", ExactObject{first, Mark()})) == ErrorKind::conflict);
    CHECK(kind(client.remove("x", ExactObject{second, Mark("m")})) == ErrorKind::conflict);
    CHECK(client.text("x") == "other");
    require_ok(client.remove("x", ExactObject{second, Mark()}));
    CHECK(kind(client.remove("x", ExactObject{second, Mark()})) == ErrorKind::not_found);
    const UploadId id = client.create("marked", "job/unit/1");
    const PartTag tag = client.tag("marked", id, 1, Buffer::of("bytes"));
    const ETag etag = client.complete("marked", id, {tag})->etag;
    CHECK(kind(client.remove("marked", ExactObject{etag, Mark()})) == ErrorKind::conflict);
    require_ok(client.remove("marked", ExactObject{etag, Mark("job/unit/1")}));
    CHECK(client.list().empty());
  }
}

inline void check_conditions(Client client) {
  if (!client.store.features().conditional_put) return;
  SUBCASE("a put if absent wins once; a put if it matches wins only over what it saw") {
    const auto first = client.put("record", "1", Absent{});
    require_ok(first);
    CHECK(kind(client.put("record", "2", Absent{})) == ErrorKind::conflict);
    const auto second = client.put("record", "3", first->etag);
    require_ok(second);
    CHECK(kind(client.put("record", "4", first->etag)) == ErrorKind::conflict);
    CHECK(kind(client.put("other", "5", first->etag)) == ErrorKind::conflict);
    CHECK(client.text("record") == "3");
    require_ok(client.remove("record"));
    CHECK(kind(client.put("record", "6", second->etag)) == ErrorKind::conflict);
    require_ok(client.put("record", "7", Absent{}));
    CHECK(client.list() == std::vector<std::string>{"record"});
  }
}

inline void check_listings(Client client) {
  // In byte order of whole keys: '-' < '.' < '/' < '0'.
  const std::vector<std::string> all = {"a-b/x",     "a.txt",           "a/1", "a/b/c/d", "a/b/c/e",
                                        "a/b0",      "a0/deep/er/file", "b",   "c/x",     "c/y",
                                        "\xc3\xa4/z"};
  const auto put_all = [&] {
    for (const std::string& name : all) require_ok(client.put(name, name));
  };
  SUBCASE("a listing is every key below the prefix, in byte order, whatever the pages") {
    put_all();
    for (const uint32_t most : {1U, 2U, 3U, 1000U}) {
      CHECK(client.list("", "", most) == all);
      CHECK(client.list("a/b", "", most) == std::vector<std::string>{"a/b/c/d", "a/b/c/e", "a/b0"});
      CHECK(client.list("a/b/", "", most) == std::vector<std::string>{"a/b/c/d", "a/b/c/e"});
      CHECK(client.list("a/b/c/e", "", most) == std::vector<std::string>{"a/b/c/e"});
      CHECK(client.list("nobody/has/this", "", most).empty());
      CHECK(client.list("b/", "", most).empty());
    }
    for (const std::string& name : all) {
      auto page = call_for<Page>(client.store, List{client.prefix + name});
      require_ok(page);
      REQUIRE(page->objects.size() == 1);
      CHECK(page->objects[0].bytes == name.size());
      CHECK(page->objects[0].etag == client.head(name)->etag);
    }
  }
  SUBCASE("a listing may begin behind any key, whether it is there or not") {
    put_all();
    for (const std::string_view behind :
         {"!", "a", "a-b/x", "a-c", "a.txt", "a/", "a/1", "a/b/c/d", "a/b/c/d0", "a/b/d", "a/zz",
          "a0/deep", "b", "b/", "bb", "c/y", "z", "\xc3\xa4/z"}) {
      for (const uint32_t most : {1U, 2U, 1000U}) {
        std::vector<std::string> wanted;
        for (const std::string& name : all)
          if (name > behind) wanted.push_back(name);
        CHECK(client.list("", "", most, behind) == wanted);
        std::erase_if(wanted, [](const std::string& name) { return !name.starts_with("a/b"); });
        CHECK(client.list("a/b", "", most, behind) == wanted);
      }
    }
  }
  SUBCASE("with a delimiter, what lies below it is one entry") {
    put_all();
    for (const uint32_t most : {1U, 2U, 3U, 1000U}) {
      CHECK(client.list("", "/", most) ==
            std::vector<std::string>{"a-b/", "a.txt", "a/", "a0/", "b", "c/", "\xc3\xa4/"});
      CHECK(client.list("a", "/", most) == std::vector<std::string>{"a-b/", "a.txt", "a/", "a0/"});
      CHECK(client.list("a/", "/", most) == std::vector<std::string>{"a/1", "a/b/", "a/b0"});
      CHECK(client.list("a/b", "/", most) == std::vector<std::string>{"a/b/", "a/b0"});
      CHECK(client.list("a/b/c/", "/", most) == std::vector<std::string>{"a/b/c/d", "a/b/c/e"});
      CHECK(client.list("none/", "/", most).empty());
    }
    for (const char* name : {"c/x", "c/y"}) require_ok(client.remove(name));
    CHECK(client.list("", "/") ==
          std::vector<std::string>{"a-b/", "a.txt", "a/", "a0/", "b", "\xc3\xa4/"});
  }
  SUBCASE("each page sees what was acknowledged before it was asked for") {
    for (int i = 10; i < 20; ++i) require_ok(client.put("d/" + std::to_string(i), "x"));
    auto page = call_for<Page>(client.store, List{client.prefix + "d/", "", "", 5});
    require_ok(page);
    REQUIRE(page->next);
    require_ok(client.put("d/145", "new"));
    require_ok(client.remove("d/16"));
    page = call_for<Page>(client.store, List{client.prefix + "d/", "", *page->next, 100});
    require_ok(page);
    std::vector<std::string> rest;
    for (const Listed& o : page->objects) rest.push_back(o.key.str().substr(client.prefix.size()));
    CHECK(rest == std::vector<std::string>{"d/145", "d/15", "d/17", "d/18", "d/19"});
    CHECK_FALSE(page->next);
  }
}

// ---- every start is answered -------------------------------------------------------------------

inline void check_answers(Client client) {
  SUBCASE("every start gets exactly one answer, with its lease, whatever happens") {
    require_ok(client.put("there", "bytes"));
    Budget budget(1 << 20);
    Inbox inbox;
    TicketSeries tickets(7);
    std::map<Ticket, int> answers;
    constexpr int rounds = 60;
    for (int i = 0; i < rounds; ++i) {
      const std::string name = std::to_string(i);
      std::vector<Request> requests;
      requests.push_back(Get{client.at("there")});
      requests.push_back(Get{client.at("missing")});
      requests.push_back(Head{client.at("missing")});
      requests.push_back(Put{client.at("n/" + name), name, ETag("wrong")});
      requests.push_back(PutPart{client.at("there"), UploadId("none"), 1, Buffer::of("x"), 1});
      requests.push_back(PutPart{client.at("there"), UploadId("none"), 0, Buffer::of("x"), 1});
      requests.push_back(Complete{client.at("there"), UploadId("none"), {}});
      requests.push_back(Abort{client.at("there"), UploadId("none")});
      requests.push_back(List{client.prefix, "/"});
      requests.push_back(Put{client.at("m/" + name), name});
      for (Request& request : requests) {
        const Ticket ticket = tickets.next();
        answers[ticket] = 0;
        client.store.start(std::move(request), std::move(*budget.try_reserve(ticket & 0xff)),
                           ticket, inbox);
        if (i % 7 == 0) client.store.cancel(ticket);
      }
    }
    for (size_t i = 0; i < answers.size(); ++i) {
      const std::unique_ptr<Event> event = inbox.wait();
      const auto& answered = static_cast<Answered&>(*event);
      CHECK(++answers[answered.ticket] == 1);
      CHECK(answered.lease.bytes() == (answered.ticket & 0xff));
      CHECK(answered.timing.started <= answered.timing.ended);
      if (!answered.answer.ok()) CHECK(!answered.answer.error().message.empty());
    }
    CHECK(answers.size() == 10 * rounds);
    CHECK(inbox.take_if_any() == nullptr);
    CHECK(budget.used() == 0);
  }
}

void check_uploads(Client client);
void check_races(Subject& subject);

// Everything. Call it from one TEST_CASE for each kind of store.
inline void check_store(const MakeSubject& make_subject) {
  const std::unique_ptr<Subject> subject = make_subject();
  // The races fork, so nothing may have started a thread before them.
  check_races(*subject);
  const Client client{subject->store(), subject->prefix()};
  check_objects(client);
  check_deletes(client);
  check_conditions(client);
  check_listings(client);
  check_uploads(client);
  check_answers(client);
}

}  // namespace sluice::contract

#include "store/contract_uploads.h"

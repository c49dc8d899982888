// Part of the contract suite (contract.h): uploads, and the races over conditional puts and
// uploads.
#pragma once

#include <algorithm>
#include <atomic>

#include "store/contract.h"

namespace sluice::contract {

inline void check_upload_life(Client client) {
  const uint64_t least = client.store.features().part_bytes_min;
  SUBCASE("an upload is listed from its creation, invisible till its completion, gone after") {
    const UploadId id = client.create("dt=1/x", "job/unit/3");
    const auto open = client.uploads("dt=1/x");
    REQUIRE(open.size() == 1);
    CHECK(open[0].key == client.at("dt=1/x"));
    CHECK(open[0].id == id);
    const PartTag two = client.tag("dt=1/x", id, 2, Buffer::of("end"));
    client.tag("dt=1/x", id, 1, filled(least, 'z'));
    const PartTag one = client.tag("dt=1/x", id, 1, filled(least, 'a'));  // Replaces it
    CHECK(client.list().empty());
    CHECK(kind(client.get("dt=1/x")) == ErrorKind::not_found);
    const auto done = client.complete("dt=1/x", id, {one, two});
    require_ok(done);
    CHECK(client.text("dt=1/x") == std::string(least, 'a') + "end");
    const auto meta = client.head("dt=1/x");
    CHECK(meta->mark == Mark("job/unit/3"));
    CHECK(meta->etag == done->etag);
    CHECK(meta->bytes == least + 3);
    CHECK(client.uploads("dt=1/x").empty());
    if (client.store.features().completes_once)
      CHECK(kind(client.complete("dt=1/x", id, {one, two})) == ErrorKind::not_found);
    CHECK(kind(client.part("dt=1/x", id, 2, Buffer::of("late"))) == ErrorKind::not_found);
    require_ok(client.abort("dt=1/x", id));
    CHECK(client.text("dt=1/x") == std::string(least, 'a') + "end");
    CHECK(client.head("dt=1/x")->etag == done->etag);
    CHECK(client.list() == std::vector<std::string>{"dt=1/x"});
  }
  SUBCASE("an upload of one part, also an empty one, makes an object and replaces the one there") {
    for (const std::string& bytes :
         {std::string("one"), std::string(), std::string(100'000, 'q')}) {
      const UploadId id = client.create("x", "m/" + std::to_string(bytes.size()));
      const PartTag tag = client.tag("x", id, 1, Buffer::of(bytes));
      require_ok(client.complete("x", id, {tag}));
      CHECK(client.text("x") == bytes);
      CHECK(client.head("x")->mark == Mark("m/" + std::to_string(bytes.size())));
    }
    require_ok(client.put("x", "put"));
    CHECK(client.head("x")->mark.empty());
  }
  SUBCASE("an aborted upload leaves nothing and answers not_found") {
    const UploadId id = client.create("x", "m");
    const PartTag tag = client.tag("x", id, 1, Buffer::of("bytes"));
    require_ok(client.abort("x", id));
    require_ok(client.abort("x", id));
    CHECK(client.uploads().empty());
    CHECK(kind(client.complete("x", id, {tag})) == ErrorKind::not_found);
    CHECK(kind(client.part("x", id, 1, Buffer::of("bytes"))) == ErrorKind::not_found);
    CHECK(client.list().empty());
  }
  SUBCASE("an upload answers only to its own key and id") {
    const UploadId id = client.create("x", "m");
    const PartTag tag = client.tag("x", id, 1, Buffer::of("bytes"));
    CHECK(kind(client.part("y", id, 1, Buffer::of("bytes"))) == ErrorKind::not_found);
    CHECK(kind(client.complete("y", id, {tag})) == ErrorKind::not_found);
    CHECK(kind(client.complete("x", UploadId("01NOSUCHUPLOADATALL0000000"), {tag})) ==
          ErrorKind::not_found);
    // What no id of this store can look like may also be `invalid`.
    const ErrorKind outside = kind(client.complete("x", UploadId("../../x"), {tag}));
    CHECK((outside == ErrorKind::not_found || outside == ErrorKind::invalid));
    require_ok(client.complete("x", id, {tag}));
  }
}

inline void check_upload_parts(Client client) {
  const uint64_t least = client.store.features().part_bytes_min;
  SUBCASE("a part that isn't the one named is a conflict, and the upload stays open") {
    const UploadId id = client.create("x", "m");
    const PartTag early = client.tag("x", id, 1, filled(least, 'e'));
    const PartTag late = client.tag("x", id, 1, filled(least, 'l'));
    const PartTag never{2, ETag("0123456789abcdef0123456789abcdef"), 7};
    CHECK(kind(client.complete("x", id, {early})) == ErrorKind::conflict);
    CHECK(kind(client.complete("x", id, {late, never})) == ErrorKind::conflict);
    CHECK(client.uploads("x").size() == 1);
    CHECK(client.list().empty());
    require_ok(client.complete("x", id, {late}));
    CHECK(client.text("x") == std::string(least, 'l'));
  }
  SUBCASE("a part put again with the same bytes is the same part") {
    const UploadId id = client.create("x", "m");
    const PartTag first = client.tag("x", id, 1, Buffer::of("bytes"));
    CHECK(client.tag("x", id, 1, Buffer::of("bytes")) == first);
    require_ok(client.complete("x", id, {first}));
  }
  SUBCASE("only the parts that are named are in the object, in the order of their numbers") {
    const UploadId id = client.create("x", "m");
    std::vector<PartTag> tags;
    std::string expected;
    for (const uint32_t number : {7U, 3U, 9'000U, 20U}) {
      const char letter = static_cast<char>('a' + number % 26);
      tags.push_back(client.tag("x", id, number, filled(least + number % 5, letter)));
    }
    std::sort(tags.begin(), tags.end());
    tags.erase(tags.begin());
    for (const PartTag& tag : tags) {
      expected += std::string(least + tag.number % 5, static_cast<char>('a' + tag.number % 26));
    }
    require_ok(client.complete("x", id, tags));
    CHECK(client.text("x") == expected);
    CHECK(client.uploads().empty());
  }
  SUBCASE("a wrong checksum is corrupt; wrong numbers and orders are invalid; nothing is spoilt") {
    const UploadId id = client.create("x", "m");
    CHECK(kind(call_for<PartTag>(client.store, PutPart{client.at("x"), id, 1, Buffer::of("a"),
                                                       99})) == ErrorKind::corrupt);
    CHECK(kind(client.part("x", id, 0, Buffer::of("a"))) == ErrorKind::invalid);
    CHECK(kind(client.part("x", id, client.store.features().parts_max + 1, Buffer::of("a"))) ==
          ErrorKind::invalid);
    const PartTag one = client.tag("x", id, 1, filled(least, 'a'));
    const PartTag two = client.tag("x", id, 2, filled(least, 'b'));
    CHECK(kind(client.complete("x", id, {})) == ErrorKind::invalid);
    CHECK(kind(client.complete("x", id, {two, one})) == ErrorKind::invalid);
    CHECK(kind(client.complete("x", id, {one, one})) == ErrorKind::invalid);
    if (least > 1) {
      const PartTag small = client.tag("x", id, 3, filled(least - 1, 'c'));
      const PartTag four = client.tag("x", id, 4, filled(1, 'd'));
      CHECK(kind(client.complete("x", id, {one, small, four})) == ErrorKind::invalid);
    }
    require_ok(client.complete("x", id, {one, two}));
  }
}

inline void check_upload_listing(Client client) {
  SUBCASE("each of several uploads for one key is listed by that key") {
    const UploadId first = client.create("x", "m");
    const UploadId second = client.create("x", "m");
    const auto open = client.uploads("x");
    REQUIRE(open.size() == 2);
    CHECK(std::set<UploadId>{open[0].id, open[1].id} == std::set<UploadId>{first, second});
    require_ok(client.abort("x", first));
    REQUIRE(client.uploads("x").size() == 1);
    CHECK(client.uploads("x")[0].id == second);
    require_ok(client.abort("x", second));
  }
  if (!client.store.features().lists_uploads) return;
  SUBCASE("uploads are listed by key, below a prefix, each of several for one key, page by page") {
    const UploadId b1 = client.create("p/b", "m");
    const UploadId b2 = client.create("p/b", "m");
    const UploadId a = client.create("p/a", "m");
    client.create("q", "m");
    const auto open = client.uploads("p/");
    REQUIRE(open.size() == 3);
    CHECK(open[0].id == a);
    CHECK(std::set<UploadId>{open[1].id, open[2].id} == std::set<UploadId>{b1, b2});
    CHECK(client.uploads("p").size() == 3);
    CHECK(client.uploads("none").empty());
    CHECK(client.uploads().size() == 4);
    require_ok(client.abort("p/b", b1));
    CHECK(client.uploads("p/b")[0].id == b2);
  }
}

inline void check_uploads(Client client) {
  check_upload_life(client);
  check_upload_parts(client);
  check_upload_listing(client);
}

// ---- races -------------------------------------------------------------------------------------

constexpr int racers_max = 16;

// 'w' won, 'c' conflict, 'n' not_found, 't' transient, '!' anything else.
template <class T>
char letter_of(const Result<T>& result) {
  if (result.ok()) return 'w';
  switch (result.error().kind) {
    case ErrorKind::conflict:
      return 'c';
    case ErrorKind::not_found:
      return 'n';
    case ErrorKind::transient:
      return 't';
    default:
      MESSAGE(result.error().message);
      return '!';
  }
}
inline auto count(const std::string& outcomes, char letter) {
  return std::count(outcomes.begin(), outcomes.end(), letter);
}

inline void race_puts(Subject& subject, Racers kind, int rounds) {
  const std::string prefix = subject.prefix();
  // No body comes twice: an ETag of S3 is made of the bytes, so what is back would match again.
  const auto body = [](int number, const std::string& word) {
    return "racer " + std::to_string(number) + " over " + word;
  };
  Race absent(subject, kind, racers_max, [=](Store& store, int number, const std::string& word) {
    return letter_of(Client{store, prefix}.put("r/" + word, body(number, word), Absent{}));
  });
  Race matching(subject, kind, racers_max, [=](Store& store, int number, const std::string& word) {
    return letter_of(Client{store, prefix}.put("r/record", body(number, word), ETag(word)));
  });
  const Client client{subject.store(), prefix};
  for (int round = 0; round < rounds; ++round) {
    const std::string name = std::to_string(round);
    const std::string outcomes = absent.go(name);
    CHECK(count(outcomes, 'w') == 1);
    CHECK(count(outcomes, 'c') == racers_max - 1);
    CHECK(client.text("r/" + name) == body(static_cast<int>(outcomes.find('w')), name));
  }
  std::string etag = client.put("r/record", "first")->etag.str();
  for (int round = 0; round < rounds; ++round) {
    const std::string outcomes = matching.go(etag);
    CHECK(count(outcomes, 'w') == 1);
    CHECK(count(outcomes, 'c') == racers_max - 1);
    CHECK(client.text("r/record") == body(static_cast<int>(outcomes.find('w')), etag));
    etag = client.head("r/record")->etag.str();
  }
}

// Half of them complete, the others abort and then try to complete: that tells who was first.
inline void race_ends(Subject& subject, Racers kind, int rounds) {
  const std::string prefix = subject.prefix();
  const uint64_t least = subject.store().features().part_bytes_min;
  const auto bytes = [least] { return std::string(least, 'a') + "end"; };
  const auto tags = [least] {
    const auto tag = [](uint32_t number, Buffer body) {
      const PutPart part{Key(), UploadId(), number, std::move(body), 0};
      return PartTag{number, ETag(), crc32c(part.body.view())};
    };
    std::vector<PartTag> made;
    made.push_back(tag(1, filled(least, 'a')));
    made.push_back(tag(2, Buffer::of("end")));
    return made;
  };
  // word: "key id etag1 etag2 aborts?"
  Race race(subject, kind, racers_max, [=](Store& store, int number, const std::string& word) {
    const Client client{store, prefix};
    std::vector<std::string> words;
    for (size_t from = 0, to = 0; to != std::string::npos; from = to + 1) {
      to = word.find(' ', from);
      words.push_back(word.substr(from, to == std::string::npos ? to : to - from));
    }
    std::vector<PartTag> parts = tags();
    parts[0].etag = ETag(words[2]);
    parts[1].etag = ETag(words[3]);
    const UploadId id(words[1]);
    if (words[4] == "1" && number % 2 == 1) {
      if (!client.abort(words[0], id).ok()) return '!';
      return letter_of(client.complete(words[0], id, parts)) == 'n' ? 'a' : '!';
    }
    const char ended = letter_of(client.complete(words[0], id, parts));
    // Once not_found, the object is visible and whole, or the upload was aborted.
    const std::string seen = client.text(words[0]);
    if (ended == 'n' && words[4] == "0" && seen != bytes()) return '!';
    if (ended == 'w' && seen != bytes()) return '!';
    return ended;
  });
  const Client client{subject.store(), prefix};
  for (int round = 0; round < rounds; ++round) {
    const std::string name = "e/" + std::to_string(round) + "/object";
    const bool aborts = round % 2 == 1;
    const UploadId id = client.create(name, "m/" + std::to_string(round));
    const PartTag one = client.tag(name, id, 1, filled(least, 'a'));
    const PartTag two = client.tag(name, id, 2, Buffer::of("end"));
    const std::string outcomes = race.go(name + " " + id.str() + " " + one.etag.str() + " " +
                                         two.etag.str() + (aborts ? " 1" : " 0"));
    INFO(outcomes);
    CHECK(count(outcomes, '!') == 0);
    CHECK(count(outcomes, 'w') <= 1);
    if (!aborts) CHECK(count(outcomes, 'w') == 1);
    CHECK(count(outcomes, 'n') + count(outcomes, 'w') + count(outcomes, 'a') == racers_max);
    const auto meta = client.head(name);
    CHECK(meta.ok() == (count(outcomes, 'w') == 1));
    if (meta.ok()) CHECK(meta->mark == Mark("m/" + std::to_string(round)));
    if (meta.ok()) CHECK(client.text(name) == bytes());
  }
  CHECK(client.uploads().empty());
}

// Parts that come late must not get into an object, nor make one half.
inline void race_late_parts(Subject& subject, Racers kind, int rounds) {
  const std::string prefix = subject.prefix();
  Race race(subject, kind, 8, [=](Store& store, int number, const std::string& word) {
    const size_t space = word.find(' ');
    const UploadId id(word.substr(space + 1));
    return letter_of(Client{store, prefix}.part(word.substr(0, space), id, 1,
                                                filled(9'000, static_cast<char>('A' + number))));
  });
  const Client client{subject.store(), prefix};
  for (int round = 0; round < rounds; ++round) {
    const std::string name = "late/" + std::to_string(round);
    const UploadId id = client.create(name, "m");
    const PartTag tag = client.tag(name, id, 1, filled(9'000, 'z'));
    std::string late;
    std::jthread zombies([&] { late = race.go(name + " " + id.str()); });
    const auto done = client.complete(name, id, {tag});
    zombies.join();
    CHECK(count(late, '!') == 0);
    if (done.ok()) {
      CHECK(client.text(name) == std::string(9'000, 'z'));
    } else {
      CHECK(sluice::contract::kind(done) == ErrorKind::conflict);
      require_ok(client.abort(name, id));
      CHECK(sluice::contract::kind(client.get(name)) == ErrorKind::not_found);
    }
  }
  CHECK(client.uploads().empty());
}

inline void check_readers_see_whole_objects(Subject& subject) {
  const Client client{subject.store(), subject.prefix()};
  require_ok(client.put("x", std::string(20'000, 'a')));
  std::atomic<bool> stop = false;
  std::atomic<int> broken = 0;
  std::jthread reader([&] {
    while (!stop) {
      const auto body = client.get("x");
      if (!body.ok() || body->bytes.size() != 20'000 ||
          body->bytes.view().find_first_not_of(body->bytes.view()[0]) != std::string_view::npos) {
        ++broken;
      }
    }
  });
  for (int i = 0; i < 60; ++i) {
    const char letter = static_cast<char>('a' + i % 26);
    if (i % 2 == 0) {
      require_ok(client.put("x", std::string(20'000, letter)));
      continue;
    }
    const UploadId id = client.create("x", "m");
    require_ok(client.complete("x", id, {client.tag("x", id, 1, filled(20'000, letter))}));
  }
  stop = true;
  reader.join();
  CHECK(broken == 0);
}

inline void check_races(Subject& subject) {
  const int rounds = subject.is_quick() ? 10 : 2;
  for (const Racers kind : {Racers::threads, Racers::processes}) {
    const std::string who = kind == Racers::threads ? "16 threads" : "16 processes";
    if (kind == Racers::processes && !subject.can_fork()) continue;
    SUBCASE(("exactly one of " + who + " wins a conditional put").c_str()) {
      if (subject.store().features().conditional_put) race_puts(subject, kind, rounds);
    }
    SUBCASE(
        ("exactly one of " + who + " ends an upload, and the others see what came of it").c_str()) {
      if (subject.store().features().completes_once) race_ends(subject, kind, rounds);
    }
    SUBCASE(("what " + who + " send late doesn't get into an object").c_str()) {
      race_late_parts(subject, kind, rounds);
    }
  }
  SUBCASE("a reader sees the old object or the new one, whole") {
    check_readers_see_whole_objects(subject);
  }
}

}  // namespace sluice::contract

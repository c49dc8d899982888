#include "store/directory.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "store/contract.h"
#include "store/files.h"
#include "store/rules.h"

namespace sluice {
namespace {

// A directory of the test's own, below $TMPDIR or /tmp.
class Scratch {
 public:
  Scratch() {
    const char* base = getenv("TMPDIR");
    path_ = std::string(base != nullptr ? base : "/tmp") + "/sluice-store-XXXXXX";
    REQUIRE(mkdtemp(path_.data()) != nullptr);
  }
  ~Scratch() { remove_tree(AT_FDCWD, path_); }
  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  static void remove_tree(int at, const std::string& name) {
    fchmodat(at, name.c_str(), 0700, 0);
    if (const auto folder = open_directory(at, name)) {
      const auto names = names_in(folder->get());
      for (const std::string& below : *names) {
        if (unlinkat(folder->get(), below.c_str(), 0) != 0) remove_tree(folder->get(), below);
      }
    }
    unlinkat(at, name.c_str(), AT_REMOVEDIR);
  }

  std::string path_;
};

class DirectorySubject : public contract::Subject {
 public:
  explicit DirectorySubject(DirectoryOptions options) : options_(options) {}
  Store& store() override {
    if (store_ == nullptr) store_ = another();
    return *store_;
  }
  std::unique_ptr<Store> another() override {
    auto store = open_directory_store(scratch_.path(), options_);
    if (!store.ok()) FAIL(store.error().message);
    return std::move(*store);
  }
  bool can_fork() const override { return true; }
  bool is_quick() const override { return !options_.fsync; }

 private:
  Scratch scratch_;
  const DirectoryOptions options_;
  std::unique_ptr<Store> store_;
};

std::unique_ptr<Store> open_store(const Scratch& scratch, DirectoryOptions options = {true}) {
  auto store = open_directory_store(scratch.path(), options);
  if (!store.ok()) FAIL(store.error().message);
  return std::move(*store);
}

void write_file(const std::string& path, std::string_view bytes) {
  const Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  REQUIRE(fd);
  REQUIRE(write_all(fd.get(), bytes).ok());
}

bool exists(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

}  // namespace

TEST_CASE("the directory store keeps the contract") {
  contract::check_store(
      [] { return std::make_unique<DirectorySubject>(DirectoryOptions{.create = true}); });
}

TEST_CASE("the directory store keeps the contract with one thread and fsync") {
  contract::check_store([] {
    return std::make_unique<DirectorySubject>(
        DirectoryOptions{.create = true, .fsync = true, .threads = 1});
  });
}

TEST_CASE("what is put is for its owner alone, what is uploaded is as the umask says") {
  const mode_t before = umask(022);
  const Scratch scratch;
  {
    const auto store = open_store(scratch);
    REQUIRE(call(*store, Put{Key("_sluice/o/u.json"), "state", Anything{}}).ok());
    REQUIRE(call(*store, Put{Key("_sluice/o/u.json"), "state again", Anything{}}).ok());
    const auto id = call_for<UploadId>(*store, CreateUpload{Key("dt=1/a.jsonl")});
    REQUIRE(id.ok());
    const auto part = call_for<PartTag>(
        *store, PutPart{Key("dt=1/a.jsonl"), *id, 1, Buffer::of("x"), crc32c("x")});
    REQUIRE(part.ok());
    REQUIRE(call(*store, Complete{Key("dt=1/a.jsonl"), *id, {*part}}).ok());
  }
  umask(before);
  const auto mode_of = [&](const std::string& name) {
    struct stat status {};
    REQUIRE(stat((scratch.path() + "/" + name).c_str(), &status) == 0);
    return status.st_mode & 0777;
  };
  CHECK(mode_of("_sluice/o/u.json") == 0600);
  CHECK(mode_of("dt=1/a.jsonl") == 0644);
}

TEST_CASE("a key that escapes or names nothing is refused with words") {
  const Scratch scratch;
  const auto store = open_store(scratch);
  const std::vector<std::string> keys = {"",
                                         "/etc/passwd",
                                         "../x",
                                         "a/../../x",
                                         "a//b",
                                         "a/",
                                         "./a",
                                         "a/.",
                                         "..",
                                         "a/..",
                                         ".sluice",
                                         ".sluice/tmp/x",
                                         std::string("a\0b", 3)};
  for (const std::string& key : keys) {
    INFO(key);
    CHECK(contract::kind(call(*store, Get{Key(key)})) == ErrorKind::invalid);
    CHECK(contract::kind(call(*store, Put{Key(key), "x"})) == ErrorKind::invalid);
    CHECK(contract::kind(call(*store, Delete{Key(key)})) == ErrorKind::invalid);
    CHECK(contract::kind(call(*store, CreateUpload{Key(key), Mark("m")})) == ErrorKind::invalid);
  }
  CHECK(call(*store, Get{Key("a/../b")}).error().message ==
        "get " + scratch.path() + "/a/../b: a key can't have the segment \"..\"");
  CHECK(contract::kind(call(*store, List{"../"})) == ErrorKind::invalid);
  CHECK(contract::kind(call(*store, Put{Key(std::string(300, 'x')), "x"})) == ErrorKind::invalid);
  CHECK(call_for<Page>(*store, List{".."})->objects.empty());
}

TEST_CASE("an error names the path and says what the system said") {
  const Scratch scratch;
  auto missing = open_directory_store(scratch.file("none"));
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error() ==
        Error{ErrorKind::not_found,
              "opening the directory " + scratch.file("none") + ": No such file or directory"});
  const auto store = open_store(scratch);
  CHECK(store->name() == scratch.path() + "/");
  CHECK(call(*store, Get{Key("x")}).error().message ==
        "get " + scratch.path() + "/x: no such file");
  REQUIRE(call(*store, Put{Key("file"), "x"}).ok());
  REQUIRE(call(*store, Put{Key("folder/file"), "x"}).ok());
  CHECK(call(*store, Put{Key("folder"), "x"}).error() ==
        Error{ErrorKind::invalid,
              "put " + scratch.path() + "/folder: a folder of that name is in the way"});
  CHECK(call(*store, Put{Key("file/below/it"), "x"}).error() ==
        Error{ErrorKind::invalid,
              "put " + scratch.path() + "/file/below/it: a file is where a folder must be"});
  CHECK(contract::kind(call(*store, Get{Key("folder")})) == ErrorKind::not_found);
  CHECK(contract::kind(call(*store, Get{Key("file/x")})) == ErrorKind::not_found);
  if (geteuid() == 0) return;  // Root may read everything.
  chmod(scratch.file("file").c_str(), 0);
  CHECK(contract::kind(call(*store, Get{Key("file")})) == ErrorKind::denied);
}

TEST_CASE("reading writes nothing, and sees files and links to files but nothing else") {
  const Scratch scratch;
  mkdir(scratch.file("day").c_str(), 0777);
  mkdir(scratch.file("empty").c_str(), 0777);
  write_file(scratch.file("day/a\xff.json"), "{}");
  REQUIRE(symlink("a\xff.json", scratch.file("day/b").c_str()) == 0);
  REQUIRE(symlink("nowhere", scratch.file("day/c").c_str()) == 0);
  REQUIRE(symlink(".", scratch.file("day/circle").c_str()) == 0);
  REQUIRE(mkfifo(scratch.file("day/pipe").c_str(), 0666) == 0);
  const auto store = open_store(scratch, {});
  const contract::Client client{*store, ""};
  CHECK(client.list() == std::vector<std::string>{"day/a\xff.json", "day/b"});
  CHECK(client.list("", "/") == std::vector<std::string>{"day/"});
  CHECK(client.text("day/b") == "{}");
  CHECK(contract::kind(client.get("day/pipe")) == ErrorKind::invalid);
  CHECK(client.uploads().empty());
  CHECK_FALSE(exists(scratch.file(".sluice")));
}

TEST_CASE("where no extended attributes are kept, reading works and writing says why it can't") {
  // procfs and sysfs know none. There is no file system to write to here that hasn't any.
  auto store = open_directory_store("/proc/self/fdinfo");
  REQUIRE(store.ok());
  CHECK(call(**store, Get{Key("0")}).ok());
  CHECK_FALSE(open_directory_store("/proc/self/fdinfo", {.create = true}).ok());
  CHECK_FALSE(call(**store, Put{Key("x"), "1"}).ok());
}

TEST_CASE("a delete leaves no empty folders, and none that are in use") {
  const Scratch scratch;
  const auto store = open_store(scratch);
  const contract::Client client{*store, ""};
  contract::require_ok(client.put("dt=1/x/a", "1"));
  contract::require_ok(client.put("dt=1/b", "1"));
  contract::require_ok(client.remove("dt=1/x/a"));
  CHECK_FALSE(exists(scratch.file("dt=1/x")));
  CHECK(exists(scratch.file("dt=1/b")));
  contract::require_ok(client.remove("dt=1/b"));
  CHECK_FALSE(exists(scratch.file("dt=1")));
}

TEST_CASE("writers and deleters in one folder don't trip over each other") {
  const Scratch scratch;
  const auto store = open_store(scratch);
  std::vector<std::jthread> threads;
  std::atomic<int> failed = 0;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      const contract::Client client{*store, ""};
      for (int i = 0; i < 100; ++i) {
        const std::string name = "deep/er/" + std::to_string(t);
        if (!client.put(name, "x").ok() || !client.remove(name).ok()) ++failed;
      }
    });
  }
  threads.clear();
  CHECK(failed == 0);
  CHECK_FALSE(exists(scratch.file("deep")));
}

TEST_CASE("a file replaced within one tick of the clock has another ETag, also by its size alone") {
  const Scratch scratch;
  const auto store = open_store(scratch);
  const contract::Client client{*store, ""};
  const ETag first = client.put("x", "1")->etag;
  // As if the clock had been set back.
  const timespec times[2] = {{0, UTIME_OMIT}, {5'000'000'000, 7}};
  REQUIRE(utimensat(AT_FDCWD, scratch.file("x").c_str(), times, 0) == 0);
  const ETag future = client.head("x")->etag;
  CHECK(future != first);
  const ETag after = client.put("x", "2", future)->etag;
  CHECK(after == client.head("x")->etag);
  CHECK(after.str() == "4563918244f40008-1");
}

TEST_CASE("a completion that was killed in the middle can be done again, or was done") {
  const Scratch scratch;
  const auto store = open_store(scratch);
  const contract::Client client{*store, ""};
  const UploadId id = client.create("x", "m");
  const PartTag tag = client.tag("x", id, 1, Buffer::of("bytes"));
  const std::string folder = scratch.file(".sluice/uploads/" + id.str());
  SUBCASE("before the rename to the key") {
    REQUIRE(link((folder + "/00001").c_str(), (folder + "/WHOLE").c_str()) == 0);
    REQUIRE(rename((folder + "/WHOLE").c_str(), (folder + "/object").c_str()) == 0);
    CHECK(client.uploads().size() == 1);
    contract::require_ok(client.complete("x", id, {tag}));
  }
  SUBCASE("after it, before the folder was cleared away") {
    REQUIRE(rename((folder + "/object").c_str(), scratch.file("x").c_str()) == 0);
    REQUIRE(link((folder + "/00001").c_str(), (folder + "/WHOLE").c_str()) == 0);
    REQUIRE(rename((folder + "/WHOLE").c_str(), scratch.file("x").c_str()) == 0);
    CHECK(client.uploads().empty());
    CHECK(contract::kind(client.complete("x", id, {tag})) == ErrorKind::not_found);
    CHECK(contract::kind(client.part("x", id, 1, Buffer::of("zombie"))) == ErrorKind::not_found);
  }
  CHECK(client.text("x") == "bytes");
  CHECK(client.uploads().empty());
}

TEST_CASE("killed at any time, a writer leaves whole objects and open uploads") {
  const Scratch scratch;
  const std::string bytes(9'000, 'k');
  const auto tag = [&](uint32_t number) {
    return PartTag{number, part_etag(PutPart{{}, {}, number, Buffer::of(bytes), crc32c(bytes)}), 0};
  };
  Chance chance(7);
  for (int round = 0; round < 20; ++round) {
    const uint32_t parts = 1 + round % 2;
    const pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      const auto store = open_directory_store(scratch.path(), {.create = true});
      for (int i = 0;; ++i) {
        const Key key("k/" + std::to_string(round) + "/" + std::to_string(i));
        const auto id = call_for<UploadId>(**store, CreateUpload{key, Mark("m")});
        std::vector<PartTag> tags;
        for (uint32_t number = 1; number <= parts; ++number) {
          Request part = PutPart{key, *id, number, Buffer::of(bytes), crc32c(bytes)};
          tags.push_back(*call_for<PartTag>(**store, std::move(part)));
        }
        if (!call(**store, Complete{key, *id, tags}).ok()) _exit(1);
      }
    }
    usleep(static_cast<useconds_t>(3'000 + chance.below(20'000)));
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    const auto store = open_store(scratch);
    for (const OpenUpload& open : contract::Client{*store, ""}.uploads()) {
      std::vector<PartTag> tags = {tag(1)};
      if (parts == 2) tags.push_back(tag(2));
      const auto done = call(*store, Complete{open.key, open.id, tags});
      if (done.ok()) continue;
      CHECK(contract::kind(done) == ErrorKind::conflict);  // A part was not there yet
      CHECK(call(*store, Abort{open.key, open.id}).ok());
    }
  }
  const auto store = open_store(scratch);
  const contract::Client client{*store, ""};
  CHECK(client.uploads().empty());
  const std::vector<std::string> names = client.list();
  CHECK_FALSE(names.empty());
  for (const std::string& name : names) {
    const bool is_two = (std::atoi(name.c_str() + 2) % 2) == 1;
    CHECK(client.text(name) == (is_two ? bytes + bytes : bytes));
    CHECK(client.head(name)->mark == Mark("m"));
  }
}

TEST_CASE("what a dead process left is cleared away a day later, an open upload never") {
  const Scratch scratch;
  auto store = open_store(scratch);
  const contract::Client client{*store, ""};
  const UploadId open = client.create("x", "m");
  mkdir(scratch.file(".sluice/uploads/ENDED").c_str(), 0777);
  write_file(scratch.file(".sluice/uploads/ENDED/00001"), "bytes");
  write_file(scratch.file(".sluice/tmp/OLD"), "bytes");
  write_file(scratch.file(".sluice/tmp/NEW"), "bytes");
  const timespec long_ago[2] = {{0, UTIME_OMIT}, {1'700'000'000, 0}};
  for (const char* name : {".sluice/uploads/ENDED", ".sluice/tmp/OLD"}) {
    REQUIRE(utimensat(AT_FDCWD, scratch.file(name).c_str(), long_ago, 0) == 0);
  }
  const std::string folder = scratch.file(".sluice/uploads/" + open.str());
  REQUIRE(utimensat(AT_FDCWD, folder.c_str(), long_ago, 0) == 0);
  store.reset();
  store = open_store(scratch);
  CHECK_FALSE(exists(scratch.file(".sluice/uploads/ENDED")));
  CHECK_FALSE(exists(scratch.file(".sluice/tmp/OLD")));
  CHECK(exists(scratch.file(".sluice/tmp/NEW")));
  CHECK(exists(folder + "/object"));
}

TEST_CASE("a visible object carries its mark and nothing else of ours") {
  const Scratch scratch;
  const auto store = open_store(scratch);
  const contract::Client client{*store, ""};
  const UploadId id = client.create("x", "job/unit/1");
  contract::require_ok(client.complete("x", id, {client.tag("x", id, 1, Buffer::of("bytes"))}));
  char names[256] = {};
  const ssize_t length = listxattr(scratch.file("x").c_str(), names, sizeof names);
  CHECK(std::string(names, static_cast<size_t>(length)).find("user.sluice.part") ==
        std::string::npos);
  CHECK(getxattr(scratch.file("x").c_str(), "user.sluice", names, sizeof names) == 10);
}

TEST_CASE("a large folder is listed page by page, with changes between the pages seen") {
  const Scratch scratch;
  for (const char* folder : {"flat", "flat/sub"}) mkdir(scratch.file(folder).c_str(), 0777);
  std::vector<std::string> expected;
  for (int i = 0; i < 2'500; ++i) expected.push_back("flat/" + std::to_string(10'000 + i));
  for (const std::string& name : expected) write_file(scratch.file(name), "x");
  write_file(scratch.file("flat/sub/z"), "x");
  expected.push_back("flat/sub/z");
  usleep(150'000);  // Old enough for the names to be kept from page to page
  const auto store = open_store(scratch, {});
  const contract::Client client{*store, ""};
  CHECK(client.list() == expected);
  CHECK(client.list("flat/", "/").size() == 2'501);
  auto page = call_for<Page>(*store, List{"flat/"});
  REQUIRE(page.ok());
  REQUIRE(page->next == "flat/10999");
  write_file(scratch.file("flat/10999a"), "x");
  unlink(scratch.file("flat/11000").c_str());
  page = call_for<Page>(*store, List{"flat/", "", *page->next, 2});
  REQUIRE(page.ok());
  REQUIRE(page->objects.size() == 2);
  CHECK(page->objects[0].key == Key("flat/10999a"));
  CHECK(page->objects[1].key == Key("flat/11001"));
}

TEST_CASE("stores can share their threads, and one that closes answers what it didn't begin") {
  const Scratch one, two;
  FileThreads threads(2);
  Inbox inbox;
  const DirectoryOptions options{.create = true, .shared_threads = &threads};
  auto first = open_store(one, options);
  const auto second = open_store(two, options);
  for (Ticket t = 1; t <= 200; ++t) {
    (t % 2 == 0 ? *first : *second).start(Get{Key("none")}, Lease(), t, inbox);
  }
  first.reset();
  std::set<Ticket> answered;
  for (int i = 0; i < 200; ++i) answered.insert(inbox.wait()->ticket);
  CHECK(answered.size() == 200);
}

}  // namespace sluice

#include "app/verify.h"

#include <doctest/doctest.h>

#include <functional>

#include "store/memory.h"

namespace sluice {
namespace {

// Takes one list answer for another, as a wrapper or a server may.
class LostStore : public Store {
 public:
  void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) override {
    std::string prefix;
    if (const auto* list = std::get_if<List>(&request)) prefix = list->prefix;
    const bool is_list = std::holds_alternative<List>(request);
    const bool is_of_uploads = std::holds_alternative<ListUploads>(request);
    Result<Answer> answer = call(*memory, std::move(request));
    if ((is_list || is_of_uploads) && ++lists > 50)
      answer = Error{ErrorKind::internal, "lists without end"};
    if (is_list && answer.ok()) spoil(prefix, std::get<Page>(*answer));
    if (is_of_uploads && answer.ok()) spoil_uploads(std::get<UploadPage>(*answer));
    inbox.post(std::make_unique<Answered>(ticket, std::move(answer), std::move(lease), Timing()));
  }
  Features features() const override { return memory->features(); }
  std::string name() const override { return "memory:"; }

  const std::unique_ptr<MemoryStore> memory = make_memory_store();
  std::function<void(const std::string& prefix, Page&)> spoil = [](const std::string&, Page&) {};
  std::function<void(UploadPage&)> spoil_uploads = [](UploadPage&) {};
  int lists = 0;
};

// What keeps `verify` from looking; "" where nothing does.
std::string error_of(LostStore& lake) {
  const auto source = make_memory_store();
  REQUIRE(call(*lake.memory, Put{Key("2024-02-08-00000.jsonl"), "x", Anything{}}).ok());
  OpenedJob opened;
  auto job = parse_job("job.yaml",
                       "name: trail\nunits: { each: day, default: 2024-02-08 }\n"
                       "source: { objects: \"in/{unit:%F}/\" }\ndecode: jsonl\n"
                       "sink: { lake: \"lake/\", format: jsonl }\n",
                       {}, {}, all_parts());
  REQUIRE(job.ok());
  opened.job = std::move(*job);
  opened.stores = std::make_unique<Stores>(*source, lake);
  auto parts = make_parts(opened.job, *opened.stores);
  REQUIRE(parts.ok());
  opened.parts = std::move(*parts);
  const auto found = verify(opened, {}, Depth::read_again);
  return found.ok() ? "" : found.error().message;
}

}  // namespace

TEST_CASE("a listing that goes round is an error of verify, not one without end") {
  LostStore sound;
  CHECK(error_of(sound) == "");
  // Of the lake, of all manifests, of the job's records.
  for (const std::string of : {"", "_sluice/", "_sluice/trail/"}) {
    for (const std::string next : {"", "same"}) {
      CAPTURE(of);
      CAPTURE(next);
      LostStore lost;
      lost.spoil = [&](const std::string& prefix, Page& page) {
        if (prefix == of) page.next = next;
      };
      const std::string why = error_of(lost);
      CHECK_MESSAGE(why.find("listing doesn't go forward") != why.npos, why);
      CHECK(lost.lists < 10);
    }
  }
  for (const std::string next : {"", "same"}) {
    LostStore lost;
    lost.spoil_uploads = [&](UploadPage& page) { page.next = next; };
    const std::string why = error_of(lost);
    CHECK_MESSAGE(why.find("listing doesn't go forward") != why.npos, why);
    CHECK_MESSAGE(why.starts_with("the open uploads"), why);
    CHECK(lost.lists < 10);
  }
}

TEST_CASE("an object that verify is listed twice is an error, not an object too many") {
  LostStore lost;
  lost.spoil = [&](const std::string& prefix, Page& page) {
    if (prefix.empty()) page.objects.push_back(page.objects.back());
  };
  const std::string why = error_of(lost);
  CHECK_MESSAGE(why.find("listing doesn't go forward") != why.npos, why);
}

}  // namespace sluice

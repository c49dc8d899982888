// What a directory store costs: CPU for each small Get and each listed file, as a loop of the
// program would use it, beside the same file calls made directly.
//
//   store_bench DIRECTORY [FILES]     makes FILES files of 4 KB (3,911) in 204 folders, once
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/checksum.h"
#include "base/text.h"
#include "store/directory.h"

namespace sluice {
namespace {

constexpr int folders = 204;
constexpr size_t file_bytes = 4096;

std::string folder_of(int folder) {
  return "AWSLogs/" + std::to_string(100'000'000'000 + folder % 12) + "/CloudTrail/region-" +
         std::to_string(folder / 12) + "/2024/02/08/";
}

void make_files(Store& store, int files) {
  const auto done = call_for<Page>(store, List{"AWSLogs/", "", "", 1});
  if (done.ok() && !done->objects.empty()) return;
  for (int i = 0; i < files; ++i) {
    const std::string key = folder_of(i % folders) + "100000000000_CloudTrail_region_20240208T" +
                            std::to_string(1'000'000 + i) + "Z_abcdefghijklmnop.json.gz";
    const auto put = call(store, Put{Key(key), std::string(file_bytes, 'x')});
    if (put.ok()) continue;
    std::fprintf(stderr, "%s\n", put.error().message.c_str());
    std::exit(1);
  }
}

void print(const char* what, Nanoseconds cpu, Nanoseconds wall, size_t count) {
  std::printf("%-44s %8.2f us CPU  %8.2f us wall  each of %zu\n", what,
              static_cast<double>(cpu) / 1e3 / static_cast<double>(count),
              static_cast<double>(wall) / 1e3 / static_cast<double>(count), count);
}

// Start what fits, wait for one.
void get_all(Store& store, const std::vector<Listed>& objects, size_t in_flight, bool is_printed) {
  Inbox inbox;
  size_t started = 0, answered = 0, bytes = 0;
  const Nanoseconds cpu = process_cpu();
  const Instant start = now();
  while (answered < objects.size()) {
    while (started < objects.size() && started - answered < in_flight) {
      const Listed& object = objects[started++];
      store.start(Get{object.key, {}, object.etag, object.bytes}, Lease(), started, inbox);
    }
    const auto event = inbox.wait();
    ++answered;
    const auto& answer = static_cast<Answered&>(*event).answer;
    if (answer.ok()) bytes += std::get<Body>(*answer).bytes.size();
  }
  if (bytes != objects.size() * file_bytes) std::printf("wrong: %zu bytes\n", bytes);
  if (!is_printed) return;
  const std::string what = "get, " + std::to_string(in_flight) + " in flight";
  print(what.c_str(), process_cpu() - cpu, now() - start, objects.size());
}

void get_directly(const std::string& root, const std::vector<Listed>& objects) {
  const int folder = open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  std::vector<char> bytes(file_bytes);
  size_t read_bytes = 0;
  const Nanoseconds cpu = process_cpu();
  const Instant start = now();
  for (const Listed& object : objects) {
    const int fd = openat(folder, object.key.str().c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fstat(fd, &status) == 0) {
      read_bytes += static_cast<size_t>(pread(fd, bytes.data(), bytes.size(), 0));
    }
    close(fd);
  }
  print("open, fstat, pread, close in one thread", process_cpu() - cpu, now() - start,
        objects.size());
  close(folder);
  if (read_bytes != objects.size() * file_bytes) std::printf("wrong: %zu bytes\n", read_bytes);
}

std::vector<Listed> list_all(Store& store) {
  std::vector<Listed> objects;
  List list{"AWSLogs/"};
  const Nanoseconds cpu = process_cpu();
  const Instant start = now();
  for (;;) {
    auto page = call_for<Page>(store, list);
    if (!page.ok()) std::exit(1);
    for (Listed& object : page->objects) objects.push_back(std::move(object));
    if (!page->next) break;
    list.after = *page->next;
  }
  print("list, whole, a page after the other", process_cpu() - cpu, now() - start, objects.size());
  return objects;
}

// Create, put_part, complete, delete, one after the other.
void upload(Store& store, int objects) {
  const std::string bytes(file_bytes, 'y');
  const Nanoseconds cpu = process_cpu();
  const Instant start = now();
  for (int i = 0; i < objects; ++i) {
    const Key key("lake/dt=2024-02-08/" + std::to_string(i));
    const auto id = call_for<UploadId>(store, CreateUpload{key, Mark("job/unit/1")});
    if (!id.ok()) std::exit(1);
    auto tag = call_for<PartTag>(store, PutPart{key, *id, 1, Buffer::of(bytes), crc32c(bytes)});
    if (!tag.ok() || !call(store, Complete{key, *id, {*tag}}).ok()) std::exit(1);
  }
  print("an object by an upload of one part", process_cpu() - cpu, now() - start,
        static_cast<size_t>(objects));
}

// As a source does it: every level by delimiter, many lists in flight.
void list_by_level(Store& store) {
  Inbox inbox;
  size_t files = 0, open = 1;
  Ticket ticket = 0;
  const Nanoseconds cpu = process_cpu();
  const Instant start = now();
  store.start(List{"AWSLogs/", "/"}, Lease(), ++ticket, inbox);
  for (; open > 0; --open) {
    const auto event = inbox.wait();
    auto& answer = static_cast<Answered&>(*event).answer;
    if (!answer.ok()) continue;
    const Page& page = std::get<Page>(*answer);
    files += page.objects.size();
    for (const std::string& prefix : page.prefixes) {
      store.start(List{prefix, "/"}, Lease(), ++ticket, inbox);
      ++open;
    }
  }
  print("list, level by level", process_cpu() - cpu, now() - start, files);
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  using namespace sluice;
  if (argc < 2) {
    std::fprintf(stderr, "usage: store_bench DIRECTORY [FILES]\n");
    return 2;
  }
  const std::string root = argv[1];
  auto store = open_directory_store(root, {.create = true});
  if (!store.ok()) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    return 1;
  }
  make_files(**store, argc > 2 ? parse_number<int>(argv[2]).value_or(3'911) : 3'911);
  const std::vector<Listed> objects = list_all(**store);
  for (int round = 0; round < 3; ++round) {
    upload(**store, 500);
    list_all(**store);
    list_by_level(**store);
    get_directly(root, objects);
    for (const size_t in_flight : {1, 16, 512}) get_all(**store, objects, in_flight, true);
  }
  return 0;
}

#include "fake_api/door/fake_api.h"

#include <doctest/doctest.h>

#include <charconv>

#include "base/text.h"
#include "servers/control.h"

namespace sluice {
namespace {

constexpr int ready_seconds_max = 30;

// 0 as long as it has said none.
uint16_t announced_port(std::string_view output) {
  constexpr std::string_view word = "listening on 127.0.0.1:";
  const size_t at = output.find(word), end = output.find('\n');
  if (at == output.npos || end == output.npos) return 0;
  const size_t from = at + word.size();
  return parse_number<uint16_t>(output.substr(from, end - from)).value_or(0);
}

uint64_t number_behind(std::string_view text, std::string_view name) {
  const std::string word = "\"" + std::string(name) + "\": ";
  const size_t at = text.find(word);
  uint64_t number = 0;
  if (at != text.npos) {
    std::from_chars(text.data() + at + word.size(), text.data() + text.size(), number);
  }
  return number;
}

std::string span(uint64_t first, uint64_t end) {
  return "?from=" + std::to_string(first) + "&to=" + std::to_string(end);
}

}  // namespace

FakeApi::FakeApi(const std::vector<std::string>& arguments) {
  auto directory = TemporaryDirectory::make();
  REQUIRE_MESSAGE(directory.ok(), directory.error().message);
  auto process = Process::start({SLUICE_FAKE_API, arguments, {}, {}}, std::move(*directory));
  REQUIRE_MESSAGE(process.ok(), process.error().message);
  process_ = std::move(*process);
  const Status ready = process_->wait_until_ready(ready_seconds_max, [this] {
    port_ = announced_port(process_->output());
    return port_ != 0;
  });
  REQUIRE_MESSAGE(ready.ok(), ready.error().message);
}

std::string FakeApi::url(std::string_view target) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(target);
}

void FakeApi::tell(std::string_view what, std::string_view body) const {
  const auto answer = control(port_, "POST", "/-fake-api-/" + std::string(what), body);
  REQUIRE(answer.ok());
  REQUIRE_MESSAGE(answer->status == 200, answer->body);
}

void FakeApi::begin(std::string_view plan) const {
  tell("reset");
  tell("faults", plan);
}

std::string FakeApi::get(std::string_view what) const {
  auto answer = control(port_, "GET", "/-fake-api-/" + std::string(what));
  REQUIRE(answer.ok());
  REQUIRE_MESSAGE(answer->status == 200, answer->body);
  return std::move(answer->body);
}

uint64_t FakeApi::count(std::string_view name, std::string_view section) const {
  const std::string all = get("counters");
  std::string_view text = all;
  if (!section.empty()) {
    const size_t at = text.find("\"" + std::string(section) + "\": {");
    if (at == text.npos) return 0;
    text.remove_prefix(at);
    text = text.substr(0, text.find('}'));
  }
  return number_behind(text, name);
}

uint64_t FakeApi::asked(std::string_view path, uint64_t page) const {
  const std::string all = get("counters");
  std::string_view text = all;
  const size_t pages = text.find("\"pages\": {");
  REQUIRE(pages != text.npos);
  text.remove_prefix(pages);
  const size_t at = text.find("\"" + std::string(path) + "\": {");
  if (at == text.npos) return 0;
  text.remove_prefix(at);
  return number_behind(text.substr(0, text.find('}')), std::to_string(page));
}

std::vector<std::string> FakeApi::expected(uint64_t first, uint64_t end) const {
  const std::string all = get("expected" + span(first, end));
  std::vector<std::string> records;
  for (const std::string_view line : split(all, '\n')) {
    if (!line.empty()) records.emplace_back(line);
  }
  return records;
}

FakeApi::Digest FakeApi::digest(uint64_t first, uint64_t end) const {
  const std::string all = get("digest" + span(first, end));
  constexpr std::string_view word = "\"sha256\": \"";
  constexpr size_t hex_digits = 64;
  return {number_behind(all, "count"), number_behind(all, "bytes"),
          all.substr(all.find(word) + word.size(), hex_digits), number_behind(all, "crc32_sum")};
}

}  // namespace sluice

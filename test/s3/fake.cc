#include "s3/fake.h"

#include <doctest/doctest.h>

#include <charconv>

#include "servers/control.h"

namespace sluice {

Fake::Fake(const std::vector<std::string>& arguments)
    : server_(std::move(start_fake_s3(arguments)).value()) {}

void Fake::tell(const std::string& what, const std::string& body) const {
  const auto answer = control(server_->port(), "POST", "/-fake-s3-/" + what, body);
  REQUIRE(answer.ok());
  REQUIRE_MESSAGE(answer->status == 200, answer->body);
}

void Fake::begin(const std::string& plan) const {
  tell("clear");
  again(plan);
}

void Fake::again(const std::string& plan) const {
  tell("reset");
  tell("faults", plan);
}

uint64_t Fake::count(std::string_view name, std::string_view section) const {
  const auto answer = control(server_->port(), "GET", "/-fake-s3-/counters");
  REQUIRE(answer.ok());
  std::string_view text = answer->body;
  if (!section.empty()) {
    text.remove_prefix(text.find("\"" + std::string(section) + "\": {"));
    text = text.substr(0, text.find('}'));
  }
  const std::string word = "\"" + std::string(name) + "\": ";
  const size_t at = text.find(word);
  uint64_t number = 0;
  if (at != text.npos)
    std::from_chars(text.data() + at + word.size(), text.data() + text.size(), number);
  return number;
}

S3Options options_for_faults(const Fake& fake) {
  S3Options options = options_of(fake.server());
  options.first_byte_within = 500_ms;
  options.hedges = false;
  return options;
}

Told ask(Store& store, Request request) {
  Inbox inbox;
  store.start(std::move(request), {}, 1, inbox);
  const std::unique_ptr<Event> event = inbox.wait();
  auto& answered = static_cast<Answered&>(*event);
  return {std::move(answered.answer), answered.timing.attempts};
}

}  // namespace sluice

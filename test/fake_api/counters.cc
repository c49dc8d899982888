#include "counters.h"

#include <utility>

#include "http_server/url.h"

namespace sluice::fake_api {
namespace {

void append_member(std::string_view name, uint64_t value, std::string& out) {
  http_server::append_json(name, out);
  out += ": " + std::to_string(value);
}

const std::string& name_of(const std::string& name) {
  return name;
}
template <class Number>
std::string name_of(Number number) {
  return std::to_string(number);
}

template <class Counts>
void append_counts(const Counts& counts, std::string& out) {
  out += '{';
  bool is_first = true;
  for (const auto& [name, count] : counts) {
    if (!std::exchange(is_first, false)) out += ", ";
    append_member(name_of(name), count, out);
  }
  out += '}';
}

}  // namespace

void Counters::reset() {
  Counters fresh;
  fresh.requests_open = fresh.requests_open_max = requests_open;
  fresh.connections_open = fresh.connections_open_max = connections_open;
  *this = std::move(fresh);
}

std::string Counters::json(uint64_t faults_done, std::string_view faults) const {
  uint64_t twice = 0;
  for (const auto& [path, numbers] : pages) {
    for (const auto& [number, times] : numbers) twice += times > 1 ? 1 : 0;
  }
  const std::pair<std::string_view, uint64_t> numbers[] = {
      {"requests", requests},
      {"records", records},
      {"bytes_in", bytes_in},
      {"bytes_out", bytes_out},
      {"auth_failures", auth_failures},
      {"rate_violations", rate_violations},
      {"early_retries", early_retries},
      {"tokens_given", tokens_given},
      {"elsewhere", elsewhere},
      {"elsewhere_with_secrets", elsewhere_with_secrets},
      {"requests_open", requests_open},
      {"requests_open_max", requests_open_max},
      {"connections_accepted", connections_accepted},
      {"connections_open", connections_open},
      {"connections_open_max", connections_open_max},
      {"pages_asked_twice", twice},
      {"faults_done", faults_done}};
  std::string out = "{\n";
  for (const auto& [name, value] : numbers) {
    append_member(name, value, out);
    out += ",\n";
  }
  out += "\"by_path\": ";
  append_counts(by_path, out);
  out += ",\n\"by_status\": ";
  append_counts(by_status, out);
  out += ",\n\"by_caller\": ";
  append_counts(by_caller, out);
  out += ",\n\"pages\": {";
  bool is_first = true;
  for (const auto& [path, of_path] : pages) {
    if (!std::exchange(is_first, false)) out += ",\n  ";
    http_server::append_json(path, out);
    out += ": ";
    append_counts(of_path, out);
  }
  return out + "},\n\"faults\": " + std::string(faults) + "\n}\n";
}

}  // namespace sluice::fake_api

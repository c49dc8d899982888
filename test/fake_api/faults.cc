#include "faults.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace sluice::fake_api {
namespace {

using http_server::wrong_fault;

constexpr std::array<std::pair<std::string_view, bool Fault::*>, 9> flags = {{
    {"timeout", &Fault::timeout},
    {"same_token", &Fault::same_token},
    {"same_page", &Fault::same_page},
    {"empty", &Fault::empty},
    {"html", &Fault::html},
    {"broken_json", &Fault::broken_json},
    {"chunked", &Fault::chunked},
    {"gzip", &Fault::gzip},
    {"graphql_error", &Fault::graphql_error},
}};

// True if the word is an action.
Result<bool> read_action(std::string_view name, std::string_view value, Fault& fault) {
  for (const auto& [known, member] : flags) {
    if (known != name) continue;
    fault.*member = true;
    return true;
  }
  if (name == "close") {
    fault.close = true;
    return true;
  }
  if (name == "redirect") {
    fault.redirect = value;
    return !value.empty() ? Result<bool>(true) : wrong_fault(name, "needs =same, =other or =URL");
  }
  const std::optional<uint64_t> number =
      value.empty() ? std::optional<uint64_t>(0) : parse_number<uint64_t>(value);
  if (!number) return wrong_fault(value, "not a number");
  if (name == "status") {
    fault.status = static_cast<int>(*number);
  } else if (name == "retry_after") {
    fault.retry_after = static_cast<int64_t>(*number);
  } else if (name == "retry_after_date") {
    fault.retry_after_date = static_cast<int64_t>(*number);
  } else if (name == "reset") {
    fault.reset = *number;
  } else if (name == "truncate") {
    fault.truncate = *number;
  } else if (name == "cycle") {
    fault.cycle = *number;
  } else if (name == "slow") {
    fault.slow = *number;
  } else if (name == "delay") {
    fault.delay = *number;
  } else {
    return false;
  }
  return true;
}

}  // namespace

Status FaultPlan::add(std::string_view spec) {
  Rule rule;
  rule.spec = spec;
  std::string words(spec);
  for (char& c : words) c = c == ',' ? ' ' : c;
  for (const std::string_view word : split(words, ' ')) {
    if (word.empty()) continue;
    const size_t equals = word.find('=');
    const std::string_view value = equals == word.npos ? "" : word.substr(equals + 1);
    TRY(read_word(word.substr(0, equals), value, rule));
  }
  if (!rule.fault.is_any) return wrong_fault(spec, "nothing is to go wrong; see faults.h");
  rules_.push_back(std::move(rule));
  return {};
}

Status FaultPlan::read_word(std::string_view name, std::string_view value, Rule& rule) {
  if (name == "path") {
    rule.path = value;
    return {};
  }
  if (name == "page") {
    const auto number = parse_number<uint64_t>(value);
    if (!number) return wrong_fault(value, "not a number");
    rule.page = *number;
    return {};
  }
  if (TRY(rule.schedule.read_word(name, value))) return {};
  if (!TRY(read_action(name, value, rule.fault)))
    return wrong_fault(name, "no such word; see faults.h");
  rule.fault.is_any = true;
  return {};
}

Fault FaultPlan::next(std::string_view path, uint64_t page) {
  for (Rule& rule : rules_) {
    if (rule.page > 0 && rule.page != page) continue;
    if (path.starts_with(rule.path) && rule.schedule.is_due()) return rule.fault;
  }
  return {};
}

uint64_t FaultPlan::done() const {
  uint64_t all = 0;
  for (const Rule& rule : rules_) all += rule.schedule.done();
  return all;
}

void FaultPlan::append_json(std::string& out) const {
  http_server::append_schedules(rules_, out);
}

}  // namespace sluice::fake_api

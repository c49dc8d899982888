#include "faults.h"

#include <array>
#include <cstdlib>
#include <utility>

#include "base/text.h"
#include "http_server/url.h"

namespace sluice::fake_api {
namespace {

Error wrong(std::string_view what, std::string_view why) {
  return {ErrorKind::invalid, "fault: " + std::string(what) + ": " + std::string(why)};
}

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
    return !value.empty() ? Result<bool>(true) : wrong(name, "needs =same, =other or =URL");
  }
  const std::optional<uint64_t> number =
      value.empty() ? std::optional<uint64_t>(0) : parse_number<uint64_t>(value);
  if (!number) return wrong(value, "not a number");
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
  if (!rule.fault.is_any) return wrong(spec, "nothing is to go wrong; see faults.h");
  rule.chance = Chance(rule.seed);
  rules_.push_back(std::move(rule));
  return {};
}

Status FaultPlan::read_word(std::string_view name, std::string_view value, Rule& rule) {
  if (name == "path") {
    rule.path = value;
    return {};
  }
  if (name == "percent") {
    rule.percent = std::strtod(std::string(value).c_str(), nullptr);
    return rule.percent > 0 ? Status() : wrong(value, "not a share in percent");
  }
  constexpr std::array<std::pair<std::string_view, uint64_t Rule::*>, 6> counts = {
      {{"page", &Rule::page},
       {"every", &Rule::every},
       {"nth", &Rule::nth},
       {"after", &Rule::after},
       {"times", &Rule::times},
       {"seed", &Rule::seed}}};
  for (const auto& [known, member] : counts) {
    if (known != name) continue;
    const auto number = parse_number<uint64_t>(value);
    if (!number) return wrong(value, "not a number");
    rule.*member = *number;
    return {};
  }
  if (!TRY(read_action(name, value, rule.fault))) return wrong(name, "no such word; see faults.h");
  rule.fault.is_any = true;
  return {};
}

bool FaultPlan::Rule::is_due() {
  ++fitted;
  if (done >= times) return false;
  if (every > 0 && fitted % every != 0) return false;
  if (nth > 0 && fitted != nth) return false;
  if (after > 0 && fitted <= after) return false;
  if (percent > 0 && static_cast<double>(chance.below(1'000'000)) >= percent * 10'000) return false;
  ++done;
  return true;
}

Fault FaultPlan::next(std::string_view path, uint64_t page) {
  for (Rule& rule : rules_) {
    if (rule.page > 0 && rule.page != page) continue;
    if (path.starts_with(rule.path) && rule.is_due()) return rule.fault;
  }
  return {};
}

uint64_t FaultPlan::done() const {
  uint64_t all = 0;
  for (const Rule& rule : rules_) all += rule.done;
  return all;
}

void FaultPlan::append_json(std::string& out) const {
  out += '[';
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (i > 0) out += ", ";
    out += "{\"spec\": ";
    http_server::append_json(rules_[i].spec, out);
    out += ", \"fitted\": " + std::to_string(rules_[i].fitted);
    out += ", \"done\": " + std::to_string(rules_[i].done) + "}";
  }
  out += ']';
}

}  // namespace sluice::fake_api

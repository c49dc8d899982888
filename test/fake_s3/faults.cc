#include "faults.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace sluice::fake_s3 {
namespace {

struct ActionName {
  std::string_view name;
  Action action;
  bool has_amount = false;
};
constexpr std::array<ActionName, 20> action_names = {{
    {"503", Action::slow_down},
    {"503empty", Action::slow_down_empty},
    {"500", Action::error},
    {"500empty", Action::error_empty},
    {"500html", Action::error_html},
    {"error200", Action::error_in_200},
    {"html", Action::html},
    {"reset_before", Action::reset_before},
    {"reset_after", Action::reset_after},
    {"lost", Action::lost},
    {"slow", Action::slow, true},
    {"truncate", Action::truncate, true},
    {"close", Action::close},
    {"expired_token", Action::expired_token},
    {"skew", Action::skew},
    {"redirect", Action::redirect},
    {"delay", Action::delay, true},
    {"409", Action::conflict},
    {"403", Action::denied},
    {"400timeout", Action::request_timeout},
}};

using http_server::wrong_fault;

Result<Fault> read_action(std::string_view text) {
  const size_t equals = text.find('=');
  for (const ActionName& one : action_names) {
    if (one.name != text.substr(0, equals)) continue;
    if (one.has_amount != (equals != text.npos)) {
      return wrong_fault(text, one.has_amount ? "needs =NUMBER" : "takes no number");
    }
    if (!one.has_amount) return Fault{one.action, 0};
    const auto amount = parse_number<uint64_t>(text.substr(equals + 1));
    if (!amount) return wrong_fault(text, "not a number");
    return Fault{one.action, *amount};
  }
  return wrong_fault(text, "no such action");
}

Result<uint32_t> read_verbs(std::string_view text) {
  if (text == "any") return UINT32_MAX;
  uint32_t bits = 0;
  for (const std::string_view name : split(text, '|')) {
    const auto verb = verb_named(name);
    if (!verb)
      return wrong_fault(
          name, "no such verb; one of any, " + [] {
            std::string all;
            for (const std::string_view one : verb_names)
              all += (all.empty() ? "" : ", ") + std::string(one);
            return all;
          }());
    bits |= 1U << static_cast<uint32_t>(*verb);
  }
  return bits;
}

}  // namespace

Status FaultPlan::add(std::string_view spec) {
  Rule rule;
  rule.spec = spec;
  rule.verbs = UINT32_MAX;
  for (const std::string_view word : split(spec, ',')) {
    const size_t equals = word.find('=');
    if (equals == word.npos) return wrong_fault(word, "not name=value");
    if (auto read = read_word(word.substr(0, equals), word.substr(equals + 1), rule); !read.ok()) {
      return read;
    }
  }
  if (rule.fault.action == Action::none) return wrong_fault(spec, "do=ACTION is missing");
  rules_.push_back(std::move(rule));
  return {};
}

Status FaultPlan::read_word(std::string_view name, std::string_view value, Rule& rule) {
  if (name == "do") {
    rule.fault = TRY(read_action(value));
    return {};
  }
  if (name == "verb") {
    rule.verbs = TRY(read_verbs(value));
    return {};
  }
  if (name == "key" || name == "bucket") {
    (name == "key" ? rule.key : rule.bucket) = value;
    return {};
  }
  if (TRY(rule.schedule.read_word(name, value))) return {};
  return wrong_fault(name, "no such word");
}

bool FaultPlan::Rule::fits(Verb verb, std::string_view bucket_name,
                           std::string_view key_name) const {
  if ((verbs >> static_cast<uint32_t>(verb) & 1) == 0) return false;
  if (!bucket.empty() && bucket != bucket_name) return false;
  return key.empty() || key_name.find(key) != key_name.npos;
}

Fault FaultPlan::next(Verb verb, std::string_view bucket, std::string_view key) {
  for (Rule& rule : rules_) {
    if (rule.fits(verb, bucket, key) && rule.schedule.is_due()) return rule.fault;
  }
  return {};
}

void FaultPlan::append_json(std::string& out) const {
  http_server::append_schedules(rules_, out);
}

}  // namespace sluice::fake_s3

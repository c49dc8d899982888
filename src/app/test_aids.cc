#include "app/test_aids.h"

#include "base/text.h"

namespace sluice {
namespace {

Error wrong(std::string_view name, std::string_view wanted) {
  return {ErrorKind::invalid, std::string(name) + ": " + std::string(wanted)};
}

Result<std::optional<uint64_t>> number(const Environment& environment, std::string_view name) {
  const auto text = environment.get(name);
  if (!text) return std::optional<uint64_t>();
  const auto number = parse_number<uint64_t>(*text);
  if (!number) return wrong(name, "a whole number");
  return number;
}

}  // namespace

Result<TestAids> TestAids::from(const Environment& environment) {
  TestAids aids;
  const auto milliseconds = [](const std::optional<uint64_t>& n) {
    return static_cast<Nanoseconds>(n.value_or(0)) * 1_ms;
  };
  aids.slow_source = milliseconds(TRY(number(environment, "SLUICE_TEST_SLOW_SOURCE_MS")));
  aids.slow_lake = milliseconds(TRY(number(environment, "SLUICE_TEST_SLOW_LAKE_MS")));
  aids.die_at = TRY(number(environment, "SLUICE_TEST_DIE_AT"));
  aids.span_documents = TRY(number(environment, "SLUICE_TEST_SPAN_DOCUMENTS"));
  aids.until = TRY(number(environment, "SLUICE_TEST_UNTIL"));
  const std::string how = environment.get("SLUICE_TEST_DIE_HOW").value_or("before");
  if (how == "after") {
    aids.die_how = Die::after;
  } else if (how == "lost") {
    aids.die_how = Die::lost;
  } else if (how != "before") {
    return wrong("SLUICE_TEST_DIE_HOW", "before, after or lost");
  }
  return aids;
}

}  // namespace sluice

// For tests of transforms: one made from what a job file would say, and what it makes of a record.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "base/time.h"
#include "flow/settings.h"

namespace sluice {

using MakeOne = Result<std::unique_ptr<Transform>> (*)(const Settings&);

inline Result<std::unique_ptr<Transform>> make_from(const PartDoc& doc, MakeOne make,
                                                    const Node& node) {
  const Settings settings = TRY(check_settings(doc, node, CheckContext()));
  return make(settings);
}

// What becomes of the record: its text, "-" if it is dropped, "!" and the words of an error.
inline std::string outcome(const Transform& transform, std::string_view record,
                           uint64_t text_bytes_max = 8 << 20) {
  UnitNames unit{.id = "2024-02-08"};
  unit.start = parse_time("2024-02-08T00:00:00Z");
  unit.run_started = *parse_time("2024-02-09T01:02:03Z");
  Document document;
  document.captures = {"o-1", "123"};
  std::string out = "from before";
  const auto verdict = transform.apply(record, {unit, document, text_bytes_max}, out);
  if (!verdict.ok()) return "! " + verdict.error().message;
  if (*verdict == Verdict::dropped) return "-";
  if (*verdict == Verdict::unchanged) return std::string(record);
  CHECK(out != record);
  return out;
}
inline std::string outcome(const PartDoc& doc, MakeOne make, const Node& node,
                           std::string_view record) {
  auto transform = make_from(doc, make, node);
  if (!transform.ok()) return "!! " + transform.error().message;
  const Status paths = (*transform)->use_paths({"org", "account"});
  if (!paths.ok()) return "!! " + paths.error().message;
  return outcome(**transform, record);
}

}  // namespace sluice

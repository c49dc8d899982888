// Which words say what comes of a unit, and which only how: a change of the latter makes nothing
// stale.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "app/parts.h"
#include "flow/part.h"

namespace sluice {

TEST_CASE("a word that says how a unit is had makes no finished unit stale; all others do") {
  std::vector<std::string> how;
  for (const Role role : {Role::source, Role::decode, Role::transform, Role::format, Role::sink}) {
    for (const std::string_view name : all_parts().names(role)) {
      for (const FieldDoc& field : all_parts().find(role, name)->doc.fields) {
        if (field.says == Says::how) how.push_back(std::string(name) + "." + field.name);
      }
    }
  }
  CHECK(how == std::vector<std::string>{"objects.inventory", "objects.s3", "http.also_from",
                                        "http.max_pages", "http.parallel", "http.auth", "http.rate",
                                        "http.timeout", "http.attempts", "http.give_up_after",
                                        "replay.rate", "lake.format", "lake.state", "lake.fsync",
                                        "lake.single_writer", "lake.s3"});
}

}  // namespace sluice

// What is said of what can't be taken, and the copy that is kept of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secrets.h"
#include "flow/stage.h"
#include "record/batch.h"

namespace sluice {

// Where one JSON document stops being one: everything from there on is lost.
struct DocumentFault {
  uint64_t offset = 0;  // In the inflated document
  std::string reason;
  std::optional<Unproven> unproven = {};  // Of the text before it
};

// What is said of a document of which only so many records, those before the fault, are kept; of
// none, that all of it is set aside. Where the fault came to light in a piece of the packing that
// was read as it came, records of that piece are kept that may be damaged: from where on is said.
SetAside partial(const Document& document, uint64_t records, const DocumentFault& fault);

// A line that says what was set aside and keeps its bytes: as text, or in base 64 where they aren't
// UTF-8 or would be longer as text.
std::string set_aside_line(const Secrets& secrets, const SetAside& what, std::string_view document,
                           std::string_view bytes);

}  // namespace sluice

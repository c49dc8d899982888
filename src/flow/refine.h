// What happens to a record between the slicing of its document and the sink: it is checked as JSON,
// transformed, given its place, and hashed where duplicates are looked for. All of it on a worker,
// a batch at a time.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/secrets.h"
#include "flow/incremental.h"
#include "flow/set_aside.h"
#include "flow/stage.h"
#include "flow/template.h"
#include "flow/workers.h"
#include "json/path.h"
#include "record/batch.h"

namespace sluice {

// What a job does to its records. Made once, then shared by all workers and never changed.
struct Recipe {
  std::vector<std::unique_ptr<Transform>> transforms;
  Template place;                               // Renders Batch::places
  std::optional<json::Path> identity;           // dedupe
  std::optional<json::Path> cursor_field;       // Of an incremental source; needs UnitNames::since
  std::vector<std::string> path_names;          // What Document::captures are, in their order
  std::optional<std::string> place_if_missing;  // Instead of setting the record aside
  std::optional<std::string> set_aside_place;   // Keep copies of what is set aside here
  Secrets secrets = {};                         // Not in what a copy says of where it is from
  bool count_fields = false;                    // Fill Batch::fields
  uint64_t record_max = 8 << 20;                // Of what a transform makes; longer is set aside
  Scratch::Key key = Scratch::new_key();
};

struct RefineInput {
  const Recipe& recipe;
  const UnitNames& unit;
  const Document& document;
  Spoils spoils = Spoils::record;
  bool json = true;
  const std::atomic<bool>* cancelled = nullptr;  // What waits for another is to give up
  // Whether the batch is what its unit can't go on without.
  Turn turn = Turn::head;
};

// What a decoder has made of a window, which must stay as long as what is made of it.
struct Sliced {
  std::string_view window;
  uint64_t offset = 0;  // Of the window in the document
  std::span<const Span> spans;
  std::span<const SetAside> bad = {};  // What it has set aside; both in the document's order
};

struct Refined {
  size_t done = 0, bad_done = 0;  // Of the spans and of what is bad, from the front: in the batch
  std::optional<DocumentFault> fault = {};  // Of the one behind them
};

// Turns spans into batch.records. What that costs is added to batch.charge, if that is of a budget;
// where it has no more, what is left is for another batch. At the head an empty batch always takes
// one: it is owed what it costs, and there is one head to a unit.
Refined refine(const RefineInput& input, const Sliced& sliced, Batch& batch, Scratch& scratch);

}  // namespace sluice

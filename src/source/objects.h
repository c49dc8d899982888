// A source of objects: what a path pattern finds in a store, read with many requests in flight.
//
// Documents are numbered in key order. A small object is one Get; a larger one is consecutive
// ranges, several in flight, delivered in order. Bytes are reserved strictly in input order: no
// document takes any before an earlier one has reserved its next, so the document whose turn it is
// always gets on.
//
// Between listing and reading objects may change. Vanished: the document is bad. Changed: it is
// looked at and read anew, and its Document then says what was read; one that changes while its
// chunks are on their way, or again and again, is bad. Transient errors are tried again a few times
// (the store has already retried by itself), then they end the unit, as everything else does.
// "Folders" that consoles make (empty objects whose keys end in "/") are no documents.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "flow/makers.h"
#include "flow/part.h"
#include "flow/path_pattern.h"
#include "flow/stage.h"
#include "source/inventory.h"
#include "source/lister.h"
#include "store/store.h"

namespace sluice {

// What a document costs in memory besides its bytes, reserved with its first chunk.
inline constexpr uint64_t document_overhead_bytes = 1 << 10;

// The part `objects`: `source: { objects: "s3://logs/..." }`.
const PartDoc& objects_doc();

// An inventory's files are CSV, which this room doesn't read: `rows` makes what decodes them.
Result<std::unique_ptr<SourceMaker>> make_objects(const Settings& settings,
                                                  const PartContext& context, MakeRows rows);

// `store` must be the one that the pattern's store() names; it outlives what is made of it.
std::unique_ptr<SourceMaker> make_objects_source_maker(Store& store, PathPattern pattern,
                                                       TimeZone zone = {},
                                                       MakeListing listing = make_lister);
std::unique_ptr<Source> make_objects_source(Store& store, BoundPattern pattern,
                                            const SourceContext& context,
                                            const MakeListing& listing = make_lister);

// Lists only; blocking. Calls `each` for every document in input order, for at most `limit`.
Result<PlannedInput> list_objects(Store& store, const BoundPattern& pattern, uint64_t limit,
                                  const std::function<void(const Document&)>& each,
                                  const MakeListing& listing = make_lister);
// The first of them, for a look at what is there.
Result<std::vector<Document>> first_documents(Store& store, const BoundPattern& pattern,
                                              uint64_t count);

}  // namespace sluice

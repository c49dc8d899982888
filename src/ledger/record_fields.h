// The fields of every part of a record, each once: for the printer in this order, and for the
// parser, which takes them in any. For the ledger's own two of those.
//
// A field is left out where it is its type's empty value, and read as that where it is left out; so
// each kind of field has one value that isn't written. `see` is told of a part and of each field:
//   see.of("an upload");                        how messages call the part
//   see("bytes", input.bytes);                  empty, 0, false and {} are left out
//   see("key", upload.key, "an upload's key");  ... but that is missing then
//   see("pieces", inputs.pieces, Besides{1});   1 is left out
//   see("crc32c", part.crc32c, as_crc);         written as S3 does
// Counts of fields are an object whose names are data; an optional text may be null, and is there.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/either.h"
#include "ledger/record.h"

namespace sluice::ledger {

struct Besides {
  uint64_t left_out = 0;
};
inline constexpr struct AsCrc {
} as_crc;

void fields(auto& see, Either<PartTag> auto& part) {
  see.of("a part");
  see("n", part.number, "a part's number");
  see("etag", part.etag);
  see("crc32c", part.crc32c, as_crc);
}

// Of an upload and of an output, between their own.
void list_content(auto& see, auto& content) {
  see("bytes", content.bytes);
  see("records", content.records);
  see("crc32c", content.crc32c, as_crc);
  see("least", content.least);
  see("greatest", content.greatest);
}

void fields(auto& see, Either<Upload> auto& upload) {
  see.of("an upload");
  see("key", upload.key, "an upload's key");
  see("id", upload.id, "an upload's id");
  see("mark", upload.mark, "an upload's mark");
  see("parts", upload.parts);
  list_content(see, upload.content);
}

void fields(auto& see, Either<Output> auto& output) {
  see.of("an output");
  see("key", output.key, "an output's key");
  see("etag", output.etag);
  list_content(see, output.content);
}

void fields(auto& see, Either<Retired> auto& retired) {
  see.of("an object to retire");
  see("key", retired.key, "the key of an object to retire");
  see("etag", retired.etag, "the ETag of an object to retire");
  see("mark", retired.mark);
}

void fields(auto& see, Either<Input> auto& input) {
  see.of("an input");
  see("key", input.key);
  see("etag", input.etag);
  see("bytes", input.bytes);
}

void fields(auto& see, Either<Inputs> auto& inputs) {
  see.of("the inputs");
  see("file", inputs.file);
  see("pieces", inputs.pieces, Besides{1});
  see("count", inputs.count);
  see("list", inputs.list);
}

void fields(auto& see, Either<SetAside> auto& set_aside) {
  see.of("what was set aside");
  see("document", set_aside.document);
  see("offset", set_aside.offset);
  see("reason", set_aside.reason);
  see("count", set_aside.count);
  see("partial", set_aside.partial);
  see("record", set_aside.record);
}

void fields(auto& see, Either<Sums> auto& sums) {
  see.of("the sums");
  see("documents", sums.documents);
  see("records", sums.records);
  see("bytes_read", sums.bytes_read);
  see("bytes", sums.bytes);
  see("duplicates", sums.duplicates);
  see("conflicts", sums.conflicts);
  see("set_aside", sums.set_aside);
  see("partial", sums.partial);
}

void fields(auto& see, Either<Shape> auto& shape) {
  see.of("the shape");
  see("records", shape.records);
  see("bytes", shape.bytes);
  see("looked_at", shape.looked_at);
  see("levels", shape.levels);
  see("fields", shape.fields);
  see("nested", shape.nested);
}

void fields(auto& see, Either<Reached> auto& reached) {
  see.of("what was reached");
  see("field", reached.field);
  see("greatest", reached.greatest);
  see("near", reached.near);
  see("covered", reached.covered);
}

void fields(auto& see, Either<Checkpoint> auto& checkpoint) {
  see.of("the checkpoint");
  see("fingerprint", checkpoint.fingerprint);
  see("early", checkpoint.early);
  see("cursor", checkpoint.cursor);
  see("sums", checkpoint.sums);
  see("uploads", checkpoint.uploads);
  see("state", checkpoint.state);
  see("set_aside", checkpoint.set_aside);
}

// What an intent and a manifest have in common, before their objects and behind them.
void list_inputs_of(auto& see, auto& commit) {
  see("run", commit.run);
  see("fingerprint", commit.fingerprint);
  see("early", commit.early);
  see("end", commit.end);
  see("inputs", commit.inputs);
}

void list_outcome_of(auto& see, auto& commit) {
  see("retire", commit.retire);
  see("catalogue", commit.catalogue);
  see("set_aside", commit.set_aside);
  see("sums", commit.sums);
  see("shape", commit.shape);
  see("reached", commit.reached);
  see("provisional", commit.provisional);
}

void fields(auto& see, Either<Intent> auto& intent) {
  see.of("the intent");
  see("epoch", intent.epoch, "the intent's epoch");
  list_inputs_of(see, intent);
  see("uploads", intent.uploads);
  list_outcome_of(see, intent);
}

void fields(auto& see, Either<Manifest> auto& manifest) {
  see.of("the manifest");
  see("epoch", manifest.epoch, "the manifest's epoch");
  see("todo", manifest.todo);
  list_inputs_of(see, manifest);
  see("outputs", manifest.outputs);
  list_outcome_of(see, manifest);
}

void fields(auto& see, Either<Failed> auto& failed) {
  see.of("what failed");
  see("why", failed.why);
  see("at", failed.at);
}

void fields(auto& see, Either<Pending> auto& pending) {
  see.of("what is pending");
  see("unit", pending.unit);
  see("end", pending.end);
}

void fields(auto& see, Either<Record> auto& record) {
  see.of("the record");
  see("job", record.job, "`job`");
  see("unit", record.unit, "`unit`");
  see("epoch", record.epoch, "`epoch`");
  see("run", record.run);
  see("host", record.host);
  see("process", record.process);
  see("since", record.since);
  see("renewals", record.renewals);
  see("share", record.share_bytes);
  see("position", record.position);
  see("pending", record.pending);
  see("checkpoint", record.checkpoint);
  see("intent", record.intent);
  see("manifest", record.manifest);
  see("leftovers", record.leftovers);
  see("failed", record.failed);
}

// ---- files --------------------------------------------------------------------------------------

// What is a document of its own begins with its format.
struct ListOfInputs {
  std::vector<Input> inputs = {};
};
// The same, of a list that lies elsewhere: it may be a million long.
struct InputsElsewhere {
  const std::vector<Input>& inputs;
};

struct KeptManifest {
  Shared<Manifest> manifest = {};
};

template <class File>
  requires Either<File, ListOfInputs> || Either<File, InputsElsewhere>
void fields(auto& see, File& file) {
  see.of("the list of inputs");
  see("inputs", file.inputs);
}

void fields(auto& see, Either<KeptManifest> auto& file) {
  see.of("the manifest's file");
  see("manifest", file.manifest, "`manifest`");
}

}  // namespace sluice::ledger

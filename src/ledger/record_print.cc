// A record as text: fields in one order, what does not apply left out.
#include "base/checksum.h"
#include "json/bytes_text.h"
#include "json/value.h"
#include "ledger/record.h"

namespace sluice::ledger {

namespace {

// Writes JSON with commas where they belong. A field that is empty or 0 is left out.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void open(char bracket) {
    separate();
    out_ += bracket;
    first_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    first_ = false;
  }
  void name(std::string_view name) {
    separate();
    append_text(name);
    out_ += ": ";
    first_ = true;  // No comma before its value
  }
  void raw(std::string_view text) {
    separate();
    out_ += text;
  }
  void text(std::string_view text) {
    separate();
    append_text(text);
  }

  void field(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    name(key);
    text(value);
  }
  void field(std::string_view key, uint64_t value) {
    if (value == 0) return;
    name(key);
    raw(std::to_string(value));
  }
  template <class Tag>
  void field(std::string_view key, const Named<Tag>& value) {
    field(key, value.view());
  }
  void crc(std::string_view key, uint32_t value) {
    if (value != 0) field(key, crc_to_base64(value));
  }
  void mark(std::string_view key, bool holds) {
    if (!holds) return;
    name(key);
    raw("true");
  }
  template <class List>
  void list(std::string_view key, const List& list) {
    if (list.empty()) return;
    name(key);
    open('[');
    for (const auto& item : list) write(*this, item);
    close(']');
  }

 private:
  void separate() {
    if (!first_) out_ += ", ";
    first_ = false;
  }
  void append_text(std::string_view text) {
    if (!text.starts_with('\0') && json::is_utf8(text)) return json::append_quoted(text, out_);
    json::append_quoted(json::text_of_bytes(text), out_);
  }
  std::string& out_;
  bool first_ = true;
};

void write(Writer& writer, const Key& key) {
  writer.text(key.view());
}

void write(Writer& writer, const PartTag& part) {
  writer.open('{');
  writer.field("n", part.number);
  writer.field("etag", part.etag);
  writer.crc("crc32c", part.crc32c);
  writer.close('}');
}

void write_content(Writer& writer, const Content& content) {
  writer.field("bytes", content.bytes);
  writer.field("records", content.records);
  writer.crc("crc32c", content.crc32c);
  writer.field("least", content.least);
  writer.field("greatest", content.greatest);
}

void write(Writer& writer, const Upload& upload) {
  writer.open('{');
  writer.field("key", upload.key);
  writer.field("id", upload.id);
  writer.field("mark", upload.mark);
  writer.list("parts", upload.parts);
  write_content(writer, upload.content);
  writer.close('}');
}

void write(Writer& writer, const Output& output) {
  writer.open('{');
  writer.field("key", output.key);
  writer.field("etag", output.etag);
  write_content(writer, output.content);
  writer.close('}');
}

void write(Writer& writer, const Retired& retired) {
  writer.open('{');
  writer.field("key", retired.key);
  writer.field("etag", retired.etag);
  writer.field("mark", retired.mark);
  writer.close('}');
}

void write(Writer& writer, const Input& input) {
  writer.open('{');
  writer.field("key", input.key);
  writer.field("etag", input.etag);
  writer.field("bytes", input.bytes);
  writer.close('}');
}

void write(Writer& writer, const SetAside& set_aside) {
  writer.open('{');
  writer.field("document", set_aside.document);
  writer.field("offset", set_aside.offset);
  writer.field("reason", set_aside.reason);
  writer.field("count", set_aside.count);
  if (set_aside.partial) {
    writer.mark("partial", set_aside.partial);
  }
  writer.field("record", set_aside.record);
  writer.close('}');
}

void write_sums(Writer& writer, const Sums& sums) {
  if (sums == Sums{}) return;
  writer.name("sums");
  writer.open('{');
  writer.field("documents", sums.documents);
  writer.field("records", sums.records);
  writer.field("bytes_read", sums.bytes_read);
  writer.field("bytes", sums.bytes);
  writer.field("duplicates", sums.duplicates);
  writer.field("conflicts", sums.conflicts);
  writer.field("set_aside", sums.set_aside);
  writer.field("partial", sums.partial);
  writer.close('}');
}

void write_counts(Writer& writer, std::string_view name, const std::vector<FieldCount>& counts) {
  if (counts.empty()) return;
  writer.name(name);
  writer.open('{');
  for (const FieldCount& count : counts) {
    writer.name(count.name);
    writer.raw(std::to_string(count.records));
  }
  writer.close('}');
}

void write_shape(Writer& writer, const Shape& shape) {
  if (shape == Shape{}) return;
  writer.name("shape");
  writer.open('{');
  writer.field("records", shape.records);
  writer.field("bytes", shape.bytes);
  writer.field("looked_at", shape.looked_at);
  writer.field("levels", shape.levels);
  write_counts(writer, "fields", shape.fields);
  write_counts(writer, "nested", shape.nested);
  writer.close('}');
}

void write_reached(Writer& writer, const Reached& reached) {
  if (reached == Reached{}) return;
  writer.name("reached");
  writer.open('{');
  writer.field("field", reached.field);
  writer.field("greatest", reached.greatest);
  writer.field("near", reached.near);
  writer.field("covered", reached.covered);
  writer.close('}');
}

void write_inputs(Writer& writer, const Inputs& inputs) {
  if (inputs == Inputs{}) return;
  writer.name("inputs");
  writer.open('{');
  writer.field("file", inputs.file);
  if (inputs.pieces > 1) writer.field("pieces", inputs.pieces);
  writer.field("count", inputs.count);
  writer.list("list", inputs.list);
  writer.close('}');
}

// What an intent and a manifest have in common, but for their objects.
template <class IntentOrManifest>
void write_head(Writer& writer, const IntentOrManifest& commit) {
  writer.field("run", commit.run);
  writer.field("fingerprint", commit.fingerprint);
  writer.mark("early", commit.early);
  writer.field("end", commit.end);
  write_inputs(writer, commit.inputs);
}

template <class IntentOrManifest>
void write_tail(Writer& writer, const IntentOrManifest& commit) {
  writer.list("retire", commit.retire);
  writer.field("catalogue", commit.catalogue);
  writer.list("set_aside", commit.set_aside);
  write_sums(writer, commit.sums);
  write_shape(writer, commit.shape);
  write_reached(writer, commit.reached);
  writer.field("provisional", commit.provisional);
}

void write(Writer& writer, const Intent& intent) {
  writer.open('{');
  writer.field("epoch", intent.epoch);
  write_head(writer, intent);
  writer.list("uploads", intent.uploads);
  write_tail(writer, intent);
  writer.close('}');
}

void write(Writer& writer, const Manifest& manifest) {
  writer.open('{');
  writer.field("epoch", manifest.epoch);
  writer.mark("todo", manifest.todo);
  write_head(writer, manifest);
  writer.list("outputs", manifest.outputs);
  write_tail(writer, manifest);
  writer.close('}');
}

void write(Writer& writer, const Checkpoint& checkpoint) {
  writer.open('{');
  writer.field("fingerprint", checkpoint.fingerprint);
  writer.mark("early", checkpoint.early);
  writer.field("cursor", checkpoint.cursor);
  write_sums(writer, checkpoint.sums);
  writer.list("uploads", checkpoint.uploads);
  writer.field("state", checkpoint.state);
  writer.list("set_aside", checkpoint.set_aside);
  writer.close('}');
}

template <class Part>
void write_part(Writer& writer, std::string_view name, const std::optional<Part>& part) {
  if (!part) return;
  writer.name(name);
  write(writer, *part);
}

void write(Writer& writer, const Failed& failed) {
  writer.open('{');
  writer.field("why", failed.why);
  writer.field("at", failed.at);
  writer.close('}');
}

void write(Writer& writer, const Pending& pending) {
  writer.open('{');
  writer.field("unit", pending.unit);
  writer.field("end", pending.end);
  writer.close('}');
}

}  // namespace

std::string print(const Record& record) {
  std::string out;
  Writer writer(out);
  writer.open('{');
  writer.field("format", 1);
  writer.field("job", record.job);
  writer.field("unit", record.unit);
  writer.field("epoch", record.epoch);
  writer.name("run");
  if (record.run) {
    writer.text(*record.run);
  } else {
    writer.raw("null");
  }
  writer.field("host", record.host);
  writer.field("process", record.process);
  writer.field("since", record.since);
  writer.field("renewals", record.renewals);
  writer.field("share", record.share_bytes);
  writer.field("position", record.position);
  write_part(writer, "pending", record.pending);
  write_part(writer, "checkpoint", record.checkpoint);
  write_part(writer, "intent", record.intent);
  write_part(writer, "manifest", record.manifest);
  writer.list("leftovers", record.leftovers);
  write_part(writer, "failed", record.failed);
  writer.close('}');
  return out += '\n';
}

std::string print_inputs(const std::vector<Input>& inputs) {
  std::string out;
  Writer writer(out);
  writer.open('{');
  writer.field("format", 1);
  writer.list("inputs", inputs);
  writer.close('}');
  return out += '\n';
}

std::string print_manifest(const Manifest& manifest) {
  Manifest less = manifest;
  less.todo = false;
  std::string out;
  Writer writer(out);
  writer.open('{');
  writer.field("format", 1);
  writer.name("manifest");
  write(writer, less);
  writer.close('}');
  return out += '\n';
}

}  // namespace sluice::ledger

// A record from its text. Strict: a field that is missing, unknown or of the wrong type is an
// error, because whoever rewrites a record would lose what it doesn't know.
#include <algorithm>

#include "base/checksum.h"
#include "base/text.h"
#include "json/bytes_text.h"
#include "json/checker.h"
#include "json/value.h"
#include "ledger/record.h"

namespace sluice::ledger {

namespace {

// Reads JSON from front to back. After the first fault everything is empty and error() says why.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {
    if (step() != Stop::value_begin) fail("it is empty");
  }

  // Calls `member(name)` for each member; it must read the member's value, or be false: unknown.
  template <class Member>
  void object(std::string_view what, Member&& member) {
    if (!is('{', "an object")) return;
    for (Stop stop = step(); stop == Stop::key_begin; stop = step()) {
      const size_t begin = at_;
      step();
      const std::string name = json::unescape(text_.substr(begin + 1, at_ - begin - 2));
      if (step() != Stop::value_begin) return;
      if (!member(Field{*this, name})) {
        fail("unknown field `" + excerpt(name) + "` in " + std::string(what));
      }
      if (failed()) return;
    }
  }
  template <class Element>
  void list(Element&& element) {
    if (!is('[', "a list")) return;
    for (Stop stop = step(); stop == Stop::value_begin; stop = step()) {
      element();
      if (failed()) return;
    }
  }
  std::string text() {
    if (!is('"', "a string")) return {};
    const std::string_view raw = scalar();
    if (raw.size() < 2) return {};
    return json::bytes_of_text(json::unescape(raw.substr(1, raw.size() - 2)));
  }
  std::optional<std::string> text_or_null() {
    if (failed() || text_[at_] != 'n') return text();
    scalar();
    return std::nullopt;
  }
  template <class Number>
  Number number() {
    const std::string_view raw = failed() ? std::string_view("0") : scalar();
    const auto number = parse_number<Number>(raw);
    if (!number) fail("not a whole number in its bounds: " + excerpt(raw));
    return number.value_or(0);
  }
  bool boolean() {
    const std::string_view raw = failed() ? std::string_view("false") : scalar();
    if (raw != "true" && raw != "false") fail("not true or false: " + excerpt(raw));
    return raw == "true";
  }

  void need(std::string_view what, bool there) {
    if (!there) fail(std::string(what) + " is missing");
  }
  void fail(std::string why) {
    if (!failed()) error_ = std::move(why);
  }
  bool failed() const { return !error_.empty(); }
  // Nothing if one whole value was read, and nothing behind it.
  std::string finish() {
    if (!failed()) step();
    if (!failed() && !checker_.finish().empty()) fail(std::string(checker_.finish()));
    return error_;
  }

  // A member whose value is to be read: `member("n", part.number)` reads it if that is its name.
  struct Field {
    Reader& reader;
    std::string_view name;

    template <class Value>
    bool operator()(std::string_view wanted, Value& value) const {
      if (name != wanted) return false;
      read(reader, value);
      return true;
    }
    bool crc(std::string_view wanted, uint32_t& value) const {
      if (name != wanted) return false;
      const auto crc = crc_from_base64(reader.text());
      if (!crc) reader.fail("crc32c is not four bytes in base 64");
      value = crc.value_or(0);
      return true;
    }
  };

 private:
  using Stop = json::Checker::Stop;

  Stop step() {
    const Stop stop = checker_.next(text_, at_);
    if (stop == Stop::fault) {
      fail("not JSON: " + std::string(checker_.reason()) + " at byte " + std::to_string(at_));
    }
    if (stop == Stop::used_up && !checker_.finish().empty()) {
      fail("not JSON: " + std::string(checker_.finish()));
    }
    return stop;
  }
  bool is(char first, std::string_view what) {
    if (!failed() && text_[at_] != first) fail("expected " + std::string(what));
    return !failed();
  }
  std::string_view scalar() {
    const size_t begin = at_;
    if (text_[begin] == '{' || text_[begin] == '[') {
      fail("expected no object or list");
      return {};
    }
    step();
    return failed() ? std::string_view() : text_.substr(begin, at_ - begin);
  }

  json::Checker checker_;
  std::string_view text_;
  size_t at_ = 0;
  std::string error_;
};

using Field = Reader::Field;

void read(Reader& reader, std::string& text) {
  text = reader.text();
}
void read(Reader& reader, std::optional<std::string>& text) {
  text = reader.text_or_null();
}
void read(Reader& reader, uint64_t& number) {
  number = reader.number<uint64_t>();
}
void read(Reader& reader, uint32_t& number) {
  number = reader.number<uint32_t>();
}
void read(Reader& reader, bool& flag) {
  flag = reader.boolean();
}

template <class Tag>
void read(Reader& reader, Named<Tag>& name) {
  name = Named<Tag>(reader.text());
}

template <class Item>
void read(Reader& reader, std::vector<Item>& list) {
  list.clear();
  reader.list([&] { read(reader, list.emplace_back()); });
}

template <class Part>
void read(Reader& reader, std::optional<Part>& part) {
  read(reader, part.emplace());
}

void read(Reader& reader, PartTag& part) {
  reader.object("a part", [&](Field field) {
    return field("n", part.number) || field("etag", part.etag) || field.crc("crc32c", part.crc32c);
  });
  reader.need("a part's number", part.number != 0);
}

bool read_content(Field field, Content& content) {
  return field("bytes", content.bytes) || field("records", content.records) ||
         field.crc("crc32c", content.crc32c) || field("least", content.least) ||
         field("greatest", content.greatest);
}

void read(Reader& reader, Upload& upload) {
  reader.object("an upload", [&](Field field) {
    return field("key", upload.key) || field("id", upload.id) || field("mark", upload.mark) ||
           field("parts", upload.parts) || read_content(field, upload.content);
  });
  reader.need("an upload's key", !upload.key.empty());
  reader.need("an upload's id", !upload.id.empty());
  reader.need("an upload's mark", !upload.mark.empty());
}

void read(Reader& reader, Output& output) {
  reader.object("an output", [&](Field field) {
    return field("key", output.key) || field("etag", output.etag) ||
           read_content(field, output.content);
  });
  reader.need("an output's key", !output.key.empty());
}

void read(Reader& reader, Retired& retired) {
  reader.object("an object to retire", [&](Field field) {
    return field("key", retired.key) || field("etag", retired.etag) || field("mark", retired.mark);
  });
  reader.need("the key of an object to retire", !retired.key.empty());
  reader.need("the ETag of an object to retire", !retired.etag.empty());
}

void read(Reader& reader, Input& input) {
  reader.object("an input", [&](Field field) {
    return field("key", input.key) || field("etag", input.etag) || field("bytes", input.bytes);
  });
}

void read(Reader& reader, SetAside& set_aside) {
  set_aside.count = 0;
  reader.object("what was set aside", [&](Field field) {
    return field("document", set_aside.document) || field("offset", set_aside.offset) ||
           field("reason", set_aside.reason) || field("count", set_aside.count) ||
           field("partial", set_aside.partial) || field("record", set_aside.record);
  });
}

void read(Reader& reader, Sums& sums) {
  sums = {};
  reader.object("the sums", [&](Field field) {
    return field("documents", sums.documents) || field("records", sums.records) ||
           field("bytes_read", sums.bytes_read) || field("bytes", sums.bytes) ||
           field("duplicates", sums.duplicates) || field("conflicts", sums.conflicts) ||
           field("set_aside", sums.set_aside) || field("partial", sums.partial);
  });
}

void read(Reader& reader, Inputs& inputs) {
  inputs = {};
  reader.object("the inputs", [&](Field field) {
    return field("file", inputs.file) || field("pieces", inputs.pieces) ||
           field("count", inputs.count) || field("list", inputs.list);
  });
}

void read_counts(Reader& reader, std::vector<FieldCount>& counts) {
  counts.clear();
  reader.object("the counts of fields", [&](Field field) {
    counts.push_back({std::string(field.name), reader.number<uint64_t>()});
    return true;
  });
}

void read(Reader& reader, Shape& shape) {
  shape = {};
  reader.object("the shape", [&](Field field) {
    if (field.name == "fields") return read_counts(reader, shape.fields), true;
    if (field.name == "nested") return read_counts(reader, shape.nested), true;
    return field("records", shape.records) || field("bytes", shape.bytes) ||
           field("looked_at", shape.looked_at) || field("levels", shape.levels);
  });
}

void read(Reader& reader, Reached& reached) {
  reached = {};
  reader.object("what was reached", [&](Field field) {
    return field("field", reached.field) || field("greatest", reached.greatest) ||
           field("near", reached.near) || field("covered", reached.covered);
  });
}

// What an intent and a manifest have in common, but for their objects.
template <class IntentOrManifest>
bool read_common(Field field, IntentOrManifest& commit) {
  return field("epoch", commit.epoch) || field("run", commit.run) ||
         field("fingerprint", commit.fingerprint) || field("end", commit.end) ||
         field("inputs", commit.inputs) || field("retire", commit.retire) ||
         field("catalogue", commit.catalogue) || field("set_aside", commit.set_aside) ||
         field("sums", commit.sums) || field("shape", commit.shape) ||
         field("reached", commit.reached) || field("provisional", commit.provisional) ||
         field("early", commit.early);
}

void read(Reader& reader, Intent& intent) {
  reader.object("the intent", [&](Field field) {
    return field("uploads", intent.uploads) || read_common(field, intent);
  });
  reader.need("the intent's epoch", intent.epoch != 0);
}

void read(Reader& reader, Manifest& manifest) {
  reader.object("the manifest", [&](Field field) {
    return field("outputs", manifest.outputs) || field("todo", manifest.todo) ||
           read_common(field, manifest);
  });
  reader.need("the manifest's epoch", manifest.epoch != 0);
}

void read(Reader& reader, Checkpoint& checkpoint) {
  reader.object("the checkpoint", [&](Field field) {
    return field("fingerprint", checkpoint.fingerprint) || field("cursor", checkpoint.cursor) ||
           field("early", checkpoint.early) || field("sums", checkpoint.sums) ||
           field("uploads", checkpoint.uploads) || field("state", checkpoint.state) ||
           field("set_aside", checkpoint.set_aside);
  });
}

void read(Reader& reader, Failed& failed) {
  reader.object("what failed",
                [&](Field field) { return field("why", failed.why) || field("at", failed.at); });
}

void read(Reader& reader, Pending& pending) {
  reader.object("what is pending", [&](Field field) {
    return field("unit", pending.unit) || field("end", pending.end);
  });
}

bool read_claim(Field field, Record& record) {
  return field("job", record.job) || field("unit", record.unit) || field("epoch", record.epoch) ||
         field("run", record.run) || field("host", record.host) ||
         field("process", record.process) || field("since", record.since) ||
         field("renewals", record.renewals) || field("share", record.share_bytes);
}

bool read_state(Field field, Record& record) {
  return field("position", record.position) || field("pending", record.pending) ||
         field("checkpoint", record.checkpoint) || field("intent", record.intent) ||
         field("manifest", record.manifest) || field("leftovers", record.leftovers) ||
         field("failed", record.failed);
}

// The format comes first wherever it matters: what else is unknown may be the newer format's.
struct Format {
  uint64_t number = 0;
};

void read(Reader& reader, Format& format) {
  format.number = reader.number<uint64_t>();
  if (format.number != 1) {
    reader.fail("its format is " + std::to_string(format.number) +
                ", this version understands format 1: use the newer version");
  }
}

Error refused(const Key& key, const std::string& why) {
  return {ErrorKind::invalid,
          key.str() + " can't be understood, so nothing is done with it: " + why};
}

}  // namespace

Result<Record> parse_record(std::string_view text, const Key& key) {
  Record record;
  Format format;
  Reader reader(text);
  reader.object("the record", [&](Field field) {
    return field("format", format) || read_claim(field, record) || read_state(field, record);
  });
  reader.need("`format`", format.number != 0);
  reader.need("`job`", !record.job.empty());
  reader.need("`unit`", !record.unit.empty());
  reader.need("`epoch`", record.epoch != 0);
  if (const std::string why = reader.finish(); !why.empty()) return refused(key, why);
  std::ranges::sort(record.leftovers);
  return record;
}

Result<std::vector<Input>> parse_inputs(std::string_view text, const Key& key) {
  std::vector<Input> inputs;
  Format format;
  Reader reader(text);
  reader.object("the list of inputs",
                [&](Field field) { return field("format", format) || field("inputs", inputs); });
  reader.need("`format`", format.number != 0);
  if (const std::string why = reader.finish(); !why.empty()) return refused(key, why);
  return inputs;
}

Result<Manifest> parse_manifest(std::string_view text, const Key& key) {
  std::optional<Manifest> manifest;
  Format format;
  Reader reader(text);
  reader.object("the manifest's file", [&](Field field) {
    return field("format", format) || field("manifest", manifest);
  });
  reader.need("`format`", format.number != 0);
  reader.need("`manifest`", manifest.has_value());
  if (const std::string why = reader.finish(); !why.empty()) return refused(key, why);
  return std::move(*manifest);
}

}  // namespace sluice::ledger

// A record from its text. Strict: a field that is missing, unknown or of the wrong type is an
// error, because whoever rewrites a record would lose what it doesn't know.
#include <algorithm>

#include "base/checksum.h"
#include "base/text.h"
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

  // Calls `member(name)` for each member; it must read the member's value.
  template <class Member>
  void object(Member&& member) {
    if (!is('{', "an object")) return;
    for (Stop stop = step(); stop == Stop::key_begin; stop = step()) {
      const size_t begin = at_;
      step();
      const std::string name = json::unescape(text_.substr(begin + 1, at_ - begin - 2));
      if (step() != Stop::value_begin) return;
      member(std::string_view(name));
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
    return raw.size() < 2 ? std::string() : json::unescape(raw.substr(1, raw.size() - 2));
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

  void unknown(std::string_view what, std::string_view name) {
    fail("unknown field `" + excerpt(name) + "` in " + std::string(what));
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

uint32_t read_crc(Reader& reader) {
  const auto crc = crc_from_base64(reader.text());
  if (!crc) reader.fail("crc32c is not four bytes in base 64");
  return crc.value_or(0);
}

template <class Tag>
void read(Reader& reader, Named<Tag>& name) {
  name = Named<Tag>(reader.text());
}

void need(Reader& reader, std::string_view what, bool there) {
  if (!there) reader.fail(std::string(what) + " is missing");
}

template <class Item>
void read(Reader& reader, std::vector<Item>& list) {
  list.clear();
  reader.list([&] { read(reader, list.emplace_back()); });
}

void read(Reader& reader, PartTag& part) {
  reader.object([&](std::string_view name) {
    if (name == "n")
      part.number = reader.number<uint32_t>();
    else if (name == "etag")
      read(reader, part.etag);
    else if (name == "crc32c")
      part.crc32c = read_crc(reader);
    else
      reader.unknown("a part", name);
  });
  need(reader, "a part's number", part.number != 0);
}

bool read_content(Reader& reader, std::string_view name, Content& content) {
  if (name == "bytes")
    content.bytes = reader.number<uint64_t>();
  else if (name == "records")
    content.records = reader.number<uint64_t>();
  else if (name == "crc32c")
    content.crc32c = read_crc(reader);
  else if (name == "least")
    content.least = reader.text();
  else if (name == "greatest")
    content.greatest = reader.text();
  else
    return false;
  return true;
}

void read(Reader& reader, Upload& upload) {
  reader.object([&](std::string_view name) {
    if (name == "key")
      read(reader, upload.key);
    else if (name == "id")
      read(reader, upload.id);
    else if (name == "mark")
      read(reader, upload.mark);
    else if (name == "parts")
      read(reader, upload.parts);
    else if (!read_content(reader, name, upload.content))
      reader.unknown("an upload", name);
  });
  need(reader, "an upload's key", !upload.key.empty());
  need(reader, "an upload's id", !upload.id.empty());
  need(reader, "an upload's mark", !upload.mark.empty());
}

void read(Reader& reader, Output& output) {
  reader.object([&](std::string_view name) {
    if (name == "key")
      read(reader, output.key);
    else if (name == "etag")
      read(reader, output.etag);
    else if (!read_content(reader, name, output.content))
      reader.unknown("an output", name);
  });
  need(reader, "an output's key", !output.key.empty());
}

void read(Reader& reader, Retired& retired) {
  reader.object([&](std::string_view name) {
    if (name == "key")
      read(reader, retired.key);
    else if (name == "etag")
      read(reader, retired.etag);
    else if (name == "mark")
      read(reader, retired.mark);
    else
      reader.unknown("an object to retire", name);
  });
  need(reader, "the key of an object to retire", !retired.key.empty());
  need(reader, "the ETag of an object to retire", !retired.etag.empty());
}

void read(Reader& reader, Input& input) {
  reader.object([&](std::string_view name) {
    if (name == "key")
      read(reader, input.key);
    else if (name == "etag")
      read(reader, input.etag);
    else if (name == "bytes")
      input.bytes = reader.number<uint64_t>();
    else
      reader.unknown("an input", name);
  });
}

void read(Reader& reader, SetAside& set_aside) {
  set_aside.count = 0;
  reader.object([&](std::string_view name) {
    if (name == "document")
      set_aside.document = reader.text();
    else if (name == "offset")
      set_aside.offset = reader.number<uint64_t>();
    else if (name == "reason")
      set_aside.reason = reader.text();
    else if (name == "count")
      set_aside.count = reader.number<uint64_t>();
    else if (name == "partial")
      set_aside.partial = reader.boolean();
    else if (name == "record")
      set_aside.record = reader.number<uint64_t>();
    else
      reader.unknown("what was set aside", name);
  });
}

void read(Reader& reader, Sums& sums) {
  sums = {};
  reader.object([&](std::string_view name) {
    if (name == "documents")
      sums.documents = reader.number<uint64_t>();
    else if (name == "records")
      sums.records = reader.number<uint64_t>();
    else if (name == "bytes_read")
      sums.bytes_read = reader.number<uint64_t>();
    else if (name == "bytes")
      sums.bytes = reader.number<uint64_t>();
    else if (name == "duplicates")
      sums.duplicates = reader.number<uint64_t>();
    else if (name == "conflicts")
      sums.conflicts = reader.number<uint64_t>();
    else if (name == "set_aside")
      sums.set_aside = reader.number<uint64_t>();
    else if (name == "partial")
      sums.partial = reader.number<uint64_t>();
    else
      reader.unknown("the sums", name);
  });
}

void read(Reader& reader, Inputs& inputs) {
  inputs = {};
  reader.object([&](std::string_view name) {
    if (name == "file")
      inputs.file = reader.text();
    else if (name == "pieces")
      inputs.pieces = reader.number<uint64_t>();
    else if (name == "count")
      inputs.count = reader.number<uint64_t>();
    else if (name == "list")
      read(reader, inputs.list);
    else
      reader.unknown("the inputs", name);
  });
}

// What an intent and a manifest have in common, but for their objects.
template <class IntentOrManifest>
bool read_common(Reader& reader, std::string_view name, IntentOrManifest& commit) {
  if (name == "epoch")
    commit.epoch = reader.number<uint64_t>();
  else if (name == "run")
    commit.run = reader.text();
  else if (name == "fingerprint")
    commit.fingerprint = reader.text();
  else if (name == "end")
    commit.end = reader.number<uint64_t>();
  else if (name == "inputs")
    read(reader, commit.inputs);
  else if (name == "retire")
    read(reader, commit.retire);
  else if (name == "catalogue")
    commit.catalogue = reader.text();
  else if (name == "set_aside")
    read(reader, commit.set_aside);
  else if (name == "sums")
    read(reader, commit.sums);
  else
    return false;
  return true;
}

void read(Reader& reader, Intent& intent) {
  reader.object([&](std::string_view name) {
    if (name == "uploads")
      read(reader, intent.uploads);
    else if (!read_common(reader, name, intent))
      reader.unknown("the intent", name);
  });
  need(reader, "the intent's epoch", intent.epoch != 0);
}

void read(Reader& reader, Manifest& manifest) {
  reader.object([&](std::string_view name) {
    if (name == "outputs")
      read(reader, manifest.outputs);
    else if (name == "todo")
      manifest.todo = reader.boolean();
    else if (!read_common(reader, name, manifest))
      reader.unknown("the manifest", name);
  });
  need(reader, "the manifest's epoch", manifest.epoch != 0);
}

void read(Reader& reader, Checkpoint& checkpoint) {
  reader.object([&](std::string_view name) {
    if (name == "cursor")
      checkpoint.cursor = reader.text();
    else if (name == "sums")
      read(reader, checkpoint.sums);
    else if (name == "uploads")
      read(reader, checkpoint.uploads);
    else
      reader.unknown("the checkpoint", name);
  });
}

void read(Reader& reader, Failed& failed) {
  reader.object([&](std::string_view name) {
    if (name == "why")
      failed.why = reader.text();
    else if (name == "at")
      failed.at = reader.text();
    else
      reader.unknown("what failed", name);
  });
}

void read(Reader& reader, Pending& pending) {
  reader.object([&](std::string_view name) {
    if (name == "unit")
      pending.unit = reader.text();
    else if (name == "end")
      pending.end = reader.number<uint64_t>();
    else
      reader.unknown("what is pending", name);
  });
}

template <class Part>
void read(Reader& reader, std::optional<Part>& part) {
  read(reader, part.emplace());
}

bool read_claim(Reader& reader, std::string_view name, Record& record) {
  if (name == "job")
    record.job = reader.text();
  else if (name == "unit")
    record.unit = reader.text();
  else if (name == "epoch")
    record.epoch = reader.number<uint64_t>();
  else if (name == "run")
    record.run = reader.text_or_null();
  else if (name == "host")
    record.host = reader.text();
  else if (name == "since")
    record.since = reader.text();
  else if (name == "share")
    record.share_bytes = reader.number<uint64_t>();
  else
    return false;
  return true;
}

bool read_state(Reader& reader, std::string_view name, Record& record) {
  if (name == "position")
    record.position = reader.number<uint64_t>();
  else if (name == "pending")
    read(reader, record.pending);
  else if (name == "checkpoint")
    read(reader, record.checkpoint);
  else if (name == "intent")
    read(reader, record.intent);
  else if (name == "manifest")
    read(reader, record.manifest);
  else if (name == "leftovers")
    read(reader, record.leftovers);
  else if (name == "failed")
    read(reader, record.failed);
  else
    return false;
  return true;
}

void read_format(Reader& reader, uint64_t& format) {
  format = reader.number<uint64_t>();
  if (format != 1) {
    reader.fail("its format is " + std::to_string(format) +
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
  uint64_t format = 0;
  Reader reader(text);
  reader.object([&](std::string_view name) {
    if (name == "format")
      read_format(reader, format);
    else if (!read_claim(reader, name, record) && !read_state(reader, name, record)) {
      reader.unknown("the record", name);
    }
  });
  need(reader, "`format`", format != 0);
  need(reader, "`job`", !record.job.empty());
  need(reader, "`unit`", !record.unit.empty());
  need(reader, "`epoch`", record.epoch != 0);
  if (const std::string why = reader.finish(); !why.empty()) return refused(key, why);
  std::ranges::sort(record.leftovers);
  return record;
}

Result<std::vector<Input>> parse_inputs(std::string_view text, const Key& key) {
  std::vector<Input> inputs;
  uint64_t format = 0;
  Reader reader(text);
  reader.object([&](std::string_view name) {
    if (name == "format")
      read_format(reader, format);
    else if (name == "inputs")
      read(reader, inputs);
    else
      reader.unknown("the list of inputs", name);
  });
  need(reader, "`format`", format != 0);
  if (const std::string why = reader.finish(); !why.empty()) return refused(key, why);
  return inputs;
}

Result<Manifest> parse_manifest(std::string_view text, const Key& key) {
  std::optional<Manifest> manifest;
  uint64_t format = 0;
  Reader reader(text);
  reader.object([&](std::string_view name) {
    if (name == "format")
      read_format(reader, format);
    else if (name == "manifest")
      read(reader, manifest);
    else
      reader.unknown("the manifest's file", name);
  });
  need(reader, "`format`", format != 0);
  need(reader, "`manifest`", manifest.has_value());
  if (const std::string why = reader.finish(); !why.empty()) return refused(key, why);
  return std::move(*manifest);
}

}  // namespace sluice::ledger

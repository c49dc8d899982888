// A record as text: fields in one order, what does not apply left out.
#include "base/checksum.h"
#include "base/time.h"
#include "json/bytes_text.h"
#include "json/value.h"
#include "ledger/record.h"
#include "ledger/record_fields.h"

namespace sluice::ledger {

namespace {

// Writes JSON with commas where they belong.
class Writer {
  static constexpr size_t items_measured = 16;

 public:
  explicit Writer(std::string& out) : out_(out) {}

  void of(std::string_view) {}
  template <class Value>
  void operator()(std::string_view name, const Value& value, std::string_view = {}) {
    if (!is_empty(value)) field(name, value);
  }
  void operator()(std::string_view name, uint64_t value, Besides besides) {
    if (value > besides.left_out) field(name, value);
  }
  void operator()(std::string_view name, uint32_t value, AsCrc) {
    if (value != 0) field(name, crc_to_base64(value));
  }

  template <class Part>
  void document(const Part& part) {
    open('{');
    field("format", uint64_t{1});
    fields(*this, part);
    close('}');
    out_ += '\n';
  }

 private:
  static bool is_empty(const std::optional<std::string>&) { return false; }
  template <class Value>
  static bool is_empty(const Value& value) {
    return value == Value{};
  }

  template <class Value>
  void field(std::string_view name, const Value& value) {
    begin(name);
    write(value);
  }
  void begin(std::string_view name) {
    separate();
    append_text(name);
    out_ += ": ";
    first_ = true;  // No comma before its value
  }
  void open(char bracket) {
    separate();
    out_ += bracket;
    first_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    first_ = false;
  }

  void write(const std::string& text) {
    separate();
    append_text(text);
  }
  template <class Tag>
  void write(const Named<Tag>& name) {
    write(name.str());
  }
  void write(uint64_t number) {
    separate();
    out_ += std::to_string(number);
  }
  void write(uint32_t number) { write(uint64_t{number}); }
  void write(WallTime time) { write(format_rfc3339(time)); }
  void write(bool flag) {
    separate();
    out_ += flag ? "true" : "false";
  }
  void write(const std::vector<FieldCount>& counts) {
    open('{');
    for (const FieldCount& count : counts) field(count.name, count.records);
    close('}');
  }
  template <class Item>
  void write(const std::vector<Item>& list) {
    open('[');
    const size_t begin = out_.size();
    for (size_t i = 0; i < list.size(); ++i) {
      if (i == items_measured) make_room(out_.size() - begin, list.size() - i);
      write(list[i]);
    }
    close(']');
  }
  void write(const std::optional<std::string>& text) {
    if (text) return write(*text);
    separate();
    out_ += "null";
  }
  template <class Part>
  void write(const std::optional<Part>& part) {
    write(*part);
  }
  template <class Part>
  void write(const Shared<Part>& part) {
    write(*part);
  }
  template <class Part>
  void write(const Part& part) {
    open('{');
    fields(*this, part);
    close('}');
  }

  // A long list's room is made at once, by its first items: text that grows by doubling is there
  // one and a half times, and its list may have tens of thousands of objects.
  void make_room(size_t measured_bytes, size_t items_left) {
    out_.reserve(out_.size() + measured_bytes / items_measured * (items_left + items_left / 16));
  }

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

template <class Part>
std::string document(const Part& part) {
  std::string out;
  Writer(out).document(part);
  return out;
}

}  // namespace

std::string print(const Record& record) {
  return document(record);
}

std::string print_inputs(const std::vector<Input>& inputs) {
  return document(InputsElsewhere{inputs});
}

std::string print_manifest(const Manifest& manifest) {
  Manifest kept = manifest;
  kept.todo = false;
  return document(KeptManifest{std::move(kept)});
}

}  // namespace sluice::ledger

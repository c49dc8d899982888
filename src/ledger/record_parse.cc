// A record from its text. Strict: a field that is missing, unknown or of the wrong type is an
// error, because whoever rewrites a record would lose what it doesn't know.
#include <algorithm>

#include "base/checksum.h"
#include "base/text.h"
#include "base/time.h"
#include "json/bytes_text.h"
#include "json/checker.h"
#include "json/value.h"
#include "ledger/record.h"
#include "ledger/record_fields.h"

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
      if (!member(name)) {
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
void read(Reader& reader, uint64_t& number, Besides) {
  read(reader, number);
}
void read(Reader& reader, uint32_t& sum, AsCrc) {
  const auto crc = crc_from_base64(reader.text());
  if (!crc) reader.fail("crc32c is not four bytes in base 64");
  sum = crc.value_or(0);
}
void read(Reader& reader, std::optional<WallTime>& time) {
  const std::string text = reader.text();
  time = parse_time(text);
  if (!time) reader.fail("not a time: " + excerpt(text));
}
void read(Reader& reader, bool& flag) {
  flag = reader.boolean();
}
void read(Reader& reader, std::vector<FieldCount>& counts) {
  counts.clear();
  reader.object("the counts of fields", [&](std::string_view name) {
    counts.push_back({std::string(name), reader.number<uint64_t>()});
    return true;
  });
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
template <class Part>
void read(Reader& reader, Shared<Part>& part) {
  Part parsed;
  read(reader, parsed);
  part = std::move(parsed);
}

// What each field is where it is left out; and what the part is called.
struct Blank {
  std::string_view what = {};

  void of(std::string_view part) { what = part; }
  template <class Value, class... As>
  void operator()(std::string_view, Value& value, As...) {
    value = Value{};
  }
  void operator()(std::string_view, uint64_t& value, Besides besides) { value = besides.left_out; }
};

// Reads the value of the member with this name, if it is one of the fields.
struct OneField {
  Reader& reader;
  std::string_view name;
  bool found = false;

  void of(std::string_view) {}
  template <class Value, class... As>
  void operator()(std::string_view field, Value& value, As... as) {
    if (found || field != name) return;
    found = true;
    read(reader, value, as...);
  }
  template <class Value>
  void operator()(std::string_view field, Value& value, const char*) {
    (*this)(field, value);
  }
};

// Whether all is there that must be.
struct Missing {
  Reader& reader;

  void of(std::string_view) {}
  template <class Value>
  void operator()(std::string_view, const Value& value, const char* what) {
    reader.need(what, value != Value{});
  }
  template <class Value, class... As>
  void operator()(std::string_view, const Value&, As...) {}
};

// `other`: reads a member that is none of the part's fields, or is false.
template <class Part, class Other>
void read_fields(Reader& reader, Part& part, Other&& other) {
  Blank blank;
  fields(blank, part);
  reader.object(blank.what, [&](std::string_view name) {
    if (other(name)) return true;
    OneField field{reader, name};
    fields(field, part);
    return field.found;
  });
}

template <class Part>
void read(Reader& reader, Part& part) {
  read_fields(reader, part, [](std::string_view) { return false; });
  Missing missing{reader};
  fields(missing, part);
}

template <class Part>
Result<Part> parse(std::string_view text, const Key& key) {
  Part part;
  uint64_t format = 0;
  Reader reader(text);
  // The format comes first wherever it matters: what else is unknown may be the newer format's.
  read_fields(reader, part, [&](std::string_view name) {
    if (name != "format") return false;
    format = reader.number<uint64_t>();
    if (format != 1) {
      reader.fail("its format is " + std::to_string(format) +
                  ", this version understands format 1: use the newer version");
    }
    return true;
  });
  reader.need("`format`", format != 0);
  Missing missing{reader};
  fields(missing, part);
  const std::string why = reader.finish();
  if (why.empty()) return part;
  return Error{ErrorKind::invalid,
               key.str() + " can't be understood, so nothing is done with it: " + why};
}

}  // namespace

Result<Record> parse_record(std::string_view text, const Key& key) {
  Record record = TRY(parse<Record>(text, key));
  std::ranges::sort(record.leftovers);
  return record;
}

Result<std::vector<Input>> parse_inputs(std::string_view text, const Key& key) {
  return TRY(parse<ListOfInputs>(text, key)).inputs;
}

Result<Manifest> parse_manifest(std::string_view text, const Key& key) {
  return *TRY(parse<KeptManifest>(text, key)).manifest;
}

}  // namespace sluice::ledger

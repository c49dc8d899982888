#include "job/yaml.h"

#include <yaml.h>

#include <cstring>

#include "base/text.h"

namespace sluice {
namespace {

// libyaml's parser and one event of it; what they own goes with them.
class Events {
 public:
  explicit Events(std::string_view text) {
    ENSURE(yaml_parser_initialize(&parser_) == 1);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;
  ~Events() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }

  bool next() {
    yaml_event_delete(&event_);
    std::memset(&event_, 0, sizeof event_);
    return yaml_parser_parse(&parser_, &event_) == 1;
  }
  const yaml_event_t& event() const { return event_; }
  SourceMark mark() const { return mark_of(event_.start_mark); }

  // Why next() answered false.
  Mistake problem() const {
    const yaml_mark_t& mark =
        parser_.error == YAML_READER_ERROR ? parser_.mark : parser_.problem_mark;
    std::string message = parser_.problem != nullptr ? parser_.problem : "not YAML";
    if (parser_.context != nullptr) message += std::string(", ") + parser_.context;
    return {mark_of(mark), std::move(message)};
  }

 private:
  static SourceMark mark_of(const yaml_mark_t& mark) {
    return {static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1)};
  }
  yaml_parser_t parser_;
  yaml_event_t event_ = {};
};

std::string_view view(const unsigned char* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

class Reader {
 public:
  explicit Reader(std::string_view text) : events_(text) {}

  // False: mistake() says why.
  bool read(Node& out) {
    if (!next() || !next()) return false;  // The stream begins
    if (type() == YAML_STREAM_END_EVENT) return wrong({1, 1}, "the file is empty");
    if (!next() || !value(out, 0) || !next()) return false;  // The document ends
    if (!next()) return false;
    if (type() != YAML_STREAM_END_EVENT) return wrong(events_.mark(), "a second document");
    return true;
  }
  const Mistake& mistake() const { return mistake_; }

 private:
  yaml_event_type_t type() const { return events_.event().type; }

  bool wrong(SourceMark mark, std::string message) {
    mistake_ = {mark, std::move(message)};
    return false;
  }
  bool next() {
    if (events_.next()) return true;
    mistake_ = events_.problem();
    return false;
  }

  bool refuse_extras(const unsigned char* anchor, const unsigned char* tag) {
    if (anchor != nullptr) return wrong(events_.mark(), "anchors (&name) are not used here");
    if (tag != nullptr) return wrong(events_.mark(), "tags (!name) are not used here");
    return true;
  }

  // The value that the current event begins, up to its last event.
  bool value(Node& out, size_t depth) {
    if (depth > yaml_depth_max) return wrong(events_.mark(), "nested too deeply");
    out.mark = events_.mark();
    const yaml_event_t& event = events_.event();
    switch (type()) {
      case YAML_ALIAS_EVENT:
        return wrong(out.mark, "aliases (*name) are not used here");
      case YAML_SCALAR_EVENT:
        return scalar(out);
      case YAML_SEQUENCE_START_EVENT:
        return refuse_extras(event.data.sequence_start.anchor, event.data.sequence_start.tag) &&
               list(out, depth);
      case YAML_MAPPING_START_EVENT:
        return refuse_extras(event.data.mapping_start.anchor, event.data.mapping_start.tag) &&
               map(out, depth);
      default:
        return wrong(out.mark, "expected a value");
    }
  }

  bool scalar(Node& out) {
    const auto& data = events_.event().data.scalar;
    if (!refuse_extras(data.anchor, data.tag)) return false;
    out.kind = Node::Kind::scalar;
    out.text = view(data.value, data.length);
    out.quoted = data.style != YAML_PLAIN_SCALAR_STYLE;
    const bool nothing = out.text.empty() || out.text == "~" || out.text == "null";
    // Its text stays: as a key, `null` is a word like any other.
    if (nothing && !out.quoted) out.kind = Node::Kind::nothing;
    return true;
  }

  bool list(Node& out, size_t depth) {
    out.kind = Node::Kind::list;
    for (;;) {
      if (!next()) return false;
      if (type() == YAML_SEQUENCE_END_EVENT) return true;
      if (!value(out.items.emplace_back(), depth + 1)) return false;
    }
  }

  bool map(Node& out, size_t depth) {
    out.kind = Node::Kind::map;
    for (;;) {
      if (!next()) return false;
      if (type() == YAML_MAPPING_END_EVENT) return true;
      Node::Entry entry;
      if (!key(out, entry) || !next() || !value(entry.value, depth + 1)) return false;
      out.entries.push_back(std::move(entry));
    }
  }

  bool key(const Node& map, Node::Entry& entry) {
    Node key;
    if (type() == YAML_SEQUENCE_START_EVENT || type() == YAML_MAPPING_START_EVENT) {
      return wrong(events_.mark(), "a key must be a word; text with { or [ needs quotes");
    }
    if (!value(key, 0)) return false;
    entry.key = key.text;
    entry.mark = key.mark;
    if (key.text.find("${") != key.text.npos) {
      return wrong(key.mark, "${...} is filled in in values, not in keys");
    }
    for (const Node::Entry& before : map.entries) {
      if (before.key != entry.key) continue;
      return wrong(entry.mark, "`" + excerpt(entry.key) + "` comes twice; the first is in line " +
                                   std::to_string(before.mark.line));
    }
    return true;
  }

  Events events_;
  Mistake mistake_;
};

}  // namespace

Result<Node> parse_yaml(std::string_view file_name, std::string_view text) {
  const auto error = [&](const Mistake& mistake) {
    return Error{ErrorKind::invalid,
                 std::string(file_name) + ":" + std::to_string(mistake.mark.line) + ":" +
                     std::to_string(mistake.mark.column) + ": " + mistake.message};
  };
  if (text.size() > yaml_bytes_max) {
    return error({{1, 1}, "larger than " + std::to_string(yaml_bytes_max) + " bytes"});
  }
  Node node;
  Reader reader(text);
  if (!reader.read(node)) return error(reader.mistake());
  return node;
}

}  // namespace sluice

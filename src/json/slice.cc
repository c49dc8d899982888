#include "json/slice.h"

#include <algorithm>
#include <utility>

#include "base/result.h"
#include "json/checker.h"
#include "json/kernels.h"
#include "json/trie.h"
#include "json/value.h"

namespace sluice::json {

namespace {

constexpr size_t not_yet = std::string_view::npos;

// What a number or a literal can't go over.
bool ends_scalar(char c) {
  return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n' || c == '\r' || c == '\t' ||
         c == '[' || c == '{' || c == '"' || c == ':';
}

size_t longest_key(const Trie& trie) {
  size_t longest = 0;
  for (const Trie::Node& node : trie.nodes) {
    for (const Trie::Member& member : node.members) longest = std::max(longest, member.key.size());
  }
  return longest;
}

// A value of the envelope on its way.
struct Capture {
  enum class State : uint8_t { awaited, passing, done };
  State state = State::awaited;
  size_t depth = 0;     // Of what surrounds it
  uint64_t offset = 0;  // In the document
  std::string text;
};

}  // namespace

// The checker reads the envelope and says where values begin. An element of the records array is
// then skimmed here, and the checker told that it has read a value.
struct Slicer::State {
  explicit State(Options given);
  void reset();
  size_t slice(std::string_view window, size_t from, std::vector<Span>& records);
  Ending finish();

  size_t read_envelope(std::string_view window, size_t at);
  void begin_value(char first, uint64_t offset);
  void end_value();
  void end_key();
  void keep(std::string_view passed);
  size_t begin_record(std::string_view window, size_t at);
  size_t read_record(std::string_view window, size_t at, std::vector<Span>& records);
  size_t end_of_record(std::string_view window, size_t at);
  void end_record(size_t end, std::vector<Span>& records);
  struct Step {
    uint32_t node = Trie::none;
    bool again = false;  // The way to it has been gone before: of doubled keys the first counts
  };
  Step step_to_value();
  Step enter(uint32_t node, bool again);
  void fail(uint64_t offset, std::string_view reason, bool truncated);

  const Options options_;
  const Kernels* const kernels_ = &kernels();
  Trie trie_;
  std::vector<uint32_t> records_nodes_;
  std::vector<bool> leads_to_records_;                 // By node
  std::vector<std::vector<uint32_t>> envelope_nodes_;  // Of each envelope path
  size_t key_bytes_max_ = 0;  // A raw key longer than this is none of those wanted

  // The document.
  Checker checker_;
  uint64_t offset_ = 0;  // Of the window's end
  uint64_t window_offset_ = 0;
  size_t carried_ = 0;  // So much of the window comes again
  bool failed_ = false;
  Fault fault_;
  bool found_ = false;
  std::optional<Kind> found_instead_;

  // The way to wanted values. `levels_` are the open containers as long as they lie on it.
  struct Level {
    Step way;
    uint64_t index;  // Of the next element
  };
  std::vector<Level> levels_;
  std::vector<bool> entered_;  // By node
  Step key_step_;
  bool in_key_ = false;
  std::string key_;
  std::vector<Capture> captures_;
  size_t passing_ = 0;  // How many captures are

  // The records array and the record in it.
  enum class RecordIs : uint8_t { none, container, string, scalar };
  size_t records_depth_ = 0;  // Of what is in the array, while it is open; else 0
  RecordIs record_ = RecordIs::none;
  size_t record_begin_ = 0;  // In the window
  uint64_t record_offset_ = 0;
  bool skipping_ = false;  // It is oversize already
  Skim skim_;
  std::vector<Oversize> oversize_;
};

Slicer::State::State(Options given) : options_(std::move(given)) {
  records_nodes_ = trie_.add(options_.records);
  leads_to_records_.assign(trie_.nodes.size(), true);
  for (const Path& path : options_.envelope) envelope_nodes_.push_back(trie_.add(path));
  leads_to_records_.resize(trie_.nodes.size(), false);
  // A byte takes at most 6 as an escape; and the quotes.
  key_bytes_max_ = 6 * longest_key(trie_) + 2;
  reset();
}

void Slicer::State::reset() {
  checker_ = {};
  offset_ = window_offset_ = 0;
  carried_ = 0;
  failed_ = false;
  fault_ = {};
  found_ = false;
  found_instead_.reset();
  levels_.clear();
  entered_.assign(trie_.nodes.size(), false);
  key_step_ = {};
  in_key_ = false;
  captures_.assign(options_.envelope.size(), {});
  passing_ = 0;
  records_depth_ = 0;
  record_ = RecordIs::none;
  skipping_ = false;
  oversize_.clear();
}

size_t Slicer::State::slice(std::string_view window, size_t from, std::vector<Span>& records) {
  if (failed_) return window.size();
  ENSURE(from == carried_ && from <= window.size());
  window_offset_ = offset_ - from;
  offset_ += window.size() - from;
  record_begin_ = 0;
  size_t at = from;
  while (at < window.size() && !failed_) {
    at = record_ == RecordIs::none ? read_envelope(window, at) : read_record(window, at, records);
  }
  const bool carry = record_ != RecordIs::none && !skipping_ && !failed_;
  carried_ = carry ? window.size() - record_begin_ : 0;
  return window.size() - carried_;
}

// Up to where a record begins, or the window's end.
size_t Slicer::State::read_envelope(std::string_view window, size_t at) {
  while (at < window.size()) {
    const size_t before = at;
    const Checker::Stop stop = checker_.next(window, at);
    if (in_key_ || passing_ > 0) keep(window.substr(before, at - before));
    if (failed_) return at;
    switch (stop) {
      case Checker::Stop::used_up:
        return at;
      case Checker::Stop::fault:
        fail(window_offset_ + at, checker_.reason(), false);
        return at;
      case Checker::Stop::key_begin:
        in_key_ = levels_.size() == checker_.depth();
        key_.clear();
        break;
      case Checker::Stop::key_end:
        end_key();
        break;
      case Checker::Stop::value_begin:
        if (records_depth_ > 0 && checker_.depth() == records_depth_) {
          return begin_record(window, at);
        }
        begin_value(window[at], window_offset_ + at);
        break;
      case Checker::Stop::value_end:
        end_value();
        break;
    }
  }
  return at;
}

// Where a way comes twice, only records are looked for on the second: none may be hidden.
Slicer::State::Step Slicer::State::enter(uint32_t node, bool again) {
  if (node == Trie::none) return {};
  again |= entered_[node];
  if (again && !leads_to_records_[node]) return {};
  entered_[node] = true;
  return {node, again};
}

Slicer::State::Step Slicer::State::step_to_value() {
  if (checker_.depth() == 0) return enter(0, false);
  if (levels_.size() != checker_.depth()) return {};
  Level& level = levels_.back();
  if (checker_.in_object()) return key_step_;
  return enter(trie_.element(level.way.node, level.index++), level.way.again);
}

void Slicer::State::begin_value(char first, uint64_t offset) {
  const Step step = step_to_value();
  const uint32_t node = step.node;
  if (node == Trie::none) return;
  const Kind kind = json::kind({&first, 1});
  const auto& records = records_nodes_;
  const bool is_records = std::find(records.begin(), records.end(), node) != records.end();
  if (is_records && (found_ || found_instead_)) return fail(offset, records_twice, false);
  for (size_t i = 0; i < captures_.size(); ++i) {
    const auto& nodes = envelope_nodes_[i];
    if (step.again || std::find(nodes.begin(), nodes.end(), node) == nodes.end()) continue;
    captures_[i].state = Capture::State::passing;
    captures_[i].depth = checker_.depth();
    captures_[i].offset = offset;
    ++passing_;
  }
  if (kind == Kind::object || kind == Kind::array) levels_.push_back({step, 0});
  if (!is_records) return;
  if (kind != Kind::array) {
    found_instead_ = kind;
    return;
  }
  found_ = true;
  records_depth_ = levels_.size();
  // What surrounds the records is not kept.
  for (Capture& capture : captures_) {
    if (capture.state == Capture::State::passing) capture = {};
  }
  passing_ = 0;
}

void Slicer::State::end_value() {
  if (levels_.size() > checker_.depth()) levels_.pop_back();
  if (checker_.depth() < records_depth_) records_depth_ = 0;
  if (passing_ == 0) return;
  for (Capture& capture : captures_) {
    if (capture.state != Capture::State::passing || capture.depth != checker_.depth()) continue;
    capture.state = Capture::State::done;
    --passing_;
  }
}

void Slicer::State::end_key() {
  key_step_ = {};
  if (!in_key_) return;
  in_key_ = false;
  if (key_.size() > key_bytes_max_) return;
  const std::string key = unescape(std::string_view(key_).substr(1, key_.size() - 2));
  const Step way = levels_.back().way;
  for (const Trie::Member& member : trie_.nodes[way.node].members) {
    if (member.key == key) key_step_ = enter(member.node, way.again);
  }
}

// Bytes of a key, or of values that are captured.
void Slicer::State::keep(std::string_view passed) {
  if (in_key_ && key_.size() <= key_bytes_max_) {
    key_ += passed.substr(0, key_bytes_max_ + 1 - key_.size());
  }
  for (Capture& capture : captures_) {
    if (capture.state != Capture::State::passing) continue;
    const size_t room = envelope_value_bytes_max - capture.text.size();
    if (passed.size() > room) {
      fail(capture.offset, "a value wanted from around the records is longer than 64 KiB", false);
      return;
    }
    capture.text += passed;
  }
}

// The checker has said that a value begins at `at`.
size_t Slicer::State::begin_record(std::string_view window, size_t at) {
  const char c = window[at];
  record_begin_ = at;
  record_offset_ = window_offset_ + at;
  record_ = c == '{' || c == '[' ? RecordIs::container
            : c == '"'           ? RecordIs::string
                                 : RecordIs::scalar;
  skim_ = {};
  return record_ == RecordIs::scalar ? at : at + 1;
}

// Up to the record's end, or the window's. Records that follow with nothing but a comma in between,
// as they mostly do, are read without asking the checker: it would say the same.
size_t Slicer::State::read_record(std::string_view window, size_t at, std::vector<Span>& records) {
  for (;;) {
    const size_t end = end_of_record(window, at);
    if (end == not_yet) {
      skipping_ |= window.size() - record_begin_ > options_.record_max;
      return window.size();
    }
    end_record(end, records);
    if (!window.substr(end).starts_with(",{")) {
      record_ = RecordIs::none;
      checker_.skip_value();
      return end;
    }
    at = begin_record(window, end + 1);
  }
}

// The position behind the record; not_yet if it may go on behind the window.
size_t Slicer::State::end_of_record(std::string_view window, size_t at) {
  const std::string_view rest = window.substr(at);
  switch (record_) {
    case RecordIs::container: {
      const size_t read = kernels_->skim(rest.data(), rest.size(), skim_);
      return skim_.depth == 0 ? at + read : not_yet;
    }
    case RecordIs::string: {
      const size_t read = kernels_->string_end(rest.data(), rest.size(), skim_.escaped);
      return read > 0 ? at + read : not_yet;
    }
    default: {
      const auto end = std::find_if(rest.begin(), rest.end(), ends_scalar);
      return end == rest.end() ? not_yet : at + static_cast<size_t>(end - rest.begin());
    }
  }
}

void Slicer::State::end_record(size_t end, std::vector<Span>& records) {
  const uint64_t bytes = window_offset_ + end - record_offset_;
  if (bytes > options_.record_max) {
    oversize_.push_back({record_offset_, bytes});
  } else {
    records.push_back({record_begin_, end});
  }
  skipping_ = false;
}

void Slicer::State::fail(uint64_t offset, std::string_view reason, bool truncated) {
  failed_ = true;
  fault_ = {offset, reason, truncated};
}

Slicer::Ending Slicer::State::finish() {
  if (!failed_ && record_ != RecordIs::none)
    fail(offset_, "cut short: a record is not closed", true);
  if (failed_) return Ending::bad;
  if (const std::string_view missing = checker_.finish(); !missing.empty()) {
    fail(offset_, missing, true);
    return Ending::bad;
  }
  return found_ ? Ending::ok : Ending::no_records;
}

Slicer::Slicer(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Slicer::Slicer(Slicer&&) noexcept = default;
Slicer& Slicer::operator=(Slicer&&) noexcept = default;
Slicer::~Slicer() = default;

void Slicer::reset() {
  state_->reset();
}
size_t Slicer::slice(std::string_view window, size_t from, std::vector<Span>& records) {
  return state_->slice(window, from, records);
}
std::vector<Oversize> Slicer::take_oversize() {
  return std::exchange(state_->oversize_, {});
}
Slicer::Ending Slicer::finish() {
  return state_->finish();
}
bool Slicer::failed() const {
  return state_->failed_;
}
const Fault& Slicer::fault() const {
  return state_->fault_;
}
bool Slicer::found_records() const {
  return state_->found_;
}
uint64_t Slicer::offset() const {
  return state_->offset_;
}

std::string Slicer::why_no_records() const {
  const Path& path = state_->options_.records;
  if (!state_->found_instead_) return "no " + to_string(path);
  const std::string what = path.whole() ? "the document" : to_string(path);
  return what + " is " + std::string(describe(*state_->found_instead_)) + ", not an array";
}

std::optional<std::string_view> Slicer::envelope(size_t i) const {
  const Capture& capture = state_->captures_[i];
  if (capture.state != Capture::State::done) return std::nullopt;
  return capture.text;
}

}  // namespace sluice::json

#include "json/scan.h"

#include <array>
#include <cstring>

#include "base/result.h"
#include "json/kernels.h"
#include "json/trie.h"
#include "json/value.h"

namespace sluice::json {

namespace {

// Tokens are found for so many bytes at a time, so that memory stays the same for any text.
constexpr size_t fill_bytes = 16 << 10;

// What may stand behind a number or a literal: a blank, or what a token begins with (whether that
// is allowed there is the walk's business).
constexpr std::array<bool, 256> make_ends_scalar() {
  std::array<bool, 256> ends = {};
  for (const char c : std::string_view(" \t\n\r,:[]{}")) ends[static_cast<unsigned char>(c)] = true;
  return ends;
}
constexpr auto ends_scalar = make_ends_scalar();

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

const char* skip_digits(const char* at, const char* end) {
  while (at < end && is_digit(*at)) ++at;
  return at;
}

// Where the number that begins at `at` ends; null if it isn't one.
const char* number_end(const char* at, const char* end) {
  if (*at == '-') ++at;
  if (at == end || !is_digit(*at)) return nullptr;
  at = *at == '0' ? at + 1 : skip_digits(at, end);
  if (at < end && *at == '.') {
    const char* const fraction = at + 1;
    at = skip_digits(fraction, end);
    if (at == fraction) return nullptr;
  }
  if (at < end && (*at | 0x20) == 'e') {
    ++at;
    if (at < end && (*at == '+' || *at == '-')) ++at;
    const char* const digits = at;
    at = skip_digits(digits, end);
    if (at == digits) return nullptr;
  }
  return at;
}

const char* literal_end(const char* at, const char* end) {
  const std::string_view literal = *at == 't' ? "true" : *at == 'f' ? "false" : "null";
  const std::string_view text(at, static_cast<size_t>(end - at));
  return text.starts_with(literal) ? at + literal.size() : nullptr;
}

// A container that is open. `node` is Trie::none where nothing is wanted in it.
struct Frame {
  uint32_t node;
  uint32_t index;  // Of the element that is being read; arrays in the trie only
  char closer;
};

// Where a node's value lies, if `scan` is the number of this scan.
struct Found {
  uint64_t scan = 0;
  uint32_t begin = 0, end = 0;
};

}  // namespace

struct Scanner::State {
  explicit State(const std::vector<Path>& wanted);

  bool walk();
  uint32_t pass_string_members(uint32_t parent, const uint32_t*& token, const uint32_t* last);
  bool may_be_wanted(uint32_t parent, size_t at) const;
  bool read_scalar(uint32_t node, size_t at);
  uint32_t member(uint32_t node, size_t at);
  uint32_t escaped_member(const Trie::Node& node, std::string_view text);
  uint32_t enter(uint32_t node);
  bool well_formed_throughout() const;
  const uint32_t* refill();

  void note(uint32_t node, size_t begin, size_t end) {
    found_[node].begin = static_cast<uint32_t>(begin);
    found_[node].end = static_cast<uint32_t>(end);
  }
  size_t trim_end(size_t end) const {
    while (end > 0 && is_blank(text_[end - 1])) --end;
    return end;
  }

  Trie trie_;
  std::vector<std::vector<uint32_t>> ends_;  // Of each wanted path, nodes
  const Kernels* kernels_ = &kernels();

  std::string_view text_;
  uint64_t scan_ = 0;
  std::vector<Found> found_;  // By node
  size_t value_begin_ = 0, value_end_ = 0;
  Fault fault_;
  std::string key_;

  Indexing indexing_;
  size_t indexed_ = 0;  // So many bytes of the text
  std::array<Frame, depth_max + 1> frames_;
  std::array<uint32_t, fill_bytes + 64> positions_;
};

Scanner::State::State(const std::vector<Path>& wanted) {
  for (const Path& path : wanted) ends_.push_back(trie_.add(path));
  found_.resize(trie_.nodes.size());
}

// Answers the end of what is now in positions_: at least one, the text's size if no token is left.
const uint32_t* Scanner::State::refill() {
  size_t tokens = 0;
  while (tokens == 0 && indexed_ < text_.size()) {
    const size_t bytes = std::min(fill_bytes, text_.size() - indexed_);
    tokens = kernels_->index(text_.data() + indexed_, bytes, text_.data() + text_.size(),
                             static_cast<uint32_t>(indexed_), indexing_, positions_.data());
    indexed_ += bytes;
  }
  if (tokens == 0) positions_[tokens++] = static_cast<uint32_t>(text_.size());
  return positions_.data() + tokens;
}

// The whole grammar above tokens: a value, and after each value what may follow it.
bool Scanner::State::walk() {
  const std::string_view text = text_;
  const uint32_t* token = positions_.data();
  const uint32_t* last = token;
  const auto peek = [&]() -> size_t {
    if (token == last) last = refill(), token = positions_.data();
    return *token;
  };
  const auto next = [&] {
    const size_t at = peek();
    ++token;
    return at;
  };
  const auto byte = [text](size_t at) { return at < text.size() ? text[at] : '\0'; };

  Frame* frame = frames_.data();  // Of the innermost open container; the first stands for none
  uint32_t node = 0;              // Of the value that comes next
  size_t at = next();
  value_begin_ = at;
  for (;;) {
    const char first = byte(at);
    if (first == '"') {
      if (node != Trie::none) note(node, at, trim_end(peek()));
    } else if (first == '{' || first == '[') {
      if (frame == &frames_[depth_max]) return false;
      if (node != Trie::none) note(node, at, at);
      *++frame = {node, 0, first == '{' ? '}' : ']'};
      if (byte(peek()) != frame->closer) {
        if (first == '{') goto key;
        if (node != Trie::none) node = enter(trie_.element(node, 0));
        at = next();
        continue;
      }
    } else if (!read_scalar(node, at)) {
      return false;
    }
    for (;;) {
      at = next();
      if (frame == frames_.data()) return at == text.size() && well_formed_throughout();
      const char c = byte(at);
      if (c == ',') break;
      if (c != frame->closer) return false;
      if (frame->node != Trie::none) found_[frame->node].end = static_cast<uint32_t>(at + 1);
      --frame;
    }
    node = frame->node;
    if (frame->closer == ']') {
      if (node != Trie::none) node = enter(trie_.element(node, ++frame->index));
      at = next();
      continue;
    }
  key:
    node = pass_string_members(frame->node, token, last);
    at = next();
    if (byte(at) != '"' || byte(next()) != ':') return false;
    if (node == Trie::none && may_be_wanted(frame->node, at)) node = member(frame->node, at);
    at = next();
  }
}

// Most members are strings that nobody wants: four tokens at once, and no further than `last`.
// Answers the node of the member it stops before, if that one is wanted.
inline uint32_t Scanner::State::pass_string_members(uint32_t parent, const uint32_t*& token,
                                                    const uint32_t* last) {
  const char* const text = text_.data();
  for (; last - token >= 4; token += 4) {
    const bool is_string = (text[token[0]] == '"') & (text[token[1]] == ':') &
                           (text[token[2]] == '"') & (text[token[3]] == ',');
    if (!is_string) break;
    if (!may_be_wanted(parent, token[0])) continue;
    const uint32_t node = member(parent, token[0]);
    if (node != Trie::none) return node;
  }
  return Trie::none;
}

// Does a look at two bytes leave it open? They are there: the quote's and the colon's at least.
inline bool Scanner::State::may_be_wanted(uint32_t parent, size_t at) const {
  if (parent == Trie::none) return false;
  const auto first = static_cast<unsigned char>(text_[at + 1]);
  const auto second = static_cast<unsigned char>(text_[at + 2]);
  return (trie_.nodes[parent].filter >> Trie::filter_bit(first, second) & 1) != 0 ||
         first == '\\' || second == '\\';
}

bool Scanner::State::read_scalar(uint32_t node, size_t at) {
  if (at == text_.size()) return false;
  const char c = text_[at];
  const char* const begin = text_.data() + at;
  const char* const text_end = text_.data() + text_.size();
  const char* end = nullptr;
  if (c == '-' || is_digit(c)) {
    end = number_end(begin, text_end);
  } else if (c == 't' || c == 'f' || c == 'n') {
    end = literal_end(begin, text_end);
  }
  if (end == nullptr) return false;
  if (end < text_end && !ends_scalar[static_cast<unsigned char>(*end)]) return false;
  if (node != Trie::none) note(node, at, static_cast<size_t>(end - text_.data()));
  return true;
}

// Each node is entered at most once in a text: the first of doubled keys counts.
uint32_t Scanner::State::enter(uint32_t node) {
  if (node == Trie::none || found_[node].scan == scan_) return Trie::none;
  found_[node] = {scan_, 0, 0};
  return node;
}

// The node of the member whose key's opening quote is at `at`, below `node`.
uint32_t Scanner::State::member(uint32_t node, size_t at) {
  const Trie::Node& parent = trie_.nodes[node];
  const std::string_view text = text_.substr(at + 1);
  // All of the key has been indexed, since the token behind it has.
  if (indexing_.backslashes != 0) {
    const std::string_view to_quote = text.substr(0, text.find('"'));
    if (to_quote.find('\\') != text.npos) return escaped_member(parent, text);
  }
  uint64_t head = 0;
  if (text.size() >= sizeof head) {
    std::memcpy(&head, text.data(), sizeof head);
  } else {
    std::memcpy(&head, text.data(), text.size());
  }
  for (const Trie::Member& member : parent.members) {
    if ((head & member.head_mask) != member.head || !member.raw) continue;
    const size_t length = member.key.size();
    if (length >= sizeof head &&
        (text.size() <= length || text[length] != '"' || text.substr(0, length) != member.key)) {
      continue;
    }
    return enter(member.node);
  }
  return Trie::none;
}

uint32_t Scanner::State::escaped_member(const Trie::Node& node, std::string_view text) {
  uint64_t escaped = 0;
  const size_t end = kernels_->string_end(text.data(), text.size(), escaped);
  if (end == 0) return Trie::none;
  key_.clear();
  append_unescaped(text.substr(0, end - 1), key_);
  for (const Trie::Member& member : node.members) {
    if (member.key == key_) return enter(member.node);
  }
  return Trie::none;
}

// What only shows once every byte has been indexed.
bool Scanner::State::well_formed_throughout() const {
  if (indexing_.bad || indexing_.in_string != 0) return false;
  return !indexing_.non_ascii || is_utf8(text_);
}

Scanner::Scanner(const std::vector<Path>& wanted) : state_(std::make_unique<State>(wanted)) {}
Scanner::Scanner(Scanner&&) noexcept = default;
Scanner& Scanner::operator=(Scanner&&) noexcept = default;
Scanner::~Scanner() = default;

bool Scanner::scan(std::string_view text) {
  ENSURE(text.size() < UINT32_MAX);
  State& state = *state_;
  state.text_ = text;
  ++state.scan_;
  state.indexing_ = {};
  state.indexed_ = 0;
  state.enter(0);
  if (state.walk()) {
    state.value_end_ = state.trim_end(text.size());
    return true;
  }
  const std::optional<Fault> fault = find_fault(text);
  ENSURE(fault.has_value());
  state.fault_ = *fault;
  return false;
}

std::optional<std::string_view> Scanner::raw(size_t wanted) const {
  for (const uint32_t node : state_->ends_[wanted]) {
    const Found& found = state_->found_[node];
    if (found.scan == state_->scan_)
      return state_->text_.substr(found.begin, found.end - found.begin);
  }
  return std::nullopt;
}

std::string_view Scanner::value() const {
  return state_->text_.substr(state_->value_begin_, state_->value_end_ - state_->value_begin_);
}

bool Scanner::has_line_break() const {
  if (state_->indexing_.controls == 0) return false;
  const std::string_view text = value();
  return text.find('\n') != text.npos || text.find('\r') != text.npos;
}

const Fault& Scanner::fault() const {
  return state_->fault_;
}

}  // namespace sluice::json

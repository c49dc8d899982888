#include "record/field_counts.h"

#include <cstring>

#include "json/value.h"

namespace sluice {

void FieldCounts::Level::add(std::string_view name, uint64_t records) {
  if (too_many) return;
  const auto found = counts.find(name);
  if (found != counts.end()) {
    found->second += records;
  } else if (counts.size() < names_max) {
    counts.emplace(name, records);
  } else {
    too_many = true;
    counts.clear();
  }
}

// One pass over a text. Each step moves at_ forward and never beyond the end.
class FieldCounts::Walk {
 public:
  Walk(FieldCounts& into, std::string_view text) : into_(into), text_(text) {}

  void run() {
    skip_to_token();
    if (byte() == '{') object(into_.top_, "");
  }

 private:
  char byte() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_to_token() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' ||
                                  text_[at_] == '\r' || text_[at_] == ':' || text_[at_] == ',')) {
      ++at_;
    }
  }

  // From its opening brace to behind its closing one. `parent`: its own name.
  void object(Level& level, std::string_view parent) {
    const bool is_top = &level == &into_.top_;
    ++at_;
    std::string name;
    for (;;) {
      skip_to_token();
      if (byte() != '"') break;
      const std::string_view key = string();
      name.assign(parent);
      name += '.';
      key.find('\\') == key.npos ? void(name += key) : json::append_unescaped(key, name);
      if (name.size() <= name_bytes_max) level.add(name, 1);
      skip_to_token();
      if (is_top && byte() == '{' && name.size() <= name_bytes_max && !into_.nested_.too_many) {
        object(into_.nested_, name);
      } else {
        value();
      }
    }
    if (at_ < text_.size()) ++at_;
  }

  // Its inside, from its opening quote to behind its closing one.
  std::string_view string() {
    const size_t begin = ++at_;
    for (;;) {
      const void* found =
          at_ < text_.size() ? std::memchr(text_.data() + at_, '"', text_.size() - at_) : nullptr;
      if (found == nullptr) {
        at_ = text_.size();
        return {};
      }
      const auto end = static_cast<size_t>(static_cast<const char*>(found) - text_.data());
      at_ = end + 1;
      size_t first = end;
      while (first > begin && text_[first - 1] == '\\') --first;
      if ((end - first) % 2 == 0) return text_.substr(begin, end - begin);
    }
  }

  void value() {
    size_t depth = 0;
    while (at_ < text_.size()) {
      switch (text_[at_]) {
        case '"':
          string();
          if (depth == 0) return;
          continue;
        case '{':
        case '[':
          ++depth;
          break;
        case '}':
        case ']':
          if (depth == 0) return;  // Of what surrounds it
          if (--depth == 0) {
            ++at_;
            return;
          }
          break;
        case ',':
          if (depth == 0) return;
          break;
        default:
          break;
      }
      ++at_;
    }
  }

  FieldCounts& into_;
  std::string_view text_;
  size_t at_ = 0;
};

void FieldCounts::look(std::string_view text) {
  ++looked_at_;
  if (!top_.too_many) Walk(*this, text).run();
}

void FieldCounts::merge(const FieldCounts& other) {
  looked_at_ += other.looked_at_;
  for (Level FieldCounts::*level : {&FieldCounts::top_, &FieldCounts::nested_}) {
    if ((other.*level).too_many) {
      (this->*level).too_many = true;
      (this->*level).counts.clear();
    }
    for (const auto& [name, records] : (other.*level).counts) (this->*level).add(name, records);
  }
}

}  // namespace sluice

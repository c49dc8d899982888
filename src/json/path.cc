#include "json/path.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "json/scan.h"
#include "json/value.h"

namespace sluice::json {

namespace {

// A pointer's number is a key or an index, and a path with n of them 2^n ways to walk.
constexpr int either_steps_max = 8;

bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '@' || c == '$' || byte >= 0x80;
}

Error at(size_t offset, std::string_view what) {
  return {ErrorKind::invalid, "at " + std::to_string(offset) + ": " + std::string(what)};
}

// The number that the text consists of, without leading zeros.
std::optional<uint32_t> read_index(std::string_view digits) {
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  uint32_t index = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return index;
}

// The length of the JSON string that the text begins with, 0 if it doesn't end.
size_t string_length(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return 0;
}

Result<PathPrefix> read_field(std::string_view text) {
  PathPrefix read;
  size_t i = 0;
  const auto next_is = [&](char c) { return i < text.size() && text[i] == c; };
  while (next_is('.') || next_is('[')) {
    const bool dot = next_is('.');
    if (dot) ++i;
    if (next_is('[')) {
      const size_t close = text.find(']', i);
      const auto index = read_index(text.substr(i + 1, std::min(close, text.size()) - i - 1));
      if (close == text.npos || !index) {
        return at(i + 1, "expected an element's number and ']', as in .a[0]");
      }
      read.path.steps.push_back(Step::element(*index));
      i = close + 1;
    } else if (next_is('"')) {
      const size_t length = string_length(text.substr(i));
      if (length == 0) return at(i, "this key has no closing '\"'");
      const std::string_view raw = text.substr(i, length);
      if (const auto fault = find_fault(raw)) return at(i + fault->offset, fault->reason);
      read.path.steps.push_back(Step::member(unescape(raw.substr(1, length - 2))));
      i += length;
    } else {
      const size_t begin = i;
      while (i < text.size() && is_word_byte(text[i])) ++i;
      if (i > begin) {
        read.path.steps.push_back(Step::member(text.substr(begin, i - begin)));
      } else if (read.path.steps.empty()) {
        break;  // A lone ".": the whole record.
      } else {
        return at(i, "expected a key after '.'");
      }
    }
  }
  if (!is_utf8(text.substr(0, i))) return at(0, "the field is not UTF-8");
  read.length = i;
  return read;
}

// `text` is the pointer and nothing else.
Result<Path> read_pointer(std::string_view text) {
  Path path;
  int eithers = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t end = std::min(text.find('/', i + 1), text.size());
    Step step;
    for (size_t k = i + 1; k < end; ++k) {
      if (text[k] != '~') {
        step.key += text[k];
        continue;
      }
      const char code = k + 1 < end ? text[k + 1] : 0;
      if (code != '0' && code != '1')
        return at(k, "in a JSON pointer '~' is written ~0, '/' is ~1");
      step.key += code == '0' ? '~' : '/';
      ++k;
    }
    if (const auto index = read_index(step.key)) {
      step.kind = Step::Kind::either;
      step.index = *index;
      if (++eithers > either_steps_max) {
        return at(i, "too many numbers in a JSON pointer: write it as .a[0]");
      }
    }
    path.steps.push_back(std::move(step));
    i = end;
  }
  if (!is_utf8(text)) return at(0, "the pointer is not UTF-8");
  return path;
}

void append_word(std::string_view key, std::string& out) {
  const bool word = !key.empty() && std::all_of(key.begin(), key.end(), is_word_byte);
  if (word) {
    out += key;
  } else {
    append_quoted(key, out);
  }
}

}  // namespace

Result<Path> parse_path(std::string_view text) {
  if (text.starts_with('/')) return read_pointer(text);
  PathPrefix read = TRY(path_prefix(text));
  if (read.length < text.size()) {
    return at(read.length,
              "expected '.', '[' or the field's end; an odd key is written .\"odd key\"");
  }
  return std::move(read.path);
}

Result<PathPrefix> path_prefix(std::string_view text) {
  if (text.starts_with('.')) return read_field(text);
  if (!text.starts_with('/')) return at(0, "expected a field, as in .a.b[0] or /a/b/0");
  const auto ends = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' ||
           std::string_view(":{}[]\",()").find(c) != std::string_view::npos;
  };
  const size_t length = std::find_if(text.begin(), text.end(), ends) - text.begin();
  return PathPrefix{TRY(read_pointer(text.substr(0, length))), length};
}

std::string to_string(const Path& path) {
  std::string text;
  const bool pointer = std::any_of(path.steps.begin(), path.steps.end(), [](const Step& step) {
    return step.kind == Step::Kind::either;
  });
  for (const Step& step : path.steps) {
    if (pointer) {
      text += '/';
      for (const char c : step.kind == Step::Kind::index ? std::to_string(step.index) : step.key) {
        text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
      }
    } else if (step.kind == Step::Kind::index) {
      if (text.empty()) text += '.';
      text += '[' + std::to_string(step.index) + ']';
    } else {
      text += '.';
      append_word(step.key, text);
    }
  }
  return text.empty() ? "." : text;
}

}  // namespace sluice::json

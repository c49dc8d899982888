#include "code_lines.h"

#include <cctype>

namespace sluice {
namespace {

enum class State { code, line_comment, block_comment, text, letter, raw_text };

// Walks through a file a character at a time; knows where comments and quotes begin and end.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::vector<CodeLine> read() {
    for (at_ = 0; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\n') {
        if (state_ != State::block_comment && state_ != State::raw_text) state_ = State::code;
        lines_.push_back(std::move(line_));
        line_ = {};
      } else {
        line_.whole += text_[at_];
        step(text_[at_]);
      }
    }
    if (!line_.whole.empty()) lines_.push_back(std::move(line_));
    return std::move(lines_);
  }

 private:
  bool follows(std::string_view words) const { return text_.substr(at_).starts_with(words); }
  void take(size_t more) {  // Characters that belong to the one just read.
    line_.whole += text_.substr(at_ + 1, more);
    at_ += more;
  }

  void step(char c) {
    switch (state_) {
      case State::code:
        return step_in_code(c);
      case State::line_comment:
        return;
      case State::block_comment:
        if (follows("*/")) {
          take(1);
          state_ = State::code;
        }
        return;
      case State::raw_text:
        if (follows(raw_end_)) {
          take(raw_end_.size() - 1);
          line_.code += '"';
          state_ = State::code;
        }
        return;
      case State::text:
      case State::letter:
        if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') {
          take(1);
        } else if (c == (state_ == State::text ? '"' : '\'')) {
          line_.code += c;
          state_ = State::code;
        }
        return;
    }
  }

  void step_in_code(char c) {
    const char before = line_.code.empty() ? ' ' : line_.code.back();
    if (follows("//")) {
      state_ = State::line_comment;
    } else if (follows("/*")) {
      take(1);
      state_ = State::block_comment;
    } else if (c == '"' && before == 'R') {
      const size_t open = text_.find('(', at_);
      if (open == text_.npos) return;
      raw_end_ = ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
      line_.code += c;
      take(open - at_);
      state_ = State::raw_text;
    } else {
      // In 1'000 the quote is a digit separator.
      const bool separator = c == '\'' && std::isalnum(static_cast<unsigned char>(before)) != 0;
      line_.code += c;
      // An include's name is no text: it must stay readable.
      if (c == '"' && !line_.code.starts_with("#include")) state_ = State::text;
      if (c == '\'' && !separator) state_ = State::letter;
    }
  }

  std::string_view text_;  // The caller's, for the one call.
  size_t at_ = 0;
  State state_ = State::code;
  std::string raw_end_;
  CodeLine line_;
  std::vector<CodeLine> lines_;
};

// Whether what stands before a `{` says that a function's body begins.
bool opens_function(const std::string& statement) {
  const size_t begin = statement.find_first_not_of(' ');
  if (begin == statement.npos) return false;
  const std::string_view words = std::string_view(statement).substr(begin);
  for (const std::string_view other :
       {"namespace", "class ", "struct ", "enum ", "union ", "extern"}) {
    if (words.starts_with(other)) return false;
  }
  const size_t bracket = words.find('(');
  if (bracket == words.npos) return false;
  const size_t equals = words.find('=');
  return equals > bracket || words.find("operator") < bracket;
}

}  // namespace

std::vector<CodeLine> code_lines(std::string_view text) {
  return Reader(text).read();
}

std::vector<FunctionSpan> function_spans(const std::vector<CodeLine>& lines) {
  std::vector<FunctionSpan> spans;
  std::string statement;
  int statement_line = 0;
  int depth = 0;           // Of braces inside the function; 0 is outside of any.
  bool continued = false;  // A directive that goes on in the next line.
  FunctionSpan span;
  for (size_t n = 0; n < lines.size(); ++n) {
    const int line = static_cast<int>(n) + 1;
    const bool directive = continued || lines[n].code.starts_with("#");
    continued = directive && lines[n].whole.ends_with("\\");
    if (directive) continue;
    for (const char c : lines[n].code) {
      if (depth > 0) {
        depth += c == '{' ? 1 : c == '}' ? -1 : 0;
        if (depth == 0) {
          span.last = line;
          spans.push_back(span);
          statement.clear();
        }
      } else if (c == '{' && opens_function(statement)) {
        span.first = statement_line;
        depth = 1;
      } else if (c == '{' || c == '}' || c == ';') {
        statement.clear();
      } else if (c != ' ' || !statement.empty()) {
        if (statement.empty()) statement_line = line;
        statement += c;
      }
    }
  }
  return spans;
}

}  // namespace sluice

// The door to libjq. Its values are counted by hand: a function takes what it is given, unless it
// says otherwise; Value holds one.
#include "transform/jq_program.h"

extern "C" {
#include <jq.h>
}

#include "base/text.h"
#include "json/scan.h"
#include "transform/exact_numbers.h"

namespace sluice {
namespace {

constexpr size_t words_bytes_max = 300;  // Of jq's messages, which may quote a whole record

class Value {
 public:
  explicit Value(jv value) : value_(value) {}
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;
  ~Value() { jv_free(value_); }
  jv copy() const { return jv_copy(value_); }
  bool valid() const { return jv_is_valid(value_) != 0; }
  // Of an invalid one: why, or nothing if that is just the end.
  std::optional<std::string> why() const {
    const Value message(jv_invalid_get_msg(copy()));
    if (jv_get_kind(message.value_) == JV_KIND_NULL) return std::nullopt;
    return message.words();
  }
  // A string as it is, anything else as JSON.
  std::string words() const {
    if (jv_get_kind(value_) == JV_KIND_STRING) return text_of(value_);
    return json();
  }
  std::string json() const {
    const Value text(jv_dump_string(copy(), 0));
    return text_of(text.value_);
  }

 private:
  static std::string text_of(jv string) {
    return {jv_string_value(string), static_cast<size_t>(jv_string_length_bytes(jv_copy(string)))};
  }
  jv value_;
};

class Program final : public JqProgram {
 public:
  static Result<std::unique_ptr<JqProgram>> compile(const std::string& text) {
    std::unique_ptr<Program> program(new Program);
    if (program->state_ == nullptr) return Error{ErrorKind::internal, "libjq can't be started"};
    std::string messages;
    jq_set_error_cb(program->state_, add_message, &messages);
    const bool compiled = jq_compile(program->state_, text.c_str()) != 0;
    jq_set_error_cb(program->state_, nullptr, nullptr);
    if (!compiled) return Error{ErrorKind::invalid, excerpt(trim(messages), words_bytes_max)};
    return std::unique_ptr<JqProgram>(std::move(program));
  }
  ~Program() override { jq_teardown(&state_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  Result<std::optional<std::string>> run(std::string_view record) override {
    if (!scanner_.scan(record)) return corrupt("not JSON: " + scanner_.fault().message());
    TRY(numbers_.take(record));
    const auto text = TRY(results(record));
    if (!text) return text;
    std::string out;
    numbers_.restore(*text, out);
    return std::optional(std::move(out));
  }

 private:
  Result<std::optional<std::string>> results(std::string_view record) {
    const Value input(jv_parse_sized(record.data(), static_cast<int>(record.size())));
    if (!input.valid()) return corrupt(input.why().value_or("not JSON"));
    jq_start(state_, input.copy(), 0);
    const Value result(jq_next(state_));
    if (!result.valid()) {
      if (jq_halted(state_) != 0) return corrupt("the program halts");
      if (auto why = result.why()) return corrupt(*why);
      return std::optional<std::string>();
    }
    const Value next(jq_next(state_));
    if (next.valid()) return corrupt("more than one result: a record can't become several");
    if (jq_halted(state_) != 0) return corrupt("the program halts");
    if (auto why = next.why()) return corrupt(*why);
    return std::optional(result.json());
  }

  Program() : state_(jq_init()) {}
  static Error corrupt(std::string_view words) {
    return {ErrorKind::corrupt, excerpt(words, words_bytes_max)};
  }
  static void add_message(void* to, jv message) {
    const Value words(jq_format_error(message));
    *static_cast<std::string*>(to) += words.words() + "\n";
  }
  json::Scanner scanner_;
  ExactNumbers numbers_;
  jq_state* state_;
};

}  // namespace

Result<std::unique_ptr<JqProgram>> JqProgram::compile(const std::string& text) {
  return Program::compile(text);
}

}  // namespace sluice

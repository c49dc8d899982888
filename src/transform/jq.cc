// The door to libjq. Its values are counted by hand: a function takes what it is given, unless it
// says otherwise; Value holds one.
#include "transform/jq.h"

extern "C" {
#include <jq.h>
}

#include <mutex>

#include "base/text.h"
#include "flow/settings.h"
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

// A compiled program. One thread at a time.
class Program {
 public:
  // `invalid`: jq's own words.
  static Result<std::unique_ptr<Program>> compile(const std::string& text) {
    std::unique_ptr<Program> program(new Program);
    if (program->state_ == nullptr) return Error{ErrorKind::internal, "libjq can't be started"};
    std::string messages;
    jq_set_error_cb(program->state_, add_message, &messages);
    const bool compiled = jq_compile(program->state_, text.c_str()) != 0;
    jq_set_error_cb(program->state_, nullptr, nullptr);
    if (!compiled) return Error{ErrorKind::invalid, excerpt(trim(messages), words_bytes_max)};
    return program;
  }
  ~Program() { jq_teardown(&state_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // The text that comes of the record; nothing if the program gives no result.
  Result<std::optional<std::string>> run(std::string_view record) {
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

  json::Scanner scanner;
  ExactNumbers numbers;

 private:
  Program() : state_(jq_init()) {}
  static Error corrupt(std::string_view words) {
    return {ErrorKind::corrupt, excerpt(words, words_bytes_max)};
  }
  static void add_message(void* to, jv message) {
    const Value words(jq_format_error(message));
    *static_cast<std::string*>(to) += words.words() + "\n";
  }
  jq_state* state_;
};

class Jq : public Transform {
 public:
  Jq(std::string text, std::unique_ptr<Program> first) : text_(std::move(text)) {
    idle_.push_back(std::move(first));
  }

  Result<Verdict> apply(std::string_view record, const UnitNames&, const Document&,
                        std::string& out) const override {
    out.clear();
    auto program = TRY_IN(borrow(), "jq");
    auto verdict = apply(*program, record, out);
    give_back(std::move(program));
    if (!verdict.ok()) return std::move(verdict.error()).in("jq");
    return verdict;
  }

 private:
  static Result<Verdict> apply(Program& program, std::string_view record, std::string& out) {
    if (!program.scanner.scan(record)) {
      return Error{ErrorKind::corrupt, "not JSON: " + program.scanner.fault().message()};
    }
    TRY(program.numbers.take(record));
    const auto text = TRY(program.run(record));
    if (!text) return Verdict::dropped;
    program.numbers.restore(*text, out);
    return out == record ? Verdict::unchanged : Verdict::changed;
  }

  Result<std::unique_ptr<Program>> borrow() const {
    {
      std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto program = std::move(idle_.back());
        idle_.pop_back();
        return program;
      }
    }
    return Program::compile(text_);
  }
  void give_back(std::unique_ptr<Program> program) const {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(program));
  }

  const std::string text_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Program>> idle_;  // Guarded by mutex_
};

}  // namespace

const PartDoc& jq_doc() {
  static const PartDoc doc = {
      .name = "jq",
      .role = Role::transform,
      .summary =
          "Makes a record of what a jq program gives. No result drops the record; several, or an "
          "error, set it aside. A record with a number that a double can't hold (most integers "
          "over 2^53) is set aside too, since jq would round it: `cast` it to a string before.",
      .fields = {{.name = "program",
                  .help = "The program, as for jq 1.6. It is compiled before anything is read.",
                  .required = true,
                  .example = "'{id: .detail.id} | select(.id != null)'"}},
      .example = "transform:\n  - jq: '.user |= {id, name} | del(.debug)'\n"};
  return doc;
}

Result<std::unique_ptr<Transform>> make_jq(const Settings& settings) {
  const std::string& text = settings.text("program");
  if (text.find('\0') != text.npos) return settings.error_at("program", "a zero byte in it");
  auto program = Program::compile(text);
  if (!program.ok()) return settings.error_at("program", program.error().message);
  return std::unique_ptr<Transform>(std::make_unique<Jq>(text, std::move(*program)));
}

}  // namespace sluice

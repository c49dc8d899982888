#include "transform/jq.h"

#include <algorithm>
#include <csignal>
#include <mutex>

#include "base/text.h"
#include "base/time.h"
#include "flow/settings.h"
#include "json/value.h"
#include "transform/batch_transform.h"
#include "transform/jq_program.h"
#include "transform/jq_server.h"
#include "transform/line_exchange.h"

namespace sluice {
namespace {

constexpr uint64_t memory_bytes_min = 8 << 20;

struct Options {
  std::string program;
  uint64_t memory_bytes = 0;
  Nanoseconds patience = 0;
};

// Each worker has a process; what a record does to it (no memory left, a crash) sets the record
// aside, and the next one gets a new process. A program that gives no answer at all ends the unit:
// how long that takes depends on more than the record.
class Jq : public BatchTransform {
 public:
  explicit Jq(Options options) : options_(std::move(options)) {}

  Status apply_all(TransformBatch& batch) const override {
    LineExchange::Terms terms{
        .cancelled = batch.cancelled,
        .advice = "does the program come to an end for each record? else raise `timeout`"};
    terms.line_bytes_max = std::min<uint64_t>(terms.line_bytes_max, batch.record_max) + 1;
    uint64_t bytes = 0;
    for (size_t done = 0; done < batch.answered;) {
      auto lines = TRY(borrow(terms));
      size_t next = done;
      const Status status =
          lines->exchange(std::span(batch.records).subspan(done), terms,
                          [&](size_t index, std::optional<std::string_view> line) {
                            next = done + index + 1;
                            if (next > batch.answered) return;
                            TransformBatch::Outcome& outcome = batch.outcomes[next - 1];
                            take(line, batch.record_max, outcome);
                            bytes += outcome.out.size();
                            if (bytes > batch.text_bytes_max) batch.answered = next;
                          });
      done = next;
      if (status.ok()) {
        give_back(std::move(lines));
        break;
      }
      if (!lines->has_ended()) return named(status.error());
      if (done >= batch.answered) break;
      batch.outcomes[done++].verdict = why_it_ended(*lines);
    }
    return {};
  }

 private:
  static void take(std::optional<std::string_view> line, uint64_t record_max,
                   TransformBatch::Outcome& outcome) {
    if (!line) {
      outcome.verdict = longer_than(record_max).in("jq");
    } else if (line->starts_with('=')) {
      outcome.verdict = Verdict::unchanged;
    } else if (line->starts_with('-')) {
      outcome.verdict = Verdict::dropped;
    } else if (line->starts_with('+')) {
      outcome.verdict = Verdict::changed;
      outcome.out = line->substr(1);
    } else {
      const std::string_view why = line->size() < 3 ? "" : line->substr(2, line->size() - 3);
      outcome.verdict = Error{ErrorKind::corrupt, json::unescape(why)}.in("jq");
    }
  }

  Error why_it_ended(const LineExchange& lines) const {
    std::string why = "jq: the program crashed at this record";
    if (lines.ended_by_signal() == SIGABRT) {
      why = "jq: the program needs more than its `memory` (" + print_bytes(options_.memory_bytes) +
            ") for this record";
    }
    return {ErrorKind::corrupt, std::move(why)};
  }

  // The process is called by the program that it runs.
  Error named(Error error) const {
    const std::string path = jq_server_words(0)[0];
    const std::string name = "jq `" + excerpt(options_.program, 80) + "`";
    if (error.message.starts_with(path)) error.message.replace(0, path.size(), name);
    return error;
  }

  Result<std::unique_ptr<LineExchange>> borrow(const LineExchange::Terms& terms) const {
    {
      std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto lines = std::move(idle_.back());
        idle_.pop_back();
        return lines;
      }
    }
    auto started = LineExchange::start(jq_server_words(options_.memory_bytes), options_.patience);
    if (!started.ok()) return named(started.error());
    auto lines = std::move(*started);
    const std::string program = json::quote(options_.program);
    const std::string_view first = program;
    const Status ready = lines->exchange(std::span(&first, 1), terms, [](size_t, auto) {});
    if (!ready.ok()) return named(ready.error());
    return lines;
  }
  void give_back(std::unique_ptr<LineExchange> lines) const {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(lines));
  }

  const Options options_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<LineExchange>> idle_;  // Guarded by mutex_
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
                  .example = "'{id: .detail.id} | select(.id != null)'"},
                 {.name = "memory",
                  .type = FieldType::bytes,
                  .help = "What the program may take, in a process of its own for each worker; a "
                          "record that needs more is set aside.",
                  .default_text = "64MiB"},
                 {.name = "timeout",
                  .type = FieldType::duration,
                  .help =
                      "A program that gives no answer for so long is ended, and its unit fails.",
                  .default_text = "60s"}},
      .example = "transform:\n  - jq: '.user |= {id, name} | del(.debug)'\n"};
  return doc;
}

Result<std::unique_ptr<Transform>> make_jq(const Settings& settings) {
  const std::string& text = settings.text("program");
  if (text.find('\0') != text.npos) return settings.error_at("program", "a zero byte in it");
  if (!json::is_utf8(text)) return settings.error_at("program", "not UTF-8");
  const auto program = JqProgram::compile(text);
  if (!program.ok()) return settings.error_at("program", program.error().message);
  Options options{.program = text};
  options.memory_bytes = settings.bytes("memory");
  options.patience = settings.duration("timeout");
  if (options.memory_bytes < memory_bytes_min) {
    return settings.error_at("memory", "at least " + print_bytes(memory_bytes_min) + " expected");
  }
  if (options.patience <= 0) return settings.error_at("timeout", "more than 0 was expected");
  return std::unique_ptr<Transform>(std::make_unique<Jq>(std::move(options)));
}

}  // namespace sluice

#include "transform/exec.h"

#include <algorithm>
#include <mutex>

#include "base/text.h"
#include "flow/settings.h"
#include "json/scan.h"
#include "transform/batch_transform.h"
#include "transform/line_exchange.h"

namespace sluice {
namespace {

class Exec : public BatchTransform {
 public:
  Exec(std::vector<std::string> words, Nanoseconds patience)
      : words_(std::move(words)), patience_(patience) {}

  Status apply_all(TransformBatch& batch) const override {
    auto tools = TRY_IN(borrow(), "exec");
    LineExchange::Terms terms{.cancelled = batch.cancelled,
                              .advice = "does it hold its answers back? each needs to be flushed"};
    terms.line_bytes_max = std::min<uint64_t>(terms.line_bytes_max, batch.record_max);
    uint64_t bytes = 0;
    const Status status = tools->lines->exchange(
        batch.records, terms, [&](size_t index, std::optional<std::string_view> line) {
          if (index >= batch.answered) return;
          TransformBatch::Outcome& outcome = batch.outcomes[index];
          if (!line) {
            outcome.verdict = longer_than(terms.line_bytes_max).in("exec");
            return;
          }
          take(*tools, *line, batch.records[index], outcome);
          bytes += outcome.out.size();
          if (bytes > batch.text_bytes_max) batch.answered = index + 1;
        });
    for (const std::string& line : tools->lines->take_errors()) {
      batch.warnings.push_back("exec " + words_[0] + ": " + line);
    }
    if (!status.ok())
      return Error(status.error()).in("exec");  // And the program goes with its tools
    give_back(std::move(tools));
    return {};
  }

  // What it says last counts as well as each of its answers.
  Status end() const override {
    const std::lock_guard lock(mutex_);
    for (const auto& tools : idle_) tools->lines->say_end();
    const Instant deadline = now() + LineExchange::farewell;
    Status all;
    for (const auto& tools : idle_) {
      const Status one = tools->lines->wait_for_end(deadline);
      if (all.ok() && !one.ok()) all = Error(one.error()).in("exec");
    }
    idle_.clear();
    return all;
  }

 private:
  struct Tools {
    std::unique_ptr<LineExchange> lines;
    json::Scanner scanner;
  };

  static void take(Tools& tools, std::string_view line, std::string_view record,
                   TransformBatch::Outcome& outcome) {
    line = trim(line);
    if (line.empty()) {
      outcome.verdict = Verdict::dropped;
    } else if (line == record) {
      outcome.verdict = Verdict::unchanged;
    } else if (tools.scanner.scan(line)) {
      outcome.verdict = Verdict::changed;
      outcome.out = tools.scanner.value();
    } else {
      outcome.verdict = Error{ErrorKind::corrupt,
                              "exec: the answer is not JSON: " + tools.scanner.fault().message() +
                                  ": " + excerpt(line)};
    }
  }

  Result<std::unique_ptr<Tools>> borrow() const {
    {
      std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto tools = std::move(idle_.back());
        idle_.pop_back();
        return tools;
      }
    }
    auto tools = std::make_unique<Tools>();
    tools->lines = TRY(LineExchange::start(words_, patience_));
    return tools;
  }
  void give_back(std::unique_ptr<Tools> tools) const {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(tools));
  }

  const std::vector<std::string> words_;
  const Nanoseconds patience_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Tools>> idle_;  // Guarded by mutex_
};

}  // namespace

const PartDoc& exec_doc() {
  static const PartDoc doc = {
      .name = "exec",
      .role = Role::transform,
      .summary =
          "Sends records through a program, as JSON Lines: it answers each line with a line, in "
          "order and without holding any back. An empty line drops the record, one that is not "
          "JSON sets it aside. The program must treat each record alone: several copies of it run, "
          "and each sees only some of the records. Its end, or a line too many, fails the unit. "
          "The copies serve all units of a run: one that ends with another status than 0 once it "
          "has answered all fails the run, but not units that are committed by then.",
      .fields = {{.name = "command",
                  .help =
                      "The program and its words. No shell is between. It is looked for in PATH; "
                      "with a slash in its name, from the folder where sluice was started.",
                  .required = true,
                  .many = Many::list,
                  .example = "[ ./enrich.py, --fast ]"},
                 {.name = "timeout",
                  .type = FieldType::duration,
                  .help =
                      "A program that does nothing for so long while it owes answers is killed.",
                  .default_text = "60s"}},
      .example = "transform:\n  - exec: [ ./enrich.py, --fast ]\n"};
  return doc;
}

Result<std::unique_ptr<Transform>> make_exec(const Settings& settings) {
  std::vector<std::string> words = settings.texts("command");
  if (words.empty() || words[0].empty()) {
    return settings.error_at("command", "no program is named");
  }
  const Nanoseconds patience = settings.duration("timeout");
  if (patience <= 0) return settings.error_at("timeout", "more than 0 was expected");
  return std::unique_ptr<Transform>(std::make_unique<Exec>(std::move(words), patience));
}

}  // namespace sluice

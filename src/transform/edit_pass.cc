#include "transform/edit_pass.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sluice {
namespace {

using Steps = std::vector<std::unique_ptr<EditTransform>>;

std::vector<json::EditWord> words_of(const Steps& steps) {
  std::vector<json::EditWord> words;
  for (const auto& step : steps) {
    auto own = step->words();
    std::move(own.begin(), own.end(), std::back_inserter(words));
  }
  return words;
}

std::vector<json::Path> reads_of(const Steps& steps) {
  std::vector<json::Path> reads;
  for (const auto& step : steps) {
    auto own = step->reads();
    std::move(own.begin(), own.end(), std::back_inserter(reads));
  }
  return reads;
}

// A step with what it reads of a record, and its words that set, in the plan's order.
struct Own {
  size_t fields = 0, sets = 0;
};

// What the steps set in one record.
class StepValues final : public json::SetValues {
 public:
  StepValues(const Steps& steps, std::span<const Own> own, FieldValues fields,
             const RecordContext& context)
      : steps_(steps), own_(own), fields_(fields), context_(context) {}

  size_t bytes_about() const override {
    size_t bytes = 0, at = 0;
    for (size_t i = 0; i < steps_.size(); ++i) {
      bytes += steps_[i]->value_bytes_about(fields_.subspan(at, own_[i].fields));
      at += own_[i].fields;
    }
    return bytes;
  }
  Status append(size_t which, uint64_t bytes_max, std::string& out) const override {
    size_t step = 0, at = 0;
    for (; which >= own_[step].sets; ++step) {
      which -= own_[step].sets;
      at += own_[step].fields;
    }
    const FieldValues fields = fields_.subspan(at, own_[step].fields);
    return steps_[step]->append_value(which, fields, context_, bytes_max, out);
  }

 private:
  const Steps& steps_;
  std::span<const Own> own_;
  const FieldValues fields_;
  const RecordContext& context_;
};

class EditPass final : public Transform {
 public:
  EditPass(Steps steps, json::EditPlan plan)
      : steps_(std::move(steps)), plan_(std::move(plan)), reader_(reads_of(steps_)) {
    for (const auto& step : steps_) {
      const auto words = step->words();
      const auto sets = std::ranges::count(words, json::EditWord::Verb::set, &json::EditWord::verb);
      own_.push_back({step->reads().size(), static_cast<size_t>(sets)});
    }
  }

  Result<Verdict> apply(std::string_view record, const RecordContext& context,
                        std::string& out) const override {
    out.clear();
    using Outcome = json::EditPlan::Outcome;
    const auto outcome = reader_.read(record, [&](FieldValues fields) -> Result<Outcome> {
      return plan_.apply(record, StepValues(steps_, own_, fields, context), context.text_bytes_max,
                         out);
    });
    if (outcome.ok() && *outcome == Outcome::unchanged) return Verdict::unchanged;
    if (outcome.ok() && *outcome == Outcome::changed) return Verdict::changed;
    if (outcome.ok() && *outcome == Outcome::too_long) return longer_than(context.text_bytes_max);
    // Some word can't be done, and has to say so itself.
    return one_by_one(record, context, out);
  }

 private:
  Result<Verdict> one_by_one(std::string_view record, const RecordContext& context,
                             std::string& out) const {
    std::string before;
    bool changed = false;
    for (const auto& step : steps_) {
      std::swap(before, out);
      const std::string_view text = changed ? std::string_view(before) : record;
      if (TRY(step->apply(text, context, out)) == Verdict::changed) {
        changed = true;
      } else {
        std::swap(before, out);
      }
    }
    return changed ? Verdict::changed : Verdict::unchanged;
  }

  const Steps steps_;
  const json::EditPlan plan_;
  const FieldReader reader_;
  std::vector<Own> own_;  // Of each step; constant
};

// Whether a field that `step` reads is touched by the words before it.
bool reads_what_changes(const EditTransform& step, const Steps& before) {
  const auto words = words_of(before);
  std::vector<json::Path> written;
  for (const json::EditWord& word : words) {
    written.push_back(word.path);
    if (word.verb != json::EditWord::Verb::rename) continue;
    written.push_back(word.path);
    written.back().steps.back() = json::Step::member(word.key);
  }
  const auto reads = step.reads();
  return std::any_of(reads.begin(), reads.end(), [&](const json::Path& path) {
    return std::any_of(written.begin(), written.end(), [&](const json::Path& other) {
      const size_t steps = std::min(path.steps.size(), other.steps.size());
      return std::equal(path.steps.begin(), path.steps.begin() + static_cast<ptrdiff_t>(steps),
                        other.steps.begin());
    });
  });
}

class Joining {
 public:
  explicit Joining(std::vector<std::unique_ptr<Transform>>& out) : out_(out) {}

  void add(std::unique_ptr<Transform> transform) {
    auto* edits = dynamic_cast<EditTransform*>(transform.get());
    if (edits == nullptr) {
      flush();
      out_.push_back(std::move(transform));
      return;
    }
    std::unique_ptr<EditTransform> step(edits);
    static_cast<void>(transform.release());  // It is the step's now.
    if (!steps_.empty() && !fits(*step)) flush();
    steps_.push_back(std::move(step));
  }
  void flush() {
    if (steps_.empty()) return;
    auto plan = json::EditPlan::of(words_of(steps_));
    if (plan) {
      out_.push_back(std::make_unique<EditPass>(std::exchange(steps_, {}), std::move(*plan)));
      return;
    }
    for (auto& step : steps_) out_.push_back(std::move(step));
    steps_.clear();
  }

 private:
  bool fits(const EditTransform& step) const {
    if (reads_what_changes(step, steps_)) return false;
    auto words = words_of(steps_);
    auto own = step.words();
    std::move(own.begin(), own.end(), std::back_inserter(words));
    return json::EditPlan::of(words).has_value();
  }

  std::vector<std::unique_ptr<Transform>>& out_;
  Steps steps_;
};

}  // namespace

void join_edits(std::vector<std::unique_ptr<Transform>>& transforms) {
  std::vector<std::unique_ptr<Transform>> joined;
  Joining joining(joined);
  for (auto& transform : transforms) joining.add(std::move(transform));
  joining.flush();
  transforms = std::move(joined);
}

}  // namespace sluice

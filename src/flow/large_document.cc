#include "flow/large_document.h"

#include <algorithm>
#include <cstring>

namespace sluice {
namespace {

// Where a source waits for the envelope (a paged API: the next page can't be asked for without it),
// slicing must not queue behind the checking of what it has sliced: that begins when slicing has
// ended, or so many windows lie ready.
constexpr size_t held_max = 8;

}  // namespace

// Inflates and slices till the window is full or the inputs are used up.
struct LargeDocument::Step : Work {
  using Work::Work;
  void run(Scratch&) override {
    const Instant begun = now();
    for (;;) {
      const size_t before = window.size();
      outcome = decoder->step(input(), is_last(), window, spans, bad);
      inflated += window.size() - before;
      if (!outcome->ok()) break;
      consumed = std::max(consumed, (*outcome)->consumed);
      if ((*outcome)->next != DecodeStep::Next::more_input) break;
      if (!input().empty()) continue;
      if (at + 1 == inputs.size()) break;
      ++at;
    }
    wall = now() - begun;
  }
  std::string_view& input() { return inputs[at]; }
  bool is_last() const { return has_last && at + 1 == inputs.size(); }
  Decoder* decoder = nullptr;
  std::vector<std::string_view> inputs;  // What is left of so many chunks
  size_t at = 0;                         // Of `inputs`: those before it are used up
  bool has_last = false;                 // No chunk comes behind them
  Buffer window;
  std::vector<Span> spans;
  std::vector<SetAside> bad;
  size_t consumed = 0;
  std::optional<Result<DecodeStep>> outcome;
  uint64_t inflated = 0;
  Nanoseconds wall = 0;
};

struct LargeDocument::Slot {
  Batch batch;
  std::optional<DocumentFault> fault;
  uint64_t records = 0;  // Copies of what was set aside not counted
  bool ready = false;
};

struct LargeDocument::Refine : Work {
  using Work::Work;
  void run(Scratch& scratch) override {
    const Instant begun = now();
    const std::string_view text = slot->batch.storage.front().view();
    slot->fault = refine(*input, text, offset, spans, slot->batch, scratch);
    slot->records = static_cast<uint64_t>(
        std::count_if(slot->batch.records.begin(), slot->batch.records.end(),
                      [](const Record& record) { return !record.copy_of_set_aside; }));
    wall = now() - begun;
  }
  std::optional<RefineInput> input;
  Slot* slot = nullptr;  // Stays where it is till it is ready and popped
  std::vector<Span> spans;
  uint64_t offset = 0;
  Nanoseconds wall = 0;
};

LargeDocument::LargeDocument(const Document& document, Surroundings around)
    : document_(document), around_(around), decoder_(around.decoders.make()) {
  decoder_->reset();
}

LargeDocument::~LargeDocument() {
  ENSURE(idle());
}

void LargeDocument::feed(Chunk chunk) {
  if (!fault_) chunks_.push_back(std::move(chunk));
}

void LargeDocument::break_off(Error why) {
  broken_off_ = std::move(why);
}

void LargeDocument::fail(uint64_t offset, std::string reason) {
  if (!fault_ || offset < fault_->offset) fault_ = {offset, std::move(reason)};
  ended_ = true;
  if (!stepping_) chunks_.clear();
}

void LargeDocument::start_what_fits() {
  if (step_) take_step();
  if (!stepping_ && !step_ && !ended_) start_step();
  // Slicing has ended, or has no room; if it only waits for input, so do they.
  if (!stepping_ && (ended_ || step_ || !chunks_.empty())) refine_held();
}

void LargeDocument::refine_held() {
  for (auto& work : held_) around_.workers.submit(std::move(work), around_.inbox);
  held_.clear();
}

// Room for at least one more chunk of inflated bytes behind what is carried over.
bool LargeDocument::make_room() {
  if (window_.room() >= chunk_bytes_max / 2) return true;
  const uint64_t wanted = window_.size() + chunk_bytes_max;
  const uint64_t delta = wanted - window_.capacity();
  auto lease = around_.purse.reserve(document_.number, delta, Purse::For::window);
  if (!lease) return false;
  window_leases_.push_back(std::move(*lease));
  window_.grow(wanted);
  return true;
}

void LargeDocument::start_step() {
  if (chunks_.empty()) {
    if (broken_off_) fail(decoder_->inflated(), broken_off_->message);
    return;
  }
  if (!make_room()) return;
  auto step = std::make_unique<Step>(around_.tickets.next());
  step->decoder = decoder_.get();
  // No more than the window can take: much may have been read ahead.
  size_t bytes = 0;
  for (const Chunk& chunk : chunks_) {
    if (bytes >= window_.room()) break;
    step->inputs.push_back(chunk.bytes.view());
    step->has_last = chunk.last;
    bytes += chunk.bytes.size();
  }
  step->inputs.front().remove_prefix(input_used_);
  step->window = std::move(window_);
  window_ = Buffer();
  stepping_ = true;
  around_.workers.submit(std::move(step), around_.inbox, Workers::Urgency::first);
}

bool LargeDocument::on(Event& event) {
  if (auto* refined = dynamic_cast<Refine*>(&event)) {
    --refining_;
    around_.meter.stage(Stage::refine)
        .add(refined->wall, refined->slot->batch.storage.front().size());
    around_.meter.stage(Stage::refine).add_cpu(refined->cpu);
    around_.meter.stage(Stage::refine).add_wait(refined->waited);
    refined->slot->ready = true;
    if (refined->slot->fault) {
      fail(refined->slot->fault->offset, "not JSON at byte " +
                                             std::to_string(refined->slot->fault->offset) + ": " +
                                             refined->slot->fault->reason);
    }
    return true;
  }
  auto* stepped = dynamic_cast<Step*>(&event);
  if (stepped == nullptr) return false;
  stepping_ = false;
  around_.meter.stage(Stage::decode).add(stepped->wall, stepped->inflated);
  around_.meter.stage(Stage::decode).add_cpu(stepped->cpu);
  around_.meter.stage(Stage::decode).add_wait(stepped->waited);
  // The event is the loop's to destroy: what it carries moves into one of our own.
  step_ = std::make_unique<Step>(0);
  step_->inputs = std::move(stepped->inputs);
  step_->at = stepped->at;
  step_->has_last = stepped->has_last;
  step_->window = std::move(stepped->window);
  step_->spans = std::move(stepped->spans);
  step_->bad = std::move(stepped->bad);
  step_->consumed = stepped->consumed;
  step_->outcome = std::move(stepped->outcome);
  take_step();
  return true;
}

// Sends off the records of the step that came back, and carries the rest of its window over. With
// no room for that it stays, and is taken up again after the next event.
void LargeDocument::take_step() {
  Step& step = *step_;
  const bool over = !step.outcome->ok() || (*step.outcome)->next == DecodeStep::Next::finished;
  const size_t carried = over ? 0 : step.window.size() - step.consumed;
  const uint64_t offset = decoder_->window_offset();
  const bool emits = !step.spans.empty() || !step.bad.empty();
  Buffer next;
  std::vector<Lease> next_leases;
  if (emits && !over) {
    auto lease =
        around_.purse.reserve(document_.number, carried + chunk_bytes_max, Purse::For::window);
    if (!lease) return;
    next = Buffer(lease->bytes());
    next_leases.push_back(std::move(*lease));
    next.append(step.window.view().substr(step.consumed));
  } else if (!over) {
    next = std::move(step.window);
    next_leases = std::move(window_leases_);
    if (step.consumed > 0) {
      std::memmove(next.data(), next.data() + step.consumed, carried);
      next.resize(carried);
    }
  }
  if (around_.envelopes) gatherer_.add(step.window.view(), step.spans);
  if (emits) {
    auto slot = std::make_unique<Slot>();
    slot->batch.document = document_.number;
    slot->batch.leases = std::move(window_leases_);
    slot->batch.storage.push_back(std::move(step.window));
    for (SetAside& bad : step.bad) bad.document = document_.name;
    slot->batch.set_aside = std::move(step.bad);
    auto work = std::make_unique<Refine>(around_.tickets.next());
    work->input.emplace(
        RefineInput{around_.recipe, around_.unit, document_, decoder_->spoils(), decoder_->json()});
    work->slot = slot.get();
    work->spans = std::move(step.spans);
    work->offset = offset;
    slots_.push_back(std::move(slot));
    ++refining_;
    held_.push_back(std::move(work));
    if (!around_.envelopes || held_.size() > held_max) refine_held();
  }
  window_ = std::move(next);
  window_leases_ = std::move(next_leases);
  if (!over && step.consumed > 0) decoder_->dropped(step.consumed);

  if (!step.outcome->ok()) {
    fail(decoder_->bad_offset(), step.outcome->error().message);
  } else if (over) {
    ended_ = true;
    if (auto lost = decoder_->rest_lost()) rest_lost_ = {decoder_->bad_offset(), std::move(*lost)};
  } else {
    const bool used_up = (*step.outcome)->next == DecodeStep::Next::more_input;
    if (used_up && step.is_last()) fail(decoder_->inflated(), "ends in the middle");
    drop_inputs(step, used_up);
  }
  if (ended_) chunks_.clear();
  step_.reset();
}

// `all`: the one that it was at is used up, too.
void LargeDocument::drop_inputs(Step& step, bool all) {
  const size_t dropped = std::min(chunks_.size(), step.at + (all ? 1 : 0));
  if (dropped > 0) input_used_ = 0;
  chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(dropped));
  if (!all && !chunks_.empty()) input_used_ = chunks_.front().bytes.size() - step.input().size();
}

Batch* LargeDocument::front() {
  while (!slots_.empty() && slots_.front()->ready) {
    Slot& slot = *slots_.front();
    // What lies behind the first fault is not wanted.
    const bool spoilt = fault_ && decoder_->spoils() == Spoils::document &&
                        !slot.batch.records.empty() &&
                        slot.batch.records.front().offset >= fault_->offset;
    if (!spoilt) return &slot.batch;
    slots_.pop_front();
  }
  return nullptr;
}

void LargeDocument::pop() {
  records_ += slots_.front()->records;
  slots_.pop_front();
}

std::optional<Envelope> LargeDocument::take_envelope() {
  if (!around_.envelopes || !ended_ || stepping_ || envelope_taken_) return std::nullopt;
  envelope_taken_ = true;
  Envelope made = gatherer_.envelope(document_.number, *decoder_);
  if (fault_) made.fault = fault_->reason;
  return made;
}

bool LargeDocument::finished() const {
  return ended_ && !stepping_ && !step_ && refining_ == 0 && slots_.empty();
}

}  // namespace sluice

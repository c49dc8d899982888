#include "flow/large_document.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "flow/count_work.h"

namespace sluice {
namespace {

// Where a source waits for the envelope (a paged API: the next page can't be asked for without it),
// slicing must not queue behind the checking of what it has sliced: that begins when slicing has
// ended, or so many windows lie ready.
constexpr size_t held_max = 8;

}  // namespace

// What an entry of what is set aside costs besides its reason, about.
constexpr uint64_t set_aside_bytes = sizeof(SetAside) + 32;

void drop_front(Buffer& window, size_t bytes) {
  if (bytes == 0) return;
  std::memmove(window.data(), window.data() + bytes, window.size() - bytes);
  window.resize(window.size() - bytes);
}

uint64_t cost_of(const std::vector<Span>& spans, const std::vector<SetAside>& bad) {
  uint64_t bytes = spans.size() * sizeof(Span);
  for (const SetAside& one : bad) bytes += set_aside_bytes + one.reason.size();
  return bytes;
}

// Inflates all of it to nowhere: its checksums tell before any of its records is written.
struct LargeDocument::Prove : Work {
  Prove(Ticket ticket, const DecoderMaker& decoders, std::string_view document,
        const std::atomic<bool>& cancelled)
      : Work(ticket), decoders(decoders), document(document), cancelled(cancelled) {}
  void run(Scratch&) override { damage = decoders.damage(document, cancelled); }
  const DecoderMaker& decoders;
  const std::string_view document;
  const std::atomic<bool>& cancelled;
  std::optional<std::pair<size_t, std::string>> damage;
};

// Inflates and slices till the window is full, the inputs are used up, or there are records enough.
struct LargeDocument::Step : Work {
  using Work::Work;
  void run(Scratch&) override {
    for (;;) {
      const size_t before = window.size();
      outcome = decoder->step(input(), is_last(), window, spans, bad);
      inflated += window.size() - before;
      if (!outcome->ok()) break;
      consumed = std::max(consumed, (*outcome)->consumed);
      if ((*outcome)->next != DecodeStep::Next::more_input) break;
      if (!input().empty()) continue;
      if (at + 1 == inputs.size() || spans.size() + bad.size() >= step_records_max) break;
      ++at;
    }
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
};

// The records of a step on their way to the sink: as one batch, or where they come to more than
// there is room for one after the other.
struct LargeDocument::Slot {
  Buffer window;
  std::vector<Lease> leases;  // Of the window, of the spans
  std::vector<Span> spans;
  std::vector<SetAside> bad;
  size_t done = 0, bad_done = 0;     // Of them
  uint64_t offset = 0;               // Of the window in the document
  std::optional<Unproven> unproven;  // When its records had been sliced
  Batch batch;
  std::optional<DocumentFault> fault;
  uint64_t records = 0;  // Of the batch; copies of what was set aside not counted
  bool ready = false;
};

struct LargeDocument::Refine : Work {
  Refine(Ticket ticket, Slot& slot, RefineInput input) : Work(ticket), slot(slot), input(input) {}
  void run(Scratch& scratch) override {
    const Sliced left{slot.window.view(), slot.offset, std::span(slot.spans).subspan(slot.done),
                      std::span(slot.bad).subspan(slot.bad_done)};
    Refined refined = refine(input, left, slot.batch, scratch);
    if (refined.done > 0) bytes = left.spans[refined.done - 1].end - left.spans.front().begin;
    slot.done += refined.done;
    slot.bad_done += refined.bad_done;
    slot.fault = std::move(refined.fault);
    const std::vector<Record>& records = slot.batch.records;
    slot.records = static_cast<uint64_t>(
        std::count_if(records.begin(), records.end(),
                      [](const Record& record) { return !record.copy_of_set_aside; }));
  }
  Slot& slot;  // Stays where it is till it is ready and popped
  const RefineInput input;
  uint64_t bytes = 0;
};

LargeDocument::LargeDocument(const Document& document, Surroundings around, bool is_proven)
    : document_(document),
      around_(around),
      decoder_(around.decoders.make()),
      proven_(is_proven),
      is_sound_(is_proven) {
  decoder_->reset();
}

LargeDocument::~LargeDocument() {
  ENSURE(idle());
}

void LargeDocument::feed(Chunk chunk) {
  if (!state_) {
    const uint64_t bytes = around_.decoders.state_bytes(chunk.bytes.view());
    state_ = around_.purse.reserve_state(document_.number, bytes);
  }
  if (!fault_) chunks_.push_back(std::move(chunk));
}

void LargeDocument::break_off(Error why) {
  broken_off_ = std::move(why);
}

void LargeDocument::fail(DocumentFault fault) {
  if (!fault_ || fault.offset < fault_->offset) fault_ = std::move(fault);
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

bool LargeDocument::is_proven() {
  if (proven_ || chunks_.size() != 1 || !chunks_.front().last) return proven_ = true;
  stepping_ = true;
  around_.workers.submit(std::make_unique<Prove>(around_.tickets.next(), around_.decoders,
                                                 chunks_.front().bytes.view(), around_.cancelled),
                         around_.inbox, Workers::Urgency::first);
  return false;
}

std::optional<Unproven> LargeDocument::unproven() const {
  return is_sound_ ? std::nullopt : decoder_->unproven();
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
    if (broken_off_) fail({decoder_->inflated(), broken_off_->message, unproven()});
    return;
  }
  if (!is_proven()) return;
  // With records enough in what is inflated already it needs no more of that.
  if (!crowded_ && !make_room()) return;
  auto step = std::make_unique<Step>(around_.tickets.next());
  step->decoder = decoder_.get();
  // No more than the window can take: much may have been read ahead.
  size_t bytes = 0;
  for (const Chunk& chunk : chunks_) {
    if (!step->inputs.empty() && bytes >= window_.room()) break;
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
    count_work(around_.meter, Stage::refine, *refined, refined->bytes);
    refined->slot.ready = true;
    if (const auto& fault = refined->slot.fault) {
      fail({fault->offset,
            "not JSON at byte " + std::to_string(fault->offset) + ": " + fault->reason,
            refined->slot.unproven});
    }
    return true;
  }
  if (auto* proved = dynamic_cast<Prove*>(&event)) {
    stepping_ = false;
    proven_ = true;
    count_work(around_.meter, Stage::decode, *proved, proved->document.size());
    is_sound_ = !proved->damage;
    if (is_sound_) return true;
    Chunk& chunk = chunks_.front();
    chunk.bytes.resize(proved->damage->first);
    chunk.last = false;
    broken_off_ = Error{ErrorKind::corrupt, std::move(proved->damage->second)};
    return true;
  }
  auto* stepped = dynamic_cast<Step*>(&event);
  if (stepped == nullptr) return false;
  stepping_ = false;
  count_work(around_.meter, Stage::decode, *stepped, stepped->inflated);
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
  const size_t records = step.spans.size() + step.bad.size();
  // Many at once would take all that their records need.
  if (records >= step_records_max && slots_.size() > 2 * around_.workers.threads()) return;
  auto slot = std::make_unique<Slot>();
  if (records > 0) {
    if (!part_window(*slot, over)) return;
    slot->offset = decoder_->window_offset();
    slot->unproven = unproven();
    if (around_.envelopes) gatherer_.add(slot->window.view(), step.spans, step.bad);
    slot->spans = std::move(step.spans);
    slot->bad = std::move(step.bad);
    hand_out(*slot);
    slots_.push_back(std::move(slot));
    if (!around_.envelopes || held_.size() > held_max) refine_held();
  } else if (!over) {
    window_ = std::move(step.window);
    drop_front(window_, step.consumed);
  }
  if (over) {
    window_ = Buffer();
    window_leases_.clear();
  }
  crowded_ = !over && records >= step_records_max;
  if (!over && step.consumed > 0) decoder_->dropped(step.consumed);

  if (!step.outcome->ok()) {
    fail({decoder_->bad_offset(), step.outcome->error().message, unproven()});
  } else if (over) {
    ended_ = true;
    if (auto lost = decoder_->rest_lost()) rest_lost_ = {decoder_->bad_offset(), std::move(*lost)};
  } else {
    const bool used_up = (*step.outcome)->next == DecodeStep::Next::more_input;
    if (used_up && step.is_last()) fail({decoder_->inflated(), "ends in the middle", unproven()});
    drop_inputs(step, used_up);
  }
  if (ended_) chunks_.clear();
  step_.reset();
}

// The slot gets the bytes of the step's records and what they cost; the rest is the next window.
// False: there is no room for one of them now.
bool LargeDocument::part_window(Slot& slot, bool over) {
  Step& step = *step_;
  const size_t carried = over ? 0 : step.window.size() - step.consumed;
  // Of many tiny records the window holds more than go at once: then these move, not the rest.
  const bool few = !over && step.consumed < carried;
  const uint64_t own = cost_of(step.spans, step.bad);
  const uint64_t buffer = over ? 0 : few ? step.consumed : carried + chunk_bytes_max;
  auto lease = around_.purse.reserve(document_.number, own + buffer, Purse::For::window);
  // The share of the windows is for windows: what few spans cost besides must not stop them.
  if (!lease && slots_.empty()) {
    lease = around_.purse.reserve(document_.number, buffer, Purse::For::window);
  }
  if (!lease) return false;
  Lease of_buffer = lease->split(buffer);
  if (few) {
    slot.window = Buffer::of(step.window.view().substr(0, step.consumed));
    slot.leases.push_back(std::move(of_buffer));
    window_ = std::move(step.window);
    drop_front(window_, step.consumed);
  } else {
    slot.leases = std::exchange(window_leases_, {});
    if (!over) {
      window_ = Buffer(buffer);
      window_.append(step.window.view().substr(step.consumed));
      window_leases_.push_back(std::move(of_buffer));
    }
    slot.window = std::move(step.window);
  }
  slot.leases.push_back(std::move(*lease));
  return true;
}

// The slot's spans that are not done, to a worker.
void LargeDocument::hand_out(Slot& slot) {
  slot.batch = Batch();
  slot.batch.document = document_.number;
  // At the head, where it will not wait for others, what its records cost has the unit's share,
  // too.
  const bool is_first = slots_.empty() || slots_.front().get() == &slot;
  const bool head = is_first && around_.purse.turn() == document_.number;
  std::optional<Lease> share;
  if (head)
    share = around_.purse.reserve(document_.number, around_.recipe.record_max, Purse::For::window);
  if (share) share->shrink(0);
  slot.batch.charge = share ? std::move(*share) : slot.leases.back().split(0);
  slot.ready = false;
  ++refining_;
  held_.push_back(std::make_unique<Refine>(
      around_.tickets.next(), slot,
      RefineInput{around_.recipe, around_.unit, document_, decoder_->spoils(), decoder_->json(),
                  &around_.cancelled, head ? Turn::head : Turn::ahead}));
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
  Slot& slot = *slots_.front();
  records_ += slot.records;
  const bool all = slot.done == slot.spans.size() && slot.bad_done == slot.bad.size();
  if (all || slot.fault) return slots_.pop_front();
  hand_out(slot);
  refine_held();
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

#include "flow/walk.h"

#include <algorithm>
#include <utility>

#include "flow/count_work.h"

namespace sluice {

struct Walk::Pending {
  enum class State : uint8_t { arriving, queued, decoding, decoded, large, bad };
  State state = State::arriving;
  std::deque<Chunk> chunks;  // Arriving: what has come so far
  uint64_t room_bytes = 0;   // For the window, once a first try has shown how much
  uint64_t state_bytes = 0;  // For the codec, likewise
  bool is_proven = false;    // As a whole; only its records are too many
  DecodedDocument decoded;
  std::unique_ptr<LargeDocument> large;
  std::optional<Error> why;  // The source could not read it (further)
};

namespace {

// Small documents go to a worker several at a time: a hand-over costs as much as decoding one.
constexpr size_t group_documents_max = 64;
constexpr uint64_t group_bytes_max = 256 << 10;

// Hashes of records near the greatest value are kept in memory of nobody's share: 4 MiB at most.
constexpr size_t near_marks_max = 256 << 10;

// What a document of unknown inflated size is given for a first try.
uint64_t first_guess(uint64_t bytes) {
  return std::min(hold_bytes_max, bytes * 6 + (4 << 10));
}

}  // namespace

Walk::Walk(Parts parts) : parts_(parts) {
  if (const Since* since = parts_.unit.since) high_water_ = since->before.water;
  parts_.purse.set_turn(0);
}
Walk::~Walk() {
  ENSURE(decoding_ == 0);
}

Walk::Pending& Walk::pending(uint64_t number) {
  while (pending_.size() <= number - turn_) pending_.push_back(nullptr);
  auto& slot = pending_[number - turn_];
  if (!slot) slot = std::make_unique<Pending>();
  return *slot;
}

Walk::Pending* Walk::head() {
  return pending_.empty() ? nullptr : pending_.front().get();
}

void Walk::start_what_fits() {
  if (stopped_) return;
  // Placing gives back what reading needs, and the other way round: go round till nothing moves.
  for (uint64_t before = ~turn_; before != turn_ || learnt_;) {
    before = turn_;
    learnt_ = false;
    if (!sealed_) parts_.source.start_what_fits(parts_.purse);
    take_arrivals();
    decode_what_fits();
    place_what_fits();
  }
  const auto documents = parts_.source.documents();
  const bool all_placed =
      sealed_ ? cursor_.record == 0 && cursor_.byte == 0 : documents && turn_ == *documents;
  if (all_placed && !finishing_ && !error_) {
    finishing_ = true;
    parts_.sink.finish();
  }
  parts_.sink.start_what_fits();
}

void Walk::take_arrivals() {
  while (auto arrived = parts_.source.take()) {
    if (arrived->document < turn_) continue;  // Given up already
    Pending& doc = pending(arrived->document);
    if (arrived->is_nothing) {
      doc.decoded.document = &parts_.source.document(arrived->document);
      doc.state = Pending::State::decoded;
      continue;
    }
    if (arrived->bad) {
      doc.why = std::move(arrived->bad);
      if (doc.large) doc.large->break_off(*doc.why);
      if (doc.state == Pending::State::arriving && doc.chunks.empty())
        doc.state = Pending::State::bad;
      continue;
    }
    if (doc.large) {
      doc.large->feed(std::move(arrived->chunk));
      continue;
    }
    doc.chunks.push_back(std::move(arrived->chunk));
    if (doc.chunks.size() == 1 && doc.chunks.front().last) {
      doc.state = Pending::State::queued;
      to_decode_.push_back(arrived->document);
    }
  }
}

// Hands whole documents to workers, in groups, while there is memory for what they inflate to. The
// one whose turn it is goes first: its bytes come out of the head share if need be.
void Walk::decode_what_fits() {
  if (Pending* first = head(); first != nullptr && first->state == Pending::State::queued) {
    std::vector<uint64_t> alone = {turn_};
    if (to_decode_.front() != turn_ && !dispatch(alone)) return;
  }
  while (!to_decode_.empty() && decoding_ < 2 * parts_.workers.threads()) {
    std::vector<uint64_t> group;
    uint64_t bytes = 0;
    while (!to_decode_.empty() && group.size() < group_documents_max && bytes < group_bytes_max) {
      const uint64_t number = to_decode_.front();
      to_decode_.pop_front();
      if (number < turn_) continue;
      Pending& doc = pending(number);
      if (doc.state != Pending::State::queued) continue;
      bytes += doc.chunks.front().bytes.size();
      group.push_back(number);
    }
    if (group.empty() || !dispatch(group)) return;
  }
}

// False: not all of them fit; the rest is back in the queue.
bool Walk::dispatch(std::vector<uint64_t>& numbers) {
  auto work =
      std::make_unique<DecodeDocuments>(parts_.tickets.next(), parts_.decoders, parts_.recipe,
                                        parts_.unit, parts_.envelopes, cancelled_);
  size_t taken = 0;
  for (; taken < numbers.size(); ++taken) {
    Pending& doc = pending(numbers[taken]);
    const std::string_view raw = doc.chunks.front().bytes.view();
    if (doc.room_bytes == 0) {
      const uint64_t hint = parts_.decoders.inflated_hint(raw);
      doc.room_bytes = hint > 0 ? std::min(hint + 16, hold_bytes_max) : first_guess(raw.size());
      doc.state_bytes = parts_.decoders.state_bytes(raw);
    }
    auto room = parts_.purse.reserve(numbers[taken], doc.room_bytes, Purse::For::window);
    if (!room) break;
    // They are decoded one after the other, so what the greatest needs is enough.
    const uint64_t has = work->state.bytes();
    auto state = parts_.purse.reserve_state(numbers[taken],
                                            doc.state_bytes > has ? doc.state_bytes - has : 0);
    if (!state) break;
    work->state.merge(std::move(*state));
    doc.state = Pending::State::decoding;
    DecodedDocument& out = work->documents.emplace_back();
    out.number = numbers[taken];
    out.document = &parts_.source.document(out.number);
    out.raw = std::move(doc.chunks.front());
    out.room_bytes = doc.room_bytes;
    out.room = std::move(*room);
    doc.chunks.clear();
  }
  for (size_t i = numbers.size(); i > taken; --i) to_decode_.push_front(numbers[i - 1]);
  if (taken > 0) {
    ++decoding_;
    parts_.workers.submit(std::move(work), parts_.inbox);
  }
  return taken == numbers.size();
}

void Walk::on(Event& event) {
  if (auto* work = dynamic_cast<DecodeDocuments*>(&event)) {
    --decoding_;
    count_work(parts_.meter, Stage::decode, *work, work->inflated);
    for (DecodedDocument& decoded : work->documents) {
      Pending& doc = pending(decoded.number);
      if (decoded.fate == DecodedDocument::Fate::too_large) {
        // Larger than its own bytes said. Once more with the whole hold, and else piece by piece.
        doc.chunks.push_back(std::move(decoded.raw));
        doc.state =
            doc.room_bytes < hold_bytes_max ? Pending::State::queued : Pending::State::arriving;
        if (doc.state == Pending::State::queued) to_decode_.push_front(decoded.number);
        doc.room_bytes = hold_bytes_max;
        continue;
      }
      if (decoded.fate == DecodedDocument::Fate::many) {
        doc.chunks.push_back(std::move(decoded.raw));
        doc.state = Pending::State::arriving;
        doc.is_proven = true;
        continue;
      }
      if (decoded.fate != DecodedDocument::Fate::good &&
          parts_.source.bring_again(decoded.number, decoded.why.reason)) {
        doc = Pending();
        learnt_ = true;
        continue;
      }
      if (stopped_) tell_what_was_ended(decoded.batch);
      if (decoded.envelope) give_envelope(*decoded.envelope);
      doc.decoded = std::move(decoded);
      doc.state = Pending::State::decoded;
    }
    return;
  }
  if (Pending* first = head(); first != nullptr && first->large) {
    first->large->on(event);
    Batch* batch = first->large->front();
    if (stopped_ && batch != nullptr) tell_what_was_ended(*batch);
  }
}

// A program that was at work when the walk was stopped: by its name, since it may be the reason
// why.
void Walk::tell_what_was_ended(Batch& batch) {
  const auto failure = std::exchange(batch.failure, std::nullopt);
  if (!failure || failure->kind != ErrorKind::cancelled) return;
  parts_.log.on_warning(parts_.source.document(batch.document), failure->message);
}

void Walk::place_what_fits() {
  while (!error_ && place_head()) {
  }
}

// Whether the head is done, so that the next one may follow.
bool Walk::place_head() {
  Pending* doc = head();
  if (doc == nullptr) return false;
  // More may have been read ahead than there turned out to be.
  if (const auto documents = parts_.source.documents(); documents && turn_ >= *documents)
    return false;
  switch (doc->state) {
    case Pending::State::bad: {
      const Document& document = parts_.source.document(turn_);
      set_aside({.document = document.name, .reason = doc->why->message, .whole = true});
      head_done();
      return true;
    }
    case Pending::State::decoded: {
      if (sealed_ && cursor_.record == 0 && cursor_.byte == 0) return false;
      if (!place(doc->decoded.batch)) return false;
      const auto fate = doc->decoded.fate;
      if (fate != DecodedDocument::Fate::good) set_aside(std::move(doc->decoded.why));
      tally_.bytes_inflated += doc->decoded.inflated;
      for (const auto& warning : doc->decoded.warnings) {
        parts_.log.on_warning(*doc->decoded.document, warning);
      }
      head_done();
      return true;
    }
    case Pending::State::arriving:
      if (doc->chunks.empty()) return false;
      doc->large = std::make_unique<LargeDocument>(
          parts_.source.document(turn_),
          LargeDocument::Surroundings{parts_.decoders, parts_.recipe, parts_.unit, parts_.purse,
                                      parts_.workers, parts_.inbox, parts_.tickets, parts_.meter,
                                      parts_.envelopes, cancelled_},
          doc->is_proven);
      for (Chunk& chunk : doc->chunks) doc->large->feed(std::move(chunk));
      doc->chunks.clear();
      if (doc->why) doc->large->break_off(*doc->why);
      doc->state = Pending::State::large;
      [[fallthrough]];
    case Pending::State::large:
      return place_large(*doc);
    case Pending::State::queued:
    case Pending::State::decoding:
      return false;
  }
  return false;
}

bool Walk::place_large(Pending& doc) {
  LargeDocument& large = *doc.large;
  large.start_what_fits();
  if (large.fault() && !parts_.purse.is_placing()) {
    if (!large.idle()) return false;
    if (parts_.source.bring_again(turn_, large.fault()->reason)) {
      doc = Pending();
      learnt_ = true;
      return false;
    }
  }
  if (auto envelope = large.take_envelope()) give_envelope(*envelope);
  while (Batch* batch = large.front()) {
    if (!place(*batch)) return false;
    large.pop();
    large.start_what_fits();  // Its bytes are free now
    if (auto envelope = large.take_envelope()) give_envelope(*envelope);
  }
  if (!large.finished()) return false;
  tally_.bytes_inflated += large.inflated();
  const Document& document = parts_.source.document(turn_);
  if (const auto& fault = large.fault()) {
    set_aside(partial(document, large.records(), *fault));
    // It may have shown only after the envelope.
    if (parts_.envelopes && large.is_broken())
      give_envelope({.document = turn_, .fault = fault->reason});
  }
  for (const auto& warning : large.warnings()) parts_.log.on_warning(document, warning);
  head_done();
  return true;
}

// Gives the batch to the sink, as far as it takes it; true once all of it is in.
bool Walk::place(Batch& batch) {
  if (batch.failure) {
    error_ = std::move(batch.failure);
    return false;
  }
  parts_.purse.begin_placing();
  // Never waits, so its wall time is its CPU time, which would cost a system call to read.
  const Instant begun = now();
  auto taken = parts_.sink.write(batch, cursor_);
  count_on_loop(parts_.meter, Stage::place, parts_.tickets.series(), begun);
  if (!taken.ok()) {
    error_ = taken.error();
    return false;
  }
  if (!*taken) return false;
  cursor_ = {};
  tally_.filtered += batch.filtered;
  tally_.duplicates += batch.had_before;
  if (parts_.unit.since && !raise_high_water(batch.high_water)) return false;
  shape_.records += batch.text_records;
  shape_.bytes += batch.text_bytes;
  if (batch.fields) shape_.fields.merge(*batch.fields);
  set_aside_of(batch);
  for (const std::string& warning : batch.warnings) {
    parts_.log.on_warning(parts_.source.document(turn_), warning);
  }
  batch = Batch();
  return true;
}

bool Walk::raise_high_water(const HighWater& batch) {
  const uint64_t lookback = parts_.unit.since->job.lookback;
  high_water_.merge(batch, lookback);
  if (high_water_.size() <= near_marks_max) return true;
  high_water_.settle(lookback);
  if (high_water_.size() <= near_marks_max) return true;
  const bool is_near = high_water_.near().size() > near_marks_max / 2;
  error_ = Error{ErrorKind::invalid,
                 "source: incremental: more than " + std::to_string(near_marks_max / 2) +
                     (is_near ? " records lie within the lookback: shorten it"
                              : " records lie further beyond now than `tolerance`: is `field` what "
                                "grows with each change?")};
  return false;
}

HighWater Walk::high_water() const {
  HighWater settled = high_water_;
  if (parts_.unit.since) settled.settle(parts_.unit.since->job.lookback);
  return settled;
}

// Those of the decoder came first; all are told in the order of the document.
void Walk::set_aside_of(Batch& batch) {
  const auto by_offset = [](const SetAside& a, const SetAside& b) { return a.offset < b.offset; };
  std::stable_sort(batch.set_aside.begin(), batch.set_aside.end(), by_offset);
  for (SetAside& bad : batch.set_aside) {
    bad.document = parts_.source.document(turn_).name;
    set_aside(std::move(bad));
  }
  tally_.records_set_aside += batch.set_aside_more;
}

void Walk::set_aside(SetAside what) {
  if (what.whole) {
    ++tally_.documents_set_aside;
  } else if (what.partial) {
    ++tally_.documents_partial;
  } else {
    ++tally_.records_set_aside;
  }
  if (parts_.on_bad == OnBad::stop && !error_) {
    error_ = Error{ErrorKind::corrupt, what.document + ": byte " + std::to_string(what.offset) +
                                           ": " + what.reason + " (on_bad: stop)"};
  }
  parts_.log.on_set_aside(std::move(what));
}

void Walk::give_envelope(const Envelope& envelope) {
  parts_.source.on_envelope(envelope);
  learnt_ = true;
}

void Walk::head_done() {
  const Document& document = parts_.source.document(turn_);
  ++tally_.documents;
  tally_.bytes_read += document.bytes;
  position_ = document.end;
  for (const std::string& warning : parts_.source.take_warnings()) {
    parts_.log.on_warning(document, warning);
  }
  parts_.log.on_document(document);
  if (const auto cursor = parts_.source.cursor_after(turn_)) {
    parts_.sink.mark_checkpoint(++checkpoints_);
    parts_.log.on_checkpoint(checkpoints_, *cursor, tally_);
  }
  pending_.pop_front();
  parts_.source.forget(turn_);
  parts_.purse.set_turn(++turn_);
}

void Walk::seal() {
  if (sealed_) return;
  sealed_ = true;
  parts_.source.stop();
}

void Walk::stop() {
  stopped_ = true;
  cancelled_ = true;
  parts_.source.stop();
  parts_.sink.stop();
}

bool Walk::filled() const {
  return finishing_ && !error_ && parts_.sink.finished();
}

Status Walk::status() const {
  if (error_) return *error_;
  TRY(parts_.source.status());
  return parts_.sink.status();
}

bool Walk::drained() const {
  const Pending* first = pending_.empty() ? nullptr : pending_.front().get();
  const bool large_busy = first != nullptr && first->large && !first->large->idle();
  return decoding_ == 0 && !large_busy && parts_.source.drained() && parts_.sink.drained();
}

}  // namespace sluice

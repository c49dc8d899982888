#include "simulator/stormy_store.h"

#include <algorithm>

namespace sluice::simulator {
namespace {

constexpr std::array<std::string_view, 6> fates = {"",           "fails",        "is lost",
                                                   "lands late", "is throttled", "is denied"};

bool by_chance(Simulation& simulation, uint64_t one_in) {
  return one_in > 0 && simulation.one_in(one_in);
}

// Of a unit's record: a write that begins a commit or a claim.
bool has(const Request& request, std::string_view word) {
  const Put* put = std::get_if<Put>(&request);
  return put != nullptr && put->body.find(word) != put->body.npos;
}

}  // namespace

StormyStore::StormyStore(Simulation& simulation, Tally& tally, std::string name)
    : simulation_(simulation), tally_(tally), memory_(make_memory_store(std::move(name))) {}

StormyStore::Fate StormyStore::fate() {
  if (by_chance(simulation_, weather_.fails)) return Fate::failed;
  if (by_chance(simulation_, weather_.loses_answer)) return Fate::lost;
  if (by_chance(simulation_, weather_.lands_late)) return Fate::late;
  if (by_chance(simulation_, weather_.throttles)) return Fate::throttled;
  if (by_chance(simulation_, weather_.denies)) return Fate::denied;
  return Fate::answered;
}

Nanoseconds StormyStore::latency() const {
  const Nanoseconds since = simulation_.now() - since_;
  const bool slow_phase =
      since >= weather_.slow_from && since < weather_.slow_from + weather_.slow_for;
  if (slow_phase) tally_.met(Met::slow_phase);
  Nanoseconds most = weather_.latency_most * (slow_phase ? 10 : 1);
  if (by_chance(simulation_, weather_.is_slow)) most = 2_s;
  return simulation_.between(100'000, most);
}

void StormyStore::note(const Request& request, Fate fate) {
  if (fate == Fate::failed) tally_.met(Met::call_failed);
  if (fate == Fate::late) tally_.met(Met::landed_late);
  if (fate == Fate::throttled) tally_.met(Met::throttled);
  if (fate == Fate::denied) tally_.met(Met::denied);
  if (fate != Fate::lost) return;
  tally_.met(Met::answer_lost);
  if (has(request, "\"intent\"") || has(request, "\"manifest\"")) {
    tally_.met(Met::answer_lost_of_commit);
  } else if (has(request, "\"since\"")) {
    tally_.met(Met::answer_lost_of_claim);
  }
}

StormyStore::Facts StormyStore::facts_of(const Request& request) {
  Facts facts{.verb = request.index()};
  if (const auto* part = std::get_if<PutPart>(&request)) facts.is_second_part = part->number > 1;
  if (const auto* complete = std::get_if<Complete>(&request)) facts.id = complete->id;
  if (const auto* abort = std::get_if<Abort>(&request)) facts.id = abort->id;
  if (const auto* gone = std::get_if<Delete>(&request))
    facts.is_of_data = !gone->key.view().starts_with("_");
  facts.has_checkpoint = has(request, "\"checkpoint\"");
  return facts;
}

void StormyStore::note(const Facts& facts, const Result<Answer>& answer, const Process* asker) {
  const std::string_view verb = store_verbs[facts.verb];
  if (!answer.ok()) {
    if (verb == "get" && answer.error().kind == ErrorKind::not_found && name() == "given:")
      tally_.met(Met::vanished);
    return;
  }
  if (verb == "create_upload") uploads_[std::get<UploadId>(*answer)] = asker;
  if (const auto found = uploads_.find(facts.id);
      found != uploads_.end() && found->second != asker) {
    if (verb == "complete") tally_.met(Met::completed_for_another);
    if (verb == "abort") tally_.met(Met::aborted_for_another);
  }
  if (facts.is_second_part) tally_.met(Met::many_parts);
  if (facts.is_of_data) tally_.met(Met::retired_object);
  if (facts.has_checkpoint) tally_.met(Met::checkpoint_written);
}

Result<Answer> StormyStore::told(Fate fate, Result<Answer> answer, const std::string& what) const {
  if (fate == Fate::answered) return answer;
  if (fate == Fate::throttled) return Error{ErrorKind::throttled, what + ": SlowDown"};
  if (fate == Fate::denied) return Error{ErrorKind::denied, what + ": 403"};
  return Error{ErrorKind::transient, what + ": connection lost"};
}

void StormyStore::deny(Lease lease, Ticket ticket, Inbox& inbox) {
  simulation_.after(
      0, simulation_.process(), [this, ticket, &inbox, lease = std::move(lease)]() mutable {
        inbox.post(std::make_unique<Answered>(ticket, Error{ErrorKind::denied, "it was killed"},
                                              std::move(lease),
                                              Timing{simulation_.now(), simulation_.now()}));
      });
}

// It comes to pass at one instant and is answered at a later one. Only the answer needs somebody
// who still waits for it.
void StormyStore::start(Request request, Lease lease, Ticket ticket, Inbox& inbox) {
  if (when_called_) when_called_(request);
  if (simulation_.process() != nullptr && simulation_.process()->killed())
    return deny(std::move(lease), ticket, inbox);
  ++calls_;
  const Fate fate = this->fate();
  note(request, fate);
  const Nanoseconds there = latency(), back = latency();
  const std::string what = simulation_.is_traced() || fate != Fate::answered
                               ? name() + describe(request)
                               : std::string();
  Process* const asker = simulation_.process();
  if (simulation_.is_traced()) {
    simulation_.say((asker ? asker->name() : "the world") + ": " + what +
                    (fate == Fate::answered ? "" : ", which ") +
                    std::string(fates[static_cast<size_t>(fate)]));
  }
  simulation_.note(ticket * 31 + request.index() * 7 + static_cast<uint64_t>(fate));

  auto answer = std::make_shared<Result<Answer>>(Error{ErrorKind::internal, "never came to pass"});
  const Instant started = simulation_.now();
  const bool happens = fate == Fate::answered || fate == Fate::lost || fate == Fate::late;
  if (happens) {
    const Nanoseconds extra = fate == Fate::late ? back + simulation_.between(0, 3_s) : 0;
    simulation_.after(there + extra, nullptr,
                      [this, answer, asker, request = std::move(request)]() mutable {
                        const Facts facts = facts_of(request);
                        *answer = call(*memory_, std::move(request));
                        note(facts, *answer, asker);
                      });
  }
  simulation_.after(
      there + back, asker,
      [this, fate, answer, what, started, ticket, &inbox, lease = std::move(lease)]() mutable {
        Timing timing{started, simulation_.now()};
        if (const auto* body = answer->ok() ? std::get_if<Body>(&**answer) : nullptr)
          timing.bytes = body->bytes.size();
        inbox.post(std::make_unique<Answered>(ticket, told(fate, std::move(*answer), what),
                                              std::move(lease), timing));
      });
}

}  // namespace sluice::simulator

#include "explorer/search.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"
#include "explorer/automata.h"

namespace sluice::explorer {

namespace {

constexpr size_t processes_max = 4, net_max = 10;
constexpr int recovery_requests_max = 300;

// ---- the search ---------------------------------------------------------------------------------

struct State {
  Number world = 0;
  Number nodes[processes_max] = {};
  Number net[net_max] = {};  // Requests astray, ascending, each once
  uint8_t net_count = 0, strays = 0, crashes = 0, lapses = 0;

  bool operator==(const State& other) const { return std::memcmp(this, &other, sizeof *this) == 0; }
};

struct StateHash {
  size_t operator()(const State& state) const {
    return hash64({reinterpret_cast<const char*>(&state), sizeof state});
  }
};

struct Label {
  enum class Kind : uint8_t { start, call, unsent, stray, crash, arrive, lapse };
  Kind kind = Kind::start;
  uint8_t who = 0;
  Number request = 0;  // lapse: the position of the upload in its world
  Number answer = 0;
};

class Search {
 public:
  Search(const Scenario& scenario, Serving serving) : scenario_(scenario), serving_(serving) {
    lost_ = automata_.answers.number({}, Answer{}.text());
    ENSURE(scenario.processes.size() <= processes_max);
  }

  Outcome run(uint64_t states_max);

 private:
  struct Then {
    Number answer = 0;
    Number world = 0;
  };
  struct Recovery {
    Number world = 0;
    std::string wrong;
    std::vector<std::string> log;
  };

  Number intern(World world, const std::string& wrong = {});
  const std::vector<Then>& effect(Number world, Number request);
  std::vector<Automata::Open> servable(Number node) const;
  void add(const State& state, Number parent, const Label& label);
  void expand(Number index);
  void expand_process(Number index, size_t who);
  void leave_unsent(Number index, size_t who, const Automata::Open& call);
  void crash(Number index, size_t who, const std::vector<Automata::Open>& calls);
  bool put_astray(State& state, Number request) const;
  void finale(Number index);
  const Recovery& recover(Number world);
  void recover_by(const Task& task, Recovery& recovery);
  void found(Number index, std::string wrong, std::vector<std::string> more);
  std::vector<std::string> trace(Number index) const;
  Outcome outcome(bool complete) const;

  const Scenario& scenario_;
  Serving serving_;
  Automata automata_;
  Number lost_ = 0;
  Interned<World> worlds_;
  std::vector<std::string> verdicts_;  // By world: what is wrong with it, or empty
  std::vector<Number> model_worlds_;   // By world: which world it is for the model
  Interned<char> known_to_model_;
  std::unordered_map<uint64_t, std::vector<Then>> effects_;
  std::unordered_map<uint64_t, std::string> aborts_;
  std::unordered_map<Number, Recovery> recovered_;
  std::unordered_set<State, StateHash> at_rest_;

  std::vector<State> states_;
  std::vector<std::pair<Number, Label>> parents_;
  std::unordered_map<State, Number, StateHash> seen_;
  std::string wrong_;
  std::vector<std::string> trace_;
};

Number Search::intern(World world, const std::string& wrong) {
  std::string text = world.text();
  const size_t before = worlds_.size();
  const Number number = worlds_.number(std::move(world), std::move(text));
  if (worlds_.size() > before) {
    verdicts_.push_back(wrong.empty() ? scenario_.always(worlds_[number]) : wrong);
    model_worlds_.push_back(known_to_model_.number(0, scenario_.model_text(worlds_[number])));
  }
  return number;
}

const std::vector<Search::Then>& Search::effect(Number world, Number request) {
  const auto [found, fresh] = effects_.insert({pair_of(world, request), {}});
  if (fresh) {
    std::vector<Then> thens;
    for (Effect& effect : apply(scenario_.store, worlds_[world], automata_.requests[request])) {
      std::string text = effect.answer.text();
      const Number answer = automata_.answers.number(std::move(effect.answer), std::move(text));
      const Number then = intern(std::move(effect.world), effect.wrong);
      if (!effect.wrong.empty()) verdicts_[then] = effect.wrong;
      thens.push_back({answer, then});
    }
    found->second = std::move(thens);
  }
  return found->second;
}

std::vector<Automata::Open> Search::servable(Number node) const {
  const std::vector<Automata::Open>& open = automata_[node].open;
  if (serving_ == Serving::at_once) return open;
  std::vector<Automata::Open> completions;
  for (const Automata::Open& call : open) {
    if (automata_.requests[call.request].kind != Request::Kind::complete) return {call};
    completions.push_back(call);
  }
  return completions;
}

void Search::add(const State& state, Number parent, const Label& label) {
  const auto [found, fresh] = seen_.insert({state, static_cast<Number>(states_.size())});
  if (!fresh) return;
  states_.push_back(state);
  parents_.push_back({parent, label});
  const std::string& verdict = verdicts_[state.world];
  if (!verdict.empty()) this->found(found->second, verdict, {});
}

// False: it doesn't fit, which would be a search too big for its bounds.
bool Search::put_astray(State& state, Number request) const {
  Number* end = state.net + state.net_count;
  Number* place = std::lower_bound(state.net, end, request);
  if (place != end && *place == request) return true;
  if (state.net_count == net_max) return false;
  std::copy_backward(place, end, end + 1);
  *place = request;
  ++state.net_count;
  return true;
}

void Search::crash(Number index, size_t who, const std::vector<Automata::Open>& calls) {
  State state = states_[index];
  --state.crashes;
  state.nodes[who] = dead;
  for (const Automata::Open& call : calls) {
    if (automata_.requests[call.request].mutates()) ENSURE(put_astray(state, call.request));
  }
  add(state, index, {Label::Kind::crash, static_cast<uint8_t>(who), calls.front().request, lost_});
}

// Several completions are open at once, but with more uploads than calls in flight one may not have
// been sent when another turns out to be broken. Then the machine does without it.
void Search::leave_unsent(Number index, size_t who, const Automata::Open& call) {
  State state = states_[index];
  const Number without = automata_.step(state.nodes[who], call.call, lost_);
  for (const Automata::Open& open : automata_[without].open) {
    if (open.request == call.request) return;  // It is begun once more: the machine needs it.
  }
  state.nodes[who] = without;
  add(state, index, {Label::Kind::unsent, static_cast<uint8_t>(who), call.request, lost_});
}

void Search::expand_process(Number index, size_t who) {
  const State state = states_[index];
  const Number node = state.nodes[who];
  const std::vector<Automata::Open> calls = servable(node);
  ENSURE(!calls.empty());
  for (const Automata::Open& call : calls) {
    const Request& request = automata_.requests[call.request];
    if (request.kind == Request::Kind::abort) {
      const auto [verdict, fresh] = aborts_.insert({pair_of(state.world, call.request), {}});
      if (fresh) verdict->second = scenario_.abort_ok(worlds_[state.world], request);
      if (!verdict->second.empty()) {
        return found(index, verdict->second,
                     {scenario_.processes[who].name + ": " + request.text()});
      }
    }
    const bool mutates = request.mutates();
    const Request::Kind request_kind = request.kind;
    for (const Then then : effect(state.world, call.request)) {
      State next = state;
      next.world = then.world;
      next.nodes[who] = automata_.step(node, call.call, then.answer);
      add(next, index, {Label::Kind::call, static_cast<uint8_t>(who), call.request, then.answer});
    }
    if (request_kind == Request::Kind::complete) leave_unsent(index, who, call);
    if (mutates && state.strays > 0) {
      State next = state;
      --next.strays;
      next.nodes[who] = automata_.step(node, call.call, lost_);
      ENSURE(put_astray(next, call.request));
      add(next, index, {Label::Kind::stray, static_cast<uint8_t>(who), call.request, lost_});
    }
    if (state.crashes > 0 && serving_ == Serving::in_turn) crash(index, who, {call});
  }
  if (state.crashes > 0 && serving_ == Serving::at_once) crash(index, who, calls);
}

void Search::expand(Number index) {
  const State state = states_[index];
  bool running = false;
  for (size_t who = 0; who < scenario_.processes.size(); ++who) {
    if (!automata_.running(state.nodes[who])) continue;
    running = true;
    expand_process(index, who);
  }
  for (size_t i = 0; i < state.net_count; ++i) {
    const Then then = effect(state.world, state.net[i]).front();
    State next = state;
    next.world = then.world;
    std::copy(state.net + i + 1, state.net + state.net_count, next.net + i);
    next.net[--next.net_count] = 0;
    add(next, index, {Label::Kind::arrive, 0, state.net[i], then.answer});
  }
  if (state.lapses > 0) {
    const auto uploads = worlds_[state.world].uploads;
    Number position = 0;
    for (const auto& [id, upload] : uploads) {
      World world = worlds_[state.world];
      world.uploads.erase(id);
      State next = state;
      next.world = intern(std::move(world));
      --next.lapses;
      add(next, index, {Label::Kind::lapse, 0, position++, 0});
    }
  }
  if (!running) finale(index);
}

// All have ended or crashed: recover undisturbed, let what is still astray arrive, recover once
// more.
void Search::finale(Number index) {
  State key = states_[index];
  key.strays = key.crashes = key.lapses = 0;
  if (!at_rest_.insert(key).second) return;
  Results results;
  for (size_t who = 0; who < scenario_.processes.size(); ++who) {
    const std::string& name = scenario_.processes[who].name;
    results[name] = key.nodes[who] == dead ? "" : *automata_[key.nodes[who]].result;
    if (results[name].starts_with("error"))
      return found(index, name + " ends with " + results[name], {});
  }
  if (scenario_.ended) {
    std::string wrong = scenario_.ended(worlds_[key.world], results);
    if (!wrong.empty()) return found(index, std::move(wrong), {});
  }
  if (scenario_.all_arrive) key.net_count = 0;
  std::vector<std::string> log;
  Number here = key.world;
  for (size_t i = 0; i <= key.net_count; ++i) {
    if (i > 0) {
      here = effect(here, key.net[i - 1]).front().world;
      log.push_back("late: " + automata_.requests[key.net[i - 1]].text());
    }
    const Recovery& recovery = recover(here);
    log.insert(log.end(), recovery.log.begin(), recovery.log.end());
    here = recovery.world;
    std::string wrong = recovery.wrong;
    if (wrong.empty()) wrong = scenario_.final(worlds_[here], results);
    if (!wrong.empty()) return found(index, std::move(wrong), std::move(log));
  }
}

const Search::Recovery& Search::recover(Number world) {
  const auto known = recovered_.find(world);
  if (known != recovered_.end()) return known->second;
  Recovery recovery{world, {}, {}};
  for (const Task& task : scenario_.recover) {
    recover_by(task, recovery);
    if (!recovery.wrong.empty()) break;
  }
  return recovered_[world] = std::move(recovery);
}

// One process alone. A choice takes its first option: recovery needs no luck.
void Search::recover_by(const Task& task, Recovery& recovery) {
  Number node = automata_.start(task);
  for (int i = 0; i < recovery_requests_max; ++i) {
    if (!automata_.running(node)) {
      if (automata_[node].result->starts_with("error")) recovery.wrong = *automata_[node].result;
      return;
    }
    const Automata::Open call = servable(node).front();
    const Then then = effect(recovery.world, call.request).front();
    recovery.world = then.world;
    node = automata_.step(node, call.call, then.answer);
    recovery.log.push_back(task.name + ": " + automata_.requests[call.request].text() + " -> " +
                           automata_.answers[then.answer].text());
    recovery.wrong = verdicts_[recovery.world];
    if (!recovery.wrong.empty()) return;
  }
  recovery.wrong = task.name + " does not end";
}

void Search::found(Number index, std::string wrong, std::vector<std::string> more) {
  if (!wrong_.empty()) return;
  wrong_ = std::move(wrong);
  trace_ = trace(index);
  trace_.insert(trace_.end(), more.begin(), more.end());
}

std::vector<std::string> Search::trace(Number index) const {
  std::vector<std::string> lines;
  for (; parents_[index].second.kind != Label::Kind::start; index = parents_[index].first) {
    const Label& label = parents_[index].second;
    const std::string& who = scenario_.processes[label.who].name;
    const auto request = [&] { return automata_.requests[label.request].text(); };
    switch (label.kind) {
      case Label::Kind::call:
        lines.push_back(who + ": " + request() + " -> " + automata_.answers[label.answer].text());
        break;
      case Label::Kind::unsent:
        lines.push_back(who + ": " + request() + " is not sent any more");
        break;
      case Label::Kind::stray:
        lines.push_back(who + ": " + request() + " -> goes astray");
        break;
      case Label::Kind::crash:
        lines.push_back(who + ": crashes at: " + request());
        break;
      case Label::Kind::arrive:
        lines.push_back("store: the stray arrives: " + request());
        break;
      case Label::Kind::lapse:
        lines.push_back("store: a lifecycle rule aborts open upload " +
                        std::to_string(label.request));
        break;
      case Label::Kind::start:
        break;
    }
  }
  std::ranges::reverse(lines);
  return lines;
}

Outcome Search::outcome(bool complete) const {
  std::unordered_set<Number> worlds;
  for (const State& state : states_) worlds.insert(model_worlds_[state.world]);
  return {states_.size(), worlds.size(), wrong_, trace_, complete};
}

Outcome Search::run(uint64_t states_max) {
  State first;
  first.world = intern(scenario_.world);
  for (size_t who = 0; who < scenario_.processes.size(); ++who) {
    first.nodes[who] = automata_.start(scenario_.processes[who]);
  }
  first.strays = static_cast<uint8_t>(scenario_.strays);
  first.crashes = static_cast<uint8_t>(scenario_.crashes);
  first.lapses = static_cast<uint8_t>(scenario_.lapses);
  add(first, 0, {});
  for (Number index = 0; index < states_.size() && wrong_.empty(); ++index) {
    expand(index);
    if (states_.size() > states_max) return outcome(false);
  }
  return outcome(true);
}

}  // namespace

Outcome explore(const Scenario& scenario, Serving serving, uint64_t states_max) {
  return Search(scenario, serving).run(states_max);
}

}  // namespace sluice::explorer

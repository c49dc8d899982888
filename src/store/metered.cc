#include "store/metered.h"

#include <array>
#include <string>

#include "meter/meter.h"
#include "store/relay.h"

namespace sluice {
namespace {

static_assert(Meter::verbs == std::variant_size_v<Request>);

class MeterRelay : public Relay {
 public:
  MeterRelay(CallObserver& observer, size_t verb, Inbox& to)
      : observer_(observer), verb_(verb), to_(to) {}

 private:
  void pass(std::optional<Instant> when, std::unique_ptr<Answered> answered) override {
    const bool is_failed = !answered->answer.ok() &&
                           answered->answer.error().kind != ErrorKind::not_found &&
                           answered->answer.error().kind != ErrorKind::conflict;
    observer_.on_call(verb_, *answered, is_failed);
    deliver(to_, when, std::move(answered));
  }

  CallObserver& observer_;
  const size_t verb_;
  Inbox& to_;
};

class Metered : public Store {
 public:
  Metered(Store& inner, CallObserver& observer) : inner_(inner), observer_(observer) {}
  void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) override {
    auto relay = std::make_unique<MeterRelay>(observer_, request.index(), inbox);
    Relay::start(std::move(relay), inner_, std::move(request), std::move(lease), ticket);
  }
  void cancel(Ticket ticket) override { inner_.cancel(ticket); }
  Features features() const override { return inner_.features(); }
  std::string name() const override { return inner_.name(); }

 private:
  Store& inner_;
  CallObserver& observer_;
};

class MeterObserver : public CallObserver {
 public:
  MeterObserver(Meter& meter, Side side) : meter_(meter), side_(side) {
    const std::string of(side_names[static_cast<size_t>(side)]);
    for (size_t i = 0; i < names_.size(); ++i) names_[i] = of + " " + std::string(store_verbs[i]);
  }
  void on_call(size_t verb, const Answered& answered, bool is_failed) override {
    const Timing& timing = answered.timing;
    meter_.call(side_, verb).add(timing.ended - timing.started, timing.bytes, is_failed);
    if (Trace* trace = meter_.trace()) {
      trace->add({.kind = Interval::Kind::request,
                  .name = names_[verb],
                  .series = series_of(answered.ticket),
                  .begin = timing.started,
                  .end = timing.ended,
                  .bytes = timing.bytes,
                  .attempts = timing.attempts,
                  .failed = is_failed});
    }
  }

 private:
  Meter& meter_;
  const Side side_;
  std::array<std::string, Meter::verbs> names_;  // "lake put_part"
};

}  // namespace

std::unique_ptr<Store> make_metered_store(Store& inner, CallObserver& observer) {
  return std::make_unique<Metered>(inner, observer);
}

std::unique_ptr<CallObserver> make_meter_observer(Meter& meter, Side side) {
  return std::make_unique<MeterObserver>(meter, side);
}

}  // namespace sluice

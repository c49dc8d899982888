#include "job/fill.h"

#include "base/text.h"
#include "job/passes.h"

namespace sluice {
namespace {

// What a span's objects are named by. Spans that begin at the same position are one span that is
// done again; names_of() in run.cc knows this form. Twelve digits, so that names sort by position.
std::string span_id(const std::string& unit_id, uint64_t position) {
  std::string id = unit_id + '-';
  append_padded(position, 12, id);
  return id;
}

}  // namespace

bool may_resume(const JobParts& parts) {
  return parts.source->traits().resumable && !parts.recipe.identity &&
         parts.encoder->coil_bytes() == 0;
}

namespace {

SourceContext source_context(const Fill::Surroundings& around, const UnitNames& unit) {
  Resources& shared = around.resources;
  return {.unit = unit,
          .in_flight = shared.in_flight,
          .common = shared.budget,
          .inbox = shared.inbox,
          .tickets = around.tickets.source,
          .limit = around.options.limit,
          .until = around.options.until,
          .may_be_empty = around.parts.decoder->may_be_empty(),
          .decoder = around.parts.decoder.get(),
          .trace = shared.meter.trace()};
}

}  // namespace

FillTickets::FillTickets(SeriesOwner& series)
    : source(series.new_series()),
      walk(series.new_series()),
      sink(series.new_series()),
      inputs(series.new_series()),
      timer(series.new_series()) {}

void FillTickets::renew(SeriesOwner& series) {
  for (TicketSeries* one : {&source, &walk, &sink, &inputs, &timer}) *one = series.renewed(*one);
}

bool FillTickets::own(Ticket ticket) const {
  return source.owns(ticket) || walk.owns(ticket) || sink.owns(ticket) || inputs.owns(ticket) ||
         timer.owns(ticket);
}

Fill::Fill(const Surroundings& around, FillPlan plan, Lease& lease)
    : around_(around),
      plan_(std::move(plan)),
      traits_(around_.parts.source->traits()),
      shares_(around_.job, around_.resources.budget, around_.resources.in_flight, lease),
      checkpoints_(plan_.begin.behind),
      inputs_(*plan_.ledger_unit, plan_.begin.epoch, *around_.parts.state, around_.resources.inbox,
              around_.tickets.inputs),
      log_(around_.job.secrets, inputs_, checkpoints_) {
  if (plan_.since) {
    plan_.unit.since = &*plan_.since;
    log_.warnings = warnings_of(*plan_.since);
  }
  span_unit_ = plan_.unit;
  if (traits_.goes_on()) span_unit_.id = span_id(plan_.unit.id, plan_.begin.position);
}

Result<std::unique_ptr<Fill>> Fill::open(const Surroundings& around, FillPlan plan,
                                         std::unique_ptr<Source>& ahead, Lease& lease) {
  std::unique_ptr<Fill> fill(new Fill(around, std::move(plan), lease));
  TRY(fill->open_stages(ahead));
  return fill;
}

Result<std::unique_ptr<Source>> Fill::open_ahead(const Surroundings& around,
                                                 const UnitNames& unit) {
  return around.parts.source->open(source_context(around, unit));
}

Status Fill::open_stages(std::unique_ptr<Source>& ahead) {
  const JobParts& parts = around_.parts;
  Resources& shared = around_.resources;
  std::unique_ptr<Source> source;
  if (!ahead) {
    SourceContext context = source_context(around_, plan_.unit);
    context.position = plan_.begin.position;
    if (const auto sealed = checkpoints_.cursor())
      context.cursor = TRY(around_.job.secrets.reveal(*sealed));
    source = TRY(parts.source->open(std::move(context)));
  }
  sink_ = TRY(parts.sink->open({span_unit_, plan_.begin.mark, shares_.sink(), shares_.hashes(),
                                around_.hashes_annex, shared.meter, shared.workers, shared.inbox,
                                around_.tickets.sink, may_resume(parts), checkpoints_.sink()}));
  source_ = ahead ? std::move(ahead) : std::move(source);
  walk_ = std::make_unique<Walk>(Walk::Parts{*source_, *sink_, *parts.decoder, parts.recipe,
                                             span_unit_, shares_.purse(), shared.workers,
                                             shared.inbox, around_.tickets.walk, shared.meter, log_,
                                             around_.job.on_bad, traits_.envelope.has_value()});
  if (!traits_.is_endless()) return {};
  age_ = around_.tickets.timer.next();
  shared.inbox.post_at(now() + around_.options.span.age, std::make_unique<Event>(age_));
  return {};
}

// ---- filling ------------------------------------------------------------------------------------

void Fill::start_what_fits() {
  if (end_) return;
  inputs_.start_what_fits();
  if (!inputs_.full()) walk_->start_what_fits();
  if (const Status now = status(); !now.ok()) return end(cause(), Error(now.error()));
  if (traits_.is_endless() && walk_->tally().documents >= around_.options.span.documents) {
    walk_->seal();
    walk_->start_what_fits();
  }
  if (auto stored = sink_->take_checkpoint()) {
    checkpoints_.store(std::move(*stored), log_.set_aside);
  }
  if (walk_->placed()) {  // The rest of the list is written beside the last parts
    inputs_.finish();
    inputs_.start_what_fits();
  }
  if (!has_stored_all()) return;
  if (const Status pass = end_pass(); !pass.ok()) return end(FillEnd::failed, Error(pass.error()));
  end_ = FillEnd::filled;
}

bool Fill::has_stored_all() const {
  return walk_->filled() && source_->drained() && inputs_.finished() && walk_->drained();
}

Status Fill::end_pass() {
  if (!plan_.since) return {};
  const HighWater settled = walk_->high_water();
  reached_ = TRY(reached(*plan_.since, settled));
  for (std::string& warning : warnings_of(*plan_.since, settled))
    log_.warnings.push_back(std::move(warning));
  return {};
}

void Fill::on(Event& event) {
  const FillTickets& tickets = around_.tickets;
  if (tickets.walk.owns(event.ticket)) {
    walk_->on(event);
  } else if (tickets.source.owns(event.ticket)) {
    source_->on(event);
  } else if (tickets.sink.owns(event.ticket)) {
    sink_->on(event);
  } else if (tickets.inputs.owns(event.ticket)) {
    inputs_.on(event);
  } else if (event.ticket == age_) {
    walk_->seal();
  }
}

void Fill::seal() {
  walk_->seal();
}

// ---- its end ------------------------------------------------------------------------------------

Status Fill::status() const {
  TRY(walk_->status());
  return inputs_.status();
}

FillEnd Fill::cause() const {
  if (source_->is_cursor_unknown() || sink_->is_checkpoint_unknown())
    return FillEnd::cursor_unknown;
  if (sink_->is_upload_gone()) return FillEnd::upload_gone;
  return FillEnd::failed;
}

void Fill::end(FillEnd cause, Error error) {
  if (end_) return;
  end_ = cause;
  error_ = std::move(error);
  walk_->stop();
}

std::optional<FillEnd> Fill::ended() const {
  if (!end_ || !walk_->drained() || !inputs_.idle()) return std::nullopt;
  return end_;
}

Filled Fill::take_filled() {
  Filled filled{.tally = tally(), .shape = walk_->shape()};
  filled.documents_before = checkpoints_.sums_before().documents;
  filled.is_resumed = checkpoints_.resumed();
  filled.may_have_twins = sink_->may_have_twins();
  filled.intent = intent(sink_->take_filled());
  filled.reached = reached_.greatest;
  filled.set_aside = std::move(log_.set_aside);
  return filled;
}

ledger::Intent Fill::intent(std::vector<Upload> uploads) const {
  ledger::Intent intent;
  intent.inputs = inputs_.inputs();
  intent.uploads = std::move(uploads);
  intent.set_aside = checkpoints_.all_set_aside(log_.set_aside);
  intent.sums = total_sums(tally(), checkpoints_.sums_before());
  if (traits_.is_endless()) intent.end = walk_->position();
  if (plan_.since) intent.end = plan_.begin.position + 1;
  intent.reached = reached_;
  return intent;
}

std::vector<OpenUpload> Fill::open_uploads() const {
  std::vector<OpenUpload> open;
  for (const auto& [key, id] : sink_->open_uploads()) open.push_back({key, id});
  return open;
}

}  // namespace sluice

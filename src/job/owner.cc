#include "job/owner.h"

#include <algorithm>

#include "json/scan.h"
#include "json/value.h"

namespace sluice {
namespace {

constexpr std::string_view owner_file = "_sluice/owner.json";
constexpr uint64_t owner_bytes_max = 4 << 10;
constexpr uint32_t owner_rounds_max = 5;

std::optional<std::string> job_of(std::string_view owner) {
  json::Scanner scanner({json::Path{{json::Step::member("job")}}});
  if (!scanner.scan(owner) || !scanner.raw(0)) return std::nullopt;
  return json::as_text(*scanner.raw(0));
}

}  // namespace

Ownership::Ownership(const Job& job, const JobParts& parts, Inbox& inbox, TicketSeries tickets)
    : job_(job),
      lake_(*parts.lake),
      key_(parts.lake_prefix + std::string(owner_file)),
      inbox_(inbox),
      tickets_(tickets) {
  if (!job_.shared) look_around();  // The names of a shared one tell its job
  get();
}

void Ownership::look_around() {
  const std::string prefix = key_.str().substr(0, key_.str().size() - owner_file.size());
  for (std::string& above : prefixes_above(prefix)) {
    const Ticket ticket = tickets_.next();
    lake_.start(Get{.key = Key(above + std::string(owner_file)), .most = owner_bytes_max}, {},
                ticket, inbox_);
    outer_.emplace(ticket, std::move(above));
  }
}

// Who may not look there has no lake there either, as far as can be known.
void Ownership::took_outer(Ticket ticket, Result<Answer> answer) {
  const std::string prefix = std::move(outer_.extract(ticket).mapped());
  if (!answer.ok() || !status_.ok()) return put();
  const auto owner = job_of(std::get<Body>(*answer).bytes.view());
  status_ = Error{ErrorKind::conflict,
                  job_.lake + " lies inside the lake " + lake_.name() + prefix +
                      (owner ? " of job `" + *owner + "`" : "") +
                      ", whose runs would clear away what this one is writing; give this job a "
                      "lake beside it, or say shared: true"};
  put();
}

void Ownership::get() {
  writing_ = false;
  lake_.start(Get{.key = key_, .most = owner_bytes_max}, {}, tickets_.next(), inbox_);
}

void Ownership::on(Event& event) {
  auto& answered = dynamic_cast<Answered&>(event);
  if (outer_.contains(event.ticket)) return took_outer(event.ticket, std::move(answered.answer));
  writing_ ? took_put(std::move(answered.answer)) : took_get(std::move(answered.answer));
}

void Ownership::took_get(Result<Answer> answer) {
  if (answer.ok()) return end(check(std::get<Body>(*answer).bytes.view()));
  if (answer.error().kind != ErrorKind::not_found || ++rounds_ > owner_rounds_max)
    return end(std::move(answer).error().in(job_.lake));
  may_write_ = true;
  put();
}

// Once it is known that there is no owner, neither here nor above.
void Ownership::put() {
  if (!may_write_ || writing_ || !outer_.empty()) return;
  if (!status_.ok()) return end({});
  may_write_ = false;
  writing_ = true;
  lake_.start(Put{key_, R"({"format": 1, "job": )" + json::quote(job_.name) + "}\n", Absent{}}, {},
              tickets_.next(), inbox_);
}

void Ownership::took_put(Result<Answer> answer) {
  if (answer.ok()) return end({});
  // Somebody was quicker, or the answer was lost: what lies there tells.
  const ErrorKind kind = answer.error().kind;
  if (kind == ErrorKind::conflict || kind == ErrorKind::transient) return get();
  end(std::move(answer).error().in(job_.lake));
}

Status Ownership::check(std::string_view text) const {
  const auto owner = job_of(text);
  if (!owner)
    return Error{ErrorKind::invalid,
                 lake_.name() + key_.str() + ": not readable; it should say whose lake this is"};
  if (*owner == job_.name || job_.shared) return {};
  return Error{ErrorKind::conflict,
               job_.lake + " belongs to job `" + *owner +
                   "`; give this job a lake of its own, or say shared: true in both"};
}

void Ownership::end(Status status) {
  if (status_.ok()) status_ = std::move(status);
  ended_ = true;
}

std::vector<std::string> prefixes_above(const std::string& lake_prefix) {
  std::vector<std::string> above;
  for (size_t at = 0; at < lake_prefix.size();
       at = std::min(lake_prefix.find('/', at), lake_prefix.size() - 1) + 1) {
    above.push_back(lake_prefix.substr(0, at));
  }
  return above;
}

}  // namespace sluice

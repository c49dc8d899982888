#include "job/owner.h"

#include <algorithm>

#include "flow/output_names.h"
#include "json/scan.h"
#include "json/value.h"
#include "store/open.h"

namespace sluice {
namespace {

const std::string inner_folder = "/" + std::string(own_folder);  // Of a lake below
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
  if (!answer.ok() || !status_.ok()) return begin_to_own();
  const auto owner = job_of(std::get<Body>(*answer).bytes.view());
  status_ = Error{ErrorKind::conflict,
                  job_.lake + " lies inside the lake " + lake_.name() + prefix +
                      (owner ? " of job `" + *owner + "`" : "") +
                      ", whose runs would clear away what this one is writing; give this job a "
                      "lake beside it, or say shared: true"};
  begin_to_own();
}

void Ownership::get() {
  writing_ = false;
  lake_.start(Get{.key = key_, .most = owner_bytes_max}, {}, tickets_.next(), inbox_);
}

void Ownership::on(Event& event) {
  auto& answered = dynamic_cast<Answered&>(event);
  if (outer_.contains(event.ticket)) return took_outer(event.ticket, std::move(answered.answer));
  if (event.ticket == listing_) return took_below(std::move(answered.answer));
  writing_ ? took_put(std::move(answered.answer)) : took_get(std::move(answered.answer));
}

void Ownership::took_get(Result<Answer> answer) {
  if (answer.ok()) return end(check(std::get<Body>(*answer).bytes.view()));
  if (answer.error().kind != ErrorKind::not_found || ++rounds_ > owner_rounds_max)
    return end(std::move(answer).error().in(job_.lake));
  may_write_ = true;
  begin_to_own();
}

// Once it is known that there is no owner, neither here nor above.
void Ownership::begin_to_own() {
  if (!may_write_ || !outer_.empty()) return;
  may_write_ = false;
  if (!status_.ok()) return end({});
  // A directory's uploads lie in a folder of its own, where no other lake's runs look.
  const auto where = parse_store_url(job_.lake);
  if (job_.shared || !where.ok() || where->scheme == StoreScheme::directory) return put();
  below_ = {key_.str().substr(0, key_.str().size() - owner_file.size())};
  look_below();
}

void Ownership::look_below() {
  if (below_.empty() || lists_++ == inner_folders_max) return put();
  listing_ = tickets_.next();
  lake_.start(List{.prefix = below_.front(), .delimiter = "/", .after = after_}, {}, listing_,
              inbox_);
}

// Who may not list there is told by the run itself.
void Ownership::took_below(Result<Answer> answer) {
  listing_ = 0;
  if (!answer.ok()) return put();
  Page& page = std::get<Page>(*answer);
  if (!order_.pass(page).ok()) return put();
  const std::string folder = below_.front();
  after_ = std::move(page.next).value_or("");
  if (after_.empty()) {
    below_.pop_front();
    order_ = {};
  }
  for (const Listed& object : page.objects) {
    if (object.key.view() != folder + "owner.json" || !folder.ends_with(inner_folder)) continue;
    return end(
        Error{ErrorKind::conflict,
              job_.lake + " lies around the lake " + lake_.name() +
                  folder.substr(0, folder.size() - own_folder.size()) +
                  ", whose uploads its runs would clear away; give this job a lake beside it, or "
                  "say shared: true"});
  }
  for (std::string& inner : page.prefixes) {
    if (key_.view().starts_with(inner)) continue;  // Our own
    if (inner.ends_with(inner_folder)) {
      below_.insert(below_.begin() + (after_.empty() ? 0 : 1), std::move(inner));
    } else if (below_.size() < inner_folders_max) {
      below_.push_back(std::move(inner));
    }
  }
  look_below();
}

void Ownership::put() {
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

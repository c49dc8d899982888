#include "ledger/change.h"

namespace sluice::ledger {

namespace {

Result<Record> record_of(const Unit& unit, std::string_view text) {
  const Key key = unit.record_key();
  Record record = TRY(parse_record(text, key));
  if (record.job != unit.job || record.unit != unit.id) {
    return Error{ErrorKind::invalid, key.str() + " is the record of job " + record.job + ", unit " +
                                         record.unit + ": nothing is done with it"};
  }
  return record;
}

}  // namespace

// ---- ReadRecord ---------------------------------------------------------------------------------

std::optional<Call> ReadRecord::next() {
  if (done_ || !call_.waiting()) return std::nullopt;
  return call_.start(Where::state, Get{.key = unit_->record_key(), .most = record_bytes_max});
}

void ReadRecord::take(uint32_t, Result<Answer> answer) {
  if (no_answer(answer)) return call_.repeat();
  call_.follow();
  done_ = true;
  if (is(answer, ErrorKind::not_found)) return;
  if (!answer.ok()) {
    error_ = std::move(answer).error();
    return;
  }
  const Body& body = std::get<Body>(*answer);
  Result<Record> record = record_of(*unit_, body.bytes.view());
  if (record.ok()) {
    held_ = {std::move(*record), body.meta.etag};
  } else {
    error_ = std::move(record).error();
  }
}

// ---- LookAgain ----------------------------------------------------------------------------------

std::optional<Call> LookAgain::next() {
  if (done_ || !call_.waiting()) return std::nullopt;
  return call_.start(Where::state, Head{unit_->record_key()});
}

void LookAgain::take(uint32_t, Result<Answer> answer) {
  if (no_answer(answer)) return call_.repeat();
  call_.follow();
  done_ = true;
  if (answer.ok()) {
    same_ = std::get<Meta>(*answer).etag == etag_;
  } else if (!is(answer, ErrorKind::not_found)) {
    error_ = std::move(answer).error();
  }
}

// ---- Change -------------------------------------------------------------------------------------

Change::Change(UnitPtr unit, Held old, Record next)
    : unit_(std::move(unit)), old_(std::move(old)), held_{std::move(next), {}} {}

std::optional<Call> Change::next() {
  if (done_ || !call_.waiting()) return std::nullopt;
  if (reading_) {
    return call_.start(Where::state, Get{.key = unit_->record_key(), .most = record_bytes_max});
  }
  const Expect expect = old_.record ? Expect(old_.etag) : Expect(Absent{});
  return call_.start(Where::state, Put{unit_->record_key(), print(*held_.record), expect});
}

void Change::take(uint32_t, Result<Answer> answer) {
  reading_ ? take_get(std::move(answer)) : take_put(std::move(answer));
}

void Change::take_put(Result<Answer> answer) {
  if (answer.ok()) {
    call_.follow();
    held_.etag = std::get<Done>(*answer).etag;
    ours_ = done_ = true;
  } else if (no_answer(answer) || is(answer, ErrorKind::conflict)) {
    call_.follow_within_attempt();
    reading_ = true;
  } else {
    fail(std::move(answer).error());
  }
}

void Change::take_get(Result<Answer> answer) {
  if (no_answer(answer)) return call_.repeat();
  if (!answer.ok() && !is(answer, ErrorKind::not_found)) return fail(std::move(answer).error());

  const Body* body = answer.ok() ? &std::get<Body>(*answer) : nullptr;
  if (body != nullptr && body->bytes.view() == print(*held_.record)) {
    held_.etag = body->meta.etag;
    ours_ = done_ = true;
  } else if (body == nullptr ? !old_.record : old_.record && old_.etag == body->meta.etag) {
    reading_ = false;
    return call_.repeat();
  } else if (body == nullptr) {
    held_ = {};
    done_ = true;
  } else {
    Result<Record> record = record_of(*unit_, body->bytes.view());
    if (!record.ok()) return fail(std::move(record).error());
    held_ = {std::move(*record), body->meta.etag};
    done_ = true;
  }
  call_.follow();
}

void Change::fail(Error error) {
  error_ = std::move(error);
  done_ = true;
}

// ---- ListOpen -----------------------------------------------------------------------------------

std::optional<Call> ListOpen::next() {
  if (done_ || !call_.waiting()) return std::nullopt;
  return call_.start(Where::lake, ListUploads{unit_->names.lake_prefix, after_});
}

void ListOpen::take(uint32_t, Result<Answer> answer) {
  if (no_answer(answer)) return call_.repeat();
  call_.follow();
  if (!answer.ok()) {
    error_ = std::move(answer).error();
    done_ = true;
    return;
  }
  UploadPage& page = std::get<UploadPage>(*answer);
  if (Status ordered = order_.pass(page); !ordered.ok()) {
    error_ = std::move(ordered.error()).in("the open uploads below " + unit_->names.lake_prefix);
    done_ = true;
    return;
  }
  for (OpenUpload& upload : page.uploads) {
    if (unit_->names.is_unit_key(upload.key.view())) uploads_.push_back(std::move(upload));
  }
  done_ = !page.next.has_value();
  if (done_) order_ = {};
  after_ = std::move(page.next).value_or("");
}

// ---- AbortAll -----------------------------------------------------------------------------------

// NOLINTNEXTLINE(performance-unnecessary-value-param): every machine is handed its unit by value.
AbortAll::AbortAll(UnitPtr unit, std::vector<OpenUpload> uploads)
    : uploads_(std::move(uploads)), batch_(uploads_.size(), unit->calls_in_flight) {}

std::optional<Call> AbortAll::next() {
  const auto item = batch_.start();
  if (!item) return std::nullopt;
  return Call{*item, Where::lake, Abort{uploads_[*item].key, uploads_[*item].id},
              batch_.attempt(*item)};
}

void AbortAll::take(uint32_t id, Result<Answer> answer) {
  if (no_answer(answer)) return batch_.repeat(id);
  batch_.finish(id);
  if (answer.ok() || is(answer, ErrorKind::not_found)) return;
  error_ = std::move(answer).error();
  batch_.stop();
}

std::vector<OpenUpload> unnamed(std::vector<OpenUpload> uploads, const Record& record) {
  std::erase_if(uploads, [&](const OpenUpload& upload) { return names(record, upload.id); });
  return uploads;
}

// ---- DeleteAll ----------------------------------------------------------------------------------

// NOLINTNEXTLINE(performance-unnecessary-value-param): every machine is handed its unit by value.
DeleteAll::DeleteAll(UnitPtr unit, Where where, std::vector<Retired> objects, How how)
    : where_(where),
      how_(how),
      objects_(std::move(objects)),
      looked_(objects_.size(), false),
      batch_(objects_.size(), unit->calls_in_flight) {}

std::optional<Call> DeleteAll::next() {
  const auto item = batch_.start();
  if (!item) return std::nullopt;
  const Retired& object = objects_[*item];
  if (looks_first() && !looked_[*item]) {
    return Call{*item, where_, Head{object.key}, batch_.attempt(*item)};
  }
  Delete request{object.key};
  if (how_ == How::exactly || how_ == How::if_marked) {
    request.only = ExactObject{object.etag, object.mark};
  }
  return Call{*item, where_, std::move(request), batch_.attempt(*item)};
}

void DeleteAll::take(uint32_t id, Result<Answer> answer) {
  if (no_answer(answer)) return batch_.repeat(id);
  if (looks_first() && !looked_[id] && answer.ok()) return take_look(id, std::move(answer));
  batch_.finish(id);
  if (answer.ok() || is(answer, ErrorKind::not_found) || is(answer, ErrorKind::conflict)) return;
  error_ = std::move(answer).error();
  batch_.stop();
}

void DeleteAll::take_look(uint32_t id, Result<Answer> answer) {
  const Meta& found = std::get<Meta>(*answer);
  const bool same_etag = how_ == How::if_marked || found.etag == objects_[id].etag;
  if (!same_etag || found.mark != objects_[id].mark) return batch_.finish(id);
  objects_[id].etag = found.etag;
  looked_[id] = true;
  batch_.follow(id);
}

// ---- PutText, ReadText --------------------------------------------------------------------------

std::optional<Call> PutText::next() {
  if (done() || !call_.waiting()) return std::nullopt;
  return call_.start(Where::state, Put{key_, text_, Anything{}});
}

void PutText::take(uint32_t, Result<Answer> answer) {
  if (no_answer(answer)) return call_.repeat();
  if (!answer.ok()) error_ = std::move(answer).error();
  key_ = Key();
}

std::optional<Call> ReadText::next() {
  if (done_ || !call_.waiting()) return std::nullopt;
  return call_.start(Where::state, Get{.key = key_, .most = record_bytes_max});
}

void ReadText::take(uint32_t, Result<Answer> answer) {
  if (no_answer(answer)) return call_.repeat();
  call_.follow();
  done_ = true;
  if (answer.ok()) {
    text_ = std::string(std::get<Body>(*answer).bytes.view());
  } else if (!is(answer, ErrorKind::not_found)) {
    error_ = std::move(answer).error();
  }
}

}  // namespace sluice::ledger

// The fill of an API unit, as job, the source and the sink would do it.
#include "base/text.h"
#include "explorer/process.h"

namespace sluice::explorer {

namespace {

constexpr uint64_t pages = 3;
constexpr const char* object = "lake/u-k1";

}  // namespace

// After each answer, the ledger's or the store's: what is to be done now.
void Process::ingest_on() {
  if (open_ || run().checkpointing()) return;
  if (!run().wants_fill()) return;
  if (!begun_) return begin_ingest();
  if (run().claim_lost()) end_of_ = End::gone;
  if (end_of_ == End::none && to_write_) {
    to_write_ = false;
    ledger::Checkpoint where{.cursor = std::to_string(page_), .uploads = uploads_};
    run().checkpoint(std::move(where));
    if (!task_->fills_on || page_ == pages) return;
  }
  next_page();
}

void Process::begin_ingest() {
  begun_ = true;
  const auto behind = run().beginning().behind;
  const uint64_t cursor = behind ? *parse_number<uint64_t>(behind->cursor) : 0;
  if (task_->keeps_cursor && !first_cursor_) first_cursor_ = cursor;
  page_ = first_cursor_.value_or(cursor);
  uploads_ = behind ? behind->uploads : std::vector<Upload>();
  if (uploads_.empty()) {
    filling_ = Filling::open;
  } else if (task_->copies) {
    filling_ = Filling::copy;
  } else {
    next_page();
  }
}

void Process::next_page() {
  if (end_of_ != End::none || page_ == pages) return end_ingest();
  if (may_choose_to_renew() && !asked_) {
    filling_ = Filling::renew;
    return;
  }
  const bool asks = (task_->may_fail || task_->may_leave) && page_ == pages - 1;
  filling_ = asks ? Filling::refuse : Filling::part;
}

void Process::end_ingest() {
  const End end = end_of_;
  end_of_ = End::none;
  begun_ = to_write_ = asked_ = false;
  page_ = 0;
  std::vector<Upload> uploads = std::move(uploads_);
  uploads_.clear();
  if (end == End::gone) {
    run().upload_gone(open_ones(uploads));
  } else if (end == End::failed) {
    run().fail({"the API fails", ""}, open_ones(uploads));
  } else if (end == End::left) {
    run().leave(open_ones(uploads));
  } else {
    uploads_ = std::move(uploads);
    return filled();
  }
  go_on();
}

Request Process::ingest_request() const {
  Request request;
  switch (filling_) {
    case Filling::refuse:
      request.kind = Request::Kind::choose;
      request.options = 2;
      break;
    case Filling::part:
      request.kind = Request::Kind::part;
      request.id = uploads_[0].id.str();
      request.parts[static_cast<uint32_t>(uploads_[0].parts.size() + 1)] =
          "p" + std::to_string(page_) + "@" + task_->name + std::to_string(run().epoch());
      break;
    default:
      request.kind = Request::Kind::create;
      request.id = upload_name(0);
      request.key = object;
      request.mark = run().mark().str();
      if (filling_ == Filling::copy) {
        for (const PartTag& part : uploads_[0].parts) request.parts[part.number] = part.etag.str();
      }
  }
  return request;
}

void Process::take_choice(uint64_t choice) {
  if (filling_ == Filling::wait) {
    take_waiting(choice);
    return go_on();
  }
  filling_ = Filling::no;
  asked_ = true;
  if (choice == 1) run().renew();
  next_page();
}

void Process::take_ingested(const Answer& answer) {
  open_ = false;
  if (filling_ == Filling::wait || filling_ == Filling::renew) return take_choice(answer.choice);
  const Filling asked = filling_;
  const Parts parts = ingest_request().parts;
  if (answer.kind == Answer::Kind::lost) {
    lost_ += asked != Filling::part;
    return;
  }
  lost_ = 0;
  filling_ = Filling::no;
  if (asked == Filling::open) {
    uploads_.push_back({Key(object), UploadId(answer.id), run().mark()});
  } else if (asked == Filling::copy) {
    uploads_[0].id = UploadId(answer.id);
    uploads_[0].mark = run().mark();
    to_write_ = true;
  } else if (asked == Filling::refuse && answer.choice == 1) {
    end_of_ = task_->may_fail ? End::failed : End::left;
  } else if (asked == Filling::refuse) {
    filling_ = Filling::part;
    return;
  } else if (answer.kind == Answer::Kind::not_found) {
    end_of_ = End::gone;
  } else {
    const auto& [number, content] = *parts.begin();
    uploads_[0].parts.push_back({number, ETag(content), 0});
    ++page_;
    to_write_ = true;
    asked_ = false;
  }
  ingest_on();
}

}  // namespace sluice::explorer

#include "source/objects.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "source/errands.h"

namespace sluice {
namespace {

// Read anew so often where an object changes under our hands.
constexpr uint32_t changes_max = 3;

class Objects : public Source {
 public:
  Objects(Store& store, BoundPattern pattern, const SourceContext& context,
          const MakeListing& listing)
      : store_(store),
        store_name_(store.name()),
        in_flight_(context.in_flight),
        inbox_(context.inbox),
        limit_(context.limit),
        tickets_(context.tickets),
        lister_(
            listing(std::move(pattern), {store, in_flight_, context.common, inbox_, tickets_})) {
    if (limit_ == 0) lister_->stop();
  }

  void look_ahead() override { lister_->start_what_fits(); }
  void start_what_fits(Purse& purse) override {
    if (stopped_ || error_) return;
    lister_->start_what_fits();
    std::deque<Asked> waiting;
    for (Asked& asked : std::exchange(again_, {})) {
      if (in_flight_.try_take(turn_of(asked, purse))) {
        send(std::move(asked));
      } else {
        waiting.push_back(std::move(asked));
      }
    }
    again_ = std::move(waiting);
    if (!again_.empty()) return;
    while (Entry* entry = next_wanting()) {
      if (!ask(*entry, purse)) break;
    }
    lister_->start_what_fits();  // What was taken has made room.
  }

  void on(Event& event) override {
    auto back = errands_.take(event.ticket);
    if (!back) {
      lister_->on(event);
    } else if (stopped_) {
      return;
    } else if (back->was == Errands<Asked>::State::resting) {
      again_.push_back(std::move(back->what));
    } else {
      answered(std::move(back->what), dynamic_cast<Answered&>(event));
    }
  }

  std::optional<Arrived> take() override {
    if (ready_.empty()) return std::nullopt;
    Arrived arrived = std::move(ready_.front());
    ready_.pop_front();
    return arrived;
  }

  const Document& document(uint64_t number) const override {
    ENSURE(number >= first_ && number - first_ < entries_.size());
    return entries_[number - first_].document;
  }
  void forget(uint64_t number) override {
    if (Entry* entry = find(number)) entry->forgotten = true;
    while (!entries_.empty() && entries_.front().forgotten) {
      entries_.pop_front();
      ++first_;
    }
  }

  std::optional<uint64_t> documents() const override {
    if (pulled() == limit_) return limit_;
    if (const auto found = lister_->found()) return std::min(*found, limit_);
    return std::nullopt;
  }
  Status status() const override {
    if (error_) return *error_;
    if (lister_->error()) return *lister_->error();
    return {};
  }

  void stop() override {
    stopped_ = true;
    again_.clear();
    lister_->stop();
    errands_.stop([&](Ticket ticket) { store_.cancel(ticket); });
  }
  bool drained() const override { return errands_.open() == 0 && lister_->open() == 0; }

 private:
  struct Entry {
    Document document;
    uint64_t chunk_bytes = 0;  // Of each request; 0: not begun
    uint64_t asked = 0;        // So many bytes have been asked for
    uint64_t delivered = 0;    // So many have been put into ready_
    uint32_t open = 0;         // Requests that have not been answered for good
    uint8_t changes = 0;       // How often it was found changed
    bool begun = false;        // An empty one has arrived
    bool changed = false;      // Waits for its open requests, then starts anew
    bool bad = false;          // Nothing more comes of it
    bool forgotten = false;
    std::map<uint64_t, Chunk> early;  // Came before their turn, by offset

    bool wants_more() const {
      if (bad || changed) return false;
      return document.bytes == 0 ? !begun : asked < document.bytes;
    }
  };
  // A request as it was made, for making it again.
  struct Asked {
    uint64_t document = 0;
    uint64_t offset = 0, bytes = 0;
    bool head = false;  // A look at what it has become
    uint32_t tries = 0;
    Lease lease = {};  // While it is not under way
  };

  uint64_t pulled() const { return first_ + entries_.size(); }
  Entry* find(uint64_t number) {
    if (number < first_ || number - first_ >= entries_.size()) return nullptr;
    return &entries_[number - first_];
  }

  // The first document that has something to ask for.
  Entry* next_wanting() {
    while (!anew_.empty()) {
      Entry* entry = find(*anew_.begin());
      if (entry != nullptr && entry->wants_more()) return entry;
      anew_.erase(anew_.begin());
    }
    if (!entries_.empty() && entries_.back().wants_more()) return &entries_.back();
    if (pulled() == limit_) return nullptr;
    auto found = lister_->take();
    if (!found) return nullptr;
    Entry& entry = entries_.emplace_back();
    entry.document = make_document(pulled() - 1, std::move(*found), store_name_);
    if (pulled() == limit_) lister_->stop();
    return &entry;
  }

  // False: there is no room for it now.
  bool ask(Entry& entry, Purse& purse) {
    const Document& document = entry.document;
    if (entry.chunk_bytes == 0) entry.chunk_bytes = chunk_bytes(document.bytes, purse);
    const uint64_t bytes = std::min(entry.chunk_bytes, document.bytes - entry.asked);
    const uint64_t charged = bytes + (entry.asked == 0 ? document_overhead_bytes : 0);
    if (document.bytes == 0) {
      auto lease = purse.reserve(document.number, charged);
      if (!lease) return false;
      entry.begun = true;
      ready_.push_back({document.number, {.lease = std::move(*lease), .last = true}});
      return true;
    }
    auto lease = purse.admit(document.number, charged);
    if (!lease) return false;
    Asked asked{.document = document.number, .offset = entry.asked, .bytes = bytes};
    asked.lease = std::move(*lease);
    entry.asked += bytes;
    ++entry.open;
    send(std::move(asked));
    return true;
  }

  static Turn turn_of(const Asked& asked, const Purse& purse) {
    return asked.document == purse.turn() ? Turn::head : Turn::ahead;
  }

  // Whole, if it is small and the head share could hold it.
  static uint64_t chunk_bytes(uint64_t document_bytes, const Purse& purse) {
    const uint64_t share = purse.input_share_bytes();
    const uint64_t most = share > 2 * document_overhead_bytes ? share - document_overhead_bytes
                                                              : document_overhead_bytes;
    if (document_bytes <= std::min(whole_bytes_max, most))
      return std::max<uint64_t>(document_bytes, 1);
    return std::min(chunk_bytes_max, most);
  }

  // Has a slot already.
  void send(Asked asked) {
    const Entry* entry = find(asked.document);
    if (entry == nullptr || entry->bad) {  // Given up while this one rested
      in_flight_.give_back();
      return;
    }
    const Document& document = entry->document;
    Lease lease = std::exchange(asked.lease, Lease());
    Request request = asked.head ? Request(Head{document.key}) : Request(get_of(document, asked));
    const Ticket ticket = errands_.sent(std::move(asked));
    store_.start(std::move(request), std::move(lease), ticket, inbox_);
  }
  static Get get_of(const Document& document, const Asked& asked) {
    Get get{.key = document.key, .most = asked.bytes};
    if (asked.bytes < document.bytes) get.range = Range{asked.offset, asked.bytes};
    if (!document.etag.empty()) get.if_match = document.etag;
    return get;
  }

  void answered(Asked asked, Answered& answer) {
    Entry* entry = find(asked.document);
    if (entry == nullptr) return;
    if (!answer.answer.ok()) {
      const bool wanted = !entry->bad && (asked.head || !entry->changed);
      const auto rest = rest_before_retry(answer.answer.error(), asked.tries);
      if (rest && wanted) {
        ++asked.tries;
        asked.lease = std::move(answer.lease);
        errands_.rests(std::move(asked), now() + *rest);
        return;
      }
      --entry->open;
      if (wanted) failed(*entry, std::move(answer.answer.error()));
    } else if (asked.head) {
      --entry->open;
      begin_anew(*entry, std::get<Meta>(std::move(*answer.answer)));
    } else {
      --entry->open;
      if (!entry->bad) got(*entry, asked, std::get<Body>(std::move(*answer.answer)), answer);
    }
    if (entry->changed && !entry->bad && entry->open == 0) look_again(*entry);
  }

  void got(Entry& entry, const Asked& asked, Body body, Answered& answer) {
    if (entry.changed) return;
    if (body.bytes.size() != asked.bytes) {
      // Without an ETag to hold it to, this is how a change shows.
      entry.changed = true;
      return;
    }
    Chunk chunk{.bytes = std::move(body.bytes),
                .lease = std::move(answer.lease),
                .offset = asked.offset,
                .last = asked.offset + asked.bytes == entry.document.bytes};
    if (asked.offset != entry.delivered) {
      entry.early.emplace(asked.offset, std::move(chunk));
      return;
    }
    deliver(entry, std::move(chunk));
    while (!entry.early.empty() && entry.early.begin()->first == entry.delivered) {
      deliver(entry, std::move(entry.early.begin()->second));
      entry.early.erase(entry.early.begin());
    }
  }
  void deliver(Entry& entry, Chunk chunk) {
    entry.delivered += chunk.bytes.size();
    ready_.push_back({entry.document.number, std::move(chunk)});
  }

  void failed(Entry& entry, Error error) {
    switch (error.kind) {
      case ErrorKind::not_found:
        give_up(entry, {ErrorKind::not_found, "vanished since the listing"});
        return;
      case ErrorKind::conflict:
        entry.changed = true;
        return;
      case ErrorKind::corrupt:
        give_up(entry, std::move(error));
        return;
      default:
        if (!error_) error_ = std::move(error);
    }
  }

  // All requests of a changed document are answered.
  void look_again(Entry& entry) {
    entry.early.clear();
    if (entry.delivered > 0) {
      give_up(entry, {ErrorKind::conflict, "changed while it was read"});
    } else if (++entry.changes > changes_max) {
      give_up(entry, {ErrorKind::conflict, "changed again and again while it was read"});
    } else {
      ++entry.open;
      again_.push_back({.document = entry.document.number, .head = true});
    }
  }
  void begin_anew(Entry& entry, Meta meta) {
    entry.document.bytes = meta.bytes;
    entry.document.etag = std::move(meta.etag);
    entry.chunk_bytes = entry.asked = 0;
    entry.changed = false;
    anew_.insert(entry.document.number);
  }

  void give_up(Entry& entry, Error why) {
    entry.bad = true;
    entry.early.clear();
    ready_.push_back({.document = entry.document.number, .bad = std::move(why)});
  }

  Store& store_;
  const std::string store_name_;
  InFlight& in_flight_;
  Inbox& inbox_;
  const uint64_t limit_;
  TicketSeries tickets_;
  const std::unique_ptr<Listing> lister_;

  std::deque<Entry> entries_;  // A deque: references to documents stay good
  uint64_t first_ = 0;         // The number of the front
  std::set<uint64_t> anew_;    // Documents that begin anew
  std::deque<Asked> again_;    // Requests to be made again; they have kept their bytes
  Errands<Asked> errands_{in_flight_, inbox_, tickets_};
  std::deque<Arrived> ready_;
  bool stopped_ = false;
  std::optional<Error> error_;
};

}  // namespace

std::unique_ptr<Source> make_objects_source(Store& store, BoundPattern pattern,
                                            const SourceContext& context,
                                            const MakeListing& listing) {
  return std::make_unique<Objects>(store, std::move(pattern), context, listing);
}

}  // namespace sluice

#include "source/lister.h"

#include <algorithm>

#include "source/key_steps.h"

namespace sluice {
namespace {

// An entry of a page in memory: key, ETag, size and their places on the heap.
constexpr uint64_t entry_bytes = 256;
constexpr uint64_t page_bytes_least = 64 << 10;
constexpr uint64_t page_bytes_most = 1000 * entry_bytes;

uint64_t bytes_of(const Page& page) {
  uint64_t bytes = 0;
  for (const Listed& object : page.objects) {
    bytes += sizeof(Listed) + object.key.str().size() + object.etag.str().size() + 32;
  }
  for (const std::string& prefix : page.prefixes) bytes += entry_bytes + 2 * prefix.size();
  return bytes;
}

Lease part_of(Lease& lease, uint64_t bytes) {
  return lease.split(std::min(bytes, lease.bytes()));
}

// What consoles leave behind where somebody "made a folder": no document.
bool is_folder_mark(const Listed& object) {
  return object.bytes == 0 && object.key.view().ends_with('/');
}

}  // namespace

Lister::Lister(BoundPattern pattern, Parts parts)
    : pattern_(std::move(pattern)),
      cuts_(parts.store.features().lists_from_anywhere),
      parts_(parts),
      lists_max_(std::clamp(parts.in_flight.most() / 4, 1U, lists_in_flight_max)),
      ahead_(std::min(ahead_bytes_max, parts.common.capacity() / 8)),
      errands_(parts.in_flight, parts.inbox, parts.tickets) {
  add_below(line_.end(), "", 0, pattern_.all());
}

void Lister::start_what_fits() {
  while (!stopped_ && !error_ && !waiting_.empty()) {
    // The earliest; it is the line's front if that waits at all.
    if (!start(waiting_.begin()->second)) return;
    waiting_.erase(waiting_.begin());
  }
}

bool Lister::on(Event& event) {
  const auto back = errands_.take(event.ticket);
  if (!back) return false;
  if (stopped_) return true;
  const At place = back->what;
  if (back->was == Errands<At>::State::resting) {
    wait(place);
    return true;
  }
  auto& answered = static_cast<Answered&>(event);
  if (answered.answer.ok()) {
    listed(place, std::get<Page>(std::move(*answered.answer)), std::move(answered.lease));
  } else {
    failed(place, std::move(answered.answer.error()));
  }
  return true;
}

std::optional<Lister::Found> Lister::take() {
  while (!stopped_ && !line_.empty()) {
    Place& front = line_.front();
    if (front.kind != Place::Kind::objects) return std::nullopt;
    if (front.next == front.objects.size()) {
      line_.pop_front();
      continue;
    }
    Listed& object = front.objects[front.next++];
    auto captures = pattern_.match(object.key.view(), front.alive);
    ENSURE(captures.has_value());
    return Found{std::move(object), std::move(*captures)};
  }
  return std::nullopt;
}

std::optional<uint64_t> Lister::found() const {
  if (unlisted_ > 0) return std::nullopt;
  return found_;
}

void Lister::stop() {
  stopped_ = true;
  waiting_.clear();
  errands_.stop([&](Ticket ticket) { parts_.store.cancel(ticket); });
}

std::unique_ptr<Listing> make_lister(BoundPattern pattern, Listing::Parts parts) {
  return std::make_unique<Lister>(std::move(pattern), parts);
}

Document make_document(uint64_t number, Listing::Found found, const std::string& store_name) {
  return {.number = number,
          .name = store_name + found.object.key.str(),
          .key = std::move(found.object.key),
          .bytes = found.object.bytes,
          .etag = std::move(found.object.etag),
          .captures = std::move(found.captures)};
}

// ---- the line -----------------------------------------------------------------------------------

// Walks down from `prefix` to what must be listed, and puts that into the line.
void Lister::add_below(At before, std::string prefix, size_t depth, BoundPattern::Alive alive) {
  BoundPattern::Step step = pattern_.step(alive, depth);
  if (step.everything || step.listing) {
    const auto kind = step.everything ? Place::Kind::everything : Place::Kind::level;
    ++unlisted_;
    wait(line_.insert(before, Place{.kind = kind,
                                    .alive = alive,
                                    .depth = depth,
                                    .prefix = std::move(prefix),
                                    .begins = std::move(step.begins)}));
    return;
  }
  for (const auto& name : step.names) {
    if (!name.directory) {
      ++unlisted_;
      wait(line_.insert(before, Place{.kind = Place::Kind::one_key,
                                      .alive = alive,
                                      .depth = depth,
                                      .prefix = prefix + name.text}));
      continue;
    }
    const std::string_view segment(name.text.data(), name.text.size() - 1);
    add_below(before, prefix + name.text, depth + 1, pattern_.into(alive, depth, segment));
  }
}

void Lister::add_objects(At before, const Place& from, std::vector<Listed> objects) {
  if (objects.empty()) return;
  found_ += objects.size();
  line_.insert(before,
               Place{.alive = from.alive, .depth = from.depth, .objects = std::move(objects)});
}

void Lister::wait(At place) {
  waiting_.emplace(std::max(place->prefix, place->order.last()), place);
}

// ---- asking -------------------------------------------------------------------------------------

// False: not now.
bool Lister::start(At place) {
  const bool is_front = place == line_.begin();
  if (!is_front && errands_.under_way() >= lists_max_) return false;

  // Where there is memory for it a page is as long as it may be. Else pages are shorter, so that
  // many can be under way; who has a second page has many.
  const uint64_t free = ahead_.capacity() - ahead_.used();
  uint64_t bytes = std::clamp(free / waiting_.size(), page_bytes_least, page_bytes_most);
  if (!place->after.empty() || !place->start_after.empty()) bytes = page_bytes_most;
  if (place->kind == Place::Kind::one_key) bytes = entry_bytes;
  auto ahead = ahead_.try_reserve(bytes);
  if (!is_front && !ahead) return false;
  auto common = parts_.common.try_reserve(bytes);
  if (!is_front && !common) return false;
  if (!parts_.in_flight.try_take(is_front ? Turn::head : Turn::ahead)) return false;

  List list{.prefix = place->prefix + place->begins,
            .delimiter = place->kind == Place::Kind::level ? "/" : "",
            .after = place->after,
            .most = static_cast<uint32_t>(bytes / entry_bytes),
            .start_after = place->start_after};
  if (ahead) place->ahead.merge(std::move(*ahead));
  Lease lease;
  if (common) lease = std::move(*common);
  ++lists_;
  parts_.store.start(std::move(list), std::move(lease), errands_.sent(place), parts_.inbox);
  return true;
}

void Lister::failed(At place, Error error) {
  place->ahead.release();
  if (const auto rest = rest_before_retry(error, place->tries)) {
    ++place->tries;
    errands_.rests(place, now() + *rest);
  } else if (!error_) {
    error_ = std::move(error);
  }
}

// ---- pages --------------------------------------------------------------------------------------

void Lister::listed(At place, Page page, Lease common) {
  place->tries = 0;
  if (Status ordered = place->order.pass(page); !ordered.ok()) {
    place->ahead.release();
    if (!error_) {
      error_ = std::move(ordered.error()).in("list " + parts_.store.name() + place->prefix);
    }
    return;
  }
  place->common = std::move(common);
  std::vector<std::string> steps;
  if (place->kind == Place::Kind::everything) steps = trim(place, page);
  const uint64_t bytes = bytes_of(page);
  place->common.shrink(bytes);
  place->ahead.shrink(bytes);

  const size_t length_before = line_.size();
  if (place->kind == Place::Kind::one_key) {
    std::erase_if(page.objects,
                  [&](const Listed& object) { return object.key.view() != place->prefix; });
    page.next.reset();
    add_objects(place, *place, std::move(page.objects));
  } else if (place->kind == Place::Kind::level) {
    add_level(place, page);
  } else {
    place->found += page.objects.size();
    add_objects(place, *place, std::move(page.objects));
  }

  // What came of the page holds what it holds.
  const size_t made = line_.size() - length_before;
  At at = place;
  for (size_t i = 0; i < made; ++i) {
    --at;
    at->common = part_of(place->common, bytes / made);
    at->ahead = part_of(place->ahead, bytes / made);
  }
  place->common.release();
  place->ahead.release();
  if (page.next) {
    place->after = std::move(*page.next);
    if (!steps.empty()) cut(place, steps);
    wait(place);
    return;
  }
  // A part was a good guess if there was something in it.
  if (!place->end.empty() && place->found > 0 && parts_at_once_ < parts_at_once_max)
    ++parts_at_once_;
  if (!place->end.empty() && place->found == 0 && parts_at_once_ > 1) --parts_at_once_;
  --unlisted_;
  line_.erase(place);
}

// Leaves of a page what is the place's. Answers where what follows may be cut.
std::vector<std::string> Lister::trim(At place, Page& page) {
  const auto is_behind = [&](const Listed& object) {
    return !place->end.empty() && object.key.view() > place->end;
  };
  // The next part has what lies behind the end.
  if (!place->end.empty() && place->order.last() >= place->end) page.next.reset();
  std::vector<std::string> steps;
  if (page.next && cuts_ && ++place->pages >= pages_before_cut) {
    steps = steps_behind(page.objects, place->prefix.size() + place->begins.size(), place->end,
                         parts_at_once_);
  }
  std::erase_if(page.objects, [&](const Listed& object) {
    return object.key.view().size() <= place->prefix.size() ||
           !object.key.view().starts_with(place->prefix) || is_folder_mark(object) ||
           is_behind(object);
  });
  return steps;
}

// Makes a part of what lies before each step; the place is what lies behind the last.
void Lister::cut(At place, const std::vector<std::string>& steps) {
  std::string begin = place->order.last();
  for (const std::string& step : steps) {
    ++unlisted_;
    wait(line_.insert(place, Place{.kind = Place::Kind::everything,
                                   .alive = place->alive,
                                   .depth = place->depth,
                                   .prefix = place->prefix,
                                   .begins = place->begins,
                                   .order = PageOrder(begin),
                                   .start_after = begin,
                                   .end = step,
                                   .pages = place->pages}));
    begin = step;
  }
  place->after.clear();
  place->start_after = begin;
  place->order = PageOrder(std::move(begin));
}

// Objects of this level and what lies below its prefixes, in the order of whole keys.
void Lister::add_level(At place, Page& page) {
  const auto name_of = [&](std::string_view path) { return path.substr(place->prefix.size()); };
  std::vector<Listed> run;
  size_t next = 0;
  const auto add_objects_before = [&](std::string_view prefix) {
    for (; next < page.objects.size() && (prefix.empty() || page.objects[next].key.view() < prefix);
         ++next) {
      Listed& object = page.objects[next];
      if (!object.key.view().starts_with(place->prefix) || is_folder_mark(object)) continue;
      if (pattern_.ending(place->alive, place->depth, name_of(object.key.view())) == 0) continue;
      run.push_back(std::move(object));
    }
  };
  for (std::string& prefix : page.prefixes) {
    if (!prefix.starts_with(place->prefix) || prefix.back() != '/') continue;
    std::string_view name = name_of(prefix);
    name.remove_suffix(1);
    const auto alive = pattern_.into(place->alive, place->depth, name);
    if (alive == 0) continue;
    add_objects_before(prefix);
    add_objects(place, *place, std::exchange(run, {}));
    add_below(place, std::move(prefix), place->depth + 1, alive);
  }
  add_objects_before("");
  add_objects(place, *place, std::move(run));
}

}  // namespace sluice

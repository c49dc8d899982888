#include "source/lister.h"

#include <algorithm>

#include "flow/output_names.h"
#include "source/key_steps.h"

namespace sluice {
namespace {

// An entry of a page in memory: key, ETag, size and their places on the heap.
constexpr uint64_t entry_bytes = 256;
constexpr uint64_t page_bytes_least = 32 << 10;
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

// What Sluice keeps in a lake or a directory is nobody's document; who wants it names the folder.
bool is_own(std::string_view segment) {
  return segment == own_folder.substr(0, own_folder.size() - 1) || segment == ".sluice";
}
bool lies_in_own(std::string_view below) {
  for (size_t slash = below.find('/'); slash != below.npos; slash = below.find('/')) {
    if (is_own(below.substr(0, slash))) return true;
    below.remove_prefix(slash + 1);
  }
  return false;
}

}  // namespace

Lister::Lister(BoundPattern pattern, Parts parts)
    : pattern_(std::move(pattern)),
      cuts_(parts.store.features().lists_from_anywhere),
      parts_(parts),
      lists_beside_reads_(std::clamp(parts.in_flight.most() / 4, 1U, lists_beside_reads_max)),
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
  const At stretch = back->what;
  if (back->was == Errands<At>::State::resting) {
    wait(stretch);
    return true;
  }
  auto& answered = dynamic_cast<Answered&>(event);
  if (answered.answer.ok()) {
    listed(stretch, std::get<Page>(std::move(*answered.answer)), std::move(answered.lease));
  } else {
    failed(stretch, std::move(answered.answer.error()));
  }
  return true;
}

std::optional<Lister::Found> Lister::take() {
  while (!stopped_ && !line_.empty()) {
    Stretch& front = line_.front();
    if (front.kind != Stretch::Kind::objects) return std::nullopt;
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
    const auto kind = step.everything ? Stretch::Kind::everything : Stretch::Kind::level;
    ++unlisted_;
    wait(line_.insert(before, Stretch{.kind = kind,
                                      .alive = alive,
                                      .depth = depth,
                                      .prefix = std::move(prefix),
                                      .begins = std::move(step.begins)}));
    return;
  }
  for (const auto& name : step.names) {
    if (!name.directory) {
      ++unlisted_;
      wait(line_.insert(before, Stretch{.kind = Stretch::Kind::one_key,
                                        .alive = alive,
                                        .depth = depth,
                                        .prefix = prefix + name.text}));
      continue;
    }
    const std::string_view segment(name.text.data(), name.text.size() - 1);
    add_below(before, prefix + name.text, depth + 1, pattern_.into(alive, depth, segment));
  }
}

void Lister::add_objects(At before, const Stretch& from, std::vector<Listed> objects) {
  if (objects.empty()) return;
  found_ += objects.size();
  line_.insert(before,
               Stretch{.alive = from.alive, .depth = from.depth, .objects = std::move(objects)});
}

void Lister::wait(At stretch) {
  waiting_.emplace(std::max(stretch->prefix, stretch->order.last()), stretch);
}

// ---- asking -------------------------------------------------------------------------------------

// False: not now.
bool Lister::start(At stretch) {
  const bool is_front = stretch == line_.begin();
  const bool beside = is_something_to_read();
  if (!is_front && beside && errands_.under_way() >= lists_beside_reads_) return false;

  // Where there is memory for it a page is as long as it may be. Else pages are shorter, so that
  // many can be under way; who has a second page has many.
  const uint64_t ahead_most = beside ? ahead_.capacity() / 4 : ahead_.capacity();
  const uint64_t free = ahead_most - std::min(ahead_most, ahead_.used());
  uint64_t bytes = std::clamp(free / waiting_.size(), page_bytes_least, page_bytes_most);
  if (!stretch->after.empty() || !stretch->start_after.empty()) bytes = page_bytes_most;
  if (stretch->kind == Stretch::Kind::one_key) bytes = entry_bytes;
  if (!is_front && free < bytes) return false;
  auto ahead = ahead_.try_reserve(bytes);
  auto common = parts_.common.try_reserve(bytes);
  if (!is_front && !common) return false;
  if (!parts_.in_flight.try_take(is_front ? Turn::head : Turn::ahead)) return false;

  List list{.prefix = stretch->prefix + stretch->begins,
            .delimiter = stretch->kind == Stretch::Kind::level ? "/" : "",
            .after = stretch->after,
            .most = static_cast<uint32_t>(bytes / entry_bytes),
            .start_after = stretch->start_after};
  if (ahead) stretch->ahead.merge(std::move(*ahead));
  Lease lease;
  if (common) lease = std::move(*common);
  ++lists_;
  parts_.store.start(std::move(list), std::move(lease), errands_.sent(stretch), parts_.inbox);
  return true;
}

void Lister::failed(At stretch, Error error) {
  stretch->ahead.release();
  if (const auto rest = rest_before_retry(error, stretch->tries)) {
    ++stretch->tries;
    errands_.rests(stretch, now() + *rest);
  } else if (!error_) {
    error_ = std::move(error);
  }
}

// ---- pages --------------------------------------------------------------------------------------

void Lister::listed(At stretch, Page page, Lease common) {
  stretch->tries = 0;
  if (Status ordered = stretch->order.pass(page); !ordered.ok()) {
    stretch->ahead.release();
    if (!error_) {
      error_ = std::move(ordered.error()).in("list " + parts_.store.name() + stretch->prefix);
    }
    return;
  }
  stretch->common = std::move(common);
  std::vector<std::string> steps;
  if (stretch->kind == Stretch::Kind::everything) steps = trim(stretch, page);
  const uint64_t bytes = bytes_of(page);
  stretch->common.shrink(bytes);
  stretch->ahead.shrink(bytes);

  const size_t length_before = line_.size();
  if (stretch->kind == Stretch::Kind::one_key) {
    std::erase_if(page.objects,
                  [&](const Listed& object) { return object.key.view() != stretch->prefix; });
    page.next.reset();
    add_objects(stretch, *stretch, std::move(page.objects));
  } else if (stretch->kind == Stretch::Kind::level) {
    add_level(stretch, page);
  } else {
    stretch->found += page.objects.size();
    add_objects(stretch, *stretch, std::move(page.objects));
  }

  // What came of the page holds what it holds.
  const size_t made = line_.size() - length_before;
  At at = stretch;
  for (size_t i = 0; i < made; ++i) {
    --at;
    at->common = part_of(stretch->common, bytes / made);
    at->ahead = part_of(stretch->ahead, bytes / made);
  }
  stretch->common.release();
  stretch->ahead.release();
  if (page.next) {
    stretch->after = std::move(*page.next);
    if (!steps.empty()) cut(stretch, steps);
    wait(stretch);
    return;
  }
  // A part was a good guess if there was something in it.
  if (!stretch->end.empty() && stretch->found > 0 && parts_at_once_ < parts_at_once_max)
    ++parts_at_once_;
  if (!stretch->end.empty() && stretch->found == 0 && parts_at_once_ > 1) --parts_at_once_;
  --unlisted_;
  line_.erase(stretch);
}

// Leaves of a page what is the stretch's. Answers where what follows may be cut.
std::vector<std::string> Lister::trim(At stretch, Page& page) {
  const auto is_behind = [&](const Listed& object) {
    return !stretch->end.empty() && object.key.view() > stretch->end;
  };
  // The next part has what lies behind the end.
  if (!stretch->end.empty() && stretch->order.last() >= stretch->end) page.next.reset();
  std::vector<std::string> steps;
  if (page.next && cuts_ && ++stretch->pages >= pages_before_cut) {
    steps = steps_behind(page.objects, stretch->prefix.size() + stretch->begins.size(),
                         stretch->end, parts_at_once_);
  }
  std::erase_if(page.objects, [&](const Listed& object) {
    return object.key.view().size() <= stretch->prefix.size() ||
           !object.key.view().starts_with(stretch->prefix) || is_folder_mark(object) ||
           is_behind(object) || lies_in_own(object.key.view().substr(stretch->prefix.size()));
  });
  return steps;
}

// Makes a part of what lies before each step; the stretch is what lies behind the last.
void Lister::cut(At stretch, const std::vector<std::string>& steps) {
  std::string begin = stretch->order.last();
  for (const std::string& step : steps) {
    ++unlisted_;
    wait(line_.insert(stretch, Stretch{.kind = Stretch::Kind::everything,
                                       .alive = stretch->alive,
                                       .depth = stretch->depth,
                                       .prefix = stretch->prefix,
                                       .begins = stretch->begins,
                                       .order = PageOrder(begin),
                                       .start_after = begin,
                                       .end = step,
                                       .pages = stretch->pages}));
    begin = step;
  }
  stretch->after.clear();
  stretch->start_after = begin;
  stretch->order = PageOrder(std::move(begin));
}

// Objects of this level and what lies below its prefixes, in the order of whole keys.
void Lister::add_level(At stretch, Page& page) {
  const auto name_of = [&](std::string_view path) { return path.substr(stretch->prefix.size()); };
  std::vector<Listed> run;
  size_t next = 0;
  const auto add_objects_before = [&](std::string_view prefix) {
    for (; next < page.objects.size() && (prefix.empty() || page.objects[next].key.view() < prefix);
         ++next) {
      Listed& object = page.objects[next];
      if (!object.key.view().starts_with(stretch->prefix) || is_folder_mark(object)) continue;
      if (pattern_.ending(stretch->alive, stretch->depth, name_of(object.key.view())) == 0)
        continue;
      run.push_back(std::move(object));
    }
  };
  for (std::string& prefix : page.prefixes) {
    if (!prefix.starts_with(stretch->prefix) || prefix.back() != '/') continue;
    std::string_view name = name_of(prefix);
    name.remove_suffix(1);
    const auto alive = pattern_.into(stretch->alive, stretch->depth, name);
    if (alive == 0 || is_own(name)) continue;
    add_objects_before(prefix);
    add_objects(stretch, *stretch, std::exchange(run, {}));
    add_below(stretch, std::move(prefix), stretch->depth + 1, alive);
  }
  add_objects_before("");
  add_objects(stretch, *stretch, std::move(run));
}

}  // namespace sluice

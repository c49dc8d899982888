#include "flow/refine.h"

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "flow/batch_filler.h"
#include "flow/output_names.h"
#include "json/edit.h"
#include "json/scan.h"
#include "json/value.h"

namespace sluice {
namespace {

// A worker keeps no larger string than that for the next record, and makes none without asking.
constexpr size_t kept_bytes_max = 256 << 10;
// Records go through a transform that wants many in groups, which grow as long as what comes of
// them fits; so much text may come of a group besides its last record.
constexpr size_t group_records_first = 8, group_records_max = 1024;
constexpr uint64_t group_bytes_max = 1 << 20;

// What a worker keeps for one recipe.
struct Tools {
  json::Scanner scanner;
  std::vector<std::optional<std::string_view>> fields;
  std::vector<std::string> paths;
  std::string place, text, edited;
};

std::vector<json::Path> wanted_paths(const Recipe& recipe) {
  std::vector<json::Path> paths = recipe.place.fields();
  if (recipe.identity) paths.push_back(*recipe.identity);
  if (recipe.cursor_field) paths.push_back(*recipe.cursor_field);
  return paths;
}

Tools make_tools(const Recipe& recipe) {
  return {json::Scanner(wanted_paths(recipe)), {}, {}, {}, {}, {}};
}

class Refiner {
 public:
  Refiner(const RefineInput& input, const Sliced& sliced, Batch& batch, Scratch& scratch)
      : in_(input),
        sliced_(sliced),
        batch_(batch),
        filler_(input, batch),
        tools_(scratch.get<Tools>(input.recipe.key, [&] { return make_tools(input.recipe); })),
        text_bytes_max_(batch.charge ? std::min<uint64_t>(kept_bytes_max, input.recipe.record_max)
                                     : input.recipe.record_max) {
    tools_.fields.resize(input.recipe.place.fields().size());
    tools_.paths.clear();
    for (const auto& name : input.recipe.place.path_names()) {
      for (size_t i = 0; i < input.recipe.path_names.size(); ++i) {
        if (input.recipe.path_names[i] == name) tools_.paths.push_back(input.document.captures[i]);
      }
    }
  }

  // Nothing may be charged any more: the record is for another batch. Or not yet: its text gets
  // longer than what is made without asking.
  enum class Taken : uint8_t { yes, no_room, too_long, fault };

  Taken add(std::string_view text, uint64_t offset) {
    Taken taken = add_once(text, offset);
    while (taken == Taken::too_long) {
      taken = may_be_longer() ? add_once(text, offset) : Taken::no_room;
    }
    keep_small(tools_.text);
    keep_small(tools_.edited);
    return taken;
  }

  // A group of them, one transform after the other, for transforms that want many at once. Tells
  // how many were taken; if not all, why not.
  std::pair<size_t, Taken> add_group(std::span<const Span> spans) {
    std::vector<Candidate> group;
    Taken end = Taken::yes;
    for (const Span& span : spans) {
      const std::string_view text = span.of(sliced_.window);
      Candidate& one = group.emplace_back(
          Candidate{.original = text, .record = {.text = text, .offset = place_of(span)}});
      if (!look_at(one, one.text)) {
        end = Taken::fault;
        group.pop_back();
        break;
      }
      one.scanned = false;  // The next one has the scanner
    }
    for (const auto& transform : in_.recipe.transforms) {
      if (transform->wants_many()) {
        if (apply_to_all(*transform, group)) end = Taken::no_room;
      } else {
        if (apply_to_each(*transform, group)) end = Taken::no_room;
      }
      const auto over = std::ranges::find(group, Candidate::Fate::too_long, &Candidate::fate);
      if (over == group.begin() && over != group.end()) return {0, Taken::too_long};
      if (over != group.end()) end = Taken::no_room;
      group.erase(over, group.end());
    }
    if (batch_.failure) return {spans.size(), Taken::yes};
    for (size_t i = 0; i < group.size(); ++i) {
      const bool room = add_bad(group[i].record.offset) && settle(group[i], group[i].text);
      if (!room) return {i, Taken::no_room};
    }
    return {group.size(), end};
  }

  size_t make_room(size_t wanted) { return filler_.make_room(wanted); }

  // Whether a text may be longer than up to now: what holds it meanwhile is charged. Who is at the
  // head owes what there isn't.
  bool may_be_longer() {
    const uint64_t longer = std::min(4 * text_bytes_max_, in_.recipe.record_max);
    const uint64_t more = 3 * longer - scratch_.bytes();  // Before, after, and what is put in
    if (batch_.charge && batch_.charge.try_grow(more)) {
      scratch_.merge(batch_.charge.split(more));
      text_bytes_max_ = longer;
      return true;
    }
    if (in_.turn == Turn::ahead) return false;
    text_bytes_max_ = in_.recipe.record_max;
    return true;
  }

  std::optional<DocumentFault> take_fault() { return std::move(fault_); }

  uint64_t place_of(const Span& span) const {
    return span.source == Span::in_window ? sliced_.offset + span.begin : span.source;
  }

  // What the decoder has set aside before `offset`, so that all is told, and its copies lie, in the
  // order of the document. False: there is no room for all of it.
  bool add_bad(uint64_t offset) {
    for (; bad_done_ < sliced_.bad.size(); ++bad_done_) {
      const SetAside& bad = sliced_.bad[bad_done_];
      if (bad.offset >= offset) return true;
      SetAside what{.document = {}, .offset = bad.offset, .bytes = bad.bytes, .reason = bad.reason};
      const std::string_view text =
          sliced_.window.substr(bad.text_begin, bad.text_end - bad.text_begin);
      if (!filler_.set_aside(std::move(what), text)) return false;
    }
    return true;
  }
  size_t bad_done() const { return bad_done_; }

 private:
  // A record on its way through the transforms.
  struct Candidate {
    enum class Fate : uint8_t { kept, filtered, had_before, set_aside, too_long };
    std::string_view original;
    Record record;
    Fate fate = Fate::kept;
    std::string reason = {};
    bool scanned = false;   // The scanner's results are of this very text
    bool made = false;      // The record's text lies in a string, not in the window
    std::string text = {};  // In a group: that string
  };

  Taken add_once(std::string_view text, uint64_t offset) {
    if (!add_bad(offset)) return Taken::no_room;
    Candidate one{.original = text, .record = {.text = text, .offset = offset}};
    if (!look_at(one, tools_.text)) return Taken::fault;
    for (const auto& transform : in_.recipe.transforms) apply(*transform, one, tools_.text);
    if (one.fate == Candidate::Fate::too_long) return Taken::too_long;
    return settle(one, tools_.text) ? Taken::yes : Taken::no_room;
  }

  // False: the whole document is bad from here on (fault_). What it makes of the text goes into
  // `home`.
  bool look_at(Candidate& one, std::string& home) {
    Record& record = one.record;
    if (in_.json) {
      if (!tools_.scanner.scan(one.original)) {
        const json::Fault& fault = tools_.scanner.fault();
        if (in_.spoils == Spoils::document) {
          fault_ = DocumentFault{record.offset + fault.offset, std::string(fault.reason)};
          return false;
        }
        spoil(one, "not JSON: " + fault.message());
        return true;
      }
      record.text = tools_.scanner.value();
    } else if (!json::is_utf8(one.original)) {
      spoil(one, "not UTF-8");
      return true;
    }
    if (in_.recipe.cursor_field && !is_new(one)) return true;
    if (in_.recipe.identity) identify(record);
    if (in_.json && tools_.scanner.has_line_break()) {
      home.clear();
      json::compact(record.text, home);
      record.text = home;
      one.made = true;
    }
    one.scanned = in_.json && !one.made;
    return true;
  }

  // Whether an incremental source's record is to be gone on with.
  bool is_new(Candidate& one) {
    const Since& since = *in_.unit.since;
    const size_t at = in_.recipe.place.fields().size() + (in_.recipe.identity ? 1 : 0);
    const auto raw = tools_.scanner.raw(at);
    const auto value = raw ? cursor_value(*raw, since.job.kind) : std::nullopt;
    if (!value) {
      const std::string field = json::to_string(*in_.recipe.cursor_field);
      const bool is_time = since.job.kind == CursorKind::time;
      spoil(one,
            !raw ? "no " + field
                 : field + (is_time ? " is not a time: " : " is not an integer: ") + excerpt(*raw));
      return false;
    }
    const HighWater::Mark mark{*value, hash64(one.record.text)};
    if (*value <= since.latest) {
      batch_.high_water.add(mark, since.job.lookback);
    } else {
      batch_.high_water.add_beyond(mark);
    }
    const bool is_old = *value < since.from || since.had(mark);
    if (is_old) one.fate = Candidate::Fate::had_before;
    return !is_old;
  }

  static void spoil(Candidate& one, std::string reason) {
    one.fate = Candidate::Fate::set_aside;
    one.reason = std::move(reason);
  }

  void apply(const Transform& transform, Candidate& one, std::string& home) {
    if (one.fate != Candidate::Fate::kept) return;
    const RecordContext context{in_.unit, in_.document, text_bytes_max_};
    take(one, transform.apply(one.record.text, context, tools_.edited), tools_.edited, home);
  }

  // True if so much came of the first that the group was cut behind them.
  bool apply_to_each(const Transform& transform, std::vector<Candidate>& group) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < group.size(); ++i) {
      apply(transform, group[i], group[i].text);
      bytes += group[i].made ? group[i].text.size() : 0;
      if (bytes <= group_bytes_max || i + 1 == group.size()) continue;
      group.resize(i + 1);
      return true;
    }
    return false;
  }

  // True if not all were answered: the group is as short then as what was.
  bool apply_to_all(const Transform& transform, std::vector<Candidate>& group) {
    if (batch_.failure) return false;
    TransformBatch work{.unit = in_.unit, .document = in_.document};
    work.record_max = text_bytes_max_;
    work.text_bytes_max = group_bytes_max;
    work.cancelled = in_.cancelled;
    std::vector<size_t> kept;
    for (size_t i = 0; i < group.size(); ++i) {
      if (group[i].fate != Candidate::Fate::kept) continue;
      kept.push_back(i);
      work.records.push_back(group[i].record.text);
    }
    if (kept.empty()) return false;
    work.outcomes.resize(kept.size());
    work.answered = kept.size();
    const Status status = transform.apply_all(work);
    for (std::string& warning : work.warnings) batch_.warnings.push_back(std::move(warning));
    if (!status.ok()) {
      batch_.failure = status.error();
      return false;
    }
    for (size_t i = 0; i < work.answered; ++i) {
      Candidate& one = group[kept[i]];
      take(one, std::move(work.outcomes[i].verdict), work.outcomes[i].out, one.text);
    }
    if (work.answered == kept.size()) return false;
    group.erase(group.begin() + static_cast<std::ptrdiff_t>(kept[work.answered]), group.end());
    return true;
  }

  // `text` is what a transform made; `home` may be what it was made of.
  void take(Candidate& one, Result<Verdict> verdict, std::string& text, std::string& home) {
    const bool is_last_word = text_bytes_max_ >= in_.recipe.record_max;
    if (!verdict.ok()) {
      if (!is_last_word && verdict.error().kind == ErrorKind::too_large) {
        one.fate = Candidate::Fate::too_long;
      } else {
        spoil(one, std::move(verdict.error().message));
      }
    } else if (*verdict == Verdict::dropped) {
      one.fate = Candidate::Fate::filtered;
    } else if (*verdict == Verdict::changed) {
      if (text.size() > in_.recipe.record_max) {
        return spoil(one, Transform::longer_than(in_.recipe.record_max).message);
      }
      std::swap(text, home);
      one.record.text = home;
      one.made = true;
      one.scanned = false;
    }
  }

  // False: there is no room for it.
  bool settle(Candidate& one, std::string& home) {
    switch (one.fate) {
      case Candidate::Fate::kept:
        return place(one, home);
      case Candidate::Fate::filtered:
        ++batch_.filtered;
        return true;
      case Candidate::Fate::had_before:
        ++batch_.had_before;
        return true;
      case Candidate::Fate::set_aside:
        return filler_.set_aside(one.original, one.record.offset, std::move(one.reason));
      case Candidate::Fate::too_long:
        break;
    }
    return false;
  }

  static void keep_small(std::string& text) {
    if (text.capacity() > kept_bytes_max) std::string().swap(text);
  }

  void identify(Record& record) {
    const auto field = tools_.scanner.raw(in_.recipe.place.fields().size());
    record.has_identity = field.has_value() && *field != "null";
    if (!record.has_identity) return;
    record.identity = hash128(*field);
    record.content = hash128(record.text);
  }

  bool place(Candidate& one, std::string& home) {
    Record& record = one.record;
    const size_t fields = tools_.fields.size();
    if (fields > 0) {
      if (!one.scanned && !tools_.scanner.scan(record.text)) {
        return filler_.set_aside(
            one.original, record.offset,
            in_.json ? "not JSON after its transforms" : "a partition needs JSON records");
      }
      for (size_t i = 0; i < fields; ++i) tools_.fields[i] = tools_.scanner.raw(i);
    }
    tools_.place.clear();
    const Template::Context context{
        .fields = tools_.fields, .paths = tools_.paths, .unit = &in_.unit};
    Status rendered =
        in_.recipe.place.render(context, Template::Escape::key, tools_.place, &record.time_ns);
    if (!rendered.ok()) {
      if (!in_.recipe.place_if_missing) {
        return filler_.set_aside(one.original, record.offset,
                                 "no place: " + rendered.error().message);
      }
      tools_.place = *in_.recipe.place_if_missing;
    }
    if (tools_.place.starts_with(own_folder)) {
      return filler_.set_aside(
          one.original, record.offset,
          "no place: it would lie among Sluice's own files, in " + std::string(own_folder));
    }
    const auto at = filler_.place(tools_.place);
    if (!at) return false;
    record.place = *at;
    if (one.made) {
      const auto kept = filler_.keep(home);
      if (!kept) return false;
      record.text = *kept;
    }
    batch_.records.push_back(record);
    batch_.text_bytes += record.text.size();
    ++batch_.text_records;
    if (in_.recipe.count_fields && in_.json) count_fields(record);
    return true;
  }

  void count_fields(const Record& record) {
    if (!FieldCounts::looks_at(in_.document.number, record.offset)) return;
    if (!batch_.fields) batch_.fields = std::make_unique<FieldCounts>();
    batch_.fields->look(record.text);
  }

  const RefineInput& in_;
  const Sliced& sliced_;
  Batch& batch_;
  BatchFiller filler_;
  Tools& tools_;
  size_t bad_done_ = 0;
  uint64_t text_bytes_max_;  // Of what a transform makes, now
  Lease scratch_;            // Of the strings in which that is made
  std::optional<DocumentFault> fault_;
};

// As refine() does, for transforms that want many at once.
Refiner::Taken refine_groups(Refiner& refiner, std::span<const Span> spans, const Batch& batch,
                             size_t& done) {
  size_t group = group_records_first;
  while (done < spans.size()) {
    const auto [taken, end] =
        refiner.add_group(spans.subspan(done).first(std::min(group, spans.size() - done)));
    done += taken;
    if (end == Refiner::Taken::fault || batch.failure) return end;
    if (end == Refiner::Taken::too_long) {
      if (!refiner.may_be_longer()) return Refiner::Taken::no_room;
      group = 1;
      continue;
    }
    if (end == Refiner::Taken::no_room && taken == 0) return end;
    group = end == Refiner::Taken::no_room ? std::max<size_t>(taken, 1)
                                           : std::min(2 * group, group_records_max);
  }
  return Refiner::Taken::yes;
}

}  // namespace

Refined refine(const RefineInput& input, const Sliced& sliced, Batch& batch, Scratch& scratch) {
  Refiner refiner(input, sliced, batch, scratch);
  Refined out;
  const size_t copies = input.recipe.set_aside_place ? sliced.bad.size() : 0;
  const size_t room =
      std::min(refiner.make_room(sliced.spans.size() + copies), sliced.spans.size());
  const std::span<const Span> fitting = sliced.spans.first(room);
  const auto& transforms = input.recipe.transforms;
  const bool in_groups = std::any_of(transforms.begin(), transforms.end(),
                                     [](const auto& transform) { return transform->wants_many(); });
  auto end = Refiner::Taken::yes;
  if (in_groups) {
    end = refine_groups(refiner, fitting, batch, out.done);
  } else {
    for (; out.done < room && end == Refiner::Taken::yes; ++out.done) {
      const Span& span = fitting[out.done];
      end = refiner.add(span.of(sliced.window), refiner.place_of(span));
      if (end != Refiner::Taken::yes) break;
    }
  }
  if (end == Refiner::Taken::fault) out.fault = refiner.take_fault();
  if (end == Refiner::Taken::yes && out.done == sliced.spans.size()) refiner.add_bad(UINT64_MAX);
  out.bad_done = refiner.bad_done();
  return out;
}

}  // namespace sluice

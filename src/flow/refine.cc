#include "flow/refine.h"

#include <algorithm>
#include <unordered_map>

#include "base/checksum.h"
#include "base/hash.h"
#include "base/text.h"
#include "json/bytes_text.h"
#include "json/edit.h"
#include "json/scan.h"
#include "json/value.h"

namespace sluice {
namespace {

constexpr size_t places_searched_max = 16;

// What a worker keeps for one recipe.
struct Tools {
  json::Scanner scanner;
  std::vector<std::optional<std::string_view>> fields;
  std::vector<std::string> paths;
  std::string place, edited;
};

std::vector<json::Path> wanted_paths(const Recipe& recipe) {
  std::vector<json::Path> paths = recipe.place.fields();
  if (recipe.identity) paths.push_back(*recipe.identity);
  if (recipe.cursor_field) paths.push_back(*recipe.cursor_field);
  return paths;
}

Tools make_tools(const Recipe& recipe) {
  return {json::Scanner(wanted_paths(recipe)), {}, {}, {}, {}};
}

class Refiner {
 public:
  Refiner(const RefineInput& input, Batch& batch, Scratch& scratch)
      : in_(input),
        batch_(batch),
        tools_(scratch.get<Tools>(input.recipe.key, [&] { return make_tools(input.recipe); })) {
    tools_.fields.resize(input.recipe.place.fields().size());
    tools_.paths.clear();
    for (const auto& name : input.recipe.place.path_names()) {
      for (size_t i = 0; i < input.recipe.path_names.size(); ++i) {
        if (input.recipe.path_names[i] == name) tools_.paths.push_back(input.document.captures[i]);
      }
    }
  }

  std::optional<DocumentFault> add(std::string_view text, uint64_t offset) {
    Candidate one{.original = text, .record = {.text = text, .offset = offset}};
    if (auto fault = look_at(one)) return fault;
    for (const auto& transform : in_.recipe.transforms) apply(*transform, one);
    settle(one);
    return std::nullopt;
  }

  // All of them, one transform after the other, for transforms that want many at once.
  std::optional<DocumentFault> add_all(std::string_view window, uint64_t offset,
                                       const std::vector<Span>& spans) {
    std::vector<Candidate> all;
    std::optional<DocumentFault> fault;
    for (const Span& span : spans) {
      const std::string_view text = span.of(window);
      Candidate one{.original = text, .record = {.text = text, .offset = place_of(span, offset)}};
      if ((fault = look_at(one))) break;
      one.scanned = false;  // The next one has the scanner
      all.push_back(std::move(one));
    }
    for (const auto& transform : in_.recipe.transforms) {
      if (transform->wants_many()) {
        apply_to_all(*transform, all);
      } else {
        for (Candidate& one : all) apply(*transform, one);
      }
    }
    if (!batch_.failure) {
      for (Candidate& one : all) {
        copy_bad(one.record.offset);
        settle(one);
      }
      copy_bad(UINT64_MAX);
    }
    return fault;
  }

  // What the decoder has set aside of this window: the batch's first so many.
  void expect_bad(std::string_view window, size_t count) {
    window_ = window;
    bad_count_ = count;
  }
  // Copies of those that lie before `offset`: a document's copies are in its order.
  void copy_bad(uint64_t offset) {
    for (; bad_copied_ < bad_count_; ++bad_copied_) {
      SetAside& what = batch_.set_aside[bad_copied_];
      if (what.offset >= offset) return;
      const std::string_view text =
          window_.substr(what.text_begin, what.text_end - what.text_begin);
      what.text_begin = what.text_end = 0;
      if (!text.empty()) copy(what, text);
    }
  }

  static uint64_t place_of(const Span& span, uint64_t window_offset) {
    return span.source == Span::in_window ? window_offset + span.begin : span.source;
  }

 private:
  // A record on its way through the transforms.
  struct Candidate {
    enum class Fate : uint8_t { kept, filtered, had_before, set_aside };
    std::string_view original;
    Record record;
    Fate fate = Fate::kept;
    std::string reason = {};
    bool scanned = false;  // The scanner's results are of this very text
  };

  std::optional<DocumentFault> look_at(Candidate& one) {
    Record& record = one.record;
    if (in_.json) {
      if (!tools_.scanner.scan(one.original)) {
        const json::Fault& fault = tools_.scanner.fault();
        if (in_.spoils == Spoils::document) {
          return DocumentFault{record.offset + fault.offset, std::string(fault.reason)};
        }
        spoil(one, "not JSON: " + fault.message());
        return std::nullopt;
      }
      record.text = tools_.scanner.value();
    } else if (!json::is_utf8(one.original)) {
      spoil(one, "not UTF-8");
      return std::nullopt;
    }
    if (in_.recipe.cursor_field && !is_new(one)) return std::nullopt;
    if (in_.recipe.identity) identify(record);
    if (in_.json && tools_.scanner.has_line_break()) {
      std::string& line = batch_.texts.emplace_back();
      json::compact(record.text, line);
      record.text = line;
    }
    one.scanned = in_.json && record.text.data() == tools_.scanner.value().data();
    return std::nullopt;
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
    batch_.high_water.add(mark, since.job.lookback);
    const bool is_old = *value < since.from || since.had(mark);
    if (is_old) one.fate = Candidate::Fate::had_before;
    return !is_old;
  }

  static void spoil(Candidate& one, std::string reason) {
    one.fate = Candidate::Fate::set_aside;
    one.reason = std::move(reason);
  }

  void apply(const Transform& transform, Candidate& one) {
    if (one.fate != Candidate::Fate::kept) return;
    take(one, transform.apply(one.record.text, in_.unit, in_.document, tools_.edited),
         tools_.edited);
  }

  void apply_to_all(const Transform& transform, std::vector<Candidate>& all) {
    if (batch_.failure) return;
    TransformBatch work{.unit = in_.unit, .document = in_.document};
    std::vector<Candidate*> kept;
    for (Candidate& one : all) {
      if (one.fate != Candidate::Fate::kept) continue;
      kept.push_back(&one);
      work.records.push_back(one.record.text);
    }
    if (kept.empty()) return;
    work.outcomes.resize(kept.size());
    const Status status = transform.apply_all(work);
    for (std::string& warning : work.warnings) batch_.warnings.push_back(std::move(warning));
    if (!status.ok()) {
      batch_.failure = status.error();
      return;
    }
    for (size_t i = 0; i < kept.size(); ++i) {
      take(*kept[i], std::move(work.outcomes[i].verdict), work.outcomes[i].out);
    }
  }

  void take(Candidate& one, Result<Verdict> verdict, std::string& text) {
    if (!verdict.ok()) {
      spoil(one, std::move(verdict.error().message));
    } else if (*verdict == Verdict::dropped) {
      one.fate = Candidate::Fate::filtered;
    } else if (*verdict == Verdict::changed) {
      one.record.text = batch_.texts.emplace_back(std::move(text));
      text.clear();
      one.scanned = false;
    }
  }

  void settle(Candidate& one) {
    switch (one.fate) {
      case Candidate::Fate::kept:
        return place(one.record, one.original, one.scanned);
      case Candidate::Fate::filtered:
        ++batch_.filtered;
        return;
      case Candidate::Fate::had_before:
        ++batch_.had_before;
        return;
      case Candidate::Fate::set_aside:
        return set_aside(one.original, one.record.offset, std::move(one.reason));
    }
  }

  void identify(Record& record) {
    const auto field = tools_.scanner.raw(in_.recipe.place.fields().size());
    record.has_identity = field.has_value() && *field != "null";
    if (!record.has_identity) return;
    record.identity = hash128(*field);
    record.content = hash128(record.text);
  }

  void place(Record& record, std::string_view original, bool scanned) {
    const size_t fields = tools_.fields.size();
    if (fields > 0) {
      if (!scanned && !tools_.scanner.scan(record.text)) {
        set_aside(original, record.offset,
                  in_.json ? "not JSON after its transforms" : "a partition needs JSON records");
        return;
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
        set_aside(original, record.offset, "no place: " + rendered.error().message);
        return;
      }
      tools_.place = *in_.recipe.place_if_missing;
    }
    record.place = place_index(tools_.place);
    batch_.records.push_back(record);
    batch_.text_bytes += record.text.size();
    ++batch_.text_records;
    if (in_.recipe.count_fields && in_.json) count_fields(record);
  }

  void count_fields(const Record& record) {
    if (!FieldCounts::looks_at(in_.document.number, record.offset)) return;
    if (!batch_.fields) batch_.fields = std::make_unique<FieldCounts>();
    batch_.fields->look(record.text);
  }

  uint32_t place_index(std::string_view place) {
    if (!batch_.places.empty() && batch_.places[last_place_] == place) return last_place_;
    // A batch mostly has a few places: then looking at each is quicker than a table.
    if (batch_.places.size() <= places_searched_max) {
      for (uint32_t i = 0; i < batch_.places.size(); ++i) {
        if (batch_.places[i] == place) return last_place_ = i;
      }
    } else if (const auto found = places_.find(place); found != places_.end()) {
      return last_place_ = found->second;
    }
    last_place_ = static_cast<uint32_t>(batch_.places.size());
    batch_.places.emplace_back(place);
    if (batch_.places.size() == places_searched_max + 1) {
      for (uint32_t i = 0; i < last_place_; ++i) places_.emplace(batch_.places[i], i);
    }
    if (batch_.places.size() > places_searched_max) places_.emplace(place, last_place_);
    return last_place_;
  }

  void set_aside(std::string_view text, uint64_t offset, std::string reason) {
    SetAside& what = batch_.set_aside.emplace_back();
    what.document = in_.document.name;
    what.offset = offset;
    what.bytes = text.size();
    what.reason = std::move(reason);
    copy(what, text);
  }

  void copy(const SetAside& what, std::string_view text) {
    if (!in_.recipe.set_aside_place) return;
    const std::string& line =
        batch_.texts.emplace_back(set_aside_line(what, in_.document.name, text));
    batch_.records.push_back({.text = line,
                              .offset = what.offset,
                              .place = place_index(*in_.recipe.set_aside_place),
                              .copy_of_set_aside = true});
  }

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  const RefineInput& in_;
  Batch& batch_;
  Tools& tools_;
  std::string_view window_;
  size_t bad_count_ = 0, bad_copied_ = 0;
  uint32_t last_place_ = 0;
  std::unordered_map<std::string, uint32_t, Hash, std::equal_to<>> places_;
};

}  // namespace

std::optional<DocumentFault> refine(const RefineInput& input, std::string_view window,
                                    uint64_t offset, const std::vector<Span>& spans, Batch& batch,
                                    Scratch& scratch) {
  Refiner refiner(input, batch, scratch);
  refiner.expect_bad(window, batch.set_aside.size());
  batch.records.reserve(batch.records.size() + spans.size());
  const auto& transforms = input.recipe.transforms;
  if (std::any_of(transforms.begin(), transforms.end(),
                  [](const auto& transform) { return transform->wants_many(); })) {
    return refiner.add_all(window, offset, spans);
  }
  for (const Span& span : spans) {
    const uint64_t at = Refiner::place_of(span, offset);
    refiner.copy_bad(at);
    if (auto fault = refiner.add(span.of(window), at)) return fault;
  }
  refiner.copy_bad(UINT64_MAX);
  return std::nullopt;
}

SetAside partial(const Document& document, uint64_t records, const DocumentFault& fault) {
  SetAside what{.document = document.name, .offset = fault.offset, .reason = fault.reason};
  what.whole = records == 0;
  if (!what.whole) {
    what.reason = "partial: " + std::to_string(records) + " records kept, then " + fault.reason;
  }
  return what;
}

std::string set_aside_line(const SetAside& what, std::string_view document,
                           std::string_view bytes) {
  std::string line = R"({"document":)";
  json::append_quoted(json::text_of_bytes(document), line);
  line += R"(,"offset":)" + std::to_string(what.offset) + R"(,"reason":)";
  json::append_quoted(json::text_of_bytes(what.reason), line);
  if (json::is_utf8(bytes)) {
    line += R"(,"text":)";
    json::append_quoted(bytes, line);
  } else {
    line += R"(,"base64":")" + base64(bytes) + '"';
  }
  line += '}';
  return line;
}

}  // namespace sluice

#include "flow/refine.h"

#include <unordered_map>

#include "base/checksum.h"
#include "base/hash.h"
#include "base/text.h"
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
    Record record{.text = text, .offset = offset};
    if (in_.json) {
      if (!tools_.scanner.scan(text)) {
        const json::Fault& fault = tools_.scanner.fault();
        if (in_.spoils == Spoils::document) {
          return DocumentFault{offset + fault.offset, std::string(fault.reason)};
        }
        set_aside(text, offset, "not JSON: " + fault.message());
        return std::nullopt;
      }
      record.text = tools_.scanner.value();
    } else if (!json::is_utf8(text)) {
      set_aside(text, offset, "not UTF-8");
      return std::nullopt;
    }
    if (in_.recipe.identity) identify(record);
    if (in_.json && tools_.scanner.has_line_break()) {
      std::string& line = batch_.texts.emplace_back();
      json::compact(record.text, line);
      record.text = line;
    }
    bool current = in_.json && record.text.data() == tools_.scanner.value().data();
    for (const auto& transform : in_.recipe.transforms) {
      const auto verdict = transform->apply(record.text, in_.unit, in_.document, tools_.edited);
      if (!verdict.ok()) {
        set_aside(text, offset, verdict.error().message);
        return std::nullopt;
      }
      if (*verdict == Verdict::dropped) {
        ++batch_.filtered;
        return std::nullopt;
      }
      if (*verdict == Verdict::changed) {
        record.text = batch_.texts.emplace_back(std::move(tools_.edited));
        tools_.edited.clear();
        current = false;
      }
    }
    place(record, text, current);
    return std::nullopt;
  }

 private:
  void identify(Record& record) {
    const auto field = tools_.scanner.raw(in_.recipe.place.fields().size());
    record.has_identity = field.has_value() && *field != "null";
    if (!record.has_identity) return;
    record.identity = hash128(*field);
    record.content = hash128(record.text);
  }

  // `scanned`: the scanner's results are of this very text.
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
    if (!in_.recipe.set_aside_place) return;
    const std::string& line =
        batch_.texts.emplace_back(set_aside_line(what, in_.document.name, text));
    batch_.records.push_back({.text = line,
                              .offset = offset,
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
  uint32_t last_place_ = 0;
  std::unordered_map<std::string, uint32_t, Hash, std::equal_to<>> places_;
};

}  // namespace

std::optional<DocumentFault> refine(const RefineInput& input, std::string_view window,
                                    uint64_t offset, const std::vector<Span>& spans, Batch& batch,
                                    Scratch& scratch) {
  Refiner refiner(input, batch, scratch);
  batch.records.reserve(batch.records.size() + spans.size());
  for (const Span& span : spans) {
    const uint64_t at = span.source == Span::in_window ? offset + span.begin : span.source;
    if (auto fault = refiner.add(span.of(window), at)) return fault;
  }
  return std::nullopt;
}

std::string set_aside_line(const SetAside& what, std::string_view document,
                           std::string_view bytes) {
  std::string line = R"({"document":)";
  json::append_quoted(document, line);
  line += R"(,"offset":)" + std::to_string(what.offset) + R"(,"reason":)";
  json::append_quoted(json::is_utf8(what.reason) ? what.reason : "unprintable", line);
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

#include "job/job_file.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/nearest.h"
#include "base/text.h"
#include "flow/output_names.h"
#include "flow/unit_variable.h"
#include "job/key_names.h"
#include "job/words.h"
#include "job/yaml.h"

namespace sluice {
namespace {

// What every part of a sink needs before it can make progress; a share below it would stall.
constexpr uint64_t sink_share_bytes_min = 8 << 20;
constexpr uint64_t roll_bytes_default = 128 << 20;
constexpr size_t name_bytes_max = 100;
constexpr size_t mistakes_shown_max = 20;
constexpr std::string_view format_default = "jsonl.gz";

bool is_job_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  // Copies of what is set aside and the lake's owner lie beside the jobs' records.
  if (name == "set_aside" || name == "owner.json") return false;
  return !name.empty() && name.size() <= name_bytes_max && name[0] != '.' && name[0] != '_' &&
         std::all_of(name.begin(), name.end(), fits);
}

std::string with_slash(std::string text) {
  if (text.back() != '/') text += '/';
  return text;
}

// ".jsonl.gz" is a kind (".jsonl") in a wrapping (".gz").
struct Extension {
  std::string_view kind, wrapping;

  static Extension of(std::string_view text) {
    Extension out;
    for (const std::string_view ending : {".gz", ".zst", ".bz2", ".xz"}) {
      if (!text.ends_with(ending)) continue;
      out.wrapping = text.substr(text.size() - ending.size());
      text.remove_suffix(ending.size());
      break;
    }
    for (const std::string_view ending : {".jsonl", ".ndjson", ".json", ".parquet", ".csv"}) {
      if (text.ends_with(ending)) out.kind = text.substr(text.size() - ending.size());
    }
    // Three names of one thing.
    if (out.kind == ".ndjson" || out.kind == ".json") out.kind = ".jsonl";
    return out;
  }
  // Does a name that ends in this contradict a format with that?
  bool contradicts(const Extension& format) const {
    return wrapping != format.wrapping || (!kind.empty() && kind != format.kind);
  }
};

class JobReader {
 public:
  JobReader(std::string_view file_name, const Environment& environment, const Variables& variables,
            const Catalog& catalog, const ResolveSecret& resolve)
      : environment_(environment), variables_(variables), catalog_(catalog), resolve_(resolve) {
    job_.file = file_name;
  }

  Result<Job> read(std::string_view text) {
    Node root = TRY(parse_yaml(job_.file, text));
    if (root.kind != Node::Kind::map) {
      return Error{ErrorKind::invalid, job_.file + ":1:1: a job is words with values: name: ..."};
    }
    FilledReferences filled =
        fill_in_variables(root, environment_, variables_, resolve_, job_.secrets, mistakes_);
    if (filled.failure) {
      return Error{filled.failure->kind, line_of({filled.failed_at, filled.failure->message})};
    }
    job_.references = std::move(filled.references);
    job_.needs_references_early = filled.are_needed_early;
    if (!mistakes_.empty()) return error();
    read_zone(root);
    const Settings top = check_settings(
        job_words(), root, {.catalog = &catalog_, .zone = job_.zone, .file = job_.file}, mistakes_);
    if (!mistakes_.empty()) return error();
    read_top(top);
    read_sink();
    if (!mistakes_.empty()) return error();
    check_units();
    check_parts();
    if (!mistakes_.empty()) return error();
    job_.fingerprint = fingerprint();
    return std::move(job_);
  }

 private:
  void wrong(SourceMark mark, std::string message) {
    mistakes_.push_back({mark, std::move(message)});
  }

  std::string line_of(const Mistake& mistake) const {
    return job_.file + ":" + std::to_string(mistake.mark.line) + ":" +
           std::to_string(mistake.mark.column) + ": " + job_.secrets.hide(mistake.message);
  }

  Error error() {
    std::stable_sort(mistakes_.begin(), mistakes_.end(),
                     [](const Mistake& a, const Mistake& b) { return a.mark < b.mark; });
    std::string text;
    for (size_t i = 0; i < mistakes_.size() && i < mistakes_shown_max; ++i) {
      if (i > 0) text += '\n';
      text += line_of(mistakes_[i]);
    }
    if (mistakes_.size() > mistakes_shown_max) text += "\n... and more";
    return {ErrorKind::invalid, std::move(text)};
  }

  void read_zone(const Node& root) {
    const Node* zone = root.find("time_zone");
    if (zone == nullptr || zone->kind != Node::Kind::scalar) return;  // Told by the check
    auto found = TimeZone::find(zone->text);
    if (found.ok()) {
      job_.zone = std::move(*found);
    } else {
      wrong(zone->mark, "time_zone: " + found.error().message);
    }
  }

  void read_top(const Settings& top) {
    job_.name = top.text("name");
    if (!is_job_name(job_.name)) {
      wrong(top.mark_of("name"),
            "name: letters, digits, _ - and dots, at most 100, beginning with a "
            "letter or a digit; not set_aside or owner.json");
    }
    if (top.has("units")) job_.units = read_units(top.inner("units"), job_.zone, mistakes_);
    job_.source = top.inner("source");
    job_.decode = top.inner("decode");
    job_.sink = top.inner("sink");
    for (const Settings::Item& item : top.items("transform"))
      job_.transforms.push_back(item.inner());
    job_.on_bad = top.text("on_bad") == "stop" ? OnBad::stop : OnBad::set_aside;
    job_.ok_set_aside = top.flag("ok_set_aside");
    job_.allow_empty = top.flag("allow_empty");
    job_.watch_drift = top.text("drift") == "warn";
    if (top.has("memory")) job_.memory_bytes = top.bytes("memory");
    if (job_.decode.has("record_max")) job_.record_bytes_max = job_.decode.bytes("record_max");
  }

  void read_sink() {
    const Settings& sink = job_.sink;
    job_.lake = sink.text("lake");
    if (job_.lake.empty()) {
      wrong(sink.mark_of("lake"), "lake: where is it? A bucket and a prefix, or a directory");
      return;
    }
    job_.lake = with_slash(job_.lake);
    job_.state = job_.lake + std::string(own_folder);
    if (sink.has("state") && !sink.text("state").empty())
      job_.state = with_slash(sink.text("state"));
    if (sink.has("dedupe")) job_.dedupe = sink.path("dedupe");
    job_.shared = sink.flag("shared");
    job_.single_writer = sink.flag("single_writer");
    job_.keep_set_aside = sink.flag("keep_set_aside");
    job_.sink_share_bytes = sink.bytes("share");
    if (job_.sink_share_bytes < sink_share_bytes_min) {
      wrong(sink.mark_of("share"), "share: at least 8MiB, or a unit can't get on");
    }
    const bool rolls = !sink.has("name") || sink.templ("name").uses_n();
    job_.roll_bytes = sink.has("roll") ? sink.bytes("roll") : rolls ? roll_bytes_default : 0;
    job_.roll_records = sink.has("roll_records") ? sink.count("roll_records") : 0;
    read_format();
    if (mistakes_.empty()) read_names();
  }

  // The format that is said, or the one that the name's ending says, or the usual one.
  void read_format() {
    const Settings& sink = job_.sink;
    if (sink.has("format")) {
      job_.format = sink.inner("format");
      return;
    }
    std::string_view chosen = catalog_.find(Role::format, format_default) != nullptr
                                  ? format_default
                                  : std::string_view();
    if (sink.has("name")) {
      const Extension ending = Extension::of(sink.templ("name").text());
      for (const std::string_view name : catalog_.names(Role::format)) {
        const std::string extension = "." + std::string(name);
        const Extension of_format = Extension::of(extension);
        if (!ending.kind.empty() && !ending.contradicts(of_format)) chosen = name;
      }
    }
    if (chosen.empty()) {
      wrong(sink.mark(), "sink needs `format`");
      return;
    }
    Node node = Node::of(chosen);
    node.mark = sink.mark();
    job_.format =
        check_part(Role::format, node, {.catalog = &catalog_, .file = job_.file}, mistakes_);
  }

  void read_names() {
    const Settings& sink = job_.sink;
    if (sink.has("partition") && sink.has("name")) {
      wrong(sink.mark_of("name"), "`name` is the whole key: there is no `partition` beside it");
      return;
    }
    const std::string_view field = sink.has("name") ? "name" : "partition";
    OutputNames::Options options{.extension = "." + job_.format.name()};
    if (sink.has("partition")) options.partition = sink.templ("partition");
    if (sink.has("name")) options.name = sink.templ("name");
    if (job_.shared) options.job = job_.name;
    const MakeEncoder& make = job_.format.part()->make_encoder;
    if (make) {
      auto encoder = make(job_.format);
      if (!encoder.ok()) return wrong_part(job_.format, encoder.error().message);
      options.extension = (*encoder)->extension();
    }
    if (options.name &&
        Extension::of(options.name->text()).contradicts(Extension::of(options.extension))) {
      wrong(sink.mark_of("name"), "name: format " + job_.format.name() +
                                      " is for names that end in " + options.extension);
      return;
    }
    job_.names = OutputNames(std::move(options));
    const bool may_roll = job_.roll_bytes > 0 || job_.roll_records > 0;
    const Status told =
        job_.names.check(unit_time_parts(job_.units.each), job_.units.each == Each::once, may_roll);
    if (!told.ok()) {
      wrong(sink.mark_of(field), std::string(field) + ": " + told.error().message);
    } else if (const auto meeting = units_that_meet(job_.names, job_.units.values)) {
      wrong(sink.mark_of(field), std::string(field) + ": keys of the units `" + meeting->one +
                                     "` and `" + meeting->other +
                                     "` can't be told apart; put a folder {unit}/ into the name");
    }
    read_missing();
  }

  void read_missing() {
    const Settings& sink = job_.sink;
    if (sink.text("missing") != "default_partition") return;
    if (!sink.has("partition") || sink.templ("partition").uses_unit()) {
      wrong(sink.mark_of("missing"),
            "missing: default_partition needs a `partition` without {unit}");
      return;
    }
    job_.place_if_missing = job_.names.default_place({.id = "once"});
  }

  // A program's words may leave the unit to the shell, which has it from the environment.
  static bool asks_for_unit(const Template& request) {
    return request.uses_unit() || request.text().find(unit_variable) != std::string::npos;
  }

  // Templates and patterns against the units and the source's path.
  void check_units() {
    const uint8_t known = unit_time_parts(job_.units.each);
    std::vector<std::string> path_names;
    bool source_uses_unit = false, has_pattern = false;
    job_.source.for_each([&](std::string_view field, const SettingValue& value, SourceMark mark) {
      const auto* request = std::get_if<Template>(&value);
      job_.asks_by_time |= known != 0 && request != nullptr && asks_for_unit(*request);
      const auto* pattern = std::get_if<PathPattern>(&value);
      if (pattern == nullptr) return;
      has_pattern = true;
      source_uses_unit |= pattern->uses_unit();
      job_.asks_by_time |= known != 0 && pattern->uses_unit();
      path_names.insert(path_names.end(), pattern->names().begin(), pattern->names().end());
      const uint8_t parts = pattern->unit_time_parts();
      if (parts != 0 && known == 0) {
        wrong(mark,
              std::string(field) + ": {unit:%...} needs units of time; {unit} is the unit's id");
      } else if ((parts & ~known) != 0) {
        wrong(mark, std::string(field) + ": a {unit:%...} is finer than the job's units");
      }
    });
    if (has_pattern && !source_uses_unit && job_.units.each != Each::once) {
      warn(job_.source.mark(),
           "every unit reads the same documents: the source's path has no {unit}");
    }
    const auto look = [&](std::string_view field, const SettingValue& value, SourceMark mark) {
      const auto* templ = std::get_if<Template>(&value);
      if (templ == nullptr) return;
      const Status fits = templ->check_unit_formats(known);
      if (!fits.ok()) wrong(mark, std::string(field) + ": " + fits.error().message);
      for (const std::string& name : templ->path_names()) {
        if (std::find(path_names.begin(), path_names.end(), name) != path_names.end()) continue;
        const std::vector<std::string_view> names(path_names.begin(), path_names.end());
        wrong(mark, std::string(field) + ": {path." + name + "} is not in the source's path" +
                        suggestion(name, names));
      }
    };
    job_.sink.for_each(look);
    for (const Settings& transform : job_.transforms) transform.for_each(look);
  }

  // Each part has a look at its own values. (The source is made where its store is known.)
  void check_parts() {
    const Part& decode = *job_.decode.part();
    if (decode.make_decoder) {
      const auto made = decode.make_decoder(job_.decode);
      if (!made.ok()) wrong_part(job_.decode, made.error().message);
    }
    for (const Settings& transform : job_.transforms) {
      if (!transform.part()->make_transform) continue;
      const auto made = transform.part()->make_transform(transform);
      if (!made.ok()) wrong_part(transform, made.error().message);
    }
  }

  // A part's own complaint points at a value already, if it came through Settings::error_at.
  void wrong_part(const Settings& settings, std::string_view message) {
    SourceMark mark = settings.mark();
    const std::string prefix = job_.file + ":";
    if (message.starts_with(prefix)) {
      const auto words = split(message.substr(prefix.size()), ':');
      const auto line = words.size() > 2 ? parse_number<uint32_t>(words[0]) : std::nullopt;
      const auto column = words.size() > 2 ? parse_number<uint32_t>(words[1]) : std::nullopt;
      if (line && column) {
        mark = {*line, *column};
        message = trim(message.substr(prefix.size() + words[0].size() + words[1].size() + 2));
      }
    } else {
      wrong(mark, settings.name() + ": " + std::string(message));
      return;
    }
    wrong(mark, std::string(message));
  }

  void warn(SourceMark mark, std::string message) {
    job_.warnings.push_back(line_of({mark, std::move(message)}));
  }

  std::string fingerprint() const {
    std::string text = "1 " + job_.source.canonical() + job_.decode.canonical();
    for (const Settings& transform : job_.transforms) text += transform.canonical();
    text += job_.sink.canonical() + job_.format.canonical() + job_.zone.name();
    return to_hex(hash128(text));
  }

  const Environment& environment_;
  const Variables& variables_;
  const Catalog& catalog_;
  const ResolveSecret& resolve_;
  std::vector<Mistake> mistakes_;
  Job job_;
};

}  // namespace

Result<Job> parse_job(std::string_view file_name, std::string_view text,
                      const Environment& environment, const Variables& variables,
                      const Catalog& catalog, const ResolveSecret& resolve) {
  const ResolveSecret nobody;
  Job job = TRY(JobReader(file_name, environment, variables, catalog, nobody).read(text));
  if (!resolve || job.references.empty()) return job;
  std::string fingerprint = std::move(job.fingerprint);
  job = TRY(JobReader(file_name, environment, variables, catalog, resolve).read(text));
  job.fingerprint = std::move(fingerprint);
  return job;
}

}  // namespace sluice

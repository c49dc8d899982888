#include "job/job_file.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "flow/lake_words.h"

namespace sluice {
namespace {

class PlainEncoder : public Encoder {
 public:
  explicit PlainEncoder(std::string extension) : extension_(std::move(extension)) {}
  std::string extension() const override { return extension_; }
  size_t block_bytes() const override { return 1 << 20; }
  size_t encoded_bytes_max(size_t text_bytes) const override { return text_bytes; }
  std::string header() const override { return {}; }
  Status encode(Coil*, std::string_view, bool, Encoded&) const override { return {}; }
  std::string trailer(uint32_t, uint64_t) const override { return {}; }

 private:
  std::string extension_;
};

void add_format(Catalog& parts, const std::string& name) {
  parts.add({.name = name, .role = Role::format},
            MakeEncoder([name](const Settings&) -> Result<std::unique_ptr<Encoder>> {
              return std::unique_ptr<Encoder>(std::make_unique<PlainEncoder>("." + name));
            }));
}

Catalog some_parts() {
  Catalog parts;
  parts.add({.name = "objects",
             .role = Role::source,
             .fields = {{.name = "url", .type = FieldType::pattern, .required = true},
                        {.name = "auth",
                         .type = FieldType::group,
                         .fields = {{.name = "bearer"}},
                         .says = Says::how}}},
            MakeSource());
  parts.add({.name = "auto", .role = Role::decode}, MakeDecoder());
  parts.add({.name = "jsonl", .role = Role::decode}, MakeDecoder());
  parts.add({.name = "json",
             .role = Role::decode,
             .fields = {{.name = "records", .type = FieldType::field, .required = true},
                        {.name = "record_max", .type = FieldType::bytes, .default_text = "8MiB"}}},
            MakeDecoder());
  parts.add({.name = "set",
             .role = Role::transform,
             .fields = {{.name = "fields", .type = FieldType::templ, .many = Many::map}}},
            MakeTransform([](const Settings& settings) -> Result<std::unique_ptr<Transform>> {
              for (const auto& item : settings.items("fields")) {
                if (item.name == "bad") return settings.error_at("fields", "bad is bad");
              }
              return std::unique_ptr<Transform>();
            }));
  parts.add({.name = "drop",
             .role = Role::transform,
             .fields = {{.name = "fields", .type = FieldType::field, .many = Many::list}}},
            MakeTransform());
  for (const char* name : {"jsonl.gz", "jsonl", "jsonl.zst"}) add_format(parts, name);
  parts.add(lake_words(), MakeSink());
  return parts;
}

const Catalog& catalog() {
  static const Catalog parts = some_parts();
  return parts;
}

Result<Job> parse(std::string_view text, const Variables& variables = {}) {
  const Environment environment{{{"API_TOKEN", "hunter2"}, {"BUCKET", "lake-of-mine"}}};
  return parse_job("job.yaml", text, environment, variables, catalog());
}

// The first line of what is wrong.
std::string mistake(std::string_view text) {
  const auto job = parse(text);
  if (job.ok()) return "";
  return job.error().message.substr(0, job.error().message.find('\n'));
}

// A job that is right but for what is put into it.
std::string with_sink(std::string_view sink, std::string_view rest = "") {
  return "name: a\nunits: { each: day }\nsource: { objects: \"in/{path.who}/{unit:%F}/\" }\n"
         "decode: jsonl\nsink:\n  lake: lake/\n" +
         std::string(sink) + "\n" + std::string(rest) + "\n";
}

constexpr std::string_view cloudtrail = R"(
# fold a trail's small objects into one day's worth of good ones
name: cloudtrail-daily
units: { each: day, default: yesterday, late: 2d }      # late: look again at days younger than this
source:
  objects: "s3://logs/AWSLogs/[{path.org:o-*}/]{path.account}/CloudTrail/)"
                                        R"({path.region}/{unit:%Y/%m/%d}/"
decode: { json: { records: .Records } }
sink:
  lake: "s3://lake/cloudtrail/"
  partition: "dt={.eventTime:%F}/"
  dedupe: .eventID
  format: jsonl.gz
  roll: 128MiB
)";

}  // namespace

TEST_CASE("the design's first job is one") {
  const auto job = parse(cloudtrail);
  REQUIRE_MESSAGE(job.ok(), job.error().message);
  CHECK(job->name == "cloudtrail-daily");
  CHECK(job->units.each == Each::day);
  CHECK(job->units.from == "yesterday");
  CHECK(job->units.late == 2 * 86'400_s);
  CHECK(job->source.pattern("url").names().size() == 3);
  CHECK(json::to_string(job->decode.path("records")) == ".Records");
  CHECK(job->record_bytes_max == 8 << 20);
  CHECK(job->lake == "s3://lake/cloudtrail/");
  CHECK(job->state == "s3://lake/cloudtrail/_sluice/");
  CHECK(job->names.place().text() == "dt={.eventTime:%F}/");
  CHECK(job->names.key("dt=2024-02-08/", {.id = "2024-02-08"}, 1) ==
        "dt=2024-02-08/2024-02-08-00001.jsonl.gz");
  CHECK(json::to_string(*job->dedupe) == ".eventID");
  CHECK(job->format.name() == "jsonl.gz");
  CHECK(job->roll_bytes == 128 << 20);
  CHECK(job->sink_share_bytes == 24 << 20);
  CHECK(job->fingerprint.size() == 32);
  CHECK(job->warnings.empty());
}

TEST_CASE("the design's second job waits for its source only") {
  const auto job = parse(R"(
name: variants
units: { each: day, default: today }
source:
  http:
    url: "https://api.example.com/variants?count=250"
    next: { cursor: .next_token, as: token }
    auth: { bearer: "${API_TOKEN}" }
    max_pages: 450
decode: { json: { records: .variants } }
transform: [ { set: { ingest_date: "{unit:%F}", ingest_ts: "{run.started}" } } ]
sink:
  lake: "s3://lake/raw/variants/"
  name: "date={unit:%F}/variants.jsonl.gz"
)");
  REQUIRE_FALSE(job.ok());
  CHECK(job.error().message == "job.yaml:5:3: source `http` is not there yet; there is objects");
  const auto other = parse(R"(
name: variants
units: { each: day, default: today }
source: { objects: "in/{unit}/" }
decode: { json: .variants }
transform: [ { set: { ingest_date: "{unit:%F}", ingest_ts: "{run.started}" } }, drop: .x ]
sink:
  lake: "s3://lake/raw/variants/"
  name: "date={unit:%F}/variants.jsonl.gz"
)");
  REQUIRE_MESSAGE(other.ok(), other.error().message);
  CHECK(other->transforms.size() == 2);
  CHECK(other->roll_bytes == 0);
  CHECK(other->format.name() == "jsonl.gz");
  CHECK_FALSE(other->names.numbered());
}

TEST_CASE("a job may be JSON, and may be short") {
  const auto job = parse(R"({"name": "a", "source": {"objects": "in/"},
      "transform": {"drop": [".x"]}, "sink": {"lake": "lake"}, "memory": "64MiB"})");
  REQUIRE_MESSAGE(job.ok(), job.error().message);
  CHECK(job->decode.name() == "auto");
  CHECK(job->units.each == Each::once);
  CHECK(job->lake == "lake/");
  CHECK(job->memory_bytes == 64 << 20);
  CHECK(job->names.key("", {.id = "once"}, 0) == "once-00000.jsonl.gz");
}

TEST_CASE("mistakes say where, what, and what was meant") {
  CHECK(mistake(with_sink("  partitoin: x/")) ==
        "job.yaml:7:3: unknown word `partitoin` in sink; did you mean `partition`?");
  CHECK(mistake(with_sink("", "transforms: []")) ==
        "job.yaml:8:1: unknown word `transforms` in job; did you mean `transform`?");
  CHECK(mistake("name: a\nsource: { objcts: in/ }\nsink: { lake: x }") ==
        "job.yaml:2:11: unknown source `objcts`; did you mean `objects`?");
  CHECK(mistake("name: a\nsink: { lake: x }") ==
        "job.yaml:1:1: job needs `source`: Where documents come from.");
  CHECK(mistake(with_sink("  roll: 5 fish")) ==
        "job.yaml:7:9: roll: `5 fish` is not a number of bytes: say 128MiB, 5MB, 4096");
  CHECK(mistake(with_sink("  partition: \"dt={eventTime:%F}/\""))
            .starts_with("job.yaml:7:14: partition: at 4: {eventTime} is not a field"));
  CHECK(mistake(with_sink("", "name: b")) ==
        "job.yaml:8:1: `name` comes twice; the first is in line 1");
  CHECK(mistake(with_sink("", "time_zone: Mars")).starts_with("job.yaml:8:12: time_zone: `Mars`"));
  CHECK(mistake("name: a b\nsource: { objects: in/ }\nsink: { lake: x }")
            .starts_with("job.yaml:1:7: name: letters"));
  CHECK(mistake("- a") == "job.yaml:1:1: a job is words with values: name: ...");
  CHECK(mistake("").ends_with("the file is empty"));
  CHECK(mistake("a: [") != "");
  CHECK(mistake("name: &x a").ends_with("anchors (&name) are not used here"));
  CHECK(mistake("name: *x").ends_with("aliases (*name) are not used here"));
  CHECK(mistake("name: !!str x").ends_with("tags (!name) are not used here"));
  CHECK(mistake("name: a\n---\nname: b").ends_with("a second document"));
  CHECK(mistake("{ [a]: b }").ends_with("a key must be a word; text with { or [ needs quotes"));
  CHECK(mistake(std::string(100, '[')).ends_with("nested too deeply"));
  CHECK(mistake(with_sink("", "transform: { set: { bad: x } }")) ==
        "job.yaml:8:19: fields: bad is bad");
  const auto several = parse(with_sink("  roll: x\n  dedupe: y", "on_bad: no"));
  REQUIRE_FALSE(several.ok());
  CHECK(std::count(several.error().message.begin(), several.error().message.end(), '\n') == 2);
}

TEST_CASE("names that can't work are refused") {
  CHECK(mistake(with_sink("  partition: a/\n  name: b.jsonl.gz"))
            .ends_with("`name` is the whole key: there is no `partition` beside it"));
  CHECK(mistake(with_sink("  name: b.jsonl.gz"))
            .starts_with(
                "job.yaml:7:9: name: a key can't tell its unit: put {unit} or {unit:%F} into it"));
  CHECK(mistake(with_sink("  name: \"{unit}.parquet\"\n  format: jsonl.gz"))
            .ends_with("name: format jsonl.gz is for names that end in .jsonl.gz"));
  CHECK(mistake(with_sink("  name: \"{unit}.jsonl\"\n  format: jsonl.gz")) != "");
  CHECK(mistake(with_sink("  name: \"{unit}.jsonl\"")) == "");
  CHECK(mistake(with_sink("  name: \"{unit}.json.gz\"")) == "");
  CHECK(mistake(with_sink("  name: \"{unit}.jsonl.gz\"\n  roll: 1MiB"))
            .ends_with("name: {n} is missing: with `roll` there may be several objects"));
  CHECK(mistake(with_sink("  partition: \"{unit:%H}/\""))
            .ends_with("partition: at 0: {unit:%H} is finer than the job's units"));
  CHECK(mistake(with_sink("  partition: \"{run.started:%F}/\""))
            .ends_with("a second attempt would write to other keys"));
  CHECK(mistake(with_sink("  partition: \"{path.whom}/\""))
            .ends_with("partition: {path.whom} is not in the source's path; did you mean `who`?"));
  CHECK(mistake(with_sink("  partition: \"{path.who}/\"")) == "");
  CHECK(mistake(with_sink("  share: 1MiB")) != "");
  CHECK(mistake(with_sink("", "transform: { set: { x: \"{unit:%H}\" } }")) != "");
  CHECK(mistake("name: a\nsource: { objects: \"in/{unit:%F}/\" }\nsink: { lake: x }") ==
        "job.yaml:2:20: url: {unit:%...} needs units of time; {unit} is the unit's id");
  CHECK(parse(with_sink("  name: \"{unit}.jsonl\""))->format.name() == "jsonl");
}

TEST_CASE("units whose names meet are refused, with their names and what would tell them apart") {
  const auto with_units = [](const std::string& units, const std::string& sink) {
    return mistake(
        "name: a\nunits: { each: list, values: [ " + units +
        " ] }\nsource: { objects: \"in/{unit}/\" }\ndecode: jsonl\nsink:\n  lake: lake/\n  " +
        sink + "\n");
  };
  const std::string name = "name: \"{unit}.jsonl.gz\"";
  CHECK(with_units("example, x, example.jsonl", name) ==
        "job.yaml:7:9: name: keys of the units `example` and `example.jsonl` can't be told apart; "
        "put a folder {unit}/ into the name");
  CHECK(with_units("example, example.jsonl", "name: \"{unit}/all.jsonl.gz\"") == "");
  CHECK(with_units("example, example.com, example.com.au", name) == "");
  CHECK(with_units("example, example.jsonl", "format: jsonl.gz") == "");
}

TEST_CASE("records without a partition's field may have a place of their own") {
  const auto job = parse(with_sink("  partition: \"dt={.t:%F}\"\n  missing: default_partition"));
  REQUIRE_MESSAGE(job.ok(), job.error().message);
  CHECK(job->place_if_missing == "dt=__HIVE_DEFAULT_PARTITION__/");
  CHECK(mistake(with_sink("  missing: default_partition")) != "");
}

TEST_CASE("units that read the same documents are warned about") {
  const auto job =
      parse("name: a\nunits: { each: day }\nsource: { objects: in/ }\nsink: { lake: x }");
  REQUIRE(job.ok());
  REQUIRE(job->warnings.size() == 1);
  CHECK(job->warnings[0].ends_with(
      "every unit reads the same documents: the source's path has no {unit}"));
}

TEST_CASE("variables are filled in once and never printed") {
  auto job =
      parse("name: a\nsource: { objects: \"in/${BUCKET}\" }\nsink: { lake: \"${X}/$${BUCKET}\" }",
            {{"X", "${BUCKET}"}});
  REQUIRE_MESSAGE(job.ok(), job.error().message);
  CHECK(job->lake == "${BUCKET}/${BUCKET}/");
  CHECK(job->source.text("url") == "in/lake-of-mine");
  CHECK(job->secrets.hide("get in/lake-of-mine: denied") == "get in/${BUCKET}: denied");

  CHECK(mistake("name: ${NOPE}").starts_with("job.yaml:1:7: ${NOPE} is not set"));
  CHECK(mistake("name: ${NOPE").starts_with("job.yaml:1:7: ${ without its }"));
  CHECK(mistake("name: ${a b}").starts_with("job.yaml:1:7: ${a b}: a name has"));
  CHECK(mistake("${BUCKET}: x").ends_with("${...} is filled in in values, not in keys"));
  for (const char* text :
       {"name: \"${API_TOKEN}!\"\nsource: { objects: in/ }\nsink: { lake: x }",
        "name: a\nsource: ${API_TOKEN}\nsink: { lake: x }",
        "name: a\nsource: { objects: in/ }\nsink: { lake: x, roll: \"${API_TOKEN}\" }",
        "name: a\nsource: { objects: \"a{${API_TOKEN}\" }\nsink: { lake: x }",
        "name: a\nsource: { objects: in/ }\nsink: { lake: x, partition: \"{${API_TOKEN}}\" }",
        "name: a\nsource: { objects: in/ }\nsink: { lake: x }\ntime_zone: ${API_TOKEN}"}) {
    const std::string message = mistake(text);
    CAPTURE(message);
    CHECK(message != "");
    CHECK(message.find("hunter2") == message.npos);
  }
}

TEST_CASE("the fingerprint is of what a job does") {
  const auto of = [](const std::string& text) {
    const auto job = parse(text);
    REQUIRE_MESSAGE(job.ok(), job.error().message);
    return job->fingerprint;
  };
  const std::string base = with_sink("  partition: \"dt={.t:%F}/\"\n  dedupe: .id");
  CHECK(of(base) == of("# a comment\n" + base + "memory: 1GiB\nok_set_aside: true\n"));
  CHECK(of(base) == of(with_sink("  dedupe: .id\n  format: jsonl.gz\n  partition: 'dt={.t:%F}/'")));
  CHECK(of(base) == of(with_sink("  dedupe: .id\n  share: 24MiB\n  partition: 'dt={.t:%F}/'")));
  CHECK(of(base) == of("{" + std::string() + "name: b, " +
                       "units: {each: day}, sink: {dedupe: .id, lake: lake/, partition: "
                       "\"dt={.t:%F}/\"}, decode: jsonl, source: {objects: {url: "
                       "\"in/{path.who}/{unit:%F}/\"}}}"));
  for (const std::string& other :
       {with_sink("  partition: \"dt={.t:%F}/\"\n  dedupe: .id2"),
        with_sink("  partition: \"dt={.t:%F}/\"\n  dedupe: .id\n  format: jsonl"),
        with_sink("  partition: \"dt={.t:%F}/\"\n  dedupe: .id\n  share: 25MiB"),
        base + "time_zone: \"+02:00\"\n", base + "transform: { drop: .x }\n",
        base + "transform: { set: { x: 1 } }\n", base + "transform: { set: { x: '1' } }\n"}) {
    CAPTURE(other);
    CHECK(of(base) != of(other));
  }
  CHECK(of(base + "transform: { set: { x: 1 } }\n") !=
        of(base + "transform: { set: { x: '1' } }\n"));
}

namespace {

// With the token as `token` says.
std::string with_token(std::string_view token) {
  return "name: a\nsource: { objects: \"in/\", auth: { bearer: \"" + std::string(token) +
         "\" } }\ndecode: jsonl\nsink: { lake: lake/ }\n";
}

Result<Job> parse_with(std::string_view text, const ResolveSecret& resolve) {
  return parse_job("job.yaml", text, {}, {}, catalog(), resolve);
}

}  // namespace

TEST_CASE("how a source is entered is no part of the fingerprint") {
  const auto one = parse(with_token("${API_TOKEN}")), other = parse(with_token("another"));
  REQUIRE_MESSAGE(one.ok(), one.error().message);
  CHECK(one->fingerprint == other->fingerprint);
}

TEST_CASE("with a secret or its placeholder a job has one fingerprint") {
  const std::string text =
      "name: a\nsource: { objects: \"in/${ssm:/a}/\" }\ndecode: jsonl\n"
      "sink: { lake: lake/ }\n";
  const auto resolved =
      parse_with(text, [](const SecretReference&) { return std::string("s3cret"); });
  const auto unresolved = parse_with(text, {});
  REQUIRE(resolved.ok());
  REQUIRE(unresolved.ok());
  CHECK(resolved->source.text("url") == "in/s3cret/");
  CHECK(resolved->fingerprint == unresolved->fingerprint);
  CHECK(unresolved->references.size() == 1);
  CHECK(unresolved->needs_references_early);
  CHECK(unresolved->secrets.hide(unresolved->source.text("url")) == "in/${ssm:/a}/");
  CHECK_FALSE(parse_with(with_token("${ssm:/a}"), {})->needs_references_early);
}

TEST_CASE("secrets are asked for once all else is right; why there is none keeps its kind") {
  int asked = 0;
  const ResolveSecret denied = [&](const SecretReference&) -> Result<std::string> {
    ++asked;
    return Error{ErrorKind::denied, "not for you"};
  };
  CHECK_FALSE(parse_with(with_token("${ssm:/a}") + "sinc: x\n", denied).ok());
  CHECK(asked == 0);
  const auto job = parse_with(with_token("${ssm:/a}"), denied);
  REQUIRE_FALSE(job.ok());
  CHECK(job.error().kind == ErrorKind::denied);
  CHECK(job.error().message == "job.yaml:2:43: ${ssm:/a}: not for you");
}

}  // namespace sluice

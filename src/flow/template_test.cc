#include "flow/template.h"

#include <doctest/doctest.h>

#include <limits>

namespace sluice {
namespace {

using Raw = std::optional<std::string_view>;

UnitNames day() {
  return {.id = "2024-02-08",
          .start = parse_time("2024-02-08T00:00:00Z"),
          .end = parse_time("2024-02-09T00:00:00Z"),
          .run_started = *parse_time("2024-02-09T01:02:03Z"),
          .run_id = "01HQ"};
}

// Parses, renders with one field (or several), and tells what came of it.
std::string render(std::string_view text, std::vector<Raw> fields, TemplateUse use,
                   std::string_view zone = "UTC", int64_t* time_ns = nullptr) {
  auto parsed = Template::parse(text, use, *TimeZone::find(zone));
  if (!parsed.ok()) return "error " + parsed.error().message;
  const UnitNames unit = day();
  const std::vector<std::string> paths = {"123", "eu/west"};
  std::string out = "|";
  const Status status = parsed->render(
      {.fields = fields, .paths = paths, .unit = &unit},
      use == TemplateUse::value ? Template::Escape::none : Template::Escape::key, out, time_ns);
  return status.ok() ? out.substr(1) : "error " + status.error().message;
}

std::string key(std::string_view text, Raw field = std::nullopt) {
  return render(text, {field}, TemplateUse::partition);
}

std::string value(std::string_view text, Raw field = std::nullopt) {
  return render(text, {field}, TemplateUse::value);
}

}  // namespace

TEST_CASE("a template is text with holes") {
  CHECK(key("dt={.eventTime:%F}/", R"("2024-02-08T10:00:00Z")") == "dt=2024-02-08/");
  CHECK(key("{.t:%Y/%m/%d}/h{.t:%H}/", R"("2024-02-08T10:00:00Z")") == "2024/02/08/h10/");
  CHECK(key("{{x}}={.a}", R"("v")") == "{x}=v");
  CHECK(key("a[b]/", "1") == "a[b]/");
  CHECK(key("") == "");
  CHECK(key("u={unit}/y={unit:%Y}") == "u=2024-02-08/y=2024");
  CHECK(value("{run.started} {run.id} {run.started:%F}") == "2024-02-09T01:02:03Z 01HQ 2024-02-09");
  CHECK(render("{path.account}/{path.region}", {}, TemplateUse::partition) == "123/eu%2Fwest");
  CHECK(render("{unit}-{n}.gz", {}, TemplateUse::name) == "2024-02-08-\x01.gz");
  CHECK(render("{.a}{.b}{.a}", {R"("x")", "7"}, TemplateUse::value) == "x7x");
  CHECK(value(R"({."odd}key":%Y})", R"("2024-02-08T10:00:00Z")") == "2024");
  CHECK(value("{/a/b}", "1") == "1");
}

TEST_CASE("values are what the design says they are") {
  CHECK(value("{.a}", R"("text")") == "text");
  CHECK(value("{.a}", R"("caf\u00e9 \"x\"")") == "caf\xC3\xA9 \"x\"");
  CHECK(value("{.a}", "1.10") == "1.10");
  CHECK(value("{.a}", "12345678901234567890123") == "12345678901234567890123");
  CHECK(value("{.a}", "true") == "true");
  CHECK(value("{.a}", "false") == "false");
  CHECK(value("{.a}") == "error no .a");
  CHECK(value("{.a.b[3]}") == "error no .a.b[3]");
  CHECK(value("{.a}", "null") == "error .a is null");
  CHECK(value("{.a}", R"("")") == "error .a is an empty string");
  CHECK(value("{.a}", "{}") == "error .a is an object");
  CHECK(value("{.a}", "[1]") == "error .a is an array");
}

TEST_CASE("times are RFC 3339, or numbers that say what they count") {
  CHECK(value("{.t:%F}", R"("2024-02-08T23:30:00-02:00")") == "2024-02-09");
  CHECK(value("{.t:%F}", R"("soon")") == "error .t is not a time: \"soon\"");
  CHECK(value("{.t:%F}", "1707386400") ==
        "error .t is not a time: \"1707386400\" (numbers need s, ms, us or ns: \"s:%F\")");
  CHECK(value("{.t:s:%F %H}", "1707386400") == "2024-02-08 10");
  CHECK(value("{.t:ms:%F %S}", "1707386401500") == "2024-02-08 01");
  CHECK(value("{.t:us:%F}", R"("1707386400000000")") == "2024-02-08");
  CHECK(value("{.t:ns:%F}", "1707386400000000000") == "2024-02-08");
  CHECK(value("{.t:s:%F %S}", "-0.5") == "1969-12-31 59");
  CHECK(value("{.t:s:%F}", "1e9").starts_with("error .t is not a time"));
  CHECK(value("{.t:s:%F}", "99999999999999999").starts_with("error .t is not a time"));
  CHECK(value("{.t:s:%F}", R"("2024-02-08T10:00:00Z")").starts_with("error .t is not a time"));
  CHECK(value("{.t:%F}", "null") == "error .t is null");
  CHECK(value("{.t:%F}", R"("9999-12-31T00:00:00Z")") == "9999-12-31");
  CHECK(value("{.t:%F}", R"("0000-01-01T00:00:00+01:00")").starts_with("error"));
  CHECK(render("{.t:%F}", {R"("2024-02-08T23:30:00Z")"}, TemplateUse::value, "+02:00") ==
        "2024-02-09");
}

TEST_CASE("the record's own time is that of the first field with a format") {
  int64_t ns = 0;
  render("{.a}{.t:%F}{.u:%F}", {"1", R"("1970-01-01T00:00:01.5Z")", R"("2024-02-08T10:00:00Z")"},
         TemplateUse::value, "UTC", &ns);
  CHECK(ns == 1'500'000'000);
  render("{.t:s:%F}", {"2"}, TemplateUse::value, "+02:00", &ns);
  CHECK(ns == 2'000'000'000);
  render("{.t:%F}", {R"("9999-01-01T00:00:00Z")"}, TemplateUse::value, "UTC", &ns);
  CHECK(ns == std::numeric_limits<int64_t>::max());
}

TEST_CASE("values can't escape their segment of a key") {
  CHECK(key("a={.x}/", R"("../../etc")") == "a=..%2F..%2Fetc/");
  CHECK(key("{.x}/b", R"("..")") == "%2E%2E/b");
  CHECK(key("{.x}/b", R"(".")") == "%2E/b");
  CHECK(key(".{.x}/b", R"(".")") == "%2E%2E/b");
  CHECK(key("a/{.x}", R"("..")") == "a/%2E%2E");
  CHECK(key("{.x}", R"("...")") == "...");
  CHECK(key("{.x}", R"("a:b=c%d\u0001\u007f\"#'*?\\{[]^}~|<>& ")") ==
        "a%3Ab%3Dc%25d%01%7F%22%23%27%2A%3F%5C%7B%5B%5D%5E}~|<>& ");
  CHECK(key("{.x}", "\"\\u0000\"") == "%00");
  CHECK(key("{.x}", R"("café")") == "café");
  const std::string long_text = '"' + std::string(256, 'x') + '"';
  CHECK(key("{.x}/", long_text).starts_with("error a name of 256 bytes, over 255: xxx"));
  CHECK(key("a{.x}/", '"' + std::string(255, 'x') + '"').starts_with("error a name of 256"));
  CHECK(key("{.x}/", '"' + std::string(255, 'x') + '"') == std::string(255, 'x') + "/");
  CHECK(value("{.x}", R"("../a:b")") == "../a:b");
}

TEST_CASE("mistakes say where they are") {
  CHECK(key("dt={.eventTime:%F/") == "error at 3: { without its }");
  CHECK(key("a}b") == "error at 1: a lone }; write }} for a brace in the text");
  CHECK(key("{eventTime}").starts_with("error at 1: {eventTime} is not a field"));
  CHECK(key("{eventTime}").ends_with("a field begins with a dot: {.eventTime}"));
  CHECK(key("{unti:%F}").ends_with("did you mean {unit}?"));
  CHECK(key("{.t:%Q}") == "error at 4: %Q is not one of %Y %m %d %H %M %S %j %F %G %V %%");
  CHECK(key("{.t:}").starts_with("error at 4: a time format without"));
  CHECK(key("{n}") == "error at 1: {n} belongs in `name:` only");
  CHECK(key("{run.id}").starts_with("error at 1: {run.id} can't be in a key"));
  CHECK(render("{run.started:%F}", {}, TemplateUse::name).starts_with("error at 1:"));
  CHECK(render("{n:%F}", {}, TemplateUse::name).starts_with("error at 3:"));
  CHECK(key("{unit:s:%F}").starts_with("error at 6:"));
  CHECK(key("{.a.}").starts_with("error at 1"));
  CHECK(key("{.a b}").starts_with("error at 3: expected : or } here"));
  CHECK(key("{}").starts_with("error at 1"));
  CHECK(key("{").starts_with("error at 1"));
  CHECK(key("{path.}").starts_with("error at 1"));
}

TEST_CASE("the text of a key is minded, too") {
  CHECK(key("/a/").starts_with("error at 0: an empty segment"));
  CHECK(key("a//b").starts_with("error at 2: an empty segment"));
  CHECK(key("a/../b/").starts_with("error at 2: \"..\" can't be a segment"));
  CHECK(key("a\nb").starts_with("error at 1: a control character"));
  CHECK(key("a/{.t:%Y/../%m}").starts_with("error at 2: \"..\" can't be a segment"));
  CHECK(key("a/{.t:/%Y}").starts_with("error at 2: an empty segment"));
  CHECK(render("a/{n}/", {}, TemplateUse::name).starts_with("error at 5: a name can't end"));
  CHECK(render("", {}, TemplateUse::name).starts_with("error at 0: a name can't be empty"));
  CHECK(value("a//../b\n") == "a//../b\n");
}

TEST_CASE("a template tells what it uses") {
  const auto t = *Template::parse("{unit:%F}/{path.a}{.x}{.t:%H}{.x}-{n}", TemplateUse::name);
  CHECK(t.uses_unit());
  CHECK(t.uses_n());
  CHECK_FALSE(t.uses_run());
  CHECK(t.fields().size() == 2);
  CHECK(t.path_names() == std::vector<std::string>{"a"});
  CHECK(t.time_field() == 1u);
  CHECK_FALSE(t.constant_in_unit());
  CHECK(t.unit_time_parts() == (1 | 2 | 4));
  CHECK(Template::parse("a-{unit}-{n}", TemplateUse::name)->constant_in_unit());
  CHECK(t.check_unit_formats(1 | 2 | 4 | 8 | 128).ok());
  CHECK(t.check_unit_formats(0).error().message ==
        "at 0: {unit:%F} needs units of time; {unit} is the unit's id");
  CHECK(Template::parse("{unit:%H}", TemplateUse::value)->check_unit_formats(7).error().message ==
        "at 0: {unit:%H} is finer than the job's units");
}

TEST_CASE("a request's body has braces of its own, single or doubled") {
  const auto write = [](std::string_view text) {
    const auto made = Template::parse(text, TemplateUse::body);
    if (!made.ok()) return "error " + made.error().message;
    CHECK(made->text() == text);
    const UnitNames day{.id = "2024-03-31", .start = parse_time("2024-03-31T00:00:00Z")};
    std::string out;
    CHECK(made->render({.unit = &day}, Template::Escape::none, out).ok());
    return out;
  };
  CHECK(write(R"({"q":"{a{b}}","d":{"n":{unit:%Y}}})") == R"({"q":"{a{b}}","d":{"n":2024}})");
  CHECK(write("{{}} {units} {unit {id}} {n} {.a} {path.x} }{ {unit") ==
        "{{}} {units} {unit {id}} {n} {.a} {path.x} }{ {unit");
  CHECK(write("{{unit}}") == "{2024-03-31}");
  CHECK(write("{unit:%Q}").starts_with("error at 6: %Q is not one of"));
  CHECK(Template::parse("{{unit}}", TemplateUse::body)->uses_unit());
  CHECK_FALSE(Template::parse("{unit {id}}", TemplateUse::body)->uses_unit());
  CHECK(Template::parse("{since}", TemplateUse::body)->uses_since());
}

TEST_CASE("the bounds of a local unit can be written in UTC and with their offset") {
  const auto berlin = TimeZone::find("Europe/Berlin");
  if (!berlin.ok()) return;
  const auto write = [&](std::string_view text) {
    const auto made = Template::parse(text, TemplateUse::request, *berlin);
    if (!made.ok()) return "error " + made.error().message;
    if (const Status fits = made->check_unit_formats(7); !fits.ok()) return fits.error().message;
    // The day on which clocks went forward: 23 hours.
    const UnitNames day{.id = "2024-03-31",
                        .start = parse_time("2024-03-30T23:00:00Z"),
                        .end = parse_time("2024-03-31T22:00:00Z")};
    std::string out;
    CHECK(made->render({.unit = &day}, Template::Escape::none, out).ok());
    return out;
  };
  CHECK(write("{unit:utc:%Y-%m-%dT%H:%M:%SZ}") == "2024-03-30T23:00:00Z");
  CHECK(write("{unit.end:utc:%FT%H:%M:%SZ}") == "2024-03-31T22:00:00Z");
  CHECK(write("{unit:%FT%H:%M:%S%:z}/{unit.end:%F%z}") ==
        "2024-03-31T00:00:00+01:00/2024-04-01+0200");
  CHECK(write("{unit:%z, %:z %H%%z}") == "+0100, +01:00 00%z");
  CHECK(write("{unit:utc:%F%z}") == "2024-03-30+0000");
  CHECK(write("{unit:%H}") == "at 0: {unit:%H} is finer than the job's units");
  CHECK(write("{unit:utc:%Q}").starts_with("error at 0: %Q is not one of"));
  CHECK(write("{unit:utc:}").starts_with("error at 0: a time format without any"));
  CHECK(write("{.a:%z}").starts_with("error at 4: utc: and %z are for the times of the unit"));
  CHECK(key("{unit:utc:%F}/").starts_with("error at 6: utc: and %z are for values"));
}

}  // namespace sluice

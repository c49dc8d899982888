#include "app/command_line.h"

#include <doctest/doctest.h>

#include "app/fold_job.h"
#include "app/parts.h"
#include "app/process.h"
#include "app/progress.h"
#include "app/run_job.h"
#include "app/stop_on_signal.h"
#include "app/test_aids.h"
#include "app/verbs.h"
#include "job/job_file.h"

namespace sluice {

namespace {

CommandLine sluice_line(std::vector<std::string> arguments) {
  return parse_command_line(all_verbs(), std::move(arguments));
}

// What a verb with these words is asked by a command line that is right.
template <class Asked>
Asked asked_by(void (*add_words)(Words&, Asked&), std::vector<std::string> arguments) {
  static Asked heard;
  const Verb verb = introduce<Asked>(
      {.name = "verb", .words = add_words, .run = [](const Asked& asked) -> Result<int> {
         heard = asked;
         return 0;
       }});
  arguments.insert(arguments.begin(), "verb");
  const CommandLine line = parse_command_line({verb}, std::move(arguments));
  REQUIRE_MESSAGE(line.command, line.text);
  REQUIRE(line.command().ok());
  return heard;
}

RunWords run_asked_by(std::vector<std::string> arguments) {
  return asked_by<RunWords>(add_run, std::move(arguments));
}

}  // namespace

TEST_CASE("a job's and a run's options become what is asked") {
  const auto job = asked_by<JobWords>(add_job, {"job.yaml", "--var", "A=1", "--var", "B=x=y"});
  CHECK(job.file == "job.yaml");
  CHECK(job.variables.at("A") == "1");
  CHECK(job.variables.at("B") == "x=y");
  const RunWords run = run_asked_by({"--from", "2024-02-01", "--to", "2024-02-08", "--limit", "7",
                                     "--redo", "--memory", "48MiB", "--in-flight", "512",
                                     "--deadline", "10m", "--json", "--ok-set-aside"});
  CHECK(run.units.from == "2024-02-01");
  CHECK(run.units.to == "2024-02-08");
  CHECK(run.limit == 7);
  CHECK(run.memory_bytes == 48 << 20);
  CHECK(run.in_flight == 512);
  CHECK(run.limits().deadline == 600_s);
  CHECK(run.redo);
  CHECK(run.json);
  CHECK(run.ok_set_aside);
  CHECK_FALSE(run.set_aside);
}

TEST_CASE("a run and a fold have the words of a run") {
  const std::vector<std::string> words = {"--from",    "x",          "--memory", "48MiB",
                                          "--no-wait", "--deadline", "10m",      "--json"};
  for (std::vector<std::string> verb :
       {std::vector<std::string>{"run", "j"}, {"fold", "src", "dst"}}) {
    verb.insert(verb.end(), words.begin(), words.end());
    CHECK(sluice_line(verb).command);
  }
}

TEST_CASE("units are a list with commas") {
  const auto units = asked_by<UnitsAsked>(add_units, {"--units", "2024-02-08, 2024-02-11,"});
  CHECK(units.ids == std::vector<std::string>{"2024-02-08", "2024-02-11"});
}

TEST_CASE("a word that doesn't exist gets the nearest that does, and exit 2") {
  CommandLine line = sluice_line({"rnu", "job.yaml"});
  CHECK(line.exit_code == 2);
  CHECK(line.text == "sluice: unknown verb `rnu`; did you mean `run`?\n");
  line = sluice_line({"run", "job.yaml", "--memroy", "1GiB"});
  CHECK(line.exit_code == 2);
  CHECK(line.text == "sluice: unknown option `--memroy`; did you mean `--memory`?\n");
}

TEST_CASE("a run that is told to stop has ten seconds for it, unless it is told otherwise") {
  CHECK(run_asked_by({}).limits().grace == 10_s);
  CHECK(run_asked_by({"--grace", "20s"}).limits().grace == 20_s);
  CHECK(StopOnSignal::Limits{}.grace == 10_s);
}

TEST_CASE("another run's claim is waited for, unless a run is told otherwise") {
  CHECK(run_asked_by({}).others() == Others::wait);
  CHECK(run_asked_by({"--no-wait"}).others() == Others::leave);
  CHECK(run_asked_by({"--take-over"}).others() == Others::take_over);
  CHECK(sluice_line({"run", "j", "--no-wait", "--take-over"}).exit_code == 2);
  CHECK(run_asked_by({}).lease == 60_s);
  CHECK(run_asked_by({"--lease", "5m"}).lease == 300_s);
  CHECK(sluice_line({"run", "j", "--lease", "0s"}).exit_code == 2);
}

TEST_CASE("values that can't be read are errors with exit 2") {
  CHECK(sluice_line({"run", "j", "--memory", "much"}).exit_code == 2);
  CHECK(sluice_line({"run", "j", "--deadline", "soon"}).exit_code == 2);
  CHECK(sluice_line({"run", "j", "--limit", "-1"}).exit_code == 2);
  CHECK(sluice_line({"run", "j", "--var", "A"}).exit_code == 2);
  CHECK(sluice_line({"run"}).exit_code == 2);
  CHECK(sluice_line({}).exit_code == 2);
}

TEST_CASE("every verb's help has an example and exit 0") {
  for (const Verb& verb : all_verbs()) {
    CAPTURE(verb.name);
    const CommandLine line = sluice_line({std::string(verb.name), "--help"});
    CHECK(line.exit_code == 0);
    CHECK(line.text.find("Example:\n  sluice " + std::string(verb.name)) != std::string::npos);
  }
}

TEST_CASE("the job that fold makes is one that can be read") {
  FoldWords words{.source = "logs/${{x}}/",
                  .lake = "some/lake of mine/",
                  .records = ".Records",
                  .partition = "dt={.eventTime:%F}/",
                  .format = "jsonl.zst",
                  .roll = "1MiB",
                  .dedupe = ".eventID"};
  const auto text = fold_job(words);
  REQUIRE(text.ok());
  const auto job = parse_job("fold", *text, {}, {}, all_parts());
  REQUIRE_MESSAGE(job.ok(), (job.ok() ? "" : job.error().message));
  CHECK(job->name == "fold-lake-of-mine");
  CHECK(job->lake == "some/lake of mine/");
  CHECK(job->decode.name() == "json");
  CHECK(job->format.name() == "jsonl.zst");
  CHECK(job->roll_bytes == 1 << 20);
  CHECK(job->units.each == Each::once);
  REQUIRE(source_pattern(*job) != nullptr);
  CHECK(source_pattern(*job)->text() == "logs/${{x}}/");
}

TEST_CASE("fold without more words reads whatever is there, and can go by days") {
  const auto text = fold_job({.source = "logs/{unit:%F}/", .lake = "lake", .each = "day"});
  const auto job = parse_job("fold", *text, {}, {}, all_parts());
  REQUIRE_MESSAGE(job.ok(), (job.ok() ? "" : job.error().message));
  CHECK(job->decode.name() == "auto");
  CHECK(job->units.each == Each::day);
}

TEST_CASE("the progress line says what it knows, and is as long as the terminal is wide") {
  Progress progress{.units_done = 1,
                    .units = 4,
                    .tally = {.documents = 3'911,
                              .bytes_read = 2 << 20,
                              .records = 17'648,
                              .bytes_written = 1 << 20},
                    .in_flight = 256,
                    .memory_used = 48 << 20,
                    .memory = 256 << 20,
                    .elapsed = 2_s};
  CHECK(progress_text(progress, 200) ==
        "1/4 units  3911 documents  17.6k records  2MiB -> 1MiB  1MiB/s  256 in flight  "
        "memory 48MiB of 256MiB  6.0 s to go");
  CHECK(progress_text(progress, 20) == "1/4 units  3911 docu");
}

TEST_CASE("the aids of tests are read from the environment, and wrong ones refused") {
  Environment environment;
  environment.variables = {{"SLUICE_TEST_SLOW_SOURCE_MS", "52"},
                           {"SLUICE_TEST_DIE_AT", "3"},
                           {"SLUICE_TEST_DIE_HOW", "lost"}};
  const auto aids = TestAids::from(environment);
  REQUIRE(aids.ok());
  CHECK(aids->slow_source == 52_ms);
  CHECK(aids->slow_lake == 0);
  CHECK(aids->die_at == 3);
  CHECK(aids->die_how == TestAids::Die::lost);
  environment.variables["SLUICE_TEST_DIE_HOW"] = "loudly";
  CHECK_FALSE(TestAids::from(environment).ok());
}

TEST_CASE("the process has cores, a name and memory") {
  CHECK(usable_cores() >= 1);
  CHECK_FALSE(host_name().empty());
  CHECK(default_memory_bytes() <= 256 << 20);
  CHECK(default_memory_bytes() > 0);
}

}  // namespace sluice

#include "app/command_line.h"

#include <doctest/doctest.h>

#include "app/fold_job.h"
#include "app/parts.h"
#include "app/process.h"
#include "app/progress.h"
#include "app/stop_on_signal.h"
#include "app/test_aids.h"
#include "job/job_file.h"

namespace sluice {

TEST_CASE("a run's options become a command") {
  const CommandLine line = parse_command_line(
      {"run", "job.yaml", "--from",   "2024-02-01", "--to",        "2024-02-08", "--limit",
       "7",   "--redo",   "--memory", "48MiB",      "--in-flight", "512",        "--deadline",
       "10m", "--var",    "A=1",      "--var",      "B=x=y",       "--json",     "--ok-set-aside"});
  REQUIRE(line.command);
  const Command& command = *line.command;
  CHECK(command.verb == Verb::run);
  CHECK(command.job.file == "job.yaml");
  CHECK(command.units.from == "2024-02-01");
  CHECK(command.units.to == "2024-02-08");
  CHECK(command.limit == 7);
  CHECK(command.memory_bytes == 48 << 20);
  CHECK(command.in_flight == 512);
  CHECK(command.deadline == 600_s);
  CHECK(command.job.variables.at("A") == "1");
  CHECK(command.job.variables.at("B") == "x=y");
  CHECK(command.redo);
  CHECK(command.json);
  CHECK(command.ok_set_aside);
  CHECK_FALSE(command.set_aside);
}

TEST_CASE("units are a list with commas") {
  const auto line = parse_command_line({"status", "j", "--units", "2024-02-08, 2024-02-11,"});
  REQUIRE(line.command);
  CHECK(line.command->units.ids == std::vector<std::string>{"2024-02-08", "2024-02-11"});
}

TEST_CASE("a word that doesn't exist gets the nearest that does, and exit 2") {
  CommandLine line = parse_command_line({"rnu", "job.yaml"});
  CHECK(line.exit_code == 2);
  CHECK(line.text == "sluice: unknown verb `rnu`; did you mean `run`?\n");
  line = parse_command_line({"run", "job.yaml", "--memroy", "1GiB"});
  CHECK(line.exit_code == 2);
  CHECK(line.text == "sluice: unknown option `--memroy`; did you mean `--memory`?\n");
}

TEST_CASE("who is told to stop has ten seconds for it, unless a run is told otherwise") {
  for (const char* verb : {"run", "preview", "status"})
    CHECK(parse_command_line({verb, "j"}).command->grace == 10_s);
  CHECK(parse_command_line({"run", "j", "--grace", "20s"}).command->grace == 20_s);
  CHECK(StopOnSignal::Limits{}.grace == 10_s);
}

TEST_CASE("another run's claim is waited for, unless a run is told otherwise") {
  CHECK(parse_command_line({"run", "j"}).command->others == Others::wait);
  CHECK(parse_command_line({"run", "j", "--no-wait"}).command->others == Others::leave);
  CHECK(parse_command_line({"run", "j", "--take-over"}).command->others == Others::take_over);
  CHECK(parse_command_line({"run", "j", "--no-wait", "--take-over"}).exit_code == 2);
  CHECK_FALSE(parse_command_line({"run", "j"}).command->lease);
  CHECK(parse_command_line({"run", "j", "--lease", "5m"}).command->lease == 300_s);
  CHECK(parse_command_line({"run", "j", "--lease", "0s"}).exit_code == 2);
}

TEST_CASE("values that can't be read are errors with exit 2") {
  CHECK(parse_command_line({"run", "j", "--memory", "much"}).exit_code == 2);
  CHECK(parse_command_line({"run", "j", "--deadline", "soon"}).exit_code == 2);
  CHECK(parse_command_line({"run", "j", "--limit", "-1"}).exit_code == 2);
  CHECK(parse_command_line({"run", "j", "--var", "A"}).exit_code == 2);
  CHECK(parse_command_line({"run"}).exit_code == 2);
  CHECK(parse_command_line({}).exit_code == 2);
}

TEST_CASE("every verb's help has an example and exit 0") {
  for (const char* verb : {"run", "plan", "check", "explain", "preview", "status", "verify",
                           "settle", "fold", "init", "generate"}) {
    CAPTURE(verb);
    const CommandLine line = parse_command_line({verb, "--help"});
    CHECK(line.exit_code == 0);
    CHECK(line.text.find("Example:\n  sluice " + std::string(verb)) != std::string::npos);
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
  const auto text = fold_job({.source = "logs/{unit:%F}/", .lake = "lake", .each_day = true});
  const auto job = parse_job("fold", *text, {}, {}, all_parts());
  REQUIRE_MESSAGE(job.ok(), (job.ok() ? "" : job.error().message));
  CHECK(job->decode.name() == "auto");
  CHECK(job->units.each == Each::day);
}

TEST_CASE("the progress line says what it knows, and is as long as the terminal is wide") {
  Progress progress{.units_done = 1,
                    .units = 4,
                    .documents = 3'911,
                    .records = 17'648,
                    .bytes_read = 2 << 20,
                    .bytes_written = 1 << 20,
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

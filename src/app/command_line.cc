// The only door to CLI11.
#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <array>
#include <deque>

#include "base/nearest.h"
#include "base/text.h"
#include "base/time.h"

namespace sluice {
namespace {

constexpr int exit_wrong_request = 2;

// CLI11 knows numbers and texts; what else there is comes as text and is read afterwards.
struct Texts {
  std::string units, memory, deadline, grace, lease, each;
  std::vector<std::string> variables;
  uint64_t limit = 0;
};

struct VerbLine {
  Verb verb;
  std::string_view name, help, example;
};
constexpr std::array<VerbLine, 11> verb_lines = {{
    {Verb::run, "run", "Does a job's units: reads, writes, commits.",
     "sluice run cloudtrail.yaml --from 2024-02-01 --to 2024-02-08"},
    {Verb::plan, "plan", "Says what a run would read, ask for, need and cost. Touches nothing.",
     "sluice plan cloudtrail.yaml --from 2024-02-08"},
    {Verb::check, "check", "Checks a job file, and that its stores can be opened.",
     "sluice check cloudtrail.yaml --var TEAM=blue"},
    {Verb::explain, "explain", "Says which words a job file has, and what they mean.",
     "sluice explain lake    (also: explain --schema, explain --reference)"},
    {Verb::preview, "preview", "Shows the first records after each stage. Writes nothing.",
     "sluice preview cloudtrail.yaml --units 2024-02-08 --limit 3"},
    {Verb::status, "status", "Says which units are done, stale, claimed, failed or missing.",
     "sluice status cloudtrail.yaml --from 2024-02-01 --to 2024-02-08"},
    {Verb::verify, "verify", "Holds inputs, manifests and objects against each other.",
     "sluice verify cloudtrail.yaml --units 2024-02-08"},
    {Verb::settle, "settle", "Ends what a dead run left half done. For units nobody works on.",
     "sluice settle cloudtrail.yaml"},
    {Verb::fold, "fold", "Folds many small objects into a few good ones, without a job file.",
     "sluice fold logs/AWSLogs/ lake/ --partition 'dt={.eventTime:%F}/' --dedupe .eventID"},
    {Verb::init, "init", "Looks at one answer of an HTTP API and writes a job file for it.",
     "sluice init -H 'Authorization: Bearer ...' https://api.example.com/orders -o orders.yaml"},
    {Verb::generate, "generate", "Makes days of CloudTrail-like logs, to try things on.",
     "sluice generate cloudtrail demo/logs --days 1"},
}};

class Parser {
 public:
  Parser() {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", "sluice 0.1");
    app_.get_formatter()->column_width(28);
    for (const VerbLine& line : verb_lines) add(line);
    app_.footer(
        "Exit codes: 0 done, 1 failed, 2 the request or the job file is wrong,\n"
        "3 done but something was set aside, 4 stopped (run again to go on).");
  }

  CommandLine parse(std::vector<std::string> arguments) {
    if (arguments.empty()) return {.text = app_.help(), .exit_code = exit_wrong_request};
    if (auto wrong = unknown_verb(arguments.front())) return *wrong;
    const std::vector<std::string> as_given = arguments;
    std::reverse(arguments.begin(), arguments.end());  // As CLI11 wants them
    try {
      app_.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
      return {.text = help()};
    } catch (const CLI::CallForVersion& version) {
      return {.text = std::string(version.what()) + "\n"};
    } catch (const CLI::ExtrasError& error) {
      return wrong(unknown_option(as_given, error.what()));
    } catch (const CLI::ParseError& error) {
      return wrong(error.what());
    }
    Status read = read_texts();
    if (!read.ok()) return wrong(read.error().message);
    return {.command = std::move(command_)};
  }

 private:
  void add(const VerbLine& line) {
    CLI::App* app = app_.add_subcommand(std::string(line.name), std::string(line.help));
    app->footer("Example:\n  " + std::string(line.example));
    app->callback([this, verb = line.verb] { command_.verb = verb; });
    apps_.push_back(app);
    switch (line.verb) {
      case Verb::run:
        add_job(app), add_units(app), add_run(app);
        break;
      case Verb::plan:
        add_job(app), add_units(app), add_limit(app), add_memory(app);
        app->add_flag("--iam", command_.iam, "Only the least policy that AWS must allow for it");
        break;
      case Verb::check:
        add_job(app);
        break;
      case Verb::explain:
        add_explain(app);
        break;
      case Verb::preview:
        add_job(app), add_units(app);
        app->add_option("--limit", texts_.limit, "So many records of each stage (default 3)")
            ->check(CLI::PositiveNumber);
        break;
      case Verb::status:
        add_job(app), add_units(app);
        break;
      case Verb::verify:
        add_job(app), add_units(app);
        app->add_flag("--shallow", command_.shallow, "Compare names, sizes and ETags only");
        add_allow_empty(app);
        break;
      case Verb::settle:
        add_job(app), add_units(app);
        break;
      case Verb::fold:
        add_fold(app), add_units(app), add_run(app);
        break;
      case Verb::init:
        add_init(app);
        break;
      case Verb::generate:
        add_generate(app);
        break;
    }
    if (line.verb != Verb::explain && line.verb != Verb::generate) {
      app->add_option("--deadline", texts_.deadline, "Stop after so long: 90s, 10m");
    }
    if (line.verb != Verb::explain && line.verb != Verb::check && line.verb != Verb::preview &&
        line.verb != Verb::init) {
      app->add_flag("--json", command_.json, "The result as one JSON value");
    }
  }

  void add_variables(CLI::App* app) {
    app->add_option("--var", texts_.variables, "NAME=value for ${NAME} in the job file")
        ->allow_extra_args(false);
  }
  void add_job(CLI::App* app) {
    app->add_option("JOB", command_.job.file, "The job file (YAML or JSON)")->required();
    add_variables(app);
  }
  void add_units(CLI::App* app) {
    app->add_option("--from", command_.units.from, "The first unit: 2024-02-08, yesterday");
    app->add_option("--to", command_.units.to, "The last unit, included");
    app->add_option("--units", texts_.units, "These units: 2024-02-08,2024-02-11");
  }
  void add_memory(CLI::App* app) {
    app->add_option("--memory", texts_.memory,
                    "The byte budget (default: the job's, or 256MiB, or 60 % of the cgroup's)");
  }
  void add_limit(CLI::App* app) {
    app->add_option("--limit", texts_.limit,
                    "Only so many documents of each unit, which stays unfinished")
        ->check(CLI::PositiveNumber);
  }
  void add_allow_empty(CLI::App* app) {
    app->add_flag("--allow-empty", command_.allow_empty, "Finding nothing is no error");
  }
  void add_run(CLI::App* app) {
    add_memory(app), add_limit(app);
    app->add_flag("--redo", command_.redo, "Do finished units again, and stale ones");
    app->add_flag("--set-aside", command_.set_aside, "Keep copies of what is set aside");
    app->add_flag("--ok-set-aside", command_.ok_set_aside,
                  "Exit 0 although something was set aside");
    add_allow_empty(app);
    app->add_option("--in-flight", command_.in_flight, "Reads open at once (default 256)")
        ->check(CLI::Range(1, 4096));
    app->add_option("--workers", command_.workers, "Worker threads (default: the cores)")
        ->check(CLI::Range(1, 256));
    app->add_option(
        "--grace", texts_.grace,
        "Once told to stop, end at last after so long, whatever is awaited (default 10s)");
    add_others(app);
  }
  void add_others(CLI::App* app) {
    CLI::Option* no_wait = app->add_flag_callback(
        "--no-wait", [this] { command_.others = Others::leave; },
        "Where another run has claimed a unit: exit 4, don't wait for it");
    CLI::Option* take_over = app->add_flag_callback(
        "--take-over", [this] { command_.others = Others::take_over; },
        "... or take it at once; the other run loses its work");
    app->add_option("--lease", texts_.lease,
                    "... or once it has shown no sign of life for so long (default 60s)");
    no_wait->excludes(take_over);
  }
  void add_explain(CLI::App* app) {
    app->add_option("PART", command_.word, "A part (lake, json, set), a role, `job` or `units`");
    app->add_flag("--schema", command_.schema, "The JSON Schema of job files, for editors");
    app->add_flag("--reference", command_.reference, "All of it as a page of Markdown");
  }
  void add_fold(CLI::App* app) {
    FoldWords& fold = command_.fold;
    app->add_option("SRC", fold.source, "Where the small objects are; may hold {path.x}, {unit:%F}")
        ->required();
    app->add_option("DST", fold.lake, "The lake")->required();
    app->add_option("--records", fold.records,
                    "Where the records are in a JSON document: .Records");
    app->add_option("--partition", fold.partition, "'dt={.eventTime:%F}/'");
    app->add_option("--dedupe", fold.dedupe, "A field: .eventID");
    app->add_option("--format", fold.format, "jsonl.gz (default), jsonl.zst, jsonl");
    app->add_option("--roll", fold.roll, "End objects at this size (default 128MiB)");
    app->add_option("--state", fold.state, "Where the records of units are (default DST/_sluice/)");
    app->add_option("--each", texts_.each, "`once` (default), or `day` with {unit:...} in SRC")
        ->check(CLI::IsMember({"once", "day"}));
  }
  void add_init(CLI::App* app) {
    InitWords& init = command_.init;
    app->add_option("URL", init.url, "http:// or https://, as for the first page")->required();
    app->add_option("-H,--header", init.headers,
                    "\"Name: value\" for the request; what is secret in it is never written")
        ->allow_extra_args(false);
    app->add_option("-o,--output", init.file, "Into this new file (default: standard output)");
  }
  void add_generate(CLI::App* app) {
    GenerateOptions& options = command_.generate;
    app->add_option("KIND", texts_.each, "What: cloudtrail")
        ->required()
        ->check(CLI::IsMember({"cloudtrail"}));
    app->add_option("DIR", command_.directory, "Where to")->required();
    const auto number = [app](const std::string& name, auto& value, const std::string& help) {
      app->add_option(name, value, help)->check(CLI::NonNegativeNumber);
    };
    number("--objects", options.objects, "Of a day (default 3911)");
    number("--records", options.records, "Of a day (default 17648)");
    number("--accounts", options.accounts, "(default 12)");
    number("--regions", options.regions, "At most 17 (default 17)");
    app->add_option("--day", options.day, "The first (default 2024-02-08)");
    number("--days", options.days, "How many (default 1)");
    number("--scale", options.scale, "Times objects and records (default 1)");
    number("--seed", options.seed, "Another seed, other days (default 1)");
    app->add_option("--organisation", options.organisation,
                    "An organisation's layout: o-a1b2c3d4e5");
    number("--duplicates", options.duplicates, "Objects delivered twice");
    number("--truncated", options.truncated, "Objects that end in the middle");
    number("--strays", options.strays, "Digests among the logs");
    number("--digests", options.digests, "Digests where they belong");
  }

  Status read_texts() {
    for (const std::string_view id : split(texts_.units, ',')) {
      if (!trim(id).empty()) command_.units.ids.emplace_back(trim(id));
    }
    if (!texts_.memory.empty()) {
      command_.memory_bytes = TRY_IN(parse_bytes(texts_.memory), "--memory");
    }
    if (!texts_.deadline.empty()) {
      command_.deadline = TRY_IN(parse_duration(texts_.deadline), "--deadline");
    }
    if (!texts_.grace.empty()) {
      command_.grace = TRY_IN(parse_duration(texts_.grace), "--grace");
    }
    if (!texts_.lease.empty()) {
      command_.lease = TRY_IN(parse_duration(texts_.lease), "--lease");
      if (*command_.lease < lease_min) {
        return Error{ErrorKind::invalid, "--lease: at least " + print_duration(lease_min) +
                                             ", since its owner renews it three times as often"};
      }
    }
    if (texts_.limit > 0) command_.limit = texts_.limit;
    command_.fold.each_day = texts_.each == "day";
    for (const std::string& text : texts_.variables) {
      const size_t equals = text.find('=');
      if (equals == 0 || equals == std::string::npos) {
        return Error{ErrorKind::invalid, "--var: NAME=value, not \"" + excerpt(text) + "\""};
      }
      command_.job.variables[text.substr(0, equals)] = text.substr(equals + 1);
    }
    return {};
  }

  std::optional<CommandLine> unknown_verb(std::string_view word) {
    if (word.starts_with("-")) return std::nullopt;
    std::vector<std::string_view> names;
    for (const VerbLine& line : verb_lines) {
      if (line.name == word) return std::nullopt;
      names.push_back(line.name);
    }
    return wrong("unknown verb `" + excerpt(word) + "`" + suggestion(word, names));
  }

  std::string unknown_option(const std::vector<std::string>& arguments, std::string otherwise) {
    std::vector<std::string> known;
    for (const CLI::App* app : apps_) {
      if (!app->parsed()) continue;
      for (const CLI::Option* option : app->get_options()) {
        for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
      }
    }
    const std::vector<std::string_view> words(known.begin(), known.end());
    for (const std::string& argument : arguments) {
      const std::string_view word = std::string_view(argument).substr(0, argument.find('='));
      if (!word.starts_with("--") || word == "--") continue;
      if (std::find(words.begin(), words.end(), word) != words.end()) continue;
      return "unknown option `" + excerpt(word) + "`" + suggestion(word, words);
    }
    return otherwise;
  }

  static CommandLine wrong(const std::string& why) {
    return {.text = "sluice: " + why + "\n", .exit_code = exit_wrong_request};
  }

  std::string help() {
    for (CLI::App* app : apps_) {
      if (app->parsed()) return app->help("sluice");
    }
    return app_.help();
  }

  CLI::App app_{
      "Sluice moves records into good objects in a data lake, and proves that none was "
      "lost or doubled.",
      "sluice"};
  std::vector<CLI::App*> apps_;
  Command command_;
  Texts texts_;
};

}  // namespace

CommandLine parse_command_line(std::vector<std::string> arguments) {
  return Parser().parse(std::move(arguments));
}

}  // namespace sluice

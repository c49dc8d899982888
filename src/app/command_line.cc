// The only door to CLI11.
#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <deque>

#include "base/nearest.h"
#include "base/text.h"
#include "base/time.h"

namespace sluice {

// CLI11 knows numbers and texts; what else there is comes as text and is read afterwards.
struct Words::Line {
  CLI::App& app;
  Command command = {};
  // Deques, so that they stay where they are.
  std::deque<std::string> texts = {};
  std::deque<std::vector<std::string>> lists_of_texts = {};
  std::vector<std::function<Status()>> checks = {};
};

// ---- words -------------------------------------------------------------------------------------

namespace {

template <class T>
CLI::Option* add(CLI::App& app, const std::string& name, T& value, const std::string& help) {
  if (name.starts_with('-')) return app.add_option(name, value, help);
  if (name.starts_with('[')) return app.add_option(name.substr(1, name.size() - 2), value, help);
  return app.add_option(name, value, help)->required();
}

}  // namespace

void Words::flag(const std::string& name, bool& value, const std::string& help) {
  line_.app.add_flag(name, value, help);
}

void Words::text(const std::string& name, std::string& value, const std::string& help) {
  add(line_.app, name, value, help);
}

void Words::choice(const std::string& name, std::string& value,
                   const std::vector<std::string>& choices, const std::string& help) {
  add(line_.app, name, value, help)->check(CLI::IsMember(choices));
}

void Words::list(const std::string& name, std::vector<std::string>& values,
                 const std::string& help) {
  read(name, help, [&values](const std::string& text) -> Status {
    for (const std::string_view value : split(text, ',')) {
      if (!trim(value).empty()) values.emplace_back(trim(value));
    }
    return {};
  });
}

void Words::texts(const std::string& name, std::vector<std::string>& values,
                  const std::string& help) {
  add(line_.app, name, values, help)->allow_extra_args(false);
}

void Words::pairs(const std::string& name, Pairs& values, const std::string& help) {
  std::vector<std::string>& given = line_.lists_of_texts.emplace_back();
  texts(name, given, help);
  check([&values, &given, name]() -> Status {
    for (const std::string& text : given) {
      const size_t equals = text.find('=');
      if (equals == 0 || equals == std::string::npos) {
        return Error{ErrorKind::invalid, name + ": NAME=value, not \"" + excerpt(text) + "\""};
      }
      values[text.substr(0, equals)] = text.substr(equals + 1);
    }
    return {};
  });
}

void Words::number(const std::string& name, uint64_t& value, const std::string& help) {
  add(line_.app, name, value, help)->check(CLI::NonNegativeNumber);
}

void Words::number(const std::string& name, uint32_t& value, const std::string& help) {
  add(line_.app, name, value, help)->check(CLI::NonNegativeNumber);
}

void Words::count(const std::string& name, uint64_t& value, const std::string& help) {
  add(line_.app, name, value, help)->check(CLI::PositiveNumber);
}

void Words::number(const std::string& name, uint32_t& value, Range range, const std::string& help) {
  add(line_.app, name, value, help)->check(CLI::Range(range.least, range.most));
}

void Words::bytes(const std::string& name, std::optional<uint64_t>& value,
                  const std::string& help) {
  read(name, help, [&value, name](const std::string& text) -> Status {
    value = TRY_IN(parse_bytes(text), name);
    return {};
  });
}

void Words::duration(const std::string& name, Nanoseconds& value, const std::string& help) {
  read(name, help, [&value, name](const std::string& text) -> Status {
    value = TRY_IN(parse_duration(text), name);
    return {};
  });
}

void Words::duration(const std::string& name, std::optional<Nanoseconds>& value,
                     const std::string& help) {
  read(name, help, [&value, name](const std::string& text) -> Status {
    value = TRY_IN(parse_duration(text), name);
    return {};
  });
}

void Words::not_both(const std::string& one, const std::string& other) {
  line_.app.get_option(one)->excludes(line_.app.get_option(other));
}

void Words::check(std::function<Status()> is_right) {
  line_.checks.push_back(std::move(is_right));
}

// An empty text is as good as none.
void Words::read(const std::string& name, const std::string& help,
                 std::function<Status(const std::string&)> reader) {
  std::string& text = line_.texts.emplace_back();
  add(line_.app, name, text, help);
  check([&text, reader = std::move(reader)] { return text.empty() ? Status() : reader(text); });
}

// ---- the line ----------------------------------------------------------------------------------

namespace {

constexpr int exit_wrong_request = 2;

class Parser {
 public:
  explicit Parser(const std::vector<Verb>& verbs) {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", "sluice 0.1");
    app_.get_formatter()->column_width(28);
    for (const Verb& verb : verbs) add(verb);
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
    for (const auto& is_right : asked_->checks) {
      const Status status = is_right();
      if (!status.ok()) return wrong(status.error().message);
    }
    return {.command = std::move(asked_->command)};
  }

 private:
  void add(const Verb& verb) {
    CLI::App* app = app_.add_subcommand(std::string(verb.name), std::string(verb.help));
    app->footer("Example:\n  " + std::string(verb.example));
    Words::Line& line = lines_.emplace_back(Words::Line{.app = *app});
    app->callback([this, &line] { asked_ = &line; });
    Words words(line);
    line.command = verb.add_words(words);
  }

  std::optional<CommandLine> unknown_verb(std::string_view word) {
    if (word.starts_with("-")) return std::nullopt;
    std::vector<std::string_view> names;
    for (const Words::Line& line : lines_) {
      if (line.app.get_name() == word) return std::nullopt;
      names.push_back(line.app.get_name());
    }
    return wrong("unknown verb `" + excerpt(word) + "`" + suggestion(word, names));
  }

  std::string unknown_option(const std::vector<std::string>& arguments, std::string otherwise) {
    std::vector<std::string> known;
    for (const Words::Line& line : lines_) {
      if (!line.app.parsed()) continue;
      for (const CLI::Option* option : line.app.get_options()) {
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
    for (const Words::Line& line : lines_) {
      if (line.app.parsed()) return line.app.help("sluice");
    }
    return app_.help();
  }

  CLI::App app_{
      "Sluice moves records into good objects in a data lake, and proves that none was "
      "lost or doubled.",
      "sluice"};
  std::deque<Words::Line> lines_;  // One for each verb; words point into them
  Words::Line* asked_ = nullptr;   // Set by a parse that goes well
};

}  // namespace

CommandLine parse_command_line(const std::vector<Verb>& verbs, std::vector<std::string> arguments) {
  return Parser(verbs).parse(std::move(arguments));
}

}  // namespace sluice

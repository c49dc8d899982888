#include "tidy.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

#include "code_lines.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr int columns_max = 100;
constexpr int function_lines_max = 70;
constexpr int file_lines_max = 450;
// With these words near the top a file, or right above it a function, may be longer.
constexpr std::string_view excuse = "Long because";

enum class In { everywhere, rooms, headers };  // `rooms`: below src, but not in tests.

// A word, where it is banned, whom it is allowed to all the same, and what to use instead.
struct Ban {
  std::string_view word;
  In in;
  std::vector<std::string_view> allowed;  // What a path below src begins with.
  std::string_view instead;
};

const std::vector<Ban>& bans() {
  static const std::vector<Ban> all = {
      {"system_clock::now", In::rooms, {"base/clock"}, "take a Clock (base/clock.h)"},
      {"steady_clock::now", In::rooms, {"base/clock"}, "call now() (base/clock.h)"},
      {"high_resolution_clock", In::rooms, {"base/clock"}, "call now() (base/clock.h)"},
      {"clock_gettime", In::rooms, {"base/clock"}, "call now() (base/clock.h)"},
      {"gettimeofday", In::rooms, {"base/clock"}, "take a Clock (base/clock.h)"},
      {"random_device", In::rooms, {"base/clock"}, "take a Chance (base/clock.h)"},
      {"mt19937", In::rooms, {"base/clock"}, "take a Chance (base/clock.h)"},
      {"rand(", In::rooms, {"base/clock"}, "take a Chance (base/clock.h)"},
      {"sleep_for",
       In::rooms,
       {"base/clock", "store/directory"},
       "post a timer (Inbox::post_at): no thread sleeps"},
      {"usleep(", In::rooms, {"base/clock"}, "post a timer (Inbox::post_at): no thread sleeps"},
      {"posix_spawnp", In::rooms, {"base/child_process"}, "start a ChildProcess"},
      {"posix_spawn",
       In::rooms,
       {"base/child_process", "base/child_keeper"},
       "start a ChildProcess"},
      {"fork(", In::rooms, {"base/child_process"}, "start a ChildProcess"},
      {"vfork(", In::rooms, {"base/child_process"}, "start a ChildProcess"},
      {"popen(", In::rooms, {"base/child_process"}, "start a ChildProcess"},
      {"system(", In::rooms, {"base/child_process"}, "start a ChildProcess"},
      {"waitpid", In::rooms, {"base/child_process", "base/child_keeper"}, "start a ChildProcess"},
      {"getenv", In::rooms, {"app/"}, "take an Environment (base/environment.h)"},
      {"std::cout", In::rooms, {"app/"}, "return it; app prints"},
      {"std::cerr", In::rooms, {"app/"}, "return it; app prints"},
      {"printf(", In::rooms, {"app/"}, "return it; app prints"},
      {"fprintf(", In::rooms, {"app/", "base/bug"}, "return it; app prints"},
      {"puts(", In::rooms, {"app/"}, "return it; app prints"},
      // getaddrinfo() can't be broken off, and a run that ends doesn't wait half a minute for it.
      {"detach()",
       In::everywhere,
       {"http/resolver"},
       "who starts a thread outlives it: a jthread as a member"},
      {"throw", In::everywhere, {}, "return an Error (base/result.h)"},
      {"co_await",
       In::everywhere,
       {},
       "no coroutines: GCC 12 miscompiles them; a loop and an Inbox"},
      {"co_yield",
       In::everywhere,
       {},
       "no coroutines: GCC 12 miscompiles them; a loop and an Inbox"},
      {"co_return",
       In::everywhere,
       {},
       "no coroutines: GCC 12 miscompiles them; a loop and an Inbox"},
      {"<regex>", In::everywhere, {}, "write the few lines: std::regex is slow and recurses"},
      {"<iostream>", In::headers, {}, "include it in the .cc that prints"},
      {"<filesystem>", In::headers, {}, "include it in the .cc: it is heavy"},
  };
  return all;
}

// A third-party library is included by its room and by nobody else, so that it can be replaced.
struct Door {
  std::string_view header;                // What the include's name begins with.
  std::vector<std::string_view> allowed;  // What a path below src begins with.
};

const std::vector<Door>& doors() {
  static const std::vector<Door> all = {
      {"simdjson", {"json/"}},
      {"isa-l", {"base/", "codec/"}},  // base: its CRCs
      {"zlib.h", {"base/", "codec/", "trail/"}},
      {"zstd", {"codec/"}},
      {"yaml.h", {"job/"}},
      {"xxhash.h", {"base/"}},
      {"CLI/", {"app/"}},
      {"pugixml", {"aws/xml"}},
  };
  return all;
}

bool any_begins(std::string_view path, const std::vector<std::string_view>& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](std::string_view beginning) { return path.starts_with(beginning); });
}

bool is_word_letter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Whole words only: `rand(` is not in `operand(`.
bool has_word(std::string_view text, std::string_view word) {
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool joined_before =
        at > 0 && is_word_letter(word.front()) && is_word_letter(text[at - 1]);
    const bool joined_after =
        end < text.size() && is_word_letter(word.back()) && is_word_letter(text[end]);
    if (!joined_before && !joined_after) return true;
  }
  return false;
}

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int columns(std::string_view line) {
  return static_cast<int>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // Not a byte inside a UTF-8 letter.
  }));
}

// The name in an #include, without quotes or brackets; `open` is which of them it had.
std::string_view included(std::string_view line, char& open) {
  constexpr std::string_view opening = "#include ";
  if (!line.starts_with(opening) || line.size() < opening.size() + 2) return {};
  line.remove_prefix(opening.size());
  open = line.front();
  line.remove_prefix(1);
  return line.substr(0, line.find(open == '<' ? '>' : '"'));
}

class Tidy {
 public:
  explicit Tidy(fs::path root) : root_(std::move(root)) {}

  std::vector<Fault> run() {
    read_rooms();
    for (const fs::path& path : project_files()) check_file(path);
    std::stable_sort(faults_.begin(), faults_.end(), [](const Fault& a, const Fault& b) {
      return std::tie(a.file, a.line) < std::tie(b.file, b.line);
    });
    return std::move(faults_);
  }

 private:
  void fault(const std::string& file, int line, std::string what) {
    faults_.push_back({file, line, std::move(what)});
  }

  // "room: room room ..." in each line; only rooms of lines above may be named; "app:" may include
  // all.
  void read_rooms() {
    std::istringstream lines(read_all(root_ / "src" / "ROOMS"));
    int number = 0;
    std::set<std::string> above;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      const size_t colon = line.find(':');
      if (line.empty() || line.front() == '#' || colon == line.npos) continue;
      const std::string room = line.substr(0, colon);
      std::istringstream names(line.substr(colon + 1));
      std::set<std::string> uses;
      for (std::string name; names >> name; uses.insert(name)) {
        if (!above.contains(name))
          fault("src/ROOMS", number, name + " is not written above this line");
      }
      for (const std::string_view vague : {"util", "utils", "common", "helpers", "misc"}) {
        if (room == vague)
          fault("src/ROOMS", number, room + ": a room without a door; name what is in it");
      }
      if (above.contains(room)) fault("src/ROOMS", number, room + " is written twice");
      rooms_[room] = room == "app" ? above : uses;
      above.insert(room);
    }
    if (rooms_.empty()) fault("src/ROOMS", 1, "no rooms here");
  }

  // What is ours and readable: not what git or a build put here.
  std::vector<fs::path> project_files() const {
    std::vector<fs::path> found;
    for (auto at = fs::recursive_directory_iterator(root_); at != fs::end(at); ++at) {
      const std::string name = at->path().filename().string();
      const bool built = at.depth() == 0 && (name.starts_with("build") || name == "demo");
      if (at->is_directory()) {
        if (built || (name.starts_with('.') && name != ".ci") || name == "__pycache__") {
          at.disable_recursion_pending();
        }
      } else if (at->is_regular_file()) {
        found.push_back(at->path());
      }
    }
    return found;
  }

  void check_file(const fs::path& path) {
    const std::string file = fs::relative(path, root_).generic_string();
    const std::string text = read_all(path);
    if (text.find('\0') != text.npos) return;  // Not a text.
    const std::string suffix = path.extension().string();
    const bool is_code = suffix == ".h" || suffix == ".cc";
    const std::vector<CodeLine> lines = code_lines(text);
    is_suite_ = is_code && text.find("#include <doctest/") != text.npos;
    for (size_t n = 0; n < lines.size(); ++n) {
      const int number = static_cast<int>(n) + 1;
      check_words(file, number, lines[n].whole);
      if (!is_code) continue;
      check_columns(file, number, lines[n].whole);
      check_bans(file, number, lines[n].code);
      if (file.starts_with("src/")) check_include(file, number, lines[n].code);
    }
    if (is_code) check_sizes(file, lines);
  }

  // Also a suite that several tests include.
  bool is_test(std::string_view file) const {
    return file.ends_with("_test.cc") || file.ends_with("_fuzz.cc") ||
           file.find("/contract") != file.npos || is_suite_;
  }

  // In every text, of whatever kind.
  void check_words(const std::string& file, int line, const std::string& text) {
    if (file.starts_with("tools/tidy")) return;  // Here the words are meant.
    for (const std::string_view word : {"FIXME", "TODO"}) {
      if (!has_word(text, word)) continue;
      fault(file, line, std::string(word) + ": do it now, or write an issue");
    }
    for (const std::string_view folder : {"work/", "home/", "root/", "farm/", "tmp/bash_jobs"}) {
      const std::string place = "/" + std::string(folder);
      const size_t at = text.find(place);
      if (at == text.npos) continue;
      if (at > 0 && (is_word_letter(text[at - 1]) || text[at - 1] == '.')) continue;
      fault(file, line, place + ": a path of one machine; take it from outside");
    }
  }

  void check_columns(const std::string& file, int line, const std::string& text) {
    // Texts as they are and addresses can't be broken.
    if (text.find("R\"") != text.npos || text.find("://") != text.npos) return;
    const int wide = columns(text);
    if (wide > columns_max) fault(file, line, std::to_string(wide) + " columns; 100 are the most");
  }

  void check_bans(const std::string& file, int line, const std::string& code) {
    const bool in_src = file.starts_with("src/");
    const std::string path = in_src ? file.substr(4) : std::string();
    for (const Ban& ban : bans()) {
      if (ban.in == In::rooms && (!in_src || is_test(file))) continue;
      if (ban.in == In::headers && !file.ends_with(".h")) continue;
      if (in_src && any_begins(path, ban.allowed)) continue;
      if (has_word(code, ban.word)) {
        fault(file, line, std::string(ban.word) + " is banned here: " + std::string(ban.instead));
      }
    }
  }

  void check_include(const std::string& file, int line, const std::string& code) {
    char open = ' ';
    const std::string name(included(code, open));
    if (name.empty()) return;
    const std::string path = file.substr(4);
    const std::string room = path.substr(0, path.find('/'));
    if (!rooms_.contains(room)) {
      fault(file, line, room + " is no room of src/ROOMS");
    } else if (open == '"') {
      const std::string used = name.substr(0, name.find('/'));
      if (used == name) {
        fault(file, line,
              name + ": an include begins with its room: \"" + room + "/" + name + "\"");
      } else if (!rooms_.contains(used)) {
        fault(file, line, used + " is no room of src/ROOMS");
      } else if (used != room && !rooms_.at(room).contains(used)) {
        fault(file, line, room + " may not know about " + used);
      }
    }
    if (is_test(file)) return;  // A test may ask a second opinion.
    for (const Door& door : doors()) {
      if (!name.starts_with(door.header)) continue;
      if (!any_begins(path, door.allowed)) {
        fault(file, line,
              name + ": its door is " + std::string(door.allowed.front()) + ", not " + room);
      } else if (file.ends_with(".h")) {
        fault(file, line,
              name + ": include it in a .cc, so that the library stays behind its door");
      }
    }
  }

  void check_sizes(const std::string& file, const std::vector<CodeLine>& lines) {
    if (is_test(file)) return;
    const auto excused = [&](int first, int last) {
      for (int n = std::max(first, 1); n <= last && n <= static_cast<int>(lines.size()); ++n) {
        if (lines[static_cast<size_t>(n) - 1].whole.find(excuse) != std::string::npos) return true;
      }
      return false;
    };
    if (lines.size() > file_lines_max && !excused(1, 30)) {
      fault(file, 1,
            std::to_string(lines.size()) +
                " lines: over 450 a file says at its top \"Long because ...\"");
    }
    for (const FunctionSpan& span : function_spans(lines)) {
      const int length = span.last - span.first + 1;
      if (length <= function_lines_max || excused(span.first - 6, span.first)) continue;
      fault(file, span.first,
            "a function of " + std::to_string(length) +
                " lines: over 70 it says above \"Long because ...\"");
    }
  }

  const fs::path root_;
  std::map<std::string, std::set<std::string>> rooms_;  // Each, and those it may include.
  bool is_suite_ = false;                               // The file at hand is made of test cases.
  std::vector<Fault> faults_;
};

}  // namespace

std::vector<Fault> tidy(const std::string& root) {
  return Tidy(root).run();
}

}  // namespace sluice

#include "app/testing.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/command_line.h"
#include "app/verbs.h"
#include "base/clock.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

// What is printed to stdout and stderr goes into a file while this lives.
class Printed {
 public:
  explicit Printed(std::string path) : path_(std::move(path)) {
    flush();
    const int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (int i = 0; i < 2; ++i) {
      kept_[static_cast<size_t>(i)] = ::dup(i + 1);
      ::dup2(file, i + 1);
    }
    ::close(file);
  }
  ~Printed() {
    flush();
    for (int i = 0; i < 2; ++i) {
      ::dup2(kept_[static_cast<size_t>(i)], i + 1);
      ::close(kept_[static_cast<size_t>(i)]);
    }
  }
  Printed(const Printed&) = delete;
  Printed& operator=(const Printed&) = delete;

  std::string text() const {
    flush();
    return file_text(path_);
  }

 private:
  static void flush() {
    std::fflush(stdout);
    std::fflush(stderr);
  }
  std::string path_;
  std::array<int, 2> kept_ = {-1, -1};
};

}  // namespace

TestFolder::TestFolder() {
  Chance chance;
  path_ = fs::temp_directory_path() / ("sluice-test-" + chance.unique_id({}));
  fs::create_directories(path_);
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string TestFolder::write(const std::string& name, const std::string& text) const {
  const fs::path path = *this / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
  return path.string();
}

std::string file_text(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

VerbOutcome sluice_does(const TestFolder& folder, std::vector<std::string> arguments) {
  const Printed printed(folder / "printed");
  const CommandLine line = parse_command_line(all_verbs(), std::move(arguments));
  if (!line.command) return {line.exit_code, line.text};
  const int exit_code = do_command(line.command);
  return {exit_code, printed.text()};
}

}  // namespace sluice

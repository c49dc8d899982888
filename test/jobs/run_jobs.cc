// Runs the golden jobs of a folder (or the files named) over stores in memory.
//
//   run_jobs test/jobs              run_jobs test/jobs/bad_line.yaml
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "golden_job.h"

namespace {

std::vector<std::string> files_of(int count, char** arguments) {
  std::vector<std::string> files;
  for (int i = 1; i < count; ++i) {
    if (!std::filesystem::is_directory(arguments[i])) {
      files.emplace_back(arguments[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) {
      if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// True: as it must be.
bool run_file(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  const std::string name = std::filesystem::path(file).filename().string();
  const auto result = sluice::run_golden_job(name, text.str());
  if (!result.ok()) {
    std::printf("FAILED  %s: %s\n", name.c_str(), result.error().message.c_str());
    return false;
  }
  const bool good = result->differences.empty();
  std::printf("%s  %s: %s\n", good ? "ok    " : "FAILED", name.c_str(), result->title.c_str());
  for (const std::string& difference : result->differences) {
    std::printf("        %s\n", difference.c_str());
  }
  return good;
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> files = files_of(count, arguments);
  if (files.empty()) {
    std::fputs("run_jobs: no golden jobs there\n", stderr);
    return 2;
  }
  size_t failed = 0;
  for (const std::string& file : files) failed += run_file(file) ? 0 : 1;
  std::printf("%zu passed, %zu failed, 0 skipped\n", files.size() - failed, failed);
  return failed == 0 ? 0 : 1;
}

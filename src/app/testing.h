// For tests of whole verbs: a folder of their own, and what was printed. Defined in
// testing_test.cc.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  // Makes the folders that are missing. Answers the path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

std::string file_text(const std::string& path);

struct VerbOutcome {
  int exit_code = 0;
  std::string text;  // What it printed, stdout and stderr
};
inline bool has(std::string_view text, std::string_view words) {
  return text.find(words) != text.npos;
}
VerbOutcome sluice_does(const TestFolder& folder, std::vector<std::string> arguments);

}  // namespace sluice

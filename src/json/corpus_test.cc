#include "json/corpus.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace sluice::json {

std::vector<CorpusFile> read_corpus(std::string_view folder) {
  const char* shared = std::getenv("SLUICE_SHARED");
  if (shared == nullptr) {
    std::printf("skipped: %.*s needs ../shared/data (set SLUICE_SHARED)\n",
                static_cast<int>(folder.size()), folder.data());
    return {};
  }
  std::vector<CorpusFile> files;
  const std::filesystem::path root = std::filesystem::path(shared) / "data" / folder;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    std::ifstream stream(entry.path(), std::ios::binary);
    files.push_back({entry.path().filename(), {std::istreambuf_iterator<char>(stream), {}}});
  }
  std::sort(files.begin(), files.end(),
            [](const CorpusFile& a, const CorpusFile& b) { return a.name < b.name; });
  return files;
}

}  // namespace sluice::json

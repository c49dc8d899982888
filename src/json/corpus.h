// For this room's tests only (corpus_test.cc has the bodies): published JSON files, read where the
// environment says they are, never copied.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::json {

struct CorpusFile {
  std::string name;  // Without the folder
  std::string bytes;
};

// The files right in `folder`, below the data folder of $SLUICE_SHARED, by name. Without that,
// none, and a line on the terminal says so.
std::vector<CorpusFile> read_corpus(std::string_view folder);

}  // namespace sluice::json

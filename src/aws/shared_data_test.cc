#include "aws/shared_data.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "json/scan.h"
#include "json/value.h"

namespace sluice::aws {
namespace {

namespace fs = std::filesystem;

std::optional<fs::path> shared_path(const std::string& path) {
  const char* shared = std::getenv("SLUICE_SHARED");
  if (shared == nullptr) return std::nullopt;
  return fs::path(shared) / "data" / path;
}

std::string read_whole(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The raw texts between the commas and colons right inside an object or array.
std::vector<std::string> pieces(std::string_view container) {
  json::Scanner scanner;
  if (!scanner.scan(container)) return {};
  container = scanner.value();
  container = container.substr(1, container.size() - 2);
  std::vector<std::string> found;
  size_t depth = 0, begin = 0;
  bool is_quoted = false;
  for (size_t i = 0; i <= container.size(); ++i) {
    const char c = i < container.size() ? container[i] : ',';
    if (is_quoted) {
      if (c == '\\') ++i;
      if (c == '"') is_quoted = false;
    } else if (c == '"') {
      is_quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (depth == 0 && (c == ',' || c == ':')) {
      if (scanner.scan(container.substr(begin, i - begin))) found.emplace_back(scanner.value());
      begin = i + 1;
    }
  }
  return found;
}

}  // namespace

std::optional<std::string> read_shared(const std::string& path) {
  const auto whole = shared_path(path);
  if (!whole || !fs::is_regular_file(*whole)) return std::nullopt;
  return read_whole(*whole);
}

std::vector<std::string> list_shared(const std::string& folder) {
  const auto whole = shared_path(folder);
  if (!whole) {
    std::printf("skipped: %s needs ../shared/data (set SLUICE_SHARED)\n", folder.c_str());
    return {};
  }
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(*whole)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::map<std::string, std::string> read_shared_tree(const std::string& folder) {
  std::map<std::string, std::string> files;
  const auto whole = shared_path(folder);
  if (!whole || !fs::exists(*whole)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(*whole)) {
    if (entry.is_regular_file()) {
      files[fs::relative(entry.path(), *whole).string()] = read_whole(entry.path());
    }
  }
  return files;
}

std::vector<std::string> json_elements(std::string_view array) {
  return json_raw(array, ".").value_or("").starts_with('[') ? pieces(array)
                                                            : std::vector<std::string>{};
}

std::map<std::string, std::string> json_members(std::string_view object) {
  std::map<std::string, std::string> members;
  if (!json_raw(object, ".").value_or("").starts_with('{')) return members;
  const std::vector<std::string> found = pieces(object);
  for (size_t i = 0; i + 1 < found.size(); i += 2) {
    members[json::as_text(found[i]).value_or("")] = found[i + 1];
  }
  return members;
}

std::optional<std::string> json_raw(std::string_view text, std::string_view path) {
  json::Scanner scanner({json::parse_path(path).value()});
  if (!scanner.scan(text)) return std::nullopt;
  const auto raw = scanner.raw(0);
  return raw ? std::optional<std::string>(*raw) : std::nullopt;
}

std::optional<std::string> json_text(std::string_view text, std::string_view path) {
  const auto raw = json_raw(text, path);
  return raw ? json::as_text(*raw) : std::nullopt;
}

}  // namespace sluice::aws

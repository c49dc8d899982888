#include "app/fold_job.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/text.h"
#include "report/json_object.h"

namespace sluice {
namespace {

using report::JsonArray;
using report::JsonObject;

constexpr size_t name_bytes_max = 80;

// What the shell gave is meant as it stands: ${...} is no variable.
std::string verbatim(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "${") out += '$';
    out += text[i];
  }
  return out;
}

// "fold-lake": of the last folder of the lake, with what may stand in a name.
std::string name_of(std::string_view lake) {
  while (lake.ends_with('/')) lake.remove_suffix(1);
  std::string name = "fold-" + std::string(lake.substr(lake.find_last_of('/') + 1));
  std::replace_if(
      name.begin(), name.end(),
      [](char c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return !letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.';
      },
      '-');
  return name.substr(0, name_bytes_max);
}

bool is_directory(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

}  // namespace

Result<std::string> fold_job(const FoldWords& words) {
  JsonObject sink;
  sink.text("lake", verbatim(words.lake));
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) sink.text(name, verbatim(value));
  };
  add("partition", words.partition);
  add("dedupe", words.dedupe);
  add("format", words.format);
  add("roll", words.roll);
  add("state", words.state);
  std::string source = words.source;
  if (!source.ends_with('/') && is_directory(source)) source += '/';

  JsonObject job;
  job.text("name", name_of(words.lake));
  if (words.each_day) job.raw("units", R"({"each": "day", "default": "yesterday"})");
  job.raw("source", JsonObject().text("objects", verbatim(source)).done());
  if (!words.records.empty()) {
    job.raw("decode", JsonObject().text("json", verbatim(words.records)).done());
  }
  return job.raw("sink", sink.done()).done();
}

}  // namespace sluice

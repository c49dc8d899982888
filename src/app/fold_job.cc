#include "app/fold_job.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "report/json_object.h"

namespace sluice {
namespace {

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

// A folder without its slash is meant whole. What has neither holes nor a scheme must be there.
Result<std::string> source_of(const std::string& text) {
  if (text.find_first_of("{[") != std::string::npos || text.find("://") != std::string::npos) {
    return text;
  }
  struct stat found {};
  if (::stat(text.c_str(), &found) != 0) {
    const bool denied = errno == EACCES;
    return Error{denied ? ErrorKind::denied : ErrorKind::not_found,
                 "source: " + text + ": " + std::strerror(errno)};
  }
  return S_ISDIR(found.st_mode) && !text.ends_with('/') ? text + "/" : text;
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
  const std::string source = TRY(source_of(words.source));

  JsonObject job;
  job.text("name", name_of(words.lake));
  if (words.each == "day") job.raw("units", R"({"each": "day", "default": "yesterday"})");
  job.raw("source", JsonObject().text("objects", verbatim(source)).done());
  if (!words.records.empty()) {
    job.raw("decode", JsonObject().text("json", verbatim(words.records)).done());
  }
  return job.raw("sink", sink.done()).done();
}

}  // namespace sluice

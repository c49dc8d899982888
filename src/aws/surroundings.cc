#include "aws/surroundings.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "aws/process.h"
#include "base/text.h"

namespace sluice::aws {
namespace {

constexpr size_t file_bytes_max = 16 << 20;

Result<std::string> read_if_there(const AwsSurroundings& surroundings, const std::string& path) {
  if (path.empty()) return std::string();
  auto text = surroundings.read_file(path);
  if (!text.ok() && text.error().kind == ErrorKind::not_found) return std::string();
  return text;
}

std::string path_of(const Environment& environment, std::string_view name, std::string_view usual) {
  return expand_home(variable(environment, name).value_or(std::string(usual)), environment);
}

Result<std::string> read_whole_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             &std::fclose);
  if (file == nullptr) {
    const bool is_missing = errno == ENOENT || errno == ENOTDIR;
    return Error{is_missing ? ErrorKind::not_found : ErrorKind::invalid,
                 path + ": " + std::strerror(errno)};
  }
  std::string text;
  char block[4096];
  while (const size_t bytes = std::fread(block, 1, sizeof block, file.get())) {
    text.append(block, bytes);
    if (text.size() > file_bytes_max) return Error{ErrorKind::invalid, path + ": over 16 MiB"};
  }
  if (std::ferror(file.get()) != 0) {
    return Error{ErrorKind::invalid, path + ": can't be read: " + std::strerror(errno)};
  }
  return text;
}

Status write_whole_file(const std::string& path, std::string_view text) {
  const std::string beside = path + ".new";
  const auto failed = [&] { return Error{ErrorKind::invalid, path + ": " + std::strerror(errno)}; };
  const int file = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return failed();
  const ssize_t written = write(file, text.data(), text.size());
  const bool is_whole = written == static_cast<ssize_t>(text.size());
  const bool is_there = close(file) == 0 && is_whole && rename(beside.c_str(), path.c_str()) == 0;
  if (is_there) return {};
  const Error error = failed();
  unlink(beside.c_str());
  return error;
}

}  // namespace

std::optional<std::string> variable(const Environment& environment, std::string_view name) {
  const auto value = environment.get(name);
  if (!value || trim(*value).empty()) return std::nullopt;
  return std::string(trim(*value));
}

std::string profile_name(const AwsOptions& options, const Environment& environment) {
  if (!options.profile.empty()) return options.profile;
  if (auto named = variable(environment, "AWS_PROFILE")) return *named;
  return variable(environment, "AWS_DEFAULT_PROFILE").value_or("default");
}

std::string expand_home(std::string_view path, const Environment& environment) {
  if (path != "~" && !path.starts_with("~/")) return std::string(path);
  const auto home = variable(environment, "HOME");
  return home ? *home + std::string(path.substr(1)) : std::string();
}

Result<Profiles> read_profiles(const AwsOptions& options, const AwsSurroundings& surroundings) {
  const Environment& environment = surroundings.environment;
  const std::string config_path = path_of(environment, "AWS_CONFIG_FILE", "~/.aws/config");
  const std::string credentials_path =
      path_of(environment, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
  const std::string config = TRY(read_if_there(surroundings, config_path));
  const std::string credentials = TRY(read_if_there(surroundings, credentials_path));
  Profiles profiles = TRY(parse_profiles(config, credentials));
  const std::string name = profile_name(options, environment);
  if (name != "default" && !profiles.has(name)) {
    return Error{ErrorKind::invalid,
                 "profile \"" + name + "\": not in " + config_path + " or " + credentials_path};
  }
  return profiles;
}

Result<std::string> ca_bundle(const AwsOptions& options, const AwsSurroundings& surroundings) {
  const Environment& environment = surroundings.environment;
  if (auto named = variable(environment, "AWS_CA_BUNDLE")) return *named;
  const Profiles profiles = TRY(read_profiles(options, surroundings));
  const auto path = profiles.get(profile_name(options, environment), "ca_bundle");
  return path ? expand_home(*path, environment) : std::string();
}

AwsSurroundings real_files(Environment environment) {
  AwsSurroundings surroundings;
  surroundings.environment = std::move(environment);
  surroundings.read_file = read_whole_file;
  return surroundings;
}

AwsSurroundings real_surroundings(Environment environment, Engine& http, const Clock& clock) {
  AwsSurroundings surroundings = real_files(std::move(environment));
  surroundings.write_file = write_whole_file;
  surroundings.run_process = [](const std::vector<std::string>& words) {
    return run_process(words);
  };
  surroundings.http = &http;
  surroundings.clock = &clock;
  return surroundings;
}

}  // namespace sluice::aws

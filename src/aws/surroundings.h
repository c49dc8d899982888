// Where AWS settings come from: what one side of a job says (AwsOptions), the environment, and the
// two shared files. Everything that isn't given is asked of the next.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/profile.h"
#include "base/clock.h"
#include "base/environment.h"
#include "base/names.h"
#include "base/result.h"
#include "http/http.h"

namespace sluice::aws {

// What a job file says of one of its sides; each overrides the environment. Empty: not said.
struct AwsOptions {
  std::string profile = {};
  std::string region = {};
  std::string endpoint_url = {};  // Of S3: "http://127.0.0.1:9000"
  std::string role_arn = {};      // To be assumed with the credentials found otherwise
  std::string role_external_id = {};
  std::string role_session_name = {};

  bool operator==(const AwsOptions&) const = default;
};

// The doors to the world, as values, so that tests can say what is behind them. All of them are
// called from the thread that asks for credentials, and may block.
struct AwsSurroundings {
  Environment environment;
  // not_found if there is no such file.
  std::function<Result<std::string>(const std::string& path)> read_file;
  // Writes a file whole, for the SSO cache alone; empty: it isn't written.
  std::function<Status(const std::string& path, std::string_view text)> write_file = {};
  // Runs a program, without a shell, and answers what it printed (process.h).
  std::function<Result<std::string>(const std::vector<std::string>& words)> run_process = {};
  Engine* http = nullptr;  // Outlives whoever has this
  const Clock* clock = nullptr;
};

// The profile that counts: the options', AWS_PROFILE, AWS_DEFAULT_PROFILE, "default".
std::string profile_name(const AwsOptions& options, const Environment& environment);
// Both files, where AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE and HOME say; a missing one is
// empty. `invalid`: their format; a profile that was named and isn't there.
Result<Profiles> read_profiles(const AwsOptions& options, const AwsSurroundings& surroundings);
// `path` with a "~" in front made HOME.
std::string expand_home(std::string_view path, const Environment& environment);
// A variable, without blanks around it; nothing if it is empty then.
std::optional<std::string> variable(const Environment& environment, std::string_view name);

// Whose authorities AWS's endpoints are to show: AWS_CA_BUNDLE, else the profile's ca_bundle;
// empty: neither is said. The file need not be there. Errors as of read_profiles.
Result<std::string> ca_bundle(const AwsOptions& options, const AwsSurroundings& surroundings);

// The world as it is, without requests: for what is asked before there is an engine.
AwsSurroundings real_files(Environment environment);
// The world as it is: files, programs. A file is at most 16 MiB; one that is written is made whole
// beside and renamed, for its owner alone.
AwsSurroundings real_surroundings(Environment environment, Engine& http, const Clock& clock);

}  // namespace sluice::aws

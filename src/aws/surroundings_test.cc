#include "aws/surroundings.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "http/scripted_engine.h"

namespace sluice::aws {
namespace {

TEST_CASE("Real files are written for their owner alone, read whole, and missing ones told") {
  namespace fs = std::filesystem;
  std::string folder = fs::temp_directory_path() / "sluice-aws-XXXXXX";
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const std::string path = folder + "/cache.json";
  ScriptedEngine engine;
  const Clock clock;
  const AwsSurroundings world = real_surroundings({}, engine, clock);
  CHECK(world.read_file(path).error().kind == ErrorKind::not_found);
  REQUIRE(world.write_file(path, "{}").ok());
  REQUIRE(world.write_file(path, "{\"a\":1}").ok());
  CHECK(world.read_file(path).value() == "{\"a\":1}");
  CHECK((fs::status(path).permissions() & fs::perms::all) ==
        (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(!world.write_file(folder + "/no/where", "x").ok());
  CHECK(world.run_process({"echo", "x"}).value() == "x\n");
  fs::remove_all(folder);
}

TEST_CASE("The profile that counts, and where its files lie") {
  Environment environment = {{{"HOME", "/h"}}};
  CHECK(profile_name({}, environment) == "default");
  environment.variables["AWS_DEFAULT_PROFILE"] = "old";
  CHECK(profile_name({}, environment) == "old");
  environment.variables["AWS_PROFILE"] = " new ";
  CHECK(profile_name({}, environment) == "new");
  AwsOptions options;
  options.profile = "said";
  CHECK(profile_name(options, environment) == "said");
  CHECK(expand_home("~/.aws/config", environment) == "/h/.aws/config");
  CHECK(expand_home("/a/~", environment) == "/a/~");
  CHECK(expand_home("~/.aws/config", {}).empty());
}

}  // namespace
}  // namespace sluice::aws

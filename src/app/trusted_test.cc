#include "app/trusted.h"

#include <doctest/doctest.h>

#include "app/testing.h"

namespace sluice {

TEST_CASE("what is named for one kind of connection holds for the other, too") {
  const TestFolder folder;
  const std::string ours = folder.write("ours.pem", "1"), system = folder.write("system.pem", "2");
  const std::string config = folder.write(
      "config", "[default]\nca_bundle = " + ours + "\n[profile other]\nca_bundle = /b\n");
  const auto with = [&](std::map<std::string, std::string, std::less<>> variables) {
    Environment environment;
    environment.variables = {{"AWS_CONFIG_FILE", "/dev/null"},
                             {"AWS_SHARED_CREDENTIALS_FILE", "/dev/null"}};
    for (const auto& [name, value] : variables) environment.variables[name] = value;
    return environment;
  };
  const Environment none = with({}), bundle = with({{"AWS_CA_BUNDLE", ours}});
  const Environment file = with({{"SSL_CERT_FILE", system}});
  const Environment both = with({{"AWS_CA_BUNDLE", ours}, {"SSL_CERT_FILE", system}});
  const Environment profile = with({{"AWS_CONFIG_FILE", config}, {"SSL_CERT_FILE", system}});

  CHECK(*trusted_by_aws({}, none) == TlsOptions());
  CHECK(*trusted_by_aws({}, bundle) == TlsOptions{.ca_file = ours});
  CHECK(*trusted_by_aws({}, file) == TlsOptions{.ca_file = system});
  CHECK(*trusted_by_aws({}, both) == TlsOptions{.ca_file = ours, .more_ca_files = {system}});
  CHECK(*trusted_by_aws({}, profile) == TlsOptions{.ca_file = ours, .more_ca_files = {system}});
  CHECK(trusted_by_aws({.profile = "other"}, profile)->ca_file == "/b");
  CHECK_FALSE(trusted_by_aws({.profile = "nobody"}, profile).ok());

  CHECK(trusted_by_apis(none) == TlsOptions());
  CHECK(trusted_by_apis(bundle) == TlsOptions{.more_ca_files = {ours}});
  CHECK(trusted_by_apis(file) == TlsOptions{.ca_file = system});
  CHECK(trusted_by_apis(both) == TlsOptions{.ca_file = system, .more_ca_files = {ours}});
  CHECK(trusted_by_apis(profile) == TlsOptions{.ca_file = system, .more_ca_files = {ours}});
  // What isn't there breaks only those that it is meant for.
  CHECK(trusted_by_apis(with({{"AWS_CA_BUNDLE", "/nowhere"}})) == TlsOptions());
  CHECK(trusted_by_apis(with({{"AWS_PROFILE", "nobody"}})) == TlsOptions());
}

}  // namespace sluice

#include "aws/profile.h"

#include <doctest/doctest.h>

#include <cstdio>

#include "aws/shared_data.h"

namespace sluice::aws {
namespace {

Profiles::Sections expected_sections(std::string_view object) {
  Profiles::Sections sections;
  for (const auto& [name, properties] : json_members(object)) {
    sections[name] = {};
    for (const auto& [property, value] : json_members(properties)) {
      sections[name][property] = json_text(value, ".").value_or("");
    }
  }
  return sections;
}

TEST_CASE("The published cases of the profile format") {
  const auto suite = read_shared("credentials/smithy-rs/profile-parser-tests.json");
  if (!suite) {
    std::printf("skipped: profile-parser-tests needs ../shared/data (set SLUICE_SHARED)\n");
    return;
  }
  size_t count = 0;
  for (const std::string& one : json_elements(json_raw(*suite, ".tests").value())) {
    const std::string name = json_text(one, ".name").value();
    CAPTURE(name);
    const auto parsed = parse_profiles(json_text(one, ".input.configFile").value_or(""),
                                       json_text(one, ".input.credentialsFile").value_or(""));
    ++count;
    if (const auto words = json_text(one, ".output.errorContaining")) {
      REQUIRE(!parsed.ok());
      CHECK(parsed.error().kind == ErrorKind::invalid);
      CHECK(parsed.error().message.find(*words) != std::string::npos);
      continue;
    }
    REQUIRE(parsed.ok());
    CHECK(parsed->profiles ==
          expected_sections(json_raw(one, ".output.config.profiles").value_or("{}")));
    if (const auto sessions = json_raw(one, ".output.config.sso_sessions")) {
      CHECK(parsed->sso_sessions == expected_sections(*sessions));
    }
  }
  std::printf("profile-parser-tests: %zu cases\n", count);
}

TEST_CASE("botocore's files: quotes, nested values, services, and bytes that are none") {
  const auto file = [](const std::string& name) {
    return read_shared("credentials/botocore-cfg/" + name);
  };
  if (!file("aws_config")) {
    std::printf("skipped: botocore-cfg needs ../shared/data (set SLUICE_SHARED)\n");
    return;
  }
  const Profiles plain = parse_profiles(*file("aws_config"), "").value();
  CHECK(plain.get("default", "aws_access_key_id") == "foo");
  CHECK(plain.get("personal", "aws_security_token") == "fiebaz");

  const Profiles odd = parse_profiles(*file("aws_bad_profile"), "").value();
  CHECK(odd.has("my profile"));
  CHECK(odd.get("personal1", "aws_access_key_id") == "access_personal1");
  CHECK(!odd.has("personal"));
  CHECK(odd.profiles.size() == 3);

  const Profiles nested = parse_profiles(*file("aws_config_nested"), "").value();
  CHECK(sub_property(nested.get("default", "s3").value(), "addressing_style") == "path");
  CHECK(nested.get("default", "region") == "us-west-2");
  CHECK(!parse_profiles(*file("aws_config_nested_bad"), "").ok());

  const Profiles services = parse_profiles(*file("aws_services_config"), "").value();
  CHECK(sub_property(services.services.at("my-services").at("s3"), "endpoint_url") ==
        "https://localhost:5678/");
  const Profiles sessions = parse_profiles(*file("aws_sso_session_config"), "").value();
  CHECK(sessions.sso_sessions.at("sso").at("sso_region") == "us-east-1");

  const auto bad = parse_profiles(*file("aws_config_bad"), "");
  REQUIRE(!bad.ok());
  CHECK(bad.error().message == "the AWS config file, line 1: Expected a profile definition");
  CHECK(!parse_profiles(*file("aws_config_badbytes"), "").ok());
  CHECK(!parse_profiles("", *file("aws_credentials")).ok());
}

TEST_CASE("The credentials file wins, property by property") {
  const Profiles profiles = parse_profiles("[profile a]\nregion = r\naws_access_key_id = old\n",
                                           "[a]\naws_access_key_id = new\n")
                                .value();
  CHECK(profiles.get("a", "region") == "r");
  CHECK(profiles.get("a", "aws_access_key_id") == "new");
  CHECK(!profiles.get("a", "nothing"));
  CHECK(!profiles.get("b", "region"));
}

}  // namespace
}  // namespace sluice::aws

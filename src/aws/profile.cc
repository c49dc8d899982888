#include "aws/profile.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::aws {
namespace {

enum class File : uint8_t { config, credentials };

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

bool is_name(std::string_view text) {
  constexpr std::string_view others = "-/.%@_:+";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != others.npos;
  });
}

// A comment needs a blank in front of it.
std::string_view without_comment(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if ((text[i] == '#' || text[i] == ';') && is_blank(text[i - 1])) return text.substr(0, i);
  }
  return text;
}

// The name in a section's header after its word: `x`, `"my x"`. Empty if it can't be one.
std::string_view section_name(std::string_view text) {
  text = trim(text);
  if (text.size() > 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
    return text.find('"') == text.npos ? text : std::string_view();
  }
  return is_name(text) ? text : std::string_view();
}

class Parser {
 public:
  Parser(File file, Profiles& into) : file_(file), into_(into) {}

  Status parse(std::string_view text) {
    for (std::string_view line : split(text, '\n')) {
      ++number_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (trim(line).empty() || line.front() == '#' || line.front() == ';') continue;
      if (line.front() == '[') {
        TRY(read_section(line));
      } else if (is_blank(line.front())) {
        TRY(read_continuation(line));
      } else {
        TRY(read_property(without_comment(line)));
      }
    }
    return {};
  }

 private:
  Error bad(std::string_view why) const {
    return Error{ErrorKind::invalid, (file_ == File::config ? "the AWS config file, line "
                                                            : "the AWS credentials file, line ") +
                                         std::to_string(number_) + ": " + std::string(why)};
  }

  Status read_section(std::string_view line) {
    const size_t end = line.find(']');
    if (end == line.npos) return bad("Profile definition must end with ']'");
    is_in_section_ = true;
    section_ = find_section(trim(line.substr(1, end - 1)));
    property_ = nullptr;
    has_property_ = false;
    return {};
  }

  // Null: passed over, and so is what follows.
  Properties* find_section(std::string_view title) {
    if (file_ == File::credentials) return is_name(title) ? of(into_.profiles, title) : nullptr;
    if (title == "default") return is_default_prefixed_ ? nullptr : of(into_.profiles, title);
    const size_t blank = title.find_first_of(" \t");
    if (blank == title.npos) return nullptr;
    const std::string_view word = title.substr(0, blank);
    const std::string_view name = section_name(title.substr(blank));
    if (name.empty()) return nullptr;
    if (word == "sso-session") return of(into_.sso_sessions, name);
    if (word == "services") return of(into_.services, name);
    if (word != "profile") return nullptr;
    if (name == "default" && !is_default_prefixed_) {
      // [profile default] hides [default], wherever that stands.
      into_.profiles.erase("default");
      is_default_prefixed_ = true;
    }
    return of(into_.profiles, name);
  }

  static Properties* of(Profiles::Sections& sections, std::string_view name) {
    return &sections[std::string(name)];
  }

  Status read_property(std::string_view line) {
    if (!is_in_section_) return bad("Expected a profile definition");
    const size_t equals = line.find('=');
    if (equals == line.npos) return bad("Expected an '=' sign defining a property");
    const std::string_view name = trim(line.substr(0, equals));
    if (name.empty()) return bad("Property did not have a name");
    const std::string_view value = trim(line.substr(equals + 1));
    has_property_ = true;
    has_sub_properties_ = value.empty();
    property_ = nullptr;
    if (section_ == nullptr || !is_name(name)) return {};
    property_ = &(*section_)[lower_case(name)];
    *property_ = value;
    return {};
  }

  Status read_continuation(std::string_view line) {
    if (!is_in_section_) return bad("Expected a profile definition");
    if (!has_property_) return bad("Expected a property definition, found continuation");
    line = trim(line);
    if (has_sub_properties_) {
      const size_t equals = line.find('=');
      if (equals == line.npos) return bad("Expected an '=' sign defining a sub-property");
      if (equals == 0) return bad("Sub-property did not have a name");
    }
    if (property_ != nullptr) property_->append("\n").append(line);
    return {};
  }

  const File file_;
  Profiles& into_;  // The caller's, for the one call
  size_t number_ = 0;
  bool is_default_prefixed_ = false;
  bool is_in_section_ = false, has_property_ = false, has_sub_properties_ = false;
  Properties* section_ = nullptr;
  std::string* property_ = nullptr;
};

}  // namespace

std::optional<std::string> Profiles::get(std::string_view profile,
                                         std::string_view property) const {
  const auto section = profiles.find(profile);
  if (section == profiles.end()) return std::nullopt;
  const auto found = section->second.find(property);
  if (found == section->second.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::optional<std::string> sub_property(std::string_view value, std::string_view name) {
  for (const std::string_view line : split(value, '\n')) {
    const size_t equals = line.find('=');
    if (equals == line.npos || !equal_without_case(trim(line.substr(0, equals)), name)) continue;
    const std::string_view found = trim(line.substr(equals + 1));
    if (!found.empty()) return std::string(found);
  }
  return std::nullopt;
}

Result<Profiles> parse_profiles(std::string_view config, std::string_view credentials) {
  Profiles profiles, secrets;
  TRY(Parser(File::config, profiles).parse(config));
  TRY(Parser(File::credentials, secrets).parse(credentials));
  for (auto& [name, properties] : secrets.profiles) {
    Properties& merged = profiles.profiles[name];
    for (auto& [property, value] : properties) merged[property] = std::move(value);
  }
  return profiles;
}

}  // namespace sluice::aws

// Percent-encoding as S3 wants it, targets taken apart, and text made safe for XML and JSON. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::http_server {

enum class Plus { is_plus, is_blank };
// Appends `text` with each %XX made one byte. False if a % has no two hex digits behind it.
bool append_decoded(std::string_view text, Plus plus, std::string& out);

enum class Slash { kept, encoded };
// Appends `text` with all but A-Z a-z 0-9 - . _ ~ as %XX.
void append_encoded(std::string_view text, Slash slash, std::string& out);
// As encoding-type=url does it in listings: like a form, a blank is '+', '/' and '*' are kept.
void append_listing_encoded(std::string_view text, std::string& out);

void append_xml(std::string_view text, std::string& out);
void append_json(std::string_view text, std::string& out);  // With the quotes
void append_hex(std::string_view bytes, std::string& out);

struct Parameter {
  std::string name, value;  // Decoded
  auto operator<=>(const Parameter&) const = default;
};
// The parameters of a target, in its order.
class Query {
 public:
  // False if it can't be decoded.
  bool parse(std::string_view text);
  bool has(std::string_view name) const { return find(name) != nullptr; }
  std::string_view value(std::string_view name) const {
    const Parameter* parameter = find(name);
    return parameter == nullptr ? std::string_view() : std::string_view(parameter->value);
  }
  const std::vector<Parameter>& all() const { return parameters_; }

 private:
  const Parameter* find(std::string_view name) const;
  std::vector<Parameter> parameters_;
};

}  // namespace sluice::http_server

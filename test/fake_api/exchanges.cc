#include "exchanges.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "json_scan.h"

namespace sluice::fake_api {
namespace {

bool is_of_the_connection(std::string_view name) {
  return equal_without_case(name, "content-length") || equal_without_case(name, "connection") ||
         equal_without_case(name, "transfer-encoding") ||
         equal_without_case(name, "content-encoding");
}

std::string upper_case(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

Exchange read_exchange(std::string_view text) {
  Exchange exchange;
  exchange.method = upper_case(json_text(json_at(text, "method")));
  exchange.target = json_text(json_at(text, "path"));
  exchange.host = json_text(json_at(text, "scope"));
  exchange.host = exchange.host.substr(0, exchange.host.rfind(':'));
  exchange.status = parse_number<int>(json_at(text, "status")).value_or(200);
  const std::string_view body = json_at(text, "response");
  exchange.body = body.starts_with('"') ? json_text(body) : std::string(body);
  for (const auto& [name, value] : json_members(json_at(text, "headers"))) {
    if (!is_of_the_connection(name)) exchange.headers.emplace_back(name, json_text(value));
  }
  return exchange;
}

}  // namespace

Status Exchanges::load(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path().string());
  }
  if (error) return Error{ErrorKind::invalid, "--exchanges: " + folder + ": " + error.message()};
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    const std::string all = std::move(text).str();
    for (const std::string_view one : json_elements(json_at(all, ""))) {
      Exchange exchange = read_exchange(one);
      if (!exchange.target.empty()) exchanges_.push_back(std::move(exchange));
    }
  }
  return {};
}

const Exchange* Exchanges::find(std::string_view method, std::string_view target) const {
  for (const Exchange& exchange : exchanges_) {
    if (exchange.method == method && exchange.target == target) return &exchange;
  }
  return nullptr;
}

}  // namespace sluice::fake_api

// A JSON object or array as it grows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "json/bytes_text.h"
#include "json/value.h"

namespace sluice::report {

class JsonObject {
 public:
  JsonObject& raw(std::string_view name, std::string_view value) {
    out_ += out_.size() == 1 ? "" : ", ";
    json::append_quoted(name, out_);
    out_ += ": ";
    out_ += value;
    return *this;
  }
  // Text that is not UTF-8 (a document's name may be any bytes) as records have it.
  JsonObject& text(std::string_view name, std::string_view value) {
    return raw(name, json::quote(json::text_of_bytes(value)));
  }
  JsonObject& number(std::string_view name, uint64_t value) {
    return raw(name, std::to_string(value));
  }
  JsonObject& flag(std::string_view name, bool value) {
    return raw(name, value ? "true" : "false");
  }
  std::string done() const { return out_ + "}"; }

 private:
  std::string out_ = "{";
};

class JsonArray {
 public:
  JsonArray& raw(std::string_view value) {
    out_ += out_.size() == 1 ? "" : ", ";
    out_ += value;
    return *this;
  }
  JsonArray& text(std::string_view value) { return raw(json::quote(json::text_of_bytes(value))); }
  std::string done() const { return out_ + "]"; }

 private:
  std::string out_ = "[";
};

}  // namespace sluice::report

// A list of an API, read as it comes: what its rows name, and what the page shows besides them.
// Memory is bounded whatever the list's size: one row is held, and what has been made of the rows.
//
// One thread's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/stage.h"
#include "flow/template.h"
#include "json/scan.h"
#include "json/slice.h"

namespace sluice {

class ListReader {
 public:
  // `name` is rendered for each row, of its fields; it outlives the reader.
  ListReader(const Template& name, json::Slicer::Options options);

  void begin();  // The next list, or the same once more
  // corrupt: no JSON, no list, or a row without what it should name. Nothing counts then.
  Status feed(std::string_view bytes);
  // After the last byte.
  Status finish();

  // After finish(): the rows in their order; they are taken.
  std::vector<std::string> take_names() { return std::move(names_); }
  Envelope envelope(uint64_t number) const;

 private:
  Status read_rows(const std::vector<json::Span>& rows);

  const Template& name_;
  const uint64_t row_bytes_max_;
  const size_t envelope_size_;
  json::Slicer slicer_;
  json::Scanner scanner_;
  std::string window_;
  std::vector<std::string> names_;
  uint64_t names_bytes_ = 0;
  uint64_t rows_ = 0;
  uint64_t content_ = 0;  // Hash of all rows
};

}  // namespace sluice

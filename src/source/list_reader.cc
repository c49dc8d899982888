#include "source/list_reader.h"

#include <utility>

#include "base/hash.h"

namespace sluice {
namespace {

// Of what the rows of one list name: memory of nobody's share.
constexpr uint64_t names_bytes_max = 16 << 20;

}  // namespace

ListReader::ListReader(const Template& name, json::Slicer::Options options)
    : name_(name),
      row_bytes_max_(options.record_max),
      envelope_size_(options.envelope.size()),
      slicer_(std::move(options)),
      scanner_(name.fields()) {}

void ListReader::begin() {
  slicer_.reset();
  window_.clear();
  names_.clear();
  names_bytes_ = rows_ = content_ = 0;
}

Status ListReader::feed(std::string_view bytes) {
  const size_t known = window_.size();
  window_ += bytes;
  std::vector<json::Span> rows;
  const size_t done = slicer_.slice(window_, known, rows);
  TRY(read_rows(rows));
  window_.erase(0, done);
  if (!slicer_.take_oversize().empty())
    return Error{ErrorKind::invalid,
                 "a row of more than " + std::to_string(row_bytes_max_ >> 10) + " KiB"};
  if (slicer_.failed()) return Error{ErrorKind::corrupt, "not JSON " + slicer_.fault().message()};
  return {};
}

Status ListReader::finish() {
  switch (slicer_.finish()) {
    case json::Slicer::Ending::ok:
      return {};
    case json::Slicer::Ending::bad:
      return Error{ErrorKind::corrupt, "not JSON " + slicer_.fault().message()};
    case json::Slicer::Ending::no_records:
      return Error{ErrorKind::corrupt, slicer_.why_no_records()};
  }
  return {};
}

Status ListReader::read_rows(const std::vector<json::Span>& rows) {
  std::vector<std::optional<std::string_view>> fields;
  for (const json::Span& span : rows) {
    const std::string_view row =
        std::string_view(window_).substr(span.begin, span.end - span.begin);
    if (!scanner_.scan(row))
      return Error{ErrorKind::corrupt, "a row of the list: not JSON " + scanner_.fault().message()};
    fields.clear();
    for (size_t i = 0; i < name_.fields().size(); ++i) fields.push_back(scanner_.raw(i));
    std::string name;
    TRY_IN(name_.render({.fields = fields}, Template::Escape::none, name), "a row of the list");
    names_bytes_ += name.size();
    if (names_bytes_ > names_bytes_max)
      return Error{ErrorKind::invalid,
                   "a list that names more than 16 MiB of URLs; ask for shorter ones"};
    names_.push_back(std::move(name));
    content_ = content_ * 0x9e37'79b9'7f4a'7c15ULL ^ hash64(row);
    ++rows_;
  }
  return {};
}

Envelope ListReader::envelope(uint64_t number) const {
  Envelope made{.document = number, .records = rows_, .content = content_};
  for (size_t i = 0; i < envelope_size_; ++i) {
    const auto value = slicer_.envelope(i);
    made.values.push_back(value ? std::optional(std::string(*value)) : std::nullopt);
  }
  return made;
}

}  // namespace sluice

#include "flow/part.h"

#include <utility>

namespace sluice {

std::string_view to_string(Role role) {
  switch (role) {
    case Role::source:
      return "source";
    case Role::decode:
      return "decode";
    case Role::transform:
      return "transform";
    case Role::format:
      return "format";
    case Role::sink:
      return "sink";
  }
  return "";
}

void Catalog::add(Part part) {
  ENSURE(find(part.doc.role, part.doc.name) == nullptr);
  parts_.push_back(std::move(part));
}

void Catalog::add(PartDoc doc, MakeSource make) {
  ENSURE(doc.role == Role::source);
  add(Part{.doc = std::move(doc), .make_source = std::move(make)});
}

void Catalog::add(PartDoc doc, MakeDecoder make) {
  ENSURE(doc.role == Role::decode);
  add(Part{.doc = std::move(doc), .make_decoder = std::move(make)});
}

void Catalog::add(PartDoc doc, MakeTransform make) {
  ENSURE(doc.role == Role::transform);
  add(Part{.doc = std::move(doc), .make_transform = std::move(make)});
}

void Catalog::add(PartDoc doc, MakeEncoder make) {
  ENSURE(doc.role == Role::format);
  add(Part{.doc = std::move(doc), .make_encoder = std::move(make)});
}

void Catalog::add(PartDoc doc, MakeSink make) {
  ENSURE(doc.role == Role::sink);
  add(Part{.doc = std::move(doc), .make_sink = std::move(make)});
}

const Part* Catalog::find(Role role, std::string_view name) const {
  for (const Part& part : parts_) {
    if (part.doc.role == role && part.doc.name == name) return &part;
  }
  return nullptr;
}

std::vector<std::string_view> Catalog::names(Role role) const {
  std::vector<std::string_view> names;
  for (const Part& part : parts_) {
    if (part.doc.role == role) names.push_back(part.doc.name);
  }
  return names;
}

}  // namespace sluice
